import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';

import { SluiceError } from './errors.ts';

/** Violations that a refusal lists at most: enough to mend a request, too few to be worth provoking. */
const MAX_VIOLATIONS = 8;
/** Properties and items up to which violations are looked for: a check is fast, but finding out why it failed is not. */
const MAX_EXPLAINED = 500;

/**
 * A function that lets through what fits `schema` and throws `invalid-request` with the violations for all else.
 *
 * @param what The thing that is checked, as the subject of the sentence "… does not fit its schema."
 */
export function createParser<Schema extends TSchema>(schema: Schema, what: string): (value: unknown) => Static<Schema> {
  const validatorOf = lazyValidator(schema);
  return (value) => {
    const validator = validatorOf();
    if (validator.Check(value)) return value;
    if (!isAtMost(MAX_EXPLAINED, value)) {
      throw new SluiceError('invalid-request', {
        detail: `${what} does not fit its schema, and is too large to say why.`,
      });
    }
    throw new SluiceError('invalid-request', {
      detail: `${what} does not fit its schema.`,
      errors: validator.Errors(value).flatMap(violations).slice(0, MAX_VIOLATIONS),
    });
  };
}

/** Compiling takes some ms a schema: it happens at the first use, or when the server has started and has time. */
const uncompiled = new Set<() => unknown>();

/** The validator of `schema`, compiled when it is first asked for. */
export function lazyValidator<Schema extends TSchema>(schema: Schema): () => Validator<{}, Schema> {
  let compiled: Validator<{}, Schema> | undefined;
  const validatorOf = () => {
    if (compiled === undefined) {
      uncompiled.delete(validatorOf);
      compiled = Compile(schema);
    }
    return compiled;
  };
  uncompiled.add(validatorOf);
  return validatorOf;
}

/** Compiles one validator that was not used yet; false where there is none left. */
export function compileNextValidator(): boolean {
  for (const compile of uncompiled) {
    compile();
    return true;
  }
  return false;
}

type Violation = ReturnType<Validator['Errors']>[number];

function violations(error: Violation): { path: string; message: string }[] {
  const at = (name: string) => `${error.instancePath}/${name}`;
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((name) => ({ path: at(name), message: 'is required' }));
  }
  if (error.keyword === 'additionalProperties') {
    return error.params.additionalProperties.map((name) => ({ path: at(name), message: 'is not known here' }));
  }
  // Said better by `additionalProperties`, which comes along with it.
  if (error.keyword === 'boolean') return [];
  return [{ path: error.instancePath, message: error.message }];
}

/** Whether `value` has at most `limit` properties and items in it, counted no further than that. */
export function isAtMost(limit: number, value: unknown): boolean {
  let left = limit;
  const pending: unknown[] = [value];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const parts: unknown[] = Array.isArray(next) ? next : Object.values(next);
    left -= parts.length;
    if (left < 0) return false;
    for (const part of parts) pending.push(part ?? null);
  }
  return true;
}
