import { clientsPass } from './turnutils-table.ts';

clientsPass('turnutils_uclient with TCP allocations (RFC 6062)', [
  { what: 'Connect, ConnectionAttempt and ConnectionBind', flags: '-T -m 4' },
  { what: 'the same over TLS', flags: '-T -S -m 4' },
  { what: 'the same with IPv6', flags: '-T -x -m 4', server: '::1' },
]);
