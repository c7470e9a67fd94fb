const COLOURS: Readonly<Record<string, number>> = { trace: 90, debug: 36, info: 32, warn: 33, error: 31, fatal: 35 };

/** A JSON line of the log as a line for a person: time, level, message, then `key=value`; stacks on lines of their own. */
export function formatLine(json: string, colour: boolean): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json;
  }
  const { time, level, msg, err, ...rest } = entry;
  const name = String(level);
  const label = name.toUpperCase().padEnd(5);
  // From 2026-01-31T12:34:56.789Z, what is left of the day.
  const clock = String(time).slice(11, 23);
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${text(value)}`);
  const head = colour ? `\u001B[${COLOURS[name] ?? 0}m${label}\u001B[0m` : label;
  const line = [clock, head, ...(msg === undefined ? [] : [text(msg)]), ...fields].join(' ');
  return `${line}\n${stack(err)}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function stack(error: unknown): string {
  if (typeof error !== 'object' || error === null) return error === undefined ? '' : `  ${text(error)}\n`;
  const { stack: trace, cause, message } = error as Record<string, unknown>;
  const lines = text(trace ?? message ?? error).split('\n');
  return `${lines.map((line) => `  ${line}\n`).join('')}${cause === undefined ? '' : `  caused by:\n${stack(cause)}`}`;
}
