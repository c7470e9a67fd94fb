/** Typed events: each is called with one value. */
export type Emitter<Events extends object> = {
  /** Calls `listener` at each `event` until the returned function is called. */
  on<Name extends keyof Events>(event: Name, listener: (value: Events[Name]) => void): () => void;
  once<Name extends keyof Events>(event: Name, listener: (value: Events[Name]) => void): () => void;
  emit<Name extends keyof Events>(event: Name, value: Events[Name]): void;
  /** Forgets every listener. */
  clear(): void;
  /** Listeners held, over all events. */
  readonly size: number;
};

/**
 * An emitter whose listeners cannot hurt each other or the caller: what one throws goes to `onFault`, and the rest
 * are called all the same. A listener added during an emit is called from the next one on; one taken off during an
 * emit is not called any more.
 */
export function createEmitter<Events extends object>(onFault: (error: unknown) => void): Emitter<Events> {
  const listeners = new Map<keyof Events, Set<(value: never) => void>>();

  const on: Emitter<Events>['on'] = (event, listener) => {
    // Wrapped, so that one function that is added twice is two listeners, each with its own way off.
    const entry = (value: Parameters<typeof listener>[0]) => listener(value);
    let set = listeners.get(event);
    if (set === undefined) listeners.set(event, (set = new Set()));
    set.add(entry);
    return () => {
      set.delete(entry);
    };
  };

  return {
    on,
    once(event, listener) {
      const off = on(event, (value) => {
        off();
        listener(value);
      });
      return off;
    },
    emit(event, value) {
      const set = listeners.get(event);
      if (set === undefined) return;
      for (const listener of [...set] as ((value: unknown) => void)[]) {
        if (!set.has(listener)) continue;
        try {
          listener(value);
        } catch (error) {
          onFault(error);
        }
      }
    },
    clear() {
      for (const set of listeners.values()) set.clear();
      listeners.clear();
    },
    get size() {
      let size = 0;
      for (const set of listeners.values()) size += set.size;
      return size;
    },
  };
}
