import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer } from 'node:http';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { createNetwork, FIREWALLS, type Namespace, noNamespaces } from '../support/network-namespaces.ts';

const skip = noNamespaces();
const STUN_QUERY = fileURLToPath(new URL('../support/stun-query.ts', import.meta.url));
const MAGIC_COOKIE = Buffer.from([0x21, 0x12, 0xa4, 0x42]);

test('a client is seen with its own address, and with the next one after it has moved', { skip }, async (t) => {
  const client = useNetwork(t).client();
  const port = await startStunServer(t, client.hosts[0]);
  const [before] = await mapped(client, `${client.hosts[0]}:${port}`);
  assert.equal(before?.split(':')[0], client.address);
  assert.equal(client.seenAs, client.address);

  const moved = client.move();
  const [after] = await mapped(client, `${client.hosts[0]}:${port}`);
  assert.equal(after?.split(':')[0], moved);
  assert.notEqual(moved, client.seenAs);
});

test('behind the NAT two destinations see two ports of an address that is not the client’s', { skip }, async (t) => {
  const client = useNetwork(t).clientBehindNat();
  const [one, other] = client.hosts;
  const servers = [`${one}:${await startStunServer(t, one)}`, `${other}:${await startStunServer(t, other)}`];
  const [first, second, again] = (await mapped(client, servers[0]!, servers[1]!, servers[0]!)).map((it) =>
    it.split(':'),
  );
  assert.deepEqual([first?.[0], second?.[0]], [client.seenAs, client.seenAs]);
  assert.notEqual(client.seenAs, client.address);
  assert.notEqual(first?.[1], second?.[1], 'each destination has its own mapping');
  assert.deepEqual(again, first, 'which stays');
});

test('a firewall holds back UDP, or all but a port, until it is replaced', { skip }, async (t) => {
  const client = useNetwork(t).client();
  const [host] = client.hosts;
  const stun = `${host}:${await startStunServer(t, host)}`;
  const [open, other] = [await startHttpServer(t, host), await startHttpServer(t, host)];

  client.firewall(FIREWALLS.noUdp);
  await assert.rejects(mapped(client, stun));
  assert.equal(await fetched(client, host, other), 'hello');
  client.firewall(FIREWALLS.onlyTcpPort(open));
  await assert.rejects(mapped(client, stun));
  await assert.rejects(fetched(client, host, other));
  assert.equal(await fetched(client, host, open), 'hello');
  client.firewall([]);
  assert.equal((await mapped(client, stun)).length, 1);
});

test('a browser inside reaches the host', { skip }, async (t) => {
  const client = useNetwork(t).client();
  const [host] = client.hosts;
  const port = await startHttpServer(t, host);
  const program = client.wrapper(process.env['CHROMIUM'] ?? 'chromium');
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`http://${host}:${port}/`);
  assert.equal(await page.textContent('body'), 'hello');
});

test('what a killed process leaves behind is swept by the next one', { skip }, async (t) => {
  const script = `
    import { createNetwork } from ${JSON.stringify(fileURLToPath(new URL('../support/network-namespaces.ts', import.meta.url)))};
    console.log(createNetwork().client().name);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const name = await new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  const client = useNetwork(t).client();
  assert.match(name, /^sluice-\d+-/);
  const listed = await client.run('ip', ['netns', 'list']);
  assert.ok(listed.includes(client.name));
  assert.ok(!listed.includes(name), listed);
});

function useNetwork(t: TestContext) {
  const network = createNetwork();
  t.after(() => network.remove());
  return network;
}

async function mapped(client: Namespace, ...servers: string[]): Promise<string[]> {
  return JSON.parse(await client.run(process.execPath, [STUN_QUERY, ...servers], 10_000)) as string[];
}

function fetched(client: Namespace, host: string, port: number): Promise<string> {
  const script = `fetch('http://${host}:${port}/', { signal: AbortSignal.timeout(1500) })
    .then((answer) => answer.text()).then((text) => process.stdout.write(text))`;
  return client.run(process.execPath, ['-e', script], 10_000);
}

/** Says where a Binding request came from (RFC 8489 §12), and nothing else. */
async function startStunServer(t: TestContext, host: string): Promise<number> {
  const socket = createSocket('udp4').on('message', (request: Buffer, from: RemoteInfo) => {
    const value = Buffer.from([0, 1, 0, 0, ...from.address.split('.').map(Number)]);
    value.writeUInt16BE(from.port, 2);
    for (let index = 0; index < 4; index += 1) value[4 + index]! ^= MAGIC_COOKIE[index]!;
    for (let index = 0; index < 2; index += 1) value[2 + index]! ^= MAGIC_COOKIE[index]!;
    const head = Buffer.from([0x01, 0x01, 0, 12, ...request.subarray(4, 20), 0, 0x20, 0, 8]);
    socket.send(Buffer.concat([head, value]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  t.after(() => socket.close());
  return socket.address().port;
}

async function startHttpServer(t: TestContext, host: string): Promise<number> {
  const server = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
