import { startCoturn } from '../../tests/support/coturn.ts';
import type { JanusKit } from './janus.ts';

/** Milliseconds from the start of both to both being ready; they are stopped again. */
export async function startCoturnAndJanus(janus: JanusKit): Promise<number> {
  const start = performance.now();
  const started = await Promise.allSettled([startCoturn(), janus.start()]);
  const took = performance.now() - start;
  for (const one of started) if (one.status === 'fulfilled') await one.value.stop();
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return took;
}
