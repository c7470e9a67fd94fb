import type { Grants, Source, TokenRequest } from '../../client/server-sdk/sluice.ts';
import type { Command, Invocation } from './command.ts';
import { UsageError, wholeNumber } from './command.ts';
import { objectOf } from './room-commands.ts';

const SOURCES: readonly Source[] = ['microphone', 'camera', 'screen', 'screen-audio'];

export const TOKEN_COMMAND: Command = {
  name: 'token',
  arguments: ['ROOM', 'IDENTITY'],
  summary: 'Make a join token, which need not wait for the room to be open.',
  details:
    'Prints the token and a link to the meeting page. With --local it is signed here with the API key, without asking the\n' +
    'server, and there is no link.',
  options: {
    name: { value: 'TEXT', help: 'What the others see; the identity, where it is left out.' },
    ttl: { value: 'SECONDS', help: 'How long it is good for.' },
    publish: { value: 'SOURCES', help: `With commas, of ${SOURCES.join(', ')}; or none. Default: all.` },
    metadata: { value: 'JSON', help: 'An object that the others see.' },
    'no-subscribe': { help: "Receives none of the others' tracks." },
    'no-data': { help: 'Sends no data and writes no chat.' },
    hidden: { help: 'Is there unseen.' },
    admin: { help: 'Controls other participants.' },
    profile: { help: 'Changes its own name, metadata and attributes.' },
    local: { help: 'Sign it here.' },
  },
  async run(invocation) {
    const { argument, has, json, output, server } = invocation;
    const [room, request] = [argument('ROOM'), requestOf(invocation)];
    const { tokens } = await server();
    const made: { token: string; joinUrl?: string } = has('local')
      ? await tokens.sign(room, request)
      : await tokens.create(room, request);
    if (json) return output.json(made);
    output.line(made.token);
    if (made.joinUrl !== undefined) output.line(made.joinUrl);
    return undefined;
  },
};

function requestOf({ argument, option, has }: Invocation): TokenRequest {
  const [name, metadata] = [option('name'), objectOf('metadata', option('metadata'))];
  const ttl = wholeNumber('ttl', option('ttl'), 1);
  const publish = sourcesOf(option('publish'));
  const grants: Partial<Grants> = {
    ...(publish === undefined ? {} : { publish }),
    ...(has('no-subscribe') ? { subscribe: false } : {}),
    ...(has('no-data') ? { data: false } : {}),
    ...(has('hidden') ? { hidden: true } : {}),
    ...(has('admin') ? { admin: true } : {}),
    ...(has('profile') ? { profile: true } : {}),
  };
  return {
    identity: argument('IDENTITY'),
    grants,
    ...(name === undefined ? {} : { name }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}

function sourcesOf(text: string | undefined): Source[] | undefined {
  if (text === undefined) return undefined;
  if (text === 'none') return [];
  return text.split(',').map((word) => {
    const source = SOURCES.find((one) => one === word.trim());
    if (source === undefined) throw new UsageError(`--publish expects ${SOURCES.join(', ')} or none, found "${word}".`);
    return source;
  });
}
