/**
 * The signaling link: one socket at a time, dialled again when it is lost, with the session resumed or, where that
 * is gone, joined anew. Requests outlive sockets; events come once each and in order.
 */
import { io, type Socket } from 'socket.io-client';

import type { WireError } from '../../src/kernel/errors.ts';
import type {
  Answer,
  Bye,
  DataPayload,
  Joined,
  JoinHello,
  RequestName,
  RequestParams,
  RequestResult,
  Resumed,
  ResumeHello,
  TickFrame,
  WireEvent,
} from '../../src/signaling/wire.ts';
import { clientError, type CloseReason } from './errors.ts';
import { type LinkEvent, type LinkPhase, step } from './lifecycle.ts';
import type { Parting } from './parting.ts';
import { createPendingRequests, type PendingRequest } from './pending.ts';
import { createScope } from './scope.ts';

/** A dial that has no answer by then has failed. */
const DIAL_TIMEOUT = 8000;
/** A socket on which a request waits this long is taken for dead, whatever the browser says. */
const STALL_TIMEOUT = 6000;
/** How long `leave()` waits for the server's word. */
const LEAVE_TIMEOUT = 1000;

const LEFT: CloseReason = { code: 'left', message: 'You have left the room.' };

export type LinkListener = {
  /** In the room: for the first time, or again in a new session (`again`), which knows nothing of the one before. */
  joined(joined: Joined, again: boolean): void;
  /** Same session, new socket; `tick` is the whole state that ticks tell the changes of. */
  resumed(tick: TickFrame): void;
  /** The socket was lost; `resumed`, `joined` or `closed` will follow. */
  lost(): void;
  event(event: WireEvent): void;
  tick(frame: TickFrame): void;
  /** The last call. */
  closed(reason: CloseReason): void;
};

export type LinkOptions = {
  /** Origin of the server. */
  url: string;
  /** What to join with; asked while the socket opens. */
  hello(): Promise<JoinHello>;
  listener: LinkListener;
  /** Says that it has left where the page ends, by whatever is not the socket. */
  parting: Parting;
  /** Milliseconds after which a lost link closes with `connection-lost`. */
  giveUpAfter: number;
  /** The socket of the first join is open. */
  opened?(): void;
  /** Defaults: the machine's clock and random numbers. */
  now?: () => number;
  random?: () => number;
};

export type Link = {
  readonly phase: LinkPhase['at'];
  /** Rejects with the server's refusal, or when the session or the room is over before an answer came. */
  request<Name extends RequestName>(name: Name, params: RequestParams<Name>): Promise<RequestResult<Name>>;
  /** The network is back: do not wait for the next attempt's time. */
  retryNow(): void;
  /** The socket is probably dead: dial another one. */
  suspect(): void;
  /** Leave this session behind and join anew. */
  startOver(): void;
  /** Tells the server, waits a moment for its word, and closes. */
  leave(): Promise<void>;
  /** As `leave`, at once: for a page that is about to go. Also while the socket is lost. */
  leaveNow(): void;
  close(reason: CloseReason): void;
};

/** Dials at once. */
export function openLink(options: LinkOptions): Link {
  const { url, listener, now = () => Date.now(), random = () => Math.random() } = options;
  const scope = createScope();
  const pending = createPendingRequests();
  let phase: LinkPhase = { at: 'joining' };
  let session: Joined['session'] | undefined;
  let received = 0;
  let socket: Socket | undefined;
  let leaving: Promise<void> | undefined;
  let stopTimer = () => undefined as void;
  let stopStallTimer = () => undefined as void;

  function advance(event: LinkEvent): void {
    const before = phase;
    const next = step(phase, event, now(), random(), options.giveUpAfter);
    phase = next.phase;
    switch (next.action.do) {
      case 'nothing':
        return;
      case 'dial': {
        hangUp();
        const { hello, delay } = next.action;
        stopTimer = scope.after(delay, () => dial(hello));
        if (before.at === 'online') listener.lost();
        return;
      }
      case 'close':
        hangUp();
        options.parting.cancel();
        scope.close();
        pending.restart(clientError('closed'));
        if (phase.at === 'closed') listener.closed(phase.reason);
    }
  }

  function hangUp(): void {
    stopTimer();
    stopStallTimer();
    socket?.off().offAny();
    socket?.disconnect();
    socket = undefined;
  }

  function dial(hello: 'join' | 'resume'): void {
    hangUp();
    const first = phase.at === 'joining';
    stopTimer = scope.after(DIAL_TIMEOUT, () => advance({ type: 'lost' }));
    const dialled = io(url, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      auth: (send) => {
        if (first) options.opened?.();
        if (hello === 'resume') send(resumeHello());
        else options.hello().then(send, () => dialled === socket && advance(notSupported()));
      },
    });
    socket = dialled;
    dialled.on('joined', (joined: Joined) => joinedAnew(joined));
    dialled.on('resumed', ({ tick }: Resumed) => resumed(tick));
    dialled.on('bye', (bye: Bye) => advance({ type: 'bye', bye }));
    dialled.on('tick', (frame: TickFrame) => listener.tick(frame));
    dialled.on('data-lossy', (payload: DataPayload) => listener.event({ type: 'data', ...payload }));
    dialled.on('disconnect', () => advance({ type: 'lost' }));
    dialled.on('connect_error', (error: Error & { data?: WireError }) => {
      advance(error.data?.code === undefined ? { type: 'lost' } : { type: 'refused', error: error.data });
    });
    dialled.onAny((name: string, seq: unknown, payload: unknown) => {
      if (typeof seq === 'number') sequenced(name, seq, payload);
    });
    dialled.connect();
  }

  function resumeHello(): ResumeHello {
    // A resume is only ever dialled after a join.
    const { id = '', secret = '' } = session ?? {};
    return { protocol: 1, resume: { sessionId: id, secret, received } };
  }

  function joinedAnew(joined: Joined): void {
    stopTimer();
    const again = session !== undefined;
    session = joined.session;
    const { id, secret } = session;
    options.parting.prepare(`${url}/v1/sessions/${id}/leave`, JSON.stringify({ secret }));
    received = 0;
    advance({ type: 'answered' });
    if (again) pending.restart(clientError('connection-lost'));
    listener.joined(joined, again);
    flush();
  }

  function resumed(tick: TickFrame): void {
    stopTimer();
    advance({ type: 'answered' });
    listener.resumed(tick);
    flush();
  }

  function sequenced(name: string, seq: number, payload: unknown): void {
    // What was handled before the socket broke may come once more.
    if (seq <= received) return;
    received = seq;
    listener.event({ type: name, ...(payload as object) } as WireEvent);
  }

  /** Sends what waits for an answer: the server knows by its id what it has done already. */
  function flush(): void {
    for (const request of pending.list()) transmit(request);
  }

  function transmit({ id, name, params }: PendingRequest): void {
    const through = socket;
    through?.emit(name, id, params, (answer: Answer) => {
      if (through !== socket) return;
      stopStallTimer();
      pending.settle(id, answer);
      if (pending.size > 0) watchForStall();
    });
    watchForStall();
  }

  function watchForStall(): void {
    stopStallTimer();
    stopStallTimer = scope.after(STALL_TIMEOUT, () => advance({ type: 'lost' }));
  }

  async function leave(): Promise<void> {
    // While the socket is lost, the word waits for the next one: it may be there within the moment.
    if (phase.at !== 'joining' && phase.at !== 'closed') {
      const word = link.request('leave', {}).catch(() => undefined);
      await Promise.race([word, scope.pause(LEAVE_TIMEOUT)]);
    }
    link.close(LEFT);
  }

  dial('join');

  const link: Link = {
    get phase() {
      return phase.at;
    },
    request<Name extends RequestName>(name: Name, params: RequestParams<Name>) {
      if (phase.at === 'closed') return Promise.reject(clientError('closed'));
      const { request, answer } = pending.add(name, params);
      if (phase.at === 'online') transmit(request);
      return answer as Promise<RequestResult<Name>>;
    },
    retryNow() {
      if (phase.at === 'resuming' || phase.at === 'rejoining') {
        if (socket === undefined) dial(phase.at === 'resuming' ? 'resume' : 'join');
      }
    },
    suspect() {
      if (phase.at === 'online') advance({ type: 'lost' });
    },
    startOver: () => advance({ type: 'start-over' }),
    leave: () => (leaving ??= leave()),
    leaveNow() {
      if (phase.at === 'online') link.request('leave', {}).catch(() => undefined);
      // What is written to a socket as its page ends may not get out (one in a hundred of a busy Chromium).
      options.parting.say();
      link.close(LEFT);
    },
    close: (reason) => advance({ type: 'close', reason }),
  };
  return link;
}

function notSupported(): LinkEvent {
  const { code, message } = clientError('not-supported');
  return { type: 'close', reason: { code, message } };
}
