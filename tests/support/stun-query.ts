/**
 * A Binding query (RFC 8489 §12) of its own few lines, so that it can say how things stand where our codec is what is
 * tested. As a program it asks several servers from one socket, which shows how a NAT maps:
 *
 *     node tests/support/stun-query.ts 192.0.2.1:3478 192.0.2.2:3478     prints ["ADDRESS:PORT", …]
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

export type Endpoint = { readonly host: string; readonly port: number };

const MAGIC_COOKIE = 0x2112a442;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const RETRANSMIT_EVERY = 100;

/**
 * The address that the server sees, as `address:port` (IPv6 in hexadecimal words, nothing abbreviated).
 * @throws {Error} without an answer in `timeout` milliseconds, or where the port is closed
 */
export async function queryMappedAddress(
  server: Endpoint,
  { timeout = 2000, socket }: { timeout?: number; socket?: Socket } = {},
): Promise<string> {
  const own = socket ?? createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
  const request = Buffer.alloc(20);
  request.writeUInt16BE(0x0001, 0);
  request.writeUInt32BE(MAGIC_COOKIE, 4);
  randomBytes(12).copy(request, 8);
  const answered = new AbortController();
  try {
    return await new Promise<string>((resolve, reject) => {
      own.on('error', reject).on('message', function read(message: Buffer) {
        if (!message.subarray(4, 20).equals(request.subarray(4))) return;
        own.off('message', read);
        const mapped = mappedAddress(message);
        if (mapped === undefined) reject(new Error('an answer without a mapped address'));
        else resolve(mapped);
      });
      void (async () => {
        for (let sent = 0; sent * RETRANSMIT_EVERY < timeout && !answered.signal.aborted; sent += 1) {
          own.send(request, server.port, server.host, (error) => error && reject(error));
          await sleep(RETRANSMIT_EVERY);
        }
        reject(new Error(`no answer from ${server.host} port ${server.port} in ${timeout} ms`));
      })();
    });
  } finally {
    answered.abort();
    if (socket === undefined) own.close();
  }
}

function mappedAddress(message: Buffer): string | undefined {
  if (message.readUInt16BE(0) !== BINDING_SUCCESS) return undefined;
  for (let at = 20; at + 4 <= message.length;) {
    const [type, length] = [message.readUInt16BE(at), message.readUInt16BE(at + 2)];
    if (type === XOR_MAPPED_ADDRESS) {
      const value = Buffer.from(message.subarray(at + 4, at + 4 + length));
      // RFC 8489 §14.2: the port with the cookie's upper half, the address with cookie and transaction ID.
      const port = value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16);
      const address = value.subarray(4).map((byte, index) => byte ^ message[4 + index]!);
      const words = Array.from({ length: 8 }, (_, index) =>
        ((address[index * 2]! << 8) | address[index * 2 + 1]!).toString(16),
      );
      return `${value[1] === 1 ? address.join('.') : words.join(':')}:${port}`;
    }
    at += 4 + ((length + 3) & ~3);
  }
  return undefined;
}

if (import.meta.main) {
  const socket = createSocket('udp4');
  const mapped: string[] = [];
  for (const text of process.argv.slice(2)) {
    const [host = '', port] = text.split(':');
    mapped.push(await queryMappedAddress({ host, port: Number(port) }, { socket }));
  }
  socket.close();
  process.stdout.write(`${JSON.stringify(mapped)}\n`);
}
