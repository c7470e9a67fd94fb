/** Whose work this thread's CPU time was, from samples of its stack (V8's CPU profiler). */
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

/** A part of the program and how its files are known; the first that fits counts. */
export type Part = { readonly name: string; readonly url: RegExp };

const SAMPLE_EVERY_US = 100;

/** Profiles this thread while `act` runs. */
export async function profileOf(act: () => Promise<void>): Promise<Profiler.Profile> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
  await session.post('Profiler.start');
  await act();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return profile;
}

/**
 * The share of each part in the samples of `profiles` in which the thread was busy. A sample belongs to the part that is
 * nearest to the top of its stack, so that what a library does belongs to the library, and what it calls back to whom it
 * calls. `native` is what ran beneath no known file: the loop itself, the HTTP server, and `collector` garbage.
 */
export function cpuShares(profiles: readonly Profiler.Profile[], parts: readonly Part[]): Map<string, number> {
  const samples = new Map<string, number>();
  let busy = 0;
  for (const profile of profiles) {
    for (const [owner, count] of samplesOf(profile, parts)) {
      busy += count;
      samples.set(owner, (samples.get(owner) ?? 0) + count);
    }
  }
  return new Map([...samples].map(([name, count]) => [name, count / busy]));
}

function samplesOf(profile: Profiler.Profile, parts: readonly Part[]): Map<string, number> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children = [] } of profile.nodes) for (const child of children) parents.set(child, id);
  const owners = new Map<number, string | undefined>();
  const samples = new Map<string, number>();
  for (const id of profile.samples ?? []) {
    if (!owners.has(id)) owners.set(id, ownerOf(id, nodes, parents, parts));
    const owner = owners.get(id);
    if (owner !== undefined) samples.set(owner, (samples.get(owner) ?? 0) + 1);
  }
  return samples;
}

/** Undefined where the thread rested. */
function ownerOf(
  leaf: number,
  nodes: ReadonlyMap<number, Profiler.ProfileNode>,
  parents: ReadonlyMap<number, number>,
  parts: readonly Part[],
): string | undefined {
  const { functionName } = nodes.get(leaf)!.callFrame;
  if (functionName === '(idle)') return undefined;
  if (functionName === '(garbage collector)') return 'collector';
  for (let at: number | undefined = leaf; at !== undefined; at = parents.get(at)) {
    const { url } = nodes.get(at)!.callFrame;
    const part = parts.find((one) => one.url.test(url));
    if (part !== undefined) return part.name;
  }
  return 'native';
}
