/**
 * When to dial, resume, join anew or give up: the life of one room's signaling link, decided purely. `link.ts` acts.
 */
import type { WireError } from '../../src/kernel/errors.ts';
import type { Bye } from '../../src/signaling/wire.ts';
import { retryDelay } from './backoff.ts';
import { CLIENT_ERRORS, type CloseReason } from './errors.ts';

export type LinkPhase =
  /** The first join: what goes wrong is the caller's to know, at once. */
  | { at: 'joining' }
  | { at: 'online' }
  /** The socket was lost and the session may still be there. `since`: when it was lost, in ms. */
  | { at: 'resuming'; attempt: number; since: number }
  /** The session is gone: join again with the same token. */
  | { at: 'rejoining'; attempt: number; since: number }
  | { at: 'closed'; reason: CloseReason };

export type LinkEvent =
  /** `joined` or `resumed` has come. */
  | { type: 'answered' }
  /** The socket broke, or never opened. */
  | { type: 'lost' }
  /** The server refused to join or resume. */
  | { type: 'refused'; error: WireError }
  /** The server ended the session. */
  | { type: 'bye'; bye: Bye }
  /** This side wants a session with nothing left over from before: the media cannot be mended. */
  | { type: 'start-over' }
  | { type: 'close'; reason: CloseReason };

export type LinkAction =
  | { do: 'nothing' }
  | { do: 'dial'; hello: 'join' | 'resume'; delay: number }
  /** Nothing is dialled after it. */
  | { do: 'close' };

export type LinkStep = { phase: LinkPhase; action: LinkAction };

/** What passes by itself. Every other refusal stands however often one asks. */
const PASSING = new Set<string>([
  'draining',
  'media-unavailable',
  'internal',
  'rate-limited',
  'too-many-connections',
  'too-slow',
  'join-timeout',
  'request-timeout',
  'session-gone',
]);

/** The step that `event` leads to. `now` in ms, `random` from 0 to below 1, `giveUpAfter` in ms. */
export function step(phase: LinkPhase, event: LinkEvent, now: number, random: number, giveUpAfter: number): LinkStep {
  if (phase.at === 'closed') return { phase, action: { do: 'nothing' } };
  switch (event.type) {
    case 'answered':
      return { phase: { at: 'online' }, action: { do: 'nothing' } };
    case 'close':
      return closed(event.reason);
    case 'lost':
      return phase.at === 'joining'
        ? closed(reasonOf('server-unreachable'))
        : again(phase, phase.at === 'rejoining' ? 'rejoining' : 'resuming', now, random, giveUpAfter);
    case 'refused':
      if (phase.at === 'joining' || !PASSING.has(event.error.code)) return closed(event.error);
      // A resume that was refused for want of capacity may work a moment later; one for want of the session never.
      return again(
        phase,
        phase.at === 'resuming' && event.error.code !== 'session-gone' ? 'resuming' : 'rejoining',
        now,
        random,
        giveUpAfter,
        event.error.retryAfter,
      );
    case 'bye':
      if (phase.at === 'joining' || !PASSING.has(event.bye.code)) return closed(event.bye);
      return again(phase, 'rejoining', now, random, giveUpAfter, retryAfterOf(event.bye));
    case 'start-over':
      return phase.at === 'online'
        ? again(phase, 'rejoining', now, random, giveUpAfter)
        : { phase, action: { do: 'nothing' } };
  }
}

function again(
  phase: Exclude<LinkPhase, { at: 'closed' }>,
  at: 'resuming' | 'rejoining',
  now: number,
  random: number,
  giveUpAfter: number,
  retryAfter = 0,
): LinkStep {
  const since = 'since' in phase ? phase.since : now;
  // A resume that turns into a join starts counting anew, so that the join follows at once.
  const attempt = phase.at === at ? phase.attempt + 1 : 0;
  if (now - since >= giveUpAfter) return closed(reasonOf('connection-lost'));
  const delay = retryDelay(attempt, random, retryAfter);
  return {
    phase: { at, attempt, since },
    action: { do: 'dial', hello: at === 'resuming' ? 'resume' : 'join', delay },
  };
}

function closed(reason: CloseReason | WireError): LinkStep {
  const { code, message } = reason;
  const retryAfter = retryAfterOf(reason);
  const words = 'reason' in reason ? reason.reason : undefined;
  return {
    phase: { at: 'closed', reason: { code, message, ...optional({ retryAfter, reason: words }) } },
    action: { do: 'close' },
  };
}

/** What of these is there. */
function optional(facts: { retryAfter: number | undefined; reason: string | undefined }): Partial<CloseReason> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

function reasonOf(code: 'server-unreachable' | 'connection-lost'): CloseReason {
  return { code, message: CLIENT_ERRORS[code] };
}

function retryAfterOf(reason: CloseReason | Bye): number | undefined {
  return 'retryAfter' in reason ? reason.retryAfter : undefined;
}
