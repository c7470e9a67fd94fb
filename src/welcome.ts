import { randomBytes } from 'node:crypto';

import type { App } from './app.ts';
import { parseIdentity, parseRoomName } from './rooms/ids.ts';

/** What a person is told who starts a server with no configuration: two links to one meeting, the dashboard, and the key. */
export async function welcome({ url, generatedKey, tokens, turn }: App): Promise<string> {
  const room = parseRoomName(`demo-${randomBytes(3).toString('hex')}`)!;
  const link = async (name: string) => {
    const identity = parseIdentity(name.toLowerCase().replace(' ', '-'))!;
    const { token } = await tokens.sign({ room, identity, name });
    return `${url}/meet/${room}#${token}`;
  };
  return `
  Sluice is ready at ${url}

  Open a meeting:
    ${await link('First guest')}

  and join it from a second window:
    ${await link('Second guest')}

  See how good the calls are (it asks for the API key below):
    ${url}/dashboard

  TURN, for clients that cannot reach the media ports (credentials come with each join, and over REST):
${(turn?.uris ?? ['off']).map((uri) => `    ${uri}`).join('\n')}

  API key, made for this run and not shown again (set auth.keys to keep one):
    ${generatedKey}

  Make a token for somebody else:
    curl -X POST ${url}/v1/rooms/${room}/tokens \\
      -H 'Authorization: Bearer ${generatedKey}' \\
      -H 'Content-Type: application/json' -d '{"identity": "somebody"}'
`;
}
