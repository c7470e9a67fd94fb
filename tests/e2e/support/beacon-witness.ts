import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { gunzipSync } from 'node:zlib';

import type { Millis } from '../../../src/kernel/clock.ts';
import { type Beacon, parseBeacon } from '../../../src/qoe/beacon.ts';
import type { WrittenSample } from '../../../src/qoe/fields.ts';
import { type IngestReport, QoeSession } from '../../../src/qoe/session.ts';

/** A beacon that a page has sent, and what the model makes of it. */
export type Witnessed = {
  readonly beacon: Omit<Beacon, 'samples'> & { samples: WrittenSample[] };
  readonly type: string;
  readonly authorization: string | undefined;
  /** As it was on its way, and unpacked. */
  readonly bytes: number;
  readonly unpacked: number;
  readonly report: IngestReport;
  /** The server's answer. */
  readonly status: number;
};

/** Stands between browser and server, hands everything on, and reads the beacons that pass. */
export type BeaconWitness = {
  /** Where the browser finds the server. */
  readonly origin: string;
  readonly port: number;
  readonly seen: readonly Witnessed[];
  /** Every sample so far, those that came twice once. */
  samples(): WrittenSample[];
  /** Beacons are handed on, and what the server says to them is not. */
  holdAnswers(): void;
  close(): Promise<void>;
};

/** Forwards to `port` of the loopback address. */
export async function startBeaconWitness(port: number): Promise<BeaconWitness> {
  const seen: Witnessed[] = [];
  const sessions = new Map<string, QoeSession>();
  const sockets = new Set<Duplex>();
  let holding = false;

  async function pass(
    req: IncomingMessage,
  ): Promise<{ status: number; headers: OutgoingHttpHeaders; body: Buffer; sent: Buffer }> {
    const sent = Buffer.concat(await req.toArray());
    const upstream = request({ port, host: '127.0.0.1', path: req.url, method: req.method, headers: req.headers });
    upstream.end(sent);
    const [response] = (await once(upstream, 'response')) as [IncomingMessage];
    const body = Buffer.concat(await response.toArray());
    return { status: response.statusCode ?? 0, headers: response.headers, body, sent };
  }

  function witness({ headers }: IncomingMessage, sent: Buffer, status: number): void {
    const unpacked = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    const beacon = parseBeacon(JSON.parse(unpacked.toString()));
    const session = sessions.get(beacon.session) ?? new QoeSession(beacon.session, beacon.sentAt as Millis);
    sessions.set(beacon.session, session);
    seen.push({
      ...{ beacon: beacon as Witnessed['beacon'], type: headers['content-type'] ?? '', status },
      ...{ authorization: headers.authorization, bytes: sent.length, unpacked: unpacked.length },
      report: session.ingest(beacon, beacon.sentAt as Millis),
    });
  }

  const listener = createServer((req, res) => {
    pass(req).then(
      ({ status, headers, body, sent }) => {
        const isBeacon = req.method === 'POST' && req.url === '/v1/qoe/beacons';
        if (isBeacon) witness(req, sent, status);
        if (isBeacon && holding) return;
        res.writeHead(status, headers).end(body);
      },
      () => res.destroy(),
    );
  });
  // WebSockets: the request again as it was, and bytes both ways.
  listener.on('upgrade', (req, browser, head) => {
    const server = connect(port, '127.0.0.1');
    const lines = req.rawHeaders.flatMap((text, at) =>
      at % 2 === 0 ? [`${text}: ${req.rawHeaders[at + 1] ?? ''}`] : [],
    );
    server.write(`${req.method} ${req.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    server.write(head);
    server.pipe(browser).pipe(server);
    for (const socket of [server, browser]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          server.destroy();
          browser.destroy();
        });
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port: own } = listener.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${own}`,
    port: own,
    seen,
    samples() {
      const all = seen.flatMap(({ beacon: { session, samples } }) =>
        samples.map((sample) => [`${session} ${sample.seq}`, sample] as const),
      );
      return [...new Map(all).values()];
    },
    holdAnswers: () => void (holding = true),
    async close() {
      for (const socket of sockets) socket.destroy();
      listener.closeAllConnections();
      listener.close();
      await once(listener, 'close');
    },
  };
}
