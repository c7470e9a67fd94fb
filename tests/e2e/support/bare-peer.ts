/**
 * A page that knows WebRTC and HTTP and nothing of Sluice: it publishes over WHIP and plays over WHEP by `fetch`, as any
 * page on the web may.
 */
import type { Page } from 'playwright-core';

/** What runs in the page. It has to stand on its own. */
export function installBarePeer() {
  const peers = new Map<string, { connection: RTCPeerConnection; location: string; etag: string; token: string }>();

  async function offer(connection: RTCPeerConnection): Promise<string> {
    await connection.setLocalDescription();
    return connection.localDescription?.sdp ?? '';
  }

  async function post(name: string, url: string, token: string, connection: RTCPeerConnection) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
      body: await offer(connection),
    });
    const text = await response.text();
    if (response.status !== 201) return { status: response.status, text, links: '' };
    const location = new URL(response.headers.get('location') ?? '', url).href;
    peers.set(name, { connection, location, etag: response.headers.get('etag') ?? '', token });
    await connection.setRemoteDescription({ type: 'answer', sdp: text });
    return { status: response.status, text, links: response.headers.get('link') ?? '' };
  }

  function drawn(width: number, height: number): MediaStreamTrack {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d')!;
    let at = 0;
    setInterval(() => {
      at = (at + 7) % width;
      context.fillStyle = 'navy';
      context.fillRect(0, 0, width, height);
      context.fillStyle = 'gold';
      context.fillRect(at, 0, width / 4, height);
    }, 100);
    return canvas.captureStream(10).getVideoTracks()[0]!;
  }

  return {
    /** Camera and microphone; with `rids` the camera as simulcast, in this order. */
    async publish(name: string, url: string, token: string, rids: string[]) {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180 } });
      // The fake camera is small; what is drawn has any size.
      if (rids.length > 0) {
        stream.getVideoTracks()[0]?.stop();
        stream.removeTrack(stream.getVideoTracks()[0]!);
        stream.addTrack(drawn(640, 360));
      }
      const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      const scales = new Map(rids.map((rid, at) => [rid, 2 ** at]));
      for (const track of stream.getTracks()) {
        const simulcast = track.kind === 'video' && rids.length > 0;
        connection.addTransceiver(track, {
          direction: 'sendonly',
          streams: [stream],
          ...(simulcast
            ? { sendEncodings: rids.map((rid) => ({ rid, scaleResolutionDownBy: scales.get(rid) ?? 1 })) }
            : {}),
        });
      }
      return post(name, url, token, connection);
    },
    async play(name: string, url: string, token: string, kinds: ('audio' | 'video')[]) {
      const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      for (const kind of kinds) connection.addTransceiver(kind, { direction: 'recvonly' });
      connection.addEventListener('track', ({ track }) => {
        const element = document.createElement(track.kind === 'video' ? 'video' : 'audio');
        element.autoplay = true;
        element.srcObject = new MediaStream([track]);
        document.body.append(element);
      });
      return post(name, url, token, connection);
    },
    /** What each section has received and decoded. */
    async reception(name: string) {
      const { connection } = peers.get(name)!;
      return Promise.all(
        connection.getTransceivers().map(async ({ mid, receiver, currentDirection }) => {
          const inbound = { frames: 0, width: 0, energy: 0, bytes: 0 };
          for (const report of (await receiver.getStats()).values() as Iterable<Record<string, unknown>>) {
            if (report['type'] !== 'inbound-rtp') continue;
            inbound.frames = Number(report['framesDecoded'] ?? 0);
            inbound.width = Number(report['frameWidth'] ?? 0);
            inbound.energy = Number(report['totalAudioEnergy'] ?? 0);
            inbound.bytes = Number(report['bytesReceived'] ?? 0);
          }
          return { mid, kind: receiver.track.kind, direction: currentDirection, ...inbound };
        }),
      );
    },
    state(name: string) {
      const { connection } = peers.get(name)!;
      return { connection: connection.connectionState, ice: connection.iceConnectionState };
    },
    /** ICE restart as RFC 9725 §4.3.3 has it: new credentials by PATCH, and the server's put into the known answer. */
    async restartIce(name: string) {
      const peer = peers.get(name)!;
      const { connection, location, token } = peer;
      const answer = connection.remoteDescription?.sdp ?? '';
      connection.restartIce();
      await connection.setLocalDescription();
      const lines = (connection.localDescription?.sdp ?? '').split('\r\n');
      const first = lines.findIndex((line) => line.startsWith('m='));
      const fragment = [
        ...lines.slice(0, first).filter((line) => line.startsWith('a=group') || line.startsWith('a=ice-options')),
        lines[first],
        ...lines.slice(first).filter((line, at, all) => {
          const next = all.findIndex((other, index) => index > 0 && other.startsWith('m='));
          return (next === -1 || at < next) && /^a=(?:mid|ice-ufrag|ice-pwd|candidate|end-of)/.test(line);
        }),
      ];
      const response = await fetch(location, {
        method: 'PATCH',
        headers: {
          'content-type': 'application/trickle-ice-sdpfrag',
          authorization: `Bearer ${token}`,
          'if-match': '*',
        },
        body: `${fragment.join('\r\n')}\r\n`,
      });
      const text = await response.text();
      const [, ufrag = ''] = /a=ice-ufrag:(\S+)/.exec(text) ?? [];
      const [, password = ''] = /a=ice-pwd:(\S+)/.exec(text) ?? [];
      peer.etag = response.headers.get('etag') ?? '';
      const restarted = answer
        .replace(/a=ice-ufrag:\S+/g, `a=ice-ufrag:${ufrag}`)
        .replace(/a=ice-pwd:\S+/g, `a=ice-pwd:${password}`);
      await connection.setRemoteDescription({ type: 'answer', sdp: restarted });
      return { status: response.status, text };
    },
    async end(name: string) {
      const { connection, location, token } = peers.get(name)!;
      const response = await fetch(location, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
      connection.close();
      return response.status;
    },
  };
}

declare global {
  var barePeer: ReturnType<typeof installBarePeer>;
}

/** Puts `barePeer` into the page. */
export async function useBarePeer(page: Page): Promise<void> {
  await page.evaluate(`globalThis.barePeer = (${installBarePeer.toString()})()`);
}
