import { createHmac } from 'node:crypto';

import { clientsFail, clientsPass } from './turnutils-table.ts';

const echo = '127.0.0.1';
const anotherSecret = () => ['-u', 'user', '-W', 'not-the-secret'];
/** A user name with what would be its password if nothing but the MAC counted. */
const signed = (user: string) => (secret: string) => [
  ...['-u', user, '-w', createHmac('sha1', secret).update(user).digest('base64')],
];

clientsPass('turnutils_uclient with a password that was made for it', [
  { what: 'a time to come', flags: '-c', credentials: signed(`${Math.ceil(Date.now() / 1000) + 3600}:user`), echo },
]);

clientsFail('turnutils_uclient with wrong credentials', [
  { what: 'another secret', flags: '-c', credentials: anotherSecret, echo },
  { what: 'another secret over TCP', flags: '-t -c', credentials: anotherSecret, echo },
  { what: 'another secret over TLS', flags: '-t -S -c', credentials: anotherSecret, echo },
  { what: 'a time that is over', flags: '-c', credentials: signed('1000000000:user'), echo },
  { what: 'a user name without a time', flags: '-c', credentials: signed('user'), echo },
  { what: 'a name of Object.prototype', flags: '-c', credentials: signed('constructor'), echo },
]);
