#!/usr/bin/env node
import module from 'node:module';

// Before anything large is loaded: the second run on a machine compiles nothing that has not changed. Node 22 and later.
module.enableCompileCache?.();
const [{ runCli }, { createOutput }, { packageVersion }] = await Promise.all([
  import('./cli.ts'),
  import('./output.ts'),
  import('../package.ts'),
]);
// Whoever reads no further (`| head`) has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const output = createOutput(process.stdout, process.stderr);

const code = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  output,
  version: packageVersion,
  async start(argv) {
    const { nodeVersion } = await import('./doctor/machine.ts');
    const { status, change = '' } = nodeVersion();
    if (status !== 'ok') {
      output.error(`The server does not run on Node.js ${process.versions.node}. ${change}`);
      process.exitCode = 1;
      return;
    }
    const { run } = await import('../run.ts');
    await run(argv, process.env);
  },
  async doctor(argv) {
    const { runDoctor } = await import('./doctor/doctor.ts');
    return runDoctor({ argv, env: process.env, output });
  },
});
if (code !== undefined) process.exitCode = code;
