import { clientsPass } from './turnutils-table.ts';

const echo = '127.0.0.1';

clientsPass('turnutils_uclient over TCP', [
  { what: 'channels, RTP and RTCP by EVEN-PORT with a reservation', flags: '-t', echo },
  { what: 'channels, one allocation', flags: '-t -c', echo },
  { what: 'Send indications', flags: '-t -s', echo },
  { what: 'messages of 1,200 bytes', flags: '-t -l 1200', echo },
  { what: 'superfluous permissions and channels, and peers of the wrong family', flags: '-t -G', echo },
  { what: 'clients that vanish', flags: '-t -B -m 4', echo },
  { what: 'odd lengths, which ChannelData pads on a stream', flags: '-t -y -c -l 171 -m 4' },
  { what: 'from relayed address to relayed address with Send indications', flags: '-t -y -c -s -m 4' },
]);
