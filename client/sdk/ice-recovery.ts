import type { Scope } from './scope.ts';

/** What a dip is allowed to heal by itself: browsers call a connection so when it has been silent for five seconds. */
const PATIENCE = 300;
/** How long a restart may take to bring the connection back, and the longest pause between two. */
const RESTART_TIMEOUT = 3000;
const LONGEST_PAUSE = 10_000;
/**
 * How long the server may take to answer before its socket is doubted. Where ICE has lost its way, that socket has most
 * often lost it too, and would say so much later; dialling another one costs little where it has not.
 */
const ANSWER_TIMEOUT = 1000;
/** Restarts in a row without success, after which something else must be tried. */
const HOPELESS_AFTER = 4;

export type IceRecovery = {
  /** The transport's connection state has changed. */
  stateChanged(state: string): void;
  /** The network has changed under a connection that does not know of it yet. */
  restartNow(): void;
};

/**
 * Decides when ICE of one transport is restarted: a moment after `disconnected`, at once after `failed`, and again at
 * growing intervals until it is connected. `hopeless` is called once for each row of restarts that did not help.
 */
export function watchIce(options: {
  scope: Scope;
  /** Resolves when the server has answered and ICE begins anew. */
  restart(): Promise<void>;
  /** `restart` takes long. */
  unanswered(): void;
  /** The connection is lost, and is about to be restarted: what goes the same way most often is lost too. */
  lost(): void;
  hopeless(): void;
}): IceRecovery {
  const { scope } = options;
  let down = false;
  let restarts = 0;
  let restarting = false;
  let stopTimer = () => undefined as void;

  const plan = (milliseconds: number) => {
    stopTimer();
    stopTimer = scope.after(milliseconds, () => {
      if (restarts === 0) options.lost();
      void restart();
    });
  };

  async function restart(): Promise<void> {
    if (restarting) return;
    restarting = true;
    restarts += 1;
    const stopWaiting = scope.after(ANSWER_TIMEOUT, () => options.unanswered());
    // A refusal is as good as a restart without success: the next one may work, or the row ends.
    await options.restart().catch(() => undefined);
    stopWaiting();
    restarting = false;
    // One that was asked for while all was well is no part of a row.
    if (!down) restarts = 0;
    if (!down || scope.closed) return;
    if (restarts === HOPELESS_AFTER) options.hopeless();
    plan(Math.min(LONGEST_PAUSE, RESTART_TIMEOUT * 1.5 ** (restarts - 1)));
  }

  return {
    stateChanged(state) {
      if (state === 'connected') {
        down = false;
        restarts = 0;
        stopTimer();
      } else if (state === 'disconnected' || state === 'failed') {
        const first = !down;
        down = true;
        if (restarting) return;
        if (state === 'failed' && restarts === 0) plan(0);
        else if (first) plan(PATIENCE);
      }
    },
    restartNow() {
      stopTimer();
      void restart();
    },
  };
}
