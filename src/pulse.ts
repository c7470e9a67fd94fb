/** Milliseconds between two beats: 20 a second while there is something to do, and few where there is not. */
const QUICK = 50;
const CALM = 250;
/** Beats in a row without anything to do, after which it calms down. */
const CALM_AFTER = 20;

/** The server's one clockwork: everything that happens by itself, and is not a deadline of its own, happens in its beats. */
export type Pulse = {
  /** There is something to do that cannot wait for a calm beat. */
  quicken(): void;
  stop(): void;
};

/** Calls `beat` until it is stopped. A beat answers whether there was something to do: where nothing is, waking up for it is all that it costs. */
export function startPulse(beat: () => boolean): Pulse {
  let every = QUICK;
  let idle = 0;
  let timer = setInterval(turn, every);

  function turn(): void {
    idle = beat() ? 0 : idle + 1;
    if (idle === CALM_AFTER) pace(CALM);
  }

  function pace(milliseconds: number): void {
    clearInterval(timer);
    every = milliseconds;
    timer = setInterval(turn, every);
  }

  return {
    quicken() {
      idle = 0;
      if (every !== QUICK) pace(QUICK);
    },
    stop: () => clearInterval(timer),
  };
}
