/** Somebody who has joined a room of a whole server, over signaling and without media. */
import { io } from 'socket.io-client';

export type TestParticipant = {
  /** The participant's id, which is that of its session. */
  readonly id: string;
  readonly token: string;
  /** Resolves when it is out. */
  leave(): Promise<void>;
  close(): void;
};

/** @param origin Of the server. */
export async function joinRoom(origin: string, token: string): Promise<TestParticipant> {
  const socket = io(origin, {
    ...{ transports: ['websocket'], forceNew: true, reconnection: false },
    auth: { protocol: 1, token },
  });
  const joined = await new Promise<{ self: { id: string } }>((resolve, reject) => {
    socket.once('joined', resolve);
    socket.once('connect_error', reject);
    setTimeout(() => reject(new Error('nobody answered the join')), 9000).unref();
  });
  const close = () => {
    socket.disconnect();
    socket.io.engine.close();
  };
  return {
    ...{ id: joined.self.id, token, close },
    async leave() {
      await new Promise((resolve) => socket.emit('leave', 1, {}, resolve));
      close();
    },
  };
}
