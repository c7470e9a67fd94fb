/**
 * What an application on Express or Fastify would be that answers with a room: the same JSON at the same path, and
 * nothing else, not even a look at who asks.
 *
 *     node http-server.ts express|fastify PORT ROOM-AS-JSON
 */
import { requirePeer } from './packages.ts';

type Handler = (request: unknown, answer: { json(value: unknown): void }) => void;
type Express = () => {
  get(path: string, handler: Handler): void;
  listen(port: number, host: string): void;
};
type Fastify = () => {
  get(path: string, handler: () => unknown): void;
  listen(at: { port: number; host: string }): Promise<string>;
};

const [kind, port, json = '{}'] = process.argv.slice(2);
const room = JSON.parse(json) as unknown;

if (kind === 'express') {
  const app = (requirePeer('express') as Express)();
  app.get('/v1/rooms/:room', (_, answer) => answer.json(room));
  app.listen(Number(port), '127.0.0.1');
} else {
  const app = (requirePeer('fastify') as Fastify)();
  app.get('/v1/rooms/:room', () => Promise.resolve(room));
  await app.listen({ port: Number(port), host: '127.0.0.1' });
}
