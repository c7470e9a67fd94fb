/** Runs tasks one after the other, each after the one before has ended, well or badly. */
export type Sequence = { run<T>(task: () => Promise<T>): Promise<T> };

export function createSequence(): Sequence {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(task) {
      const turn = tail.then(task);
      tail = turn.catch(() => undefined);
      return turn;
    },
  };
}
