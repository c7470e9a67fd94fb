import type { ServerOptions } from 'socket.io';

/**
 * A Socket.IO adapter without rooms, as nothing here is sent through Socket.IO's broadcasts. `attachApp` changes the
 * prototype of the built-in adapter for all servers of the process, and subscribes each socket to two µWS topics;
 * this one is left alone.
 */
class RoomlessAdapter {
  init(): void {}
  close(): void {}
  addAll(): void {}
  del(): void {}
  delAll(): void {}
  broadcast(): void {}
  socketRooms(): Set<string> {
    return new Set();
  }
}

/** For the `adapter` option: Socket.IO calls nothing else of an adapter than what this has, on the paths used here. */
export const roomlessAdapter = RoomlessAdapter as unknown as ServerOptions['adapter'];
