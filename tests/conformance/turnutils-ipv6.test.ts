import { clientsPass } from './turnutils-table.ts';

clientsPass('turnutils_uclient with IPv6', [
  { what: 'an IPv6 relayed address for an IPv4 client', flags: '-x -c', echo: '::1' },
  { what: 'an IPv6 relayed address for an IPv6 client', flags: '-x -c', echo: '::1', server: '::1' },
  { what: 'an IPv4 relayed address for an IPv6 client', flags: '-X', echo: '127.0.0.1', server: '::1' },
  { what: 'between IPv6 relayed addresses, from IPv4', flags: '-x -y -c -m 4' },
  { what: 'between IPv6 relayed addresses, from IPv6', flags: '-x -y -c -m 4', server: '::1' },
  { what: 'over TCP', flags: '-x -t -c', echo: '::1', server: '::1' },
  { what: 'over TLS', flags: '-x -t -S -c', echo: '::1', server: '::1' },
  { what: 'both families in one allocation, an IPv4 peer', flags: '-Z', echo: '127.0.0.1' },
  { what: 'both families in one allocation, an IPv6 peer', flags: '-Z', echo: '::1' },
  { what: 'both families in one allocation, over TCP', flags: '-Z -t', echo: '127.0.0.1' },
]);
