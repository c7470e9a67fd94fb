/** Kills a server under load again and again, and holds what its event log told against what it says afterwards. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { io } from 'socket.io-client';

import { type Receiver, SECRET } from '../events/receiver.ts';
import { freePort } from './free-port.ts';
import { CAPABILITIES } from './memory-media-engine.ts';

const MAIN = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));
const KEY = 'test.0123456789abcdef0123456789abcdef';
/** Clients that come and go at once. */
const CLIENTS = 8;

export type LoggedEvent = { seq: number; roomSeq: number; type: string; roomId: string; room: string } & Record<
  string,
  unknown
>;

export type Crashes = {
  /** What the log has in the end. */
  readonly log: LoggedEvent[];
  /** What followers of the event stream were told, in the order in which they were. */
  readonly streamed: LoggedEvent[];
  readonly rounds: number;
};

/** Kills it `rounds` times; then lets it run until `receiver` has all. */
export async function crash(rounds: number, receiver: Receiver, milliseconds: () => number): Promise<Crashes> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
  const streamed: LoggedEvent[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      await withServer(folder, receiver, async (url) => {
        const over = new AbortController();
        const load = Promise.all([
          follow(url, streamed, over.signal),
          ...Array.from({ length: CLIENTS }, (_, client) => comeAndGo(url, `room-${client % 3}`, client, over.signal)),
        ]);
        load.catch(() => undefined);
        // Until something was told: a start takes as long as the machine is busy.
        const before = streamed.length;
        while (streamed.length < before + 10) await sleep(5);
        await sleep(milliseconds());
        return { load, stop: () => over.abort() };
      });
    }
    let log: LoggedEvent[] = [];
    await withServer(folder, receiver, async (url) => {
      log = await readAll(url);
      const has = new Set<number>();
      for (let tries = 0; tries < 600 && log.some(({ seq }) => !has.has(seq)); tries += 1) {
        for (const { seq } of receiver.taken) has.add(seq);
        await sleep(50);
      }
      return { load: Promise.resolve(), stop: () => undefined };
    });
    return { log, streamed, rounds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws where something that was told is not so, is missing, or came twice under two numbers. */
export function checkCrashes({ log, streamed }: Crashes, receiver: Receiver): void {
  assert.deepEqual(
    log.map(({ seq }) => seq),
    log.map((_, index) => index + 1),
    'the log has no gap',
  );
  for (const [index, event] of streamed.entries()) {
    assert.deepEqual(log[event.seq - 1], event, 'what a stream was told is in the log, under its number');
    assert.equal(event.seq, index + 1, 'a stream that is broken off and goes on misses nothing and repeats nothing');
  }
  checkLives(log);
  assert.deepEqual(receiver.faults, []);
  const taken = new Map(receiver.taken.map((event) => [event.seq, event]));
  assert.deepEqual(
    log.filter(({ seq }) => !taken.has(seq)).map(({ seq }) => seq),
    [],
    'the receiver has got every event',
  );
  for (const { seq, roomSeq, id } of receiver.taken) {
    assert.equal(log[seq - 1]?.roomSeq, roomSeq, 'what it has got is in the log');
    assert.equal(taken.get(seq)?.id, id, 'an event that came again came under its id');
  }
  for (const room of new Set(log.map((event) => event.room))) {
    const firsts = [...taken.keys()].filter((seq) => log[seq - 1]!.room === room);
    assert.deepEqual(
      firsts,
      firsts.toSorted((a, b) => a - b),
      'events of a room came in their order',
    );
  }
}

/** Rooms begin, participants join once and leave once, rooms end. */
function checkLives(log: readonly LoggedEvent[]): void {
  const rooms = new Map<string, number>();
  const inside = new Set<unknown>();
  const over = new Set<unknown>();
  for (const { type, roomId, roomSeq, participantId } of log) {
    assert.equal(roomSeq, (rooms.get(roomId) ?? 0) + 1, 'numbers of a room have no gap');
    assert.equal(type === 'room-started', roomSeq === 1);
    assert.ok(!over.has(roomId), 'nothing comes after room-closed');
    rooms.set(roomId, roomSeq);
    if (type === 'room-closed') over.add(roomId);
    if (type === 'participant-joined') {
      assert.ok(!inside.has(participantId) && !over.has(participantId), 'it joins once');
      inside.add(participantId);
    }
    if (type === 'participant-left') {
      assert.ok(inside.delete(participantId), 'it leaves after it has joined, and once');
      over.add(participantId);
    }
  }
  assert.equal(inside.size, 0, 'everyone has left');
  assert.deepEqual(
    [...rooms.keys()].filter((id) => !over.has(id)),
    [],
    'all rooms are closed',
  );
}

type Load = { readonly load: Promise<unknown>; readonly stop: () => void };

/** Runs a server with the store in `folder`, and kills it. */
async function withServer(folder: string, receiver: Receiver, act: (url: string) => Promise<Load>): Promise<void> {
  const port = await freePort();
  const webhooks = [{ name: 'test', url: receiver.url, secrets: [SECRET] }];
  const child = spawn(process.execPath, [MAIN, '--host', '127.0.0.1', '--port', String(port), '--log.format', 'json'], {
    env: {
      ...process.env,
      ...{ SLUICE_AUTH_KEYS: KEY, SLUICE_STORE_FOLDER: folder, SLUICE_MEDIA_PORT: '0', SLUICE_MEDIA_WORKERS: '1' },
      ...{ SLUICE_TURN_ENABLED: 'false', SLUICE_QOE_ENABLED: 'false', SLUICE_SIGNALING_RESUME_WITHIN: '0s' },
      ...{ SLUICE_WEBHOOKS_ALLOW: '127.0.0.0/8', SLUICE_WEBHOOKS_ENDPOINTS: JSON.stringify(webhooks) },
      ...{ SLUICE_ROOMS_DEPARTURE_TIMEOUT: '0s', SLUICE_LIMITS_JOIN_ADDRESS_RATE: '10000' },
      ...{ SLUICE_LIMITS_JOIN_ADDRESS_BURST: '10000', SLUICE_LIMITS_API_KEY_RATE: '10000' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let load: Load | undefined;
  try {
    await ready(child.stdout, child.stderr);
    load = await act(`http://127.0.0.1:${port}`);
  } finally {
    child.kill('SIGKILL');
    await exited;
    load?.stop();
    await load?.load.catch(() => undefined);
  }
}

async function ready(...streams: NodeJS.ReadableStream[]): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of streams) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (output.includes('"msg":"ready"')) return;
        output += text;
        if (output.includes('"msg":"ready"')) resolve();
      });
      stream.on('end', () => reject(new Error(`the server ended:\n${output}`)));
    }
  });
}

const HEADERS = { authorization: `Bearer ${KEY}` };

/** Joins and leaves, again and again, until the server is gone. */
async function comeAndGo(url: string, room: string, client: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const response = await fetch(`${url}/v1/rooms/${room}/tokens`, {
      method: 'POST',
      headers: { ...HEADERS, 'content-type': 'application/json' },
      body: JSON.stringify({ identity: `user-${client}` }),
    });
    const { token } = (await response.json()) as { token: string };
    const socket = io(url, {
      ...{ transports: ['websocket'], reconnection: false, forceNew: true },
      auth: { protocol: 1, token, rtpCapabilities: CAPABILITIES },
    });
    await new Promise<void>((resolve) => {
      socket.on('joined', () => setTimeout(resolve, Math.random() * 30));
      for (const name of ['connect_error', 'disconnect']) socket.on(name, () => resolve());
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    socket.close();
  }
}

/** Follows the event stream from where `seen` ends. */
async function follow(url: string, seen: LoggedEvent[], signal: AbortSignal): Promise<void> {
  const headers = { ...HEADERS, accept: 'text/event-stream', 'last-event-id': String(seen.at(-1)?.seq ?? 0) };
  const response = await fetch(`${url}/v1/events`, { headers, signal });
  if (response.status !== 200) throw new Error(`the stream was refused: ${await response.text()}`);
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (text + chunk).split('\n\n');
    text = parts.pop()!;
    for (const part of parts) {
      const data = /^data: (.*)$/mu.exec(part)?.[1];
      if (data !== undefined) seen.push(JSON.parse(data) as LoggedEvent);
    }
  }
}

async function readAll(url: string): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for (let next = 0, last = 1; next < last;) {
    const response = await fetch(`${url}/v1/events?after=${next}&limit=1000`, { headers: HEADERS });
    const page = (await response.json()) as { events: LoggedEvent[]; next: number; last: number };
    all.push(...page.events);
    ({ next, last } = page);
  }
  return all;
}
