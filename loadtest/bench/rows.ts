import type { Row } from './row.ts';

/** Every row of the table, by name, in its order. Loaded when it is measured: rows know the whole product. */
export const ROWS: Readonly<Record<string, () => Promise<Row>>> = {
  'stun-parse': async () => (await import('./rows/stun-codec.ts')).stunParse,
  'turn-credential': async () => (await import('./rows/stun-codec.ts')).turnCredential,
  'turn-credential-cold': async () => (await import('./rows/stun-codec.ts')).turnCredentialCold,
  'turn-message-integrity': async () => (await import('./rows/stun-codec.ts')).turnMessageIntegrity,
  tick: async () => (await import('./rows/tick.ts')).tick,
  pipeline: async () => (await import('./rows/pipeline.ts')).pipeline,
  api: async () => (await import('./rows/api.ts')).api,
  auth: async () => (await import('./rows/auth.ts')).auth,
  join: async () => (await import('./rows/join.ts')).join,
  'qoe-sample': async () => (await import('./rows/qoe-sample.ts')).qoeSample,
  'cold-start': async () => (await import('./rows/cold-start.ts')).coldStart,
  pauses: async () => (await import('./rows/pauses.ts')).pauses,
  forward: async () => (await import('./rows/forward.ts')).forward,
  relay: async () => (await import('./rows/relay.ts')).relay,
};
