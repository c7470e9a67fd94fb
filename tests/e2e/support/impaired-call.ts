/** Two in a call, each behind a network of its own that can be made bad, and what the server says of them. */
import type { Browser } from 'playwright-core';

import { startUdpLink, type UdpLink } from '../../support/udp-link.ts';
import { putBehindLink } from './behind-link.ts';
import { Guest } from './guest.ts';
import { installKit } from './kit.ts';

/** Two layers, so that a narrow way down gets the smaller one, at what two cores can encode and decode beside the tests. */
const CAMERA = { width: 480, height: 270, frameRate: 15, maxBitrate: 600_000 };

/** A server that the call is held at. */
export type CallServer = {
  readonly url: string;
  /** The one port of its one worker. */
  readonly mediaPort: number;
  token(room: string, identity: string): Promise<string>;
};

export type Person = { readonly guest: Guest; readonly link: UdpLink };

export type ImpairedCall = {
  readonly ann: Person;
  readonly bob: Person;
  close(): Promise<void>;
};

/** Both send and receive voice and picture. Close it in any case. */
export async function startImpairedCall(server: CallServer, browser: Browser, room: string): Promise<ImpairedCall> {
  const ends: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  };

  async function join(identity: string, seed: number): Promise<Person> {
    const link = await startUdpLink({ address: '127.0.0.1', port: server.mediaPort }, seed);
    ends.push(() => link.close());
    const context = await browser.newContext();
    ends.push(() => context.close());
    await context.addInitScript(installKit);
    await putBehindLink(context, link.port);
    const page = await context.newPage();
    await page.goto(`${server.url}/v1/health`);
    const guest = new Guest(identity, page);
    await guest.join(await server.token(room, identity), { qoe: { enabled: true } });
    await guest.publish(CAMERA);
    return { guest, link };
  }

  try {
    const ann = await join('ann', 1);
    const bob = await join('bob', 2);
    await Promise.all([meets(ann.guest, 'bob'), meets(bob.guest, 'ann')]);
    return { ann, bob, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Two encoders and two decoders start at once, on whatever is left of the machine. */
const PATIENCE = 60_000;

async function meets(guest: Guest, other: string): Promise<void> {
  await Promise.all([guest.sees(other, 'camera', PATIENCE), guest.hears(other, 'microphone', PATIENCE)]);
}
