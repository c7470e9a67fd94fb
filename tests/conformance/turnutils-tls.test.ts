import { clientsPass } from './turnutils-table.ts';

const echo = '127.0.0.1';

clientsPass('turnutils_uclient over TLS', [
  { what: 'channels, RTP and RTCP by EVEN-PORT with a reservation', flags: '-t -S', echo },
  { what: 'channels, one allocation', flags: '-t -S -c', echo },
  { what: 'superfluous permissions and channels, and peers of the wrong family', flags: '-t -S -G', echo },
  // The client forgets what is left in a TLS record behind the first message: 1 of 40 and 4 of 80 with coturn, too.
  { what: 'Send indications', flags: '-t -S -s', echo, mayLose: 2 },
  { what: 'from relayed address to relayed address', flags: '-t -S -y -c -m 4', mayLose: 8 },
]);
