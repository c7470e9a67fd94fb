/** Which server the CLI talks to, and with which key: flags, else environment, else the server's own configuration. */
import { createSluice, type Sluice } from '../../client/server-sdk/sluice.ts';
import type { Config } from '../config/config.ts';
import { type Option, UsageError } from './command.ts';

export const CONNECTION_OPTIONS = {
  url: {
    value: 'URL',
    help: "The server; or SLUICE_URL, or the configuration's publicUrl. Default: http://localhost:7800.",
  },
  key: {
    value: 'KEY',
    help: 'An API key; or SLUICE_API_KEY, which no list of processes shows, or the first of auth.keys.',
  },
  config: { value: 'FILE', help: "The server's configuration; or SLUICE_CONFIG." },
} as const satisfies Record<string, Option>;

type Given = { readonly [Name in keyof typeof CONNECTION_OPTIONS]?: string | undefined };

/** Throws a `UsageError` where there is no key, and what is wrong with the configuration. */
export async function connect(given: Given, env: NodeJS.ProcessEnv): Promise<Sluice> {
  const url = given.url ?? nonEmpty(env['SLUICE_URL']);
  const apiKey = given.key ?? nonEmpty(env['SLUICE_API_KEY']);
  const from = url === undefined || apiKey === undefined ? await configured(given.config, env) : undefined;
  const key = apiKey ?? from?.key;
  if (key === undefined) {
    throw new UsageError(
      'There is no API key: set SLUICE_API_KEY, or give --key, or --config with auth.keys in the file.',
    );
  }
  return createSluice({ url: url ?? from?.url ?? '', apiKey: key });
}

async function configured(file: string | undefined, env: NodeJS.ProcessEnv): Promise<{ url: string; key?: string }> {
  const [{ loadConfig }, { publicUrl }] = await Promise.all([
    import('../config/load.ts'),
    import('../config/config.ts'),
  ]);
  const loaded = loadConfig({ argv: file === undefined ? [] : ['--config', file], env });
  // Nothing was asked to be printed.
  const { config } = loaded as { config: Config };
  const [key] = config.auth.keys;
  return { url: publicUrl(config), ...(key === undefined ? {} : { key }) };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
