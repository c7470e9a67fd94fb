/** The API key of this tab: kept until the tab closes or its user signs out, and never part of an address. */
const ITEM = 'sluice.dashboard.key';

export function readKey(): string | undefined {
  try {
    return sessionStorage.getItem(ITEM) ?? undefined;
  } catch {
    // A browser that stores nothing asks again after a reload.
    return undefined;
  }
}

export function keepKey(key: string): void {
  try {
    sessionStorage.setItem(ITEM, key);
  } catch {
    // As above: this tab has it all the same.
  }
}

export function forgetKey(): void {
  try {
    sessionStorage.removeItem(ITEM);
  } catch {
    // There is none.
  }
}
