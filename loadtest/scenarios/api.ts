/**
 * REST as an application's back end uses it, by a plan, whether the server answers or not. Each answer is measured from
 * the moment at which its request was written, which is the server's doing, and from the one at which it was planned,
 * which hides no wait (coordinated omission) but counts this process's own delays, timers' grain of 1 ms included.
 */
import { type HttpConnection, jsonRequest, openHttpConnection } from '../support/http-connection.ts';
import { sendPaced } from '../support/paced.ts';
import type { Scenario, Stage } from './scenario.ts';

/** Enough for a server that is slower than any target by far, and few enough to be of one connection pool. */
const CONNECTIONS = 32;

type Planned = { readonly name: string; readonly request: Buffer; readonly status: number };

export const api: Scenario = {
  about:
    'REST at --rate a second: rooms made, read, listed and deleted, tokens signed; --rooms are there from the start',
  defaults: { rate: 500, rooms: 100, seconds: 10 },
  serverFlags: ['--rooms.max', '1000000'],
  async prepare(stage, { rate, rooms, seconds }) {
    const origin = new URL(stage.target.url);
    const failed = (error: Error) => {
      stage.recorder.count('failed');
      stage.recorder.note(`a request failed: ${error.message}`);
    };
    const connections = await openAll(origin, failed);
    const ready = Array.from({ length: rooms }, (_, index) => makes(stage, `ready-${index}`));
    await send(stage, ready, Math.max(rate, 100), connections, failed, false);
    const planned = Array.from({ length: Math.round(rate * seconds) }, (_, index) => mixed(stage, index, rate, rooms));
    return {
      run: () => send(stage, planned, rate, connections, failed, true),
      async stop() {
        for (const connection of connections) connection.close();
        await Promise.resolve();
      },
    };
  },
};

export function openAll(url: URL, failed: (error: Error) => void): Promise<HttpConnection[]> {
  return Promise.all(Array.from({ length: CONNECTIONS }, () => openHttpConnection(url, failed)));
}

async function send(
  { recorder }: Stage,
  planned: readonly Planned[],
  rate: number,
  connections: readonly HttpConnection[],
  failed: (error: Error) => void,
  counted: boolean,
): Promise<void> {
  const requests = planned.map(({ request }) => request);
  const { fromPlanned } = await sendPaced(
    ...([requests, rate, connections, (index: number) => planned[index]!.status, failed] as const),
    (index, milliseconds) => {
      if (!counted) return;
      recorder.count('requests');
      recorder.time('request', milliseconds);
      recorder.time(planned[index]!.name, milliseconds);
    },
  );
  if (counted) for (const milliseconds of fromPlanned) recorder.time('planned', milliseconds);
}

/** In turns; a room is deleted a second after it was made. */
function mixed(stage: Stage, index: number, rate: number, rooms: number): Planned {
  const { target, run } = stage;
  const there = `${run}-ready-${index % rooms}`;
  const url = (path: string) => new URL(`/v1/rooms${path}`, target.url);
  switch (index % 5) {
    case 0:
      return makes(stage, `new-${index}`);
    case 1:
      return { name: 'get', request: jsonRequest('GET', url(`/${there}`), target.key), status: 200 };
    case 2: {
      const request = jsonRequest('POST', url(`/${there}/tokens`), target.key, { identity: `user-${index}` });
      return { name: 'token', request, status: 201 };
    }
    case 3: {
      const made = index - 3 - 5 * Math.ceil(rate / 5);
      if (made < 0) return { name: 'get', request: jsonRequest('GET', url(`/${there}`), target.key), status: 200 };
      return { name: 'delete', request: jsonRequest('DELETE', url(`/${run}-new-${made}`), target.key), status: 204 };
    }
    default:
      return { name: 'people', request: jsonRequest('GET', url(`/${there}/participants`), target.key), status: 200 };
  }
}

function makes({ target, run }: Stage, name: string): Planned {
  const body = { name: `${run}-${name}` };
  return {
    name: 'make',
    request: jsonRequest('POST', new URL('/v1/rooms', target.url), target.key, body),
    status: 201,
  };
}
