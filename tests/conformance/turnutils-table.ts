/** Runs coturn's test client against a TURN server, a row of a table to a case. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { type ClientRun, runTurnClient, startEchoPeer, type TurnEndpoint } from '../support/coturn.ts';
import { startTurnServer } from '../support/turn-server.ts';

export type ClientCase = {
  readonly what: string;
  /** Of turnutils_uclient: the feature. Address, port, credentials and message count are added. */
  readonly flags: string;
  /** The echo that it talks to; without one its clients talk to each other. */
  readonly echo?: '127.0.0.1' | '::1';
  /** Where it reaches the server, and so the family of its own address. Default: 127.0.0.1. */
  readonly server?: '127.0.0.1' | '::1';
  /** How many messages the client is known to lose by itself; say why beside it. */
  readonly mayLose?: number;
  /** Flags for user and password, of the server's secret. Default: the client makes time-limited ones of it. */
  readonly credentials?: (secret: string) => readonly string[];
};

const MESSAGES = '20';
/** The client mostly waits: it begins its messages seconds after its allocations. */
const AT_ONCE = 12;
/**
 * It reads nothing while the machine has other work, and then forgets what came together, or finds its receive buffer full:
 * one look of these must be without loss.
 */
const LOOKS = 3;

/** Makes one test of each case; all of them share a server and an echo. */
export function clientsPass(title: string, cases: readonly ClientCase[]): void {
  suite(title, { concurrency: AT_ONCE }, () => {
    const run = useClients();
    for (const one of cases) {
      test(`${one.what}: ${one.flags}`, async () => {
        let { result, loses } = await look(run, one);
        for (let again = 1; loses && again < LOOKS; again += 1) ({ result, loses } = await look(run, one));
        const { sent, summary, output } = result;
        assert.deepEqual(summary, { code: 0, lost: 0, dropped: 0, missing: 0 }, output);
        assert.ok(sent >= Number(MESSAGES), output);
      });
    }
  });
}

/** Makes one test of each case: the client gets no allocation, and says so. */
export function clientsFail(title: string, cases: readonly ClientCase[]): void {
  suite(title, { concurrency: AT_ONCE }, () => {
    const run = useClients();
    for (const one of cases) {
      test(`${one.what}: ${one.flags}`, async () => {
        const { code, sent, output } = await run(one);
        assert.ok(code !== null && code !== 0, output);
        assert.equal(sent, 0, output);
        assert.match(output, /Cannot complete Allocation/);
      });
    }
  });
}

const timeLimited = (secret: string) => ['-u', 'user', '-W', secret];

function useClients(): (one: ClientCase) => Promise<ClientRun> {
  let server: TurnEndpoint | undefined;
  let peer: Awaited<ReturnType<typeof startEchoPeer>> | undefined;
  before(async () => {
    server = await startTurnServer();
    peer = await startEchoPeer();
  });
  after(async () => {
    await Promise.all([server?.stop(), peer?.stop()]);
  });
  return (one) => {
    assert.ok(server && peer);
    const flags = one.flags.split(' ').filter(Boolean);
    const port = flags.includes('-S') ? server.tlsPort : server.port;
    return runTurnClient([
      ...flags,
      ...(one.echo === undefined ? [] : ['-e', one.echo, '-r', String(peer.port)]),
      ...['-n', MESSAGES, '-p', String(port)],
      ...(one.credentials ?? timeLimited)(server.secret),
      one.server ?? '127.0.0.1',
    ]);
  };
}

async function look(run: (one: ClientCase) => Promise<ClientRun>, one: ClientCase) {
  const { code, sent, received, lost, dropped, output } = await run(one);
  const summary = { code, lost: within(lost, one.mayLose), dropped, missing: within(sent - received, one.mayLose) };
  return { result: { sent, summary, output }, loses: code === 0 && summary.lost + summary.missing > 0 };
}

function within(count: number, allowed = 0): number {
  return count >= 0 && count <= allowed ? 0 : count;
}
