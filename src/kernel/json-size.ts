/** Bytes of `value` as JSON in UTF-8, which is how free-form values are held against their limits. */
export function jsonSize(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
