import type { Socket } from 'socket.io';

/** Pings that are due within so many milliseconds go out together, */
const SLOT = 1000;
/** or within this share of what a client waits for a late one. */
const SHARE = 1 / 4;

type EngineSocket = Socket['conn'];

/** Lets the pings of many sockets go out together: a wake-up for each of them is most of what an idle socket costs. */
export type Heartbeat = {
  /** `socket` was heard, which has put off its next ping: it is put off to the next slot's. */
  heard(socket: EngineSocket): void;
  close(): void;
};

/**
 * Engine.IO starts a timer of each socket's own when it opens and at each pong. They are started anew, all at once at
 * the end of a slot, so that they end at once: the interval is up to a slot longer than what the client was told,
 * which waits for `pingTimeout` milliseconds more.
 */
export function createHeartbeat(pingTimeout: number): Heartbeat {
  const every = Math.min(SLOT, pingTimeout * SHARE);
  let heard = new Set<EngineSocket>();
  let slot: NodeJS.Timeout | undefined;

  function align(): void {
    slot = undefined;
    const sockets = heard;
    heard = new Set();
    for (const socket of sockets) if (socket.readyState === 'open') pingTimer(socket)?.refresh();
  }

  return {
    heard(socket) {
      heard.add(socket);
      slot ??= setTimeout(align, every - (performance.now() % every)).unref();
    },
    close: () => clearTimeout(slot),
  };
}

/** Engine.IO keeps it to itself and offers no other way to move a ping. */
function pingTimer(socket: EngineSocket): NodeJS.Timeout | undefined {
  return (socket as unknown as { pingIntervalTimer?: NodeJS.Timeout }).pingIntervalTimer;
}
