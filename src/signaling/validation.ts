import { SluiceError } from '../kernel/errors.ts';
import { createParser, isAtMost } from '../kernel/schema.ts';
import { createKnownCapabilities } from './known-capabilities.ts';
import {
  JoinHelloSchema,
  REQUESTS,
  ResumeHelloSchema,
  type JoinHello,
  type RequestName,
  type ResumeHello,
} from './wire.ts';

/** Properties and items of one message: several times what a browser's capabilities have, and quick to check. */
const MAX_PARTS = 2000;

const joinHello = createParser(JoinHelloSchema, 'The join');
const capabilities = createKnownCapabilities();
const resumeHello = createParser(ResumeHelloSchema, 'The resume');

const requests: ReadonlyMap<string, (params: unknown) => unknown> = new Map(
  Object.entries(REQUESTS).map(([name, schema]) => [name, createParser(schema, `The request ${name}`)]),
);

/**
 * The CONNECT packet's `auth`. Receiving capabilities that were sent before are the same frozen object again. Throws
 * `invalid-request`.
 */
export function parseHello(auth: unknown): JoinHello | ResumeHello {
  requireModest(auth);
  // Which of the two was meant decides which violations are worth reporting.
  const isResume = typeof auth === 'object' && auth !== null && 'resume' in auth;
  return isResume ? resumeHello(auth) : capabilities.parse(auth, joinHello);
}

export function isRequestName(name: string): name is RequestName {
  return requests.has(name);
}

/** Throws `invalid-request` where `params` do not fit the schema of `name`. */
export function checkParams(name: RequestName, params: unknown): void {
  requireModest(params);
  requests.get(name)?.(params);
}

/** A message can be small in bytes and still take long to check: its parts are bounded, too. */
function requireModest(message: unknown): void {
  if (isAtMost(MAX_PARTS, message)) return;
  throw new SluiceError('invalid-request', { detail: `A message may have ${MAX_PARTS} properties and items in all.` });
}
