/** Usage by day. */
export const DAY_MS = 86_400_000;

/** The ms from `from` to `to`, by days since the epoch, UTC. */
export function spanByDay(from: number, to: number): { day: number; ms: number }[] {
  const spans: { day: number; ms: number }[] = [];
  for (let at = from; at < to;) {
    const day = Math.floor(at / DAY_MS);
    const end = Math.min(to, (day + 1) * DAY_MS);
    spans.push({ day, ms: end - at });
    at = end;
  }
  return spans;
}
