import { version, workerBin } from 'mediasoup';

/** mediasoup's version, and the worker that its own installation brought; undefined where that brought none. */
export const MEDIASOUP = { version, workerBin } as const;
