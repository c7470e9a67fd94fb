import { clientsPass } from './turnutils-table.ts';

const echo = '127.0.0.1';

clientsPass('turnutils_uclient over UDP', [
  { what: 'channels and DONT-FRAGMENT, RTP and RTCP by EVEN-PORT with a reservation', flags: '-X -g', echo },
  { what: 'channels, one allocation', flags: '-X -g -c', echo },
  { what: 'several clients with reservations', flags: '-m 2', echo },
  { what: 'Send indications', flags: '-s', echo },
  { what: 'Send indications with DONT-FRAGMENT', flags: '-s -g', echo },
  { what: 'messages of one byte', flags: '-c -l 1', echo },
  { what: 'messages of 1,200 bytes', flags: '-l 1200', echo },
  { what: 'a bandwidth asked for', flags: '-a 1000000', echo },
  { what: 'superfluous permissions and channels, and peers of the wrong family', flags: '-G', echo },
  { what: 'clients that vanish', flags: '-B -m 4', echo },
  { what: 'from relayed address to relayed address', flags: '-y -c -m 4' },
  { what: 'from relayed address to relayed address with Send indications', flags: '-y -c -s -m 4' },
  { what: 'odd lengths with padding on channels', flags: '-y -c -D -l 171 -m 4' },
  { what: 'odd lengths with padding in indications', flags: '-y -c -s -D -l 171 -m 4' },
  { what: 'requests that must be refused, between relayed addresses', flags: '-N -y -c -m 4' },
]);
