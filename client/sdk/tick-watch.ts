import type { Scope } from './scope.ts';

/** While somebody talks, levels change many times a second. */
const LIVELY = 5;
const SECOND = 1000;
/** Seconds without a tick, after a lively one, that make one wonder. */
const WONDER_AFTER = 2;

/** Notices where the server falls silent in the midst of talk: mostly nobody talks any more, now and then it is the network. */
export type TickWatch = {
  /** A tick has come. */
  tick(): void;
};

/** Calls `silent` once for each silence. What is done about it should cost little. */
export function watchTicks(scope: Scope, silent: () => void): TickWatch {
  let ticks = 0;
  let lively = false;
  let quiet = 0;

  function look(): void {
    scope.after(SECOND, look);
    if (ticks > 0) {
      lively = ticks >= LIVELY;
      quiet = 0;
    } else {
      quiet += 1;
      if (lively && quiet === WONDER_AFTER) silent();
    }
    ticks = 0;
  }

  scope.after(SECOND, look);
  return {
    tick() {
      ticks += 1;
    },
  };
}
