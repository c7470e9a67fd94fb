/** What can be listened to, as far as a scope needs to know. */
export type Listenable = {
  addEventListener(type: string, listener: (event: Event) => void): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
};

/** Timers and listeners that live as long as their owner: closing the scope leaves none behind. */
export type Scope = {
  /** Calls `task` once in `milliseconds`; the returned function calls it off. Does nothing on a closed scope. */
  after(milliseconds: number, task: () => void): () => void;
  /** Resolves in `milliseconds`, or at close. */
  pause(milliseconds: number): Promise<void>;
  listen(target: Listenable, type: string, listener: (event: Event) => void): () => void;
  /** Runs `task` at close, or now where the scope is closed already. */
  onClose(task: () => void): void;
  /** A scope that closes with this one, or before it. */
  child(): Scope;
  close(): void;
  readonly closed: boolean;
  /** Timers, listeners and open children. */
  readonly size: number;
};

export function createScope(): Scope {
  const held = new Set<() => void>();
  const atClose: (() => void)[] = [];
  let closed = false;

  const hold = (release: () => void) => {
    const once = () => {
      if (held.delete(once)) release();
    };
    held.add(once);
    return once;
  };

  const scope: Scope = {
    after(milliseconds, task) {
      if (closed) return () => undefined;
      const timer = setTimeout(() => {
        held.delete(release);
        task();
      }, milliseconds);
      const release = hold(() => clearTimeout(timer));
      return release;
    },
    pause: (milliseconds) =>
      new Promise((resolve) => {
        if (closed) return resolve();
        const timer = setTimeout(() => release(), milliseconds);
        const release = hold(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
    listen(target, type, listener) {
      if (closed) return () => undefined;
      target.addEventListener(type, listener);
      return hold(() => target.removeEventListener(type, listener));
    },
    onClose(task) {
      if (closed) task();
      else atClose.push(task);
    },
    child() {
      const child = createScope();
      if (closed) child.close();
      else child.onClose(hold(() => child.close()));
      return child;
    },
    close() {
      if (closed) return;
      closed = true;
      for (const release of [...held]) release();
      for (const task of atClose.splice(0).toReversed()) task();
    },
    get closed() {
      return closed;
    },
    get size() {
      return held.size;
    },
  };
  return scope;
}
