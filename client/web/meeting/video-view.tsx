import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { LocalTrack, RemoteTrack } from '../../sdk/api.ts';
import { classes } from '../ui/classes.ts';

export type VideoViewProps = {
  track: LocalTrack | RemoteTrack;
  label: string;
  mirrored?: boolean;
  /** Show all of it, as for screens, rather than fill the tile. */
  whole?: boolean;
  /** Nothing comes of it for now: what was seen last is an old picture. The element stays, and says how large it would be. */
  withheld?: boolean;
};

/** The picture of a track. Invisible until its first frame is there, so that nothing flashes black. */
export function VideoView({
  track,
  label,
  mirrored = false,
  whole = false,
  withheld = false,
}: VideoViewProps): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const [ready, setReady] = useState(false);
  useLayoutEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    setReady(false);
    track.attach(element);
    return () => void track.detach(element);
  }, [track]);
  useLayoutEffect(() => {
    const element = video.current;
    if (!withheld || !element) return undefined;
    setReady(false);
    return () => {
      // The first frame of those that come again.
      if ('requestVideoFrameCallback' in element) element.requestVideoFrameCallback(() => setReady(true));
      else setReady(true);
    };
  }, [withheld]);
  return (
    <video
      ref={video}
      class={classes('video', ready && 'video-ready', mirrored && 'mirrored', whole && 'video-whole')}
      autoPlay
      playsInline
      muted
      aria-label={label}
      onLoadedData={() => setReady(true)}
      onResize={() => setReady(true)}
    />
  );
}

/** The sound of a track: no picture, no controls. */
export function AudioSink({ track }: { track: RemoteTrack }): JSX.Element {
  const audio = useRef<HTMLAudioElement>(null);
  useLayoutEffect(() => {
    const element = audio.current;
    if (!element) return undefined;
    track.attach(element);
    return () => void track.detach(element);
  }, [track]);
  return (
    <audio
      ref={audio}
      autoPlay
      data-testid="remote-audio"
      data-identity={track.participant.identity}
      data-source={track.source}
    />
  );
}
