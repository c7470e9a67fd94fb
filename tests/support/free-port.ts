import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * A port that is free for UDP and TCP on 127.0.0.1 and ::1 now, below those that systems and relays give out: nobody
 * gets it by chance before it is used.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = randomInt(10_000, 32_000);
    try {
      for (const host of ['127.0.0.1', '::1']) await Promise.all([listenOnce(port, host), bindOnce(port, host)]);
      return port;
    } catch {
      // Somebody has it in one of the families and protocols.
    }
  }
  throw new Error('no port is free for UDP and TCP in both families');
}

function listenOnce(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, host, () => server.close(() => resolve()));
  });
}

function bindOnce(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4').once('error', reject);
    socket.bind(port, host, () => socket.close(() => resolve()));
  });
}
