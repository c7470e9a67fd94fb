import type { SessionReport } from './answers.ts';

/** Those that the page has words for: a newer server may know more. */
const WORDS: Readonly<Record<string, string>> = {
  left: 'left by itself',
  disconnected: 'connection lost',
  kicked: 'removed from the room',
  replaced: 'joined again from elsewhere',
  'room-closed': 'room was closed',
  'too-slow': 'read too slowly',
  'media-unavailable': 'no media server',
  draining: 'server shut down',
  'server-ended': 'server went away',
};

/** Why a session ended, for people. */
export function endWords(reason: SessionReport['endReason']): string {
  if (reason === null) return 'not known';
  return WORDS[reason] ?? reason;
}
