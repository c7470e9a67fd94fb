/** How busy a worker is, for choosing where the next room goes. */

export type MediaCounts = { rooms: number; transports: number; producers: number; consumers: number };

/**
 * Shares of one core that we expect of each thing, from measurements: a forwarded packet costs 6 to 7 µs, a video
 * stream has about 100 packets a second. A room without anybody counts for the people who are about to join it.
 */
const EXPECTED = { rooms: 0.01, transports: 0.0005, producers: 0.0005, consumers: 0.0007 } as const;

/**
 * The load of a worker in cores: what it was seen to use (`cpuLoad`, which lags by the sampling interval) or what it
 * will use once everyone sends, whichever is more. So a burst of new rooms spreads before any of them costs anything,
 * and one room with heavy video counts for what it is.
 */
export function expectedLoad(counts: MediaCounts, cpuLoad: number): number {
  const expected =
    counts.rooms * EXPECTED.rooms +
    counts.transports * EXPECTED.transports +
    counts.producers * EXPECTED.producers +
    counts.consumers * EXPECTED.consumers;
  return Math.max(cpuLoad, expected);
}
