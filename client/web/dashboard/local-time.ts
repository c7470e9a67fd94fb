/** Moments as `<input type="datetime-local">` has them: in the reader's time zone, to the second. */

export function localInput(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** ms since the epoch; undefined where it is no time, or none that the server knows. */
export function readLocalInput(text: string): number | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/u.test(text) ? new Date(text).getTime() : Number.NaN;
  return at >= 0 ? at : undefined;
}
