/** Every sentence that the meeting page says about something that went wrong: one place, by code. */
import type { ErrorCode } from '../../../src/kernel/errors.ts';
import type { ClientErrorCode } from '../../sdk/errors.ts';

/** What the page itself finds. */
export type PageCode = 'left' | 'link-without-token' | 'browser-unsupported';
export type FailureCode = ErrorCode | ClientErrorCode | PageCode;

/** `rejoin` and `retry` lead back to the start; `reload` loads the page anew; `none`: nothing here would help. */
export type FailureAction = 'rejoin' | 'retry' | 'reload' | 'none';
export type Failure = { title: string; text: string; action: FailureAction };

const NEW_LINK = 'Ask the person who invited you for a new link.';

export const FAILURES = {
  left: {
    title: 'You left the meeting',
    text: 'The others go on without you. Your link still works if you want to come back.',
    action: 'rejoin',
  },

  'link-without-token': {
    title: 'This link is not complete',
    text: 'A meeting link ends with a personal key, and this one has none. Open the whole link that you were given.',
    action: 'none',
  },
  'browser-unsupported': {
    title: 'This browser cannot make video calls',
    text: 'It lacks WebRTC or has it switched off. Use a current Chrome, Edge, Firefox or Safari.',
    action: 'none',
  },
  'not-supported': {
    title: 'This browser cannot join the call',
    text: 'It has none of the video and sound formats of this meeting. Use a current Chrome, Edge, Firefox or Safari.',
    action: 'none',
  },

  'token-expired': {
    title: 'This link has expired',
    text: `Links work for a limited time. ${NEW_LINK}`,
    action: 'none',
  },
  'token-invalid': {
    title: 'This link is not valid',
    text: `It may have been cut short or altered on its way. ${NEW_LINK}`,
    action: 'none',
  },
  'token-not-yet-valid': {
    title: 'It is too early for this link',
    text: 'The meeting has not opened yet. Wait a while and try again.',
    action: 'retry',
  },
  'token-revoked': {
    title: 'This link was withdrawn',
    text: `It does not admit anyone any more. ${NEW_LINK}`,
    action: 'none',
  },
  unauthorized: { title: 'This link is not valid', text: `The server does not accept it. ${NEW_LINK}`, action: 'none' },
  forbidden: {
    title: 'This link does not let you in',
    text: `It does not give you what the meeting needs. ${NEW_LINK}`,
    action: 'none',
  },
  'origin-not-allowed': {
    title: 'The meeting cannot be opened from this address',
    text: 'The server accepts pages of other addresses only. Open the link exactly as you were given it.',
    action: 'none',
  },

  'room-full': {
    title: 'The room is full',
    text: 'As many people are in it as it can take. Try again when somebody has left.',
    action: 'retry',
  },
  'room-not-found': {
    title: 'There is no such room',
    text: `It has not been opened, or it is over. ${NEW_LINK}`,
    action: 'retry',
  },
  'limit-reached': {
    title: 'The server is at its limit',
    text: 'It takes no further rooms or people at the moment. Try again later.',
    action: 'retry',
  },

  kicked: {
    title: 'You were removed from the meeting',
    text: 'Somebody who runs the meeting ended your part in it.',
    action: 'none',
  },
  'identity-in-use': {
    title: 'You are in this meeting already',
    text: 'Your link is in use in another window or on another device. Leave there first, then join here.',
    action: 'retry',
  },
  replaced: {
    title: 'You joined from another window',
    text: 'The call goes on there. Rejoin to bring it back to this window.',
    action: 'rejoin',
  },
  'room-closed': { title: 'The meeting is over', text: 'The room was closed for everyone.', action: 'none' },
  'session-gone': {
    title: 'You were disconnected',
    text: 'You were away for too long to go on where you were. Rejoin to be back in the call.',
    action: 'rejoin',
  },
  'too-slow': {
    title: 'Your connection is too slow',
    text: 'It could not keep up with the meeting. Close other downloads, or use another network, and rejoin.',
    action: 'rejoin',
  },

  'server-unreachable': {
    title: 'The server cannot be reached',
    text: 'Check your internet connection and try again. If others are in, a firewall may be in the way.',
    action: 'retry',
  },
  'connection-lost': {
    title: 'The connection was lost',
    text: 'It could not be restored. Check your internet connection and rejoin.',
    action: 'rejoin',
  },
  timeout: {
    title: 'The server takes too long to answer',
    text: 'It may be busy, or your connection slow. Try again in a moment.',
    action: 'retry',
  },
  'join-timeout': {
    title: 'Joining took too long',
    text: 'Your connection may be slow. Try again in a moment.',
    action: 'retry',
  },
  draining: {
    title: 'The server is restarting',
    text: 'It takes nobody in until it is back. Try again in a minute.',
    action: 'retry',
  },
  'media-unavailable': {
    title: 'Sound and video are not available',
    text: 'The part of the server that carries them has a problem. Try again in a minute.',
    action: 'retry',
  },
  'media-failed': {
    title: 'Sound and video could not be connected',
    text: 'The server answers, but media does not come through. A firewall or VPN may block it: try another network.',
    action: 'retry',
  },
  'rate-limited': { title: 'Too many attempts', text: 'Wait a minute, then try again.', action: 'retry' },
  'too-many-connections': {
    title: 'Too many connections',
    text: 'Your network has too many calls open with this server. Close other windows and try again.',
    action: 'retry',
  },
  internal: {
    title: 'Something went wrong',
    text: 'It is not your doing. Load the page again; if it stays, tell the person who runs this server.',
    action: 'reload',
  },
} as const satisfies Partial<Record<FailureCode, Failure>>;

/** What to tell about `code`; every code has an answer. */
export function failureOf(code: string): Failure {
  return Object.hasOwn(FAILURES, code) ? FAILURES[code as keyof typeof FAILURES] : FAILURES.internal;
}

export type Device = 'camera' | 'microphone';
export type Trouble = { title: string; text: string };

const DEVICES = {
  camera: { verb: 'is', it: 'it', without: 'You can join without it: the others will see your initials.' },
  microphone: { verb: 'is', it: 'it', without: 'You can join without it: the others will not hear you.' },
  'camera and microphone': { verb: 'are', it: 'them', without: 'You can join without them, to watch and to chat.' },
} as const;

/** Why a device (or both) cannot be used, and what to do about it. */
export function deviceTrouble(device: Device | 'camera and microphone', code: string): Trouble {
  const { verb, it, without } = DEVICES[device];
  switch (code) {
    case 'permission-denied':
      return {
        title: `Your ${device} ${verb} blocked`,
        text: `The browser has no permission to use ${it}. Allow ${it} with the icon in the address bar, then switch ${it} on again. ${without}`,
      };
    case 'no-device':
      return { title: `No ${device} found`, text: `Connect one, then switch ${it} on. ${without}` };
    case 'device-in-use':
      return {
        title: `Your ${device} ${verb} in use`,
        text: `Another application holds ${it}. Close that one, then switch ${it} on again. ${without}`,
      };
    case 'insecure-page':
      return {
        title: `No ${device} on an insecure page`,
        text: `Browsers give none to pages that were not loaded over https. Open the link with https. ${without}`,
      };
    case 'forbidden':
      return { title: `No ${device} with this link`, text: `Your link lets you take part without ${it}.` };
    default:
      return { title: `Your ${device} did not start`, text: `Choose another one, or connect ${it} anew. ${without}` };
  }
}

/** What to say in one line about something that failed in the middle of a call. */
export function sentenceFor(code: string, message: string): string {
  switch (code) {
    case 'rate-limited':
      return 'That was too fast. Wait a moment and try again.';
    case 'forbidden':
      return 'Your link does not let you do this.';
    case 'connection-lost':
    case 'server-unreachable':
    case 'timeout':
      return 'The connection is down at the moment. Try again when it is back.';
    case 'source-in-use':
      return 'This is on already.';
    case 'unsupported-codec':
      return 'Nobody in this room could receive that.';
    case 'permission-denied':
      return 'The browser did not give permission.';
    default:
      return message || 'Something went wrong. Try again.';
  }
}
