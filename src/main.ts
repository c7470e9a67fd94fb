import { enableCompileCache } from 'node:module';

// Before anything large is loaded: the second start on a machine compiles nothing that has not changed.
enableCompileCache();
const { run } = await import('./run.ts');
await run(process.argv.slice(2), process.env);
