/**
 * Runs one measurement by its name.
 *
 *     npm run loadtest -- NAME [its options]
 */
import { readdirSync } from 'node:fs';

const [name = '', ...options] = process.argv.slice(2);
const scenarios = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -'.ts'.length));

if (scenarios.includes(name)) {
  process.argv = [process.execPath, name, ...options];
  await import(`./${name}.ts`);
} else {
  console.error(`npm run loadtest -- NAME, with NAME one of ${scenarios.join(', ')}`);
  process.exitCode = 2;
}
