/** The signaling protocol (docs/protocol.md) on a bare WebSocket: a client that costs little beside the server. */
import type { Answer, Joined, JoinHello, RequestName, RequestParams, RequestResult } from '../../src/signaling/wire.ts';

/** A participant's signaling. Times in milliseconds since the call to join. */
export type Signaling = {
  readonly joined: Joined;
  readonly openedAfter: number;
  readonly joinedAfter: number;
  /** Rejects where it is refused, or the socket closes before. */
  request<Name extends RequestName>(name: Name, params: RequestParams<Name>): Promise<RequestResult<Name>>;
  /** Resolves when the server has closed the socket. */
  readonly leave: () => Promise<void>;
  /** Ends it without a word. */
  readonly close: () => void;
};

/** An event's name and payload; `bye` too, once. */
export type EventListener = (name: string, payload: unknown) => void;

const JOIN_WITHIN_MS = 10_000;
const CLOSED = Symbol('the socket closed');

/** Joins a room. Rejects with the code and words of a refusal, or of how the socket closed. */
export function joinRoom(
  origin: string,
  hello: Omit<JoinHello, 'protocol'>,
  listener: EventListener = () => undefined,
): Promise<Signaling> {
  const began = performance.now();
  const url = new URL('/socket.io/?EIO=4&transport=websocket', origin.replace(/^http/, 'ws'));
  const socket = new WebSocket(url);
  const answers = new Map<number, (answer: Answer | typeof CLOSED) => void>();
  const { promise, resolve, reject } = Promise.withResolvers<Signaling>();
  const gone = Promise.withResolvers<void>();
  const limit = setTimeout(() => socket.close(), JOIN_WITHIN_MS);
  let openedAfter = 0;
  let lastId = 0;

  function request<Name extends RequestName>(name: Name, params: RequestParams<Name>): Promise<RequestResult<Name>> {
    const id = (lastId += 1);
    socket.send(`42${id}${JSON.stringify([name, id, params])}`);
    return new Promise((done, failed) => {
      answers.set(id, (answer) => {
        if (answer === CLOSED) failed(new Error(`${name}: the socket closed`));
        else if (answer.ok) done(answer.result as RequestResult<Name>);
        else failed(new Error(`${name}: ${answer.error.code}: ${answer.error.message}`));
      });
    });
  }

  socket.addEventListener('open', () => {
    openedAfter = performance.now() - began;
    socket.send(`40${JSON.stringify({ protocol: 1, ...hello })}`);
  });
  socket.addEventListener('message', ({ data }) => {
    const frame = String(data);
    if (frame === '2') return socket.send('3');
    if (frame.startsWith('44')) return reject(refusal(frame));
    if (frame.startsWith('43')) return answered(frame);
    if (!frame.startsWith('42[')) return;
    const [name, first, second] = JSON.parse(frame.slice(2)) as [string, unknown, unknown];
    if (name !== 'joined') return listener(name, second ?? first);
    clearTimeout(limit);
    resolve({
      ...{ joined: first as Joined, openedAfter, joinedAfter: performance.now() - began, request },
      async leave() {
        void request('leave', {}).catch(() => undefined);
        await gone.promise;
      },
      close: () => socket.close(),
    });
  });
  socket.addEventListener('close', ({ code, reason }) => {
    clearTimeout(limit);
    reject(new Error(`the socket closed with ${code} ${reason}`));
    for (const answer of answers.values()) answer(CLOSED);
    gone.resolve();
  });
  socket.addEventListener('error', () => undefined);
  return promise;

  function answered(frame: string): void {
    const at = frame.indexOf('[');
    const id = Number(frame.slice(2, at));
    const take = answers.get(id);
    answers.delete(id);
    take?.((JSON.parse(frame.slice(at)) as [Answer])[0]);
  }
}

function refusal(frame: string): Error {
  const { data } = JSON.parse(frame.slice(2)) as { data?: { code: string; message: string } };
  return new Error(data === undefined ? frame : `${data.code}: ${data.message}`);
}
