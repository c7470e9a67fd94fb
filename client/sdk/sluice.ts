/**
 * The SDK's entry: everything that an application imports. See `api.ts`. Loading it in a browser makes ready, a moment
 * later, what the first `join` would otherwise wait for.
 */
import { prepare } from './warm-up.ts';

export type * from './api.ts';
export { devices } from './devices.ts';
export { createE2eeKeys } from './e2ee/keys.ts';
export { type ClientErrorCode, SluiceClientError } from './errors.ts';
export { join } from './join.ts';
export { prepare };

// After what the page does first; servers that render pages have no RTCPeerConnection.
if (typeof RTCPeerConnection === 'function') setTimeout(() => void prepare(), 0);
