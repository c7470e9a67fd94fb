import type { Layers, MediaConsumer } from './media-engine.ts';

/** What is to be forwarded of a track. */
export type Course = {
  readonly flows: boolean;
  readonly layers: Layers;
  /** See `MediaConsumer.setPriority`. */
  readonly priority: number;
};

/** Runs so many tasks at once and lets the others wait: what changes for a thousand viewers leaves room for everything else. */
export type Pump = <Result>(task: () => Promise<Result>) => Promise<Result>;

export function createPump(limit: number): Pump {
  const waiting: (() => void)[] = [];
  let running = 0;
  const next = () => {
    running -= 1;
    waiting.shift()?.();
  };
  return (task) =>
    new Promise((resolve, reject) => {
      const start = () => {
        running += 1;
        void task().then(resolve, reject).finally(next);
      };
      if (running < limit) start();
      else waiting.push(start);
    });
}

/**
 * Makes a consumer follow what is wanted of it, one step at a time. However often that changes meanwhile, only what is
 * wanted in the end is done.
 */
export class Steering {
  readonly #consumer: MediaConsumer;
  readonly #pump: Pump;
  #wanted: Course;
  #flows = false;
  #layers: Layers;
  #priority = 1;
  #working: Promise<void> | undefined;

  /** `course`: as `consumer` was opened, but for its priority, which is 1; and paused. */
  constructor(consumer: MediaConsumer, pump: Pump, course: Course) {
    this.#consumer = consumer;
    this.#pump = pump;
    this.#wanted = course;
    this.#layers = course.layers;
  }

  steer(course: Course): void {
    this.#wanted = course;
    if (this.#working !== undefined || this.#next() === undefined) return;
    this.#working = this.#work();
    // The consumer has ended or its worker has died: who waits for it hears of that, and nobody else needs to.
    this.#working.catch(() => undefined);
  }

  /** Resolves when all that is wanted as of now is done. Rejects where it cannot be. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    try {
      for (let step = this.#next(); step !== undefined; step = this.#next()) await this.#pump(step);
    } finally {
      // In one step with the last look at what is wanted: what comes after it begins anew.
      this.#working = undefined;
    }
  }

  /** Less comes before more; and layers before a key frame of them is asked for. */
  #next(): (() => Promise<void>) | undefined {
    const { flows, layers, priority } = this.#wanted;
    const consumer = this.#consumer;
    if (this.#flows && !flows) {
      return () => {
        this.#flows = false;
        return consumer.pause();
      };
    }
    if (!sameLayers(this.#layers, layers)) {
      return () => {
        this.#layers = layers;
        return consumer.setPreferredLayers(layers);
      };
    }
    if (flows && this.#priority !== priority) {
      return () => {
        this.#priority = priority;
        return consumer.setPriority(priority);
      };
    }
    if (!this.#flows && flows) {
      return () => {
        this.#flows = true;
        return consumer.resume();
      };
    }
    return undefined;
  }
}

function sameLayers(one: Layers, other: Layers): boolean {
  return one.spatialLayer === other.spatialLayer && one.temporalLayer === other.temporalLayer;
}
