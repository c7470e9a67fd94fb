/** Logs as many bytes as it is told in lines of 1 KiB, tells its parent when it has, and ends when the parent says so. */
import { createLog } from '../../src/observability/log.ts';

const log = createLog({ level: 'info', pretty: false });
const lines = Number(process.argv[2]) / 1024;
for (let line = 0; line < lines; line += 1) log.info({ line, filler: 'x'.repeat(900) }, 'a line');
process.send!('written');
process.once('message', () => process.disconnect());
