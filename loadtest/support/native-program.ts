import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A program that was compiled for this run. */
export type NativeProgram = { readonly path: string; readonly remove: () => void };

const SOURCES = fileURLToPath(new URL('../native', import.meta.url));

/**
 * Compiles `sources` of loadtest/native into a program, or a library with `-shared` among the flags. Throws where there
 * is no compiler (Debian: gcc, libc6-dev) or not the headers that it takes.
 */
export async function compileNative(
  sources: readonly string[],
  flags: readonly string[] = [],
  libraries: readonly string[] = [],
): Promise<NativeProgram> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-loadtest-'));
  const file = path.join(folder, 'program');
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    await promisify(execFile)('cc', ['-O2', '-Wall', ...flags, '-o', file, ...sources, ...libraries], { cwd: SOURCES });
  } catch (error) {
    remove();
    throw new Error(`${sources.join(', ')} did not compile: it takes gcc, libc6-dev and libssl-dev`, { cause: error });
  }
  return { path: file, remove };
}
