/** What Linux says of a process, its threads and its children (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/** CPU seconds, user and system, that a process has used. */
export function cpuSeconds(pid: number): number {
  return statSeconds(`/proc/${pid}/stat`);
}

/** CPU seconds of one of its threads. */
export function threadCpuSeconds(pid: number, tid: number): number {
  // Nanoseconds; some kernels leave it at zero, and have only what is counted in ticks.
  const exact = Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  return exact > 0 ? exact : statSeconds(`/proc/${pid}/task/${tid}/stat`);
}

/** CPU seconds that the main thread of a process has used. */
export function mainThreadSeconds(pid: number): number {
  return threadCpuSeconds(pid, pid);
}

function statSeconds(file: string): number {
  const stat = readFileSync(file, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Fields 14 and 15. Linux counts in ticks of 1/100 s on every platform that Node runs on.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Bytes of memory that a process has resident, and the files and sockets that it has open. */
export function footprint(pid: number): { rss: number; files: number } {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { rss: pages * 4096, files: readdirSync(`/proc/${pid}/fd`).length };
}

/** The processes that a process has started and that are still there. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0 && parentOf(other) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
