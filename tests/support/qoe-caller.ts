/** A participant that sends no media and tells by beacons how it is, as any client may. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';

import { io, type Socket } from 'socket.io-client';

import type { Joined } from '../../src/signaling/wire.ts';
import { CAPABILITIES } from './memory-media-engine.ts';
import type { TestServer } from './server.ts';

type Ends = Pick<TestContext, 'after'>;

/** How a second is for it. */
export type Conditions = {
  /** Shares of the packets that get lost. */
  lossUp?: number;
  lossDown?: number;
  /** ms. */
  rtt?: number;
  /** bit/s. */
  bitrateUp?: number;
  bitrateDown?: number;
};

const PACKETS = 100;

export class QoeCaller {
  readonly identity: string;
  /** Its session in the answers about quality. */
  readonly session: string;
  readonly #server: TestServer;
  readonly #token: string;
  readonly #socket: Socket;
  readonly #track = randomUUID();
  #sequence = 0;

  private constructor(server: TestServer, identity: string, token: string, socket: Socket, session: string) {
    this.#server = server;
    this.identity = identity;
    this.#token = token;
    this.#socket = socket;
    this.session = session;
  }

  /** `t` is anything that can be told what to do at its end. */
  static async join(t: Ends, server: TestServer, room: string, identity: string, name = ''): Promise<QoeCaller> {
    const token = await server.token(room, identity, name === '' ? {} : { name });
    const socket = io(server.url, {
      ...{ transports: ['websocket'], reconnection: false, forceNew: true },
      auth: { protocol: 1, token, rtpCapabilities: CAPABILITIES },
    });
    t.after(() => socket.disconnect());
    const joined = await new Promise<Joined>((resolve, reject) => {
      socket.once('joined', resolve);
      socket.once('bye', (why: { code: string }) => reject(new Error(why.code)));
      socket.once('connect_error', reject);
    });
    return new QoeCaller(server, identity, token, socket, joined.self.id);
  }

  /** Tells of the last second, and of its join the first time. */
  async tell(conditions: Conditions = {}): Promise<void> {
    const { lossUp = 0, lossDown = 0, rtt = 30, bitrateUp = 40_000, bitrateDown = 40_000 } = conditions;
    const at = Date.now();
    const sample = (more: object) => ({ seq: this.#sequence++, at, ms: 1000, ...more });
    const lost = (share: number) => ({ packets: Math.round(PACKETS * (1 - share)), lost: Math.round(PACKETS * share) });
    const join = { joinSocket: 12, joinAnswered: 31, joinConnected: 84, joinFirstFrame: 160 };
    const samples = [
      sample({ kind: 'session', rtt, candidateType: 'host', protocol: 'udp', ...(this.#sequence === 0 ? join : {}) }),
      sample({ kind: 'send', track: `${this.#track}-up`, bitrate: bitrateUp, rtt, ...lost(lossUp) }),
      sample({
        kind: 'recv',
        track: `${this.#track}-down`,
        bitrate: bitrateDown,
        concealed: lossDown / 2,
        ...lost(lossDown),
      }),
    ];
    const { status, body } = await this.#server.call(
      'POST',
      '/v1/qoe/beacons',
      { v: 1, session: this.session, sentAt: at, samples },
      { authorization: `Bearer ${this.#token}` },
    );
    if (status !== 202 || body['accepted'] !== samples.length) throw new Error(`refused: ${JSON.stringify(body)}`);
  }

  /** Tells the same each second until the test ends, or the function that is returned is called. */
  keepTelling(t: Ends, conditions: () => Conditions = () => ({})): () => void {
    const telling = setInterval(() => void this.tell(conditions()).catch(() => undefined), 1000);
    const stop = () => clearInterval(telling);
    t.after(stop);
    return stop;
  }

  /** Leaves for good; resolves when the server knows it. */
  async leave(): Promise<void> {
    await this.#socket.emitWithAck('leave', 1, {});
    this.#socket.disconnect();
  }
}
