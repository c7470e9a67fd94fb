/** What the doctor finds: one line each, and what to change where something is not as it should be. */
export type Finding = {
  /** What was looked at: `media port 40000/udp`. */
  readonly check: string;
  /** `warning`: it works, for now or for some. `skipped`: it could not be looked at. */
  readonly status: 'ok' | 'warning' | 'problem' | 'skipped';
  readonly found: string;
  /** What to change. */
  readonly change?: string;
};

export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found };
}

export function warning(check: string, found: string, change: string): Finding {
  return { check, status: 'warning', found, change };
}

export function problem(check: string, found: string, change: string): Finding {
  return { check, status: 'problem', found, change };
}

export function skipped(check: string, found: string): Finding {
  return { check, status: 'skipped', found };
}

/** What an error of the system says: its code where it has one. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
