import type { Doors } from '../auth/doors.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import { SluiceError, toSluiceError } from '../kernel/errors.ts';
import type { JoinedRoom } from '../rooms/events.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Connection } from './connection.ts';
import { joinedText, resumedText } from './encoding.ts';
import type { SignalingFact, SignalingObserver } from './facts.ts';
import { Session, type SessionContext } from './session.ts';
import { parseHello } from './validation.ts';
import { type JoinHello, PROTOCOL_VERSION, type ResumeHello } from './wire.ts';

export type AdmissionOptions = {
  readonly rooms: Pick<Rooms, 'join' | 'find'>;
  readonly authenticator: Pick<Authenticator, 'join'>;
  readonly doors: Pick<Doors, 'admit' | 'check'>;
  readonly session: Omit<SessionContext, 'onEnd'>;
  /** Milliseconds for which rooms keep a participant without a socket. */
  readonly resumeWithin: number;
  /** Whether the server takes QoE beacons. */
  readonly beacons: boolean;
  readonly onFact: SignalingObserver;
};

/** A hello that was granted: the session, and how to begin once the CONNECT packet is answered. */
export type Admitted = { readonly session: Session; begin(): void };

/** Lets clients in: new ones by their token, returning ones by their session's secret. */
export type Admission = {
  /** Throws a `SluiceError`. */
  hello(connection: Connection, auth: unknown): Promise<Admitted>;
  /**
   * The client of `session` is gone for good, and says so outside its socket. Nothing where the session has ended. Throws
   * `forbidden` where `secret` is not the session's.
   */
  leave(session: string, secret: string): void;
  /** No new joins from here on; sessions can still be resumed. `retryAfter` in seconds. */
  drain(retryAfter: number): void;
  /** Ends every session, as far as rooms have not. */
  close(): void;
  /** Sessions, with and without a socket. */
  readonly sessions: number;
};

type JoinSteps = Extract<SignalingFact, { type: 'join' }>['steps'];

export function createAdmission(options: AdmissionOptions): Admission {
  const { rooms, onFact } = options;
  const sessions = new Map<string, Session>();
  let draining: number | undefined;
  const context: SessionContext = { ...options.session, onEnd: (session) => sessions.delete(session.id) };

  async function join(connection: Connection, hello: JoinHello, steps: Partial<Steps>): Promise<Admitted> {
    if (draining !== undefined) throw new SluiceError('draining', { retryAfter: draining });
    const before = performance.now();
    const claims = await options.authenticator.join(hello.token, connection.address);
    const verified = performance.now();
    steps.verify = verified - before;
    const session = new Session(context);
    const { identity, name, metadata, attributes, grants, tokenId, keyId, room } = claims;
    const { rtpCapabilities, subscribe = 'auto' } = hello;
    const { participant, joined } = await rooms.join(
      { identity, name, metadata, attributes, grants, tokenId, keyId, room, rtpCapabilities, subscribe },
      session.link,
    );
    steps.room = performance.now() - verified;
    // Nobody is there to be told the secret: nobody can come back.
    if (!connection.open) {
      participant.leave('disconnected');
      throw new SluiceError('session-gone');
    }
    session.seated(participant, joined.room);
    if (!session.ended) sessions.set(session.id, session);
    return { session, begin: () => session.attach(connection, greeting(session, joined), 0) };
  }

  function greeting({ id, secret }: Session, joined: JoinedRoom): string {
    const resumeWithin = options.resumeWithin / 1000;
    const { beacons } = options;
    return joinedText({ ...joined, protocol: PROTOCOL_VERSION, session: { id, secret, resumeWithin }, beacons });
  }

  /** The hello; one that does not fit counts as an attempt, as does a resume. A join is counted with its token. */
  function countedHello({ address }: Connection, auth: unknown): JoinHello | ResumeHello {
    try {
      return parseHello(auth);
    } catch (error) {
      options.doors.admit('joinAddress', address);
      throw error;
    }
  }

  function resume(connection: Connection, { resume: { sessionId, secret, received } }: ResumeHello): Admitted {
    options.doors.admit('joinAddress', connection.address);
    const session = sessions.get(sessionId);
    if (session === undefined || !session.knows(secret)) throw new SluiceError('session-gone');
    if (!session.canResume(received)) {
      session.abandon();
      throw new SluiceError('session-gone', { detail: 'Too much has happened since the socket was lost.' });
    }
    const begin = () => {
      const tick = session.room === undefined ? undefined : rooms.find(session.room.name)?.tick;
      session.attach(connection, resumedText({ sessionId, tick: tick ?? {} }), received);
    };
    return { session, begin };
  }

  return {
    async hello(connection, auth) {
      const { openedAt } = connection;
      const steps: Partial<Steps> = {};
      const hello = performance.now() - openedAt;
      let type: 'join' | 'resume' = 'join';
      const tell = (outcome: 'granted' | SluiceError['code']) =>
        onFact(
          type === 'resume'
            ? { type, outcome: outcome === 'granted' ? 'resumed' : outcome }
            : {
                type,
                outcome: outcome === 'granted' ? 'joined' : outcome,
                steps: { ...steps, hello, total: performance.now() - openedAt },
              },
        );
      try {
        // First, as what is wrong with a hello costs more to find than what is right.
        options.doors.check('joinAddress', connection.address);
        const parsed = countedHello(connection, auth);
        if ('resume' in parsed) type = 'resume';
        const admitted = 'resume' in parsed ? resume(connection, parsed) : await join(connection, parsed, steps);
        tell('granted');
        return admitted;
      } catch (thrown) {
        const error = toSluiceError(thrown);
        tell(error.code);
        throw error;
      }
    },
    leave(id, secret) {
      const session = sessions.get(id);
      if (session === undefined) return;
      if (!session.knows(secret))
        throw new SluiceError('forbidden', { detail: 'This is not the secret of the session.' });
      session.leave();
    },
    drain(retryAfter) {
      draining = retryAfter;
    },
    close() {
      draining ??= 1;
      for (const session of sessions.values()) session.link.end('draining');
    },
    get sessions() {
      return sessions.size;
    },
  };
}

type Steps = { -readonly [Step in keyof JoinSteps]: JoinSteps[Step] };
