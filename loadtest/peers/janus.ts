/**
 * Debian's Janus on loopback, with its video room. Janus passes over loopback interfaces when it looks for candidates, so
 * it is started with native/janus-loopback.c, under which 127.0.0.1 looks like any other address.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { freePort } from '../../tests/support/free-port.ts';
import { compileNative } from '../support/native-program.ts';
import { startPeer } from './process.ts';

export type Janus = {
  /** Of its WebSocket API. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
};

export type JanusOptions = {
  /** Threads that all handles share; without it each handle has one of its own, as by default. */
  readonly eventLoops?: number;
};

/** Janus as it was made ready for this run: it can be started more than once. */
export type JanusKit = { start(options?: JanusOptions): Promise<Janus>; readonly remove: () => void };

/** Makes ready what it is started with. */
export async function prepareJanus(): Promise<JanusKit> {
  const loopback = await compileNative(['janus-loopback.c'], ['-shared', '-fPIC']);
  return { start: (options = {}) => start(options, loopback.path), remove: loopback.remove };
}

async function start({ eventLoops }: JanusOptions, loopback: string): Promise<Janus> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-janus-'));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  try {
    const port = await freePort();
    writeConfiguration(folder, port, eventLoops);
    const flags = ['--configs-folder', folder, '--disable-stdout', '--log-file', path.join(folder, 'log')];
    const running = await startPeer('janus', flags, () => canConnect(port), {
      env: { LD_PRELOAD: loopback },
      cwd: folder,
    });
    return {
      ...{ url: `ws://127.0.0.1:${port}`, pid: running.pid },
      async stop() {
        await running.stop();
        clean();
      },
    };
  } catch (error) {
    clean();
    throw error;
  }
}

/** What its samples have, but for where it listens; recordings and other doors are closed. */
function writeConfiguration(folder: string, port: number, eventLoops: number | undefined): void {
  const loops = eventLoops === undefined ? '' : `event_loops = ${eventLoops}`;
  const files = {
    'janus.jcfg': `
      general: { debug_level = 2, session_timeout = 0, ${loops} }
      media: { rtp_port_range = "32100-42000" }
      nat: { ice_enforce_list = "lo,127.0.0.1", full_trickle = false }
      transports: { disable = "libjanus_http.so,libjanus_rabbitmq.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so" }
    `,
    'janus.transport.websockets.jcfg': `
      general: { json = "compact", ws = true, ws_ip = "127.0.0.1", ws_port = ${port}, wss = false }
      admin: { admin_ws = false }
    `,
    'janus.plugin.videoroom.jcfg': 'general: { }',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
}

function canConnect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
