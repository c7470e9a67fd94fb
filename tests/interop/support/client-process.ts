/**
 * Clients that no one here wrote, each in a process of its own that tells what it decodes: aiortc and GStreamer's
 * webrtcbin from Debian's packages, and libwebrtc as @roamhq/wrtc has it. A process ends with its test, whatever becomes
 * of that; and one that crashes takes no test with it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Endpoint } from './exchange.ts';

/** What a client has decoded so far: frames with the size of the last one, and the loudest sample. */
export type Decoded = { readonly frames: number; readonly size: string; readonly peak: number };
/** `end()` ends the session, and resolves with the status of that. */
export type Client = { readonly decoded: Decoded; end(): Promise<number> };
export type Make = keyof typeof MAKES;

/** Debian's Python, which has Debian's packages; the first one on the PATH may be another. */
const PYTHON = '/usr/bin/python3';
const GSTREAMER = [
  'import gi; gi.require_version("GstWebRTC", "1.0"); from gi.repository import Gst, GstWebRTC; Gst.init(None)',
  'assert all(map(Gst.ElementFactory.find, ["webrtcbin", "nicesink", "vp8enc", "opusenc", "rtpvp8pay"]))',
];
/** The command of each, and one that fails where what it needs is not there. */
const MAKES = {
  aiortc: { command: [PYTHON, '-B', client('aiortc_client.py')], needs: [PYTHON, '-c', 'import aiortc'] },
  gstreamer: { command: [PYTHON, '-B', client('gstreamer_client.py')], needs: [PYTHON, '-c', GSTREAMER.join('\n')] },
  wrtc: { command: [process.execPath, client('wrtc-client.ts')], needs: undefined },
} as const;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Why these cannot be tested here, or false where they can: the value of a test's `skip`. */
export function missing(...makes: readonly Make[]): string | false {
  const absent = makes.filter((make) => {
    const [program, ...args] = MAKES[make].needs ?? [];
    return program !== undefined && spawnSync(program, args, { stdio: 'ignore' }).status !== 0;
  });
  return absent.length === 0 ? false : `Debian's packages of ${absent.join(' and ')} are not installed.`;
}

/** Publishes a picture of 320 × 180 that moves, and a tone. Resolves once its offer is answered. */
export function publishWith(t: TestContext, make: Make, endpoint: Endpoint): Promise<Client> {
  return start(t, make, 'publish', endpoint);
}

/** Plays one track of sound and one of pictures, and decodes them. */
export function playWith(t: TestContext, make: Make, endpoint: Endpoint): Promise<Client> {
  return start(t, make, 'play', endpoint);
}

async function start(t: TestContext, make: Make, verb: 'publish' | 'play', { url, token }: Endpoint): Promise<Client> {
  const [program, ...args] = MAKES[make].command;
  const child = spawn(program, [...args, verb, url], { env: { ...process.env, TOKEN: token } });
  running.add(child);
  let decoded: Decoded = { frames: 0, size: '', peak: 0 };
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-4000)));
  // It may be gone before it is told to go.
  child.stdin.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => (complaints += error.message));
    child.once('close', () => {
      running.delete(child);
      resolve();
    });
  });
  const lines = createInterface({ input: child.stdout });
  const [answered, ended] = [told('session'), told('ended')];
  lines.on('line', (line) => {
    const facts = JSON.parse(line) as Partial<Decoded>;
    if (facts.frames !== undefined) decoded = facts as Decoded;
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });

  /** Resolves with the first fact of this name; rejects where the process ends without it. */
  function told(name: string): Promise<unknown> {
    const fact = new Promise<unknown>((resolve) => {
      lines.on('line', (line) => {
        const facts = JSON.parse(line) as Record<string, unknown>;
        if (name in facts) resolve(facts[name]);
      });
    });
    const failed = closed.then(() => Promise.reject(new Error(`${make} told no ${name}, but: ${complaints}`)));
    const either = Promise.race([fact, failed]);
    either.catch(() => undefined);
    return either;
  }

  await answered;
  return {
    get decoded() {
      return decoded;
    },
    async end() {
      child.stdin.end();
      return Number(await ended);
    },
  };
}

function client(file: string): string {
  return fileURLToPath(new URL(`../clients/${file}`, import.meta.url));
}
