import type { Clock } from '../kernel/clock.ts';

/** Says why its part cannot serve right now, or undefined when it can. What it throws is a reason too. */
export type ReadinessCheck = () => string | undefined;

/** The answer to `/v1/health`: the process is alive. `uptime` in seconds. */
export type Liveness = { status: 'ok'; version: string; uptime: number };

/** The answer to `/ready`, with each check's finding. Not ready: 503, and no new joins for this server. */
export type Readiness = { ready: boolean; checks: Record<string, Finding> };
/**
 * `state`: `off`, for a part that is switched off; `degraded`, with a reason, for one that does less than it should while
 * calls go on as ever. Neither keeps the server from being ready.
 */
export type Finding = { ok: boolean; reason?: string; state?: 'off' | 'degraded' };

/** What the server knows of its own condition. */
export type Health = {
  liveness(): Liveness;
  /** Asks every check. Checks are asked often and by anyone: each looks at what is known, and waits for nothing. */
  readiness(): Readiness;
  /** Adds a check. Throws when the name is taken. */
  check(name: string, check: ReadinessCheck): void;
  /** Adds a check of a part without which calls go on: what it finds is told, and the server stays ready. */
  lesser(name: string, check: ReadinessCheck): void;
  /** Says of a part that it is switched off. Throws when the name is taken. */
  off(name: string): void;
  /** From now on the server is not ready: it is going to stop. */
  drain(): void;
};

/** A registry whose only check is `draining`. */
export function createHealth(version: string, now: Clock): Health {
  const started = now();
  let draining = false;
  const checks = new Map<string, ReadinessCheck>([
    ['draining', () => (draining ? 'The server is shutting down.' : undefined)],
  ]);

  const off = new Set<string>();
  const lesser = new Set<string>();

  const ask = (check: ReadinessCheck): Finding => {
    let reason: string | undefined;
    try {
      reason = check();
    } catch (error) {
      reason = error instanceof Error ? error.message : 'The check failed.';
    }
    return reason === undefined ? { ok: true } : { ok: false, reason };
  };

  const add = (name: string, check: ReadinessCheck): void => {
    if (checks.has(name) || off.has(name)) throw new Error(`There is a readiness check ${name} already.`);
    checks.set(name, check);
  };

  return {
    liveness: () => ({ status: 'ok', version, uptime: Math.max(0, Math.floor((now() - started) / 1000)) }),
    readiness() {
      const found = [...checks].map(([name, check]): [string, Finding] => {
        const finding = ask(check);
        return [name, finding.ok || !lesser.has(name) ? finding : { ...finding, ok: true, state: 'degraded' }];
      });
      for (const name of off) found.push([name, { ok: true, state: 'off' }]);
      return { ready: found.every(([, { ok }]) => ok), checks: Object.fromEntries(found) };
    },
    off: (name) => {
      if (checks.has(name)) throw new Error(`There is a readiness check ${name} already.`);
      off.add(name);
    },
    check: add,
    lesser(name, check) {
      add(name, check);
      lesser.add(name);
    },
    drain() {
      draining = true;
    },
  };
}
