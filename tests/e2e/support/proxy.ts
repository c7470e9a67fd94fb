import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy on a port of its own, as the network between a browser and the server. Media does not pass it. */
export type Proxy = {
  /** Where the browser finds the server. */
  readonly origin: string;
  /** Ends every connection, and refuses new ones until `mend`. */
  cut(): void;
  /** Connections stay open, and nothing that the server says comes through. */
  holdAnswers(): void;
  mend(): void;
  close(): Promise<void>;
};

/** Forwards to `port` of the loopback address. */
export async function startProxy(port: number): Promise<Proxy> {
  type Pair = { browser: Socket; server: Socket };
  const pairs = new Set<Pair>();
  let up = true;
  let holding = false;

  const listener = createServer((browser) => {
    if (!up) {
      browser.destroy();
      return;
    }
    const server = connect(port, '127.0.0.1');
    const pair = { browser, server };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      browser.destroy();
      server.destroy();
    };
    for (const socket of [browser, server]) socket.setNoDelay(true).on('error', end).on('close', end);
    browser.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => holding || browser.write(bytes));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const cut = () => {
    up = false;
    for (const { browser, server } of pairs) {
      browser.destroy();
      server.destroy();
    }
  };
  return {
    origin: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    cut,
    holdAnswers: () => void (holding = true),
    mend() {
      up = true;
      holding = false;
    },
    async close() {
      cut();
      listener.close();
      await once(listener, 'close');
    },
  };
}
