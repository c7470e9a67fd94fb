import { networkInterfaces } from 'node:os';
import * as uWS from 'uWebSockets.js';

/** Listens on every address that `host` means, all on one port. Throws where that cannot be had. */
export function listenOn(app: uWS.TemplatedApp, host: string, port: number): { port: number; close: () => void } {
  const hosts = host === 'localhost' ? loopbacks() : [host];
  // With port 0 the first address chooses, and the choice may be taken on the second: then another is tried.
  const attempts = port === 0 && hosts.length > 1 ? 10 : 1;
  for (let attempt = 1; ; attempt += 1) {
    const sockets: uWS.us_listen_socket[] = [];
    const close = () => {
      for (const socket of sockets) uWS.us_listen_socket_close(socket);
    };
    let chosen = port;
    for (const address of hosts) {
      const socket = tryListen(app, address, chosen);
      if (socket === undefined) break;
      sockets.push(socket);
      chosen = uWS.us_socket_local_port(socket);
    }
    if (sockets.length === hosts.length) return { port: chosen, close };
    close();
    if (attempt === attempts) {
      throw new Error(`port ${port} on host ${host} is in use or not ours to bind: choose another with --port`);
    }
  }
}

// The typings lack the form with host and options, which is the one that matters here.
type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  callback: (socket: uWS.us_listen_socket | false) => void,
) => uWS.TemplatedApp;

// LIBUS_LISTEN_EXCLUSIVE_PORT. Without it µWS sets SO_REUSEPORT, and two servers share a port without knowing.
const EXCLUSIVE = 1;

function tryListen(app: uWS.TemplatedApp, host: string, port: number): uWS.us_listen_socket | undefined {
  let listening: uWS.us_listen_socket | undefined;
  (app.listen as unknown as ListenWithOptions).call(app, host, port, EXCLUSIVE, (socket) => {
    if (socket !== false) listening = socket;
  });
  return listening;
}

function loopbacks(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return addresses.some(({ address }) => address === '::1') ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
}
