/** Makes a page's media go through a UDP link: the server's candidates are told with the link's port before WebRTC hears of them. */
import type { BrowserContext } from 'playwright-core';

/** Of what the server offers only UDP at 127.0.0.1 is left: neither TCP nor a relay leads around the link. */
export async function putBehindLink(context: BrowserContext, port: number): Promise<void> {
  await context.addInitScript(installDetour, port);
}

/** Runs in the page, before its own scripts. */
function installDetour(port: number): void {
  const detour = (sdp: string) =>
    sdp
      .split('\r\n')
      .filter((line) => !line.startsWith('a=candidate:') || / udp /iu.test(line))
      .map((line) => line.replace(/^(a=candidate:\S+ \d+ udp \d+ )\S+ \d+ /iu, `$1127.0.0.1 ${port} `))
      .join('\r\n');
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super({ ...configuration, iceServers: [] });
    }
    override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      return super.setRemoteDescription({ ...description, sdp: detour(description.sdp ?? '') });
    }
    override setConfiguration(configuration?: RTCConfiguration): void {
      super.setConfiguration({ ...configuration, iceServers: [] });
    }
  };
}
