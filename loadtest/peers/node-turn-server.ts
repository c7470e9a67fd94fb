/**
 * node-turn on loopback. It knows users and no secret: its table of users makes each password as a secret would.
 *
 *     node node-turn-server.ts PORT SECRET
 */
import { createHmac } from 'node:crypto';

import { requirePeer } from './packages.ts';

const [port, secret = ''] = process.argv.slice(2);
const password = (name: string) => createHmac('sha1', secret).update(name).digest('base64');
const Turn = requirePeer('node-turn') as new (options: object) => { start(): void };

new Turn({
  ...{ authMech: 'long-term', realm: 'sluice.test', debugLevel: 'OFF' },
  ...{ listeningPort: Number(port), listeningIps: ['127.0.0.1'], relayIps: ['127.0.0.1'] },
  credentials: new Proxy({}, { get: (_, name) => (typeof name === 'string' ? password(name) : undefined) }),
}).start();
