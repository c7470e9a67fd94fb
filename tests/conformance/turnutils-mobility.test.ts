import { againstCoturn } from '../support/turn-server.ts';
import { type ClientCase, clientsPass } from './turnutils-table.ts';

const echo = '127.0.0.1';
// coturn 4.6's own server refuses a move over TCP and TLS.
const overStreams: ClientCase[] = [
  { what: 'an allocation that moves to another connection', flags: '-M -t', echo },
  { what: 'an allocation that moves to another TLS connection', flags: '-M -t -S', echo },
];

clientsPass('turnutils_uclient that moves (RFC 8016)', [
  { what: 'an allocation that moves to another address', flags: '-M', echo },
  { what: 'between relayed addresses', flags: '-M -y -c -m 2' },
  ...(againstCoturn ? [] : overStreams),
]);
