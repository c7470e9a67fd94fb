import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Room } from '../../sdk/api.ts';
import { join } from '../../sdk/sluice.ts';
import { Call } from './call.tsx';
import { codeOf, type Handover, useCapture } from './capture.ts';
import { EndScreen } from './end-screen.tsx';
import type { Device } from './failures.ts';
import type { MeetingLink } from './link.ts';
import { Prejoin } from './prejoin.tsx';

type Phase =
  | { at: 'start' }
  | { at: 'call'; room: Room; handover: Handover }
  | { at: 'end'; code: string; reason?: string | undefined };

/** The meeting page: the start, the call, and what comes after it. */
export function App({ link }: { link: MeetingLink }): JSX.Element {
  const [phase, setPhase] = useState<Phase>(() => firstPhase(link));
  useEffect(() => {
    document.title = link.room === '' ? 'Sluice meeting' : `${link.room} · Sluice`;
  }, []);
  if (phase.at === 'call') {
    return (
      <Call
        room={phase.room}
        handover={phase.handover}
        onEnd={(code, reason) => setPhase({ at: 'end', code, reason })}
      />
    );
  }
  if (phase.at === 'end') {
    const { code, reason } = phase;
    // Moved to another room, the page has another link than it began with.
    const back = (): void =>
      location.hash.slice(1) === (link.token ?? '') ? setPhase({ at: 'start' }) : location.reload();
    return <EndScreen code={code} reason={reason} room={link.room} onBack={back} />;
  }
  return (
    <Start
      link={link}
      onJoined={(room, handover) => setPhase({ at: 'call', room, handover })}
      onFailed={(code) => setPhase({ at: 'end', code })}
    />
  );
}

type StartProps = {
  link: MeetingLink;
  onJoined: (room: Room, handover: Handover) => void;
  onFailed: (code: string) => void;
};

function Start({ link, onJoined, onFailed }: StartProps): JSX.Element {
  const capture = useCapture({ camera: may(link, 'camera'), microphone: may(link, 'microphone') });
  const [joining, setJoining] = useState(false);
  const attempt = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => attempt.current?.abort(), []);
  // What is open is asked for once the answer is there, and by then this closure is an old one.
  const newest = useRef(capture);
  newest.current = capture;

  const start = async (): Promise<void> => {
    const abort = new AbortController();
    attempt.current = abort;
    setJoining(true);
    try {
      const room = await join(location.origin, link.token ?? '', { signal: abort.signal });
      onJoined(room, newest.current.handOver());
    } catch (error) {
      setJoining(false);
      if (!abort.signal.aborted) onFailed(codeOf(error));
    }
  };
  return (
    <Prejoin
      link={link}
      capture={capture}
      joining={joining}
      onJoin={() => void start()}
      onCancel={() => attempt.current?.abort()}
    />
  );
}

function firstPhase(link: MeetingLink): Phase {
  if (!('RTCPeerConnection' in window && 'WebSocket' in window)) return { at: 'end', code: 'browser-unsupported' };
  return link.token === undefined ? { at: 'end', code: 'link-without-token' } : { at: 'start' };
}

function may(link: MeetingLink, device: Device): boolean {
  return link.publish?.includes(device) ?? true;
}
