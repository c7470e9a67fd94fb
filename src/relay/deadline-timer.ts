/** setTimeout's longest. */
const LONGEST_WAIT = 0x7fff_ffff;

/** One timer for the earliest of many deadlines. */
export type DeadlineTimer = {
  /** Fires by `due`, a time of `Date.now()`. It may fire earlier, finds nothing due then, and is to be armed anew. */
  arm(due: number | undefined): void;
  /** For good. */
  stop(): void;
};

export function createDeadlineTimer(fire: () => void): DeadlineTimer {
  let timer: NodeJS.Timeout | undefined;
  let armedFor = Infinity;
  return {
    arm(due = Infinity) {
      if (due >= armedFor) return;
      clearTimeout(timer);
      armedFor = due;
      timer = setTimeout(
        () => {
          armedFor = Infinity;
          fire();
        },
        Math.min(LONGEST_WAIT, Math.max(0, due - Date.now())),
      );
    },
    stop() {
      clearTimeout(timer);
      armedFor = -Infinity;
    },
  };
}
