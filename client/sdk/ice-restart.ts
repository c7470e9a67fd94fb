/** What an ICE restart needs of a peer connection. */
export type Restartable = {
  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>;
  addIceCandidate(candidate: RTCIceCandidateInit): Promise<void>;
};

/**
 * Runs `restart`, which sets an offer with new ICE parameters and answers it, such that the path in use carries media until
 * another one does. libwebrtc pairs an offer's candidates at once with the ports that it has from before, and such a pair
 * takes the place of the one in use, which lies between the same addresses: nothing gets through until it was checked. So
 * they trickle in (RFC 8838) when the answer has brought new ports.
 */
export async function restartOnTheMove(pc: Restartable, restart: () => Promise<void>): Promise<void> {
  const withheld: RTCIceCandidateInit[] = [];
  const set = pc.setRemoteDescription.bind(pc);
  pc.setRemoteDescription = (description) => {
    const { sdp, candidates } = takeCandidates(description.sdp ?? '');
    withheld.push(...candidates);
    return set({ ...description, sdp });
  };
  try {
    await restart();
  } finally {
    pc.setRemoteDescription = set;
    await Promise.all(withheld.map((candidate) => pc.addIceCandidate(candidate)));
  }
}

/** `sdp` without its candidates, and those of the first section that has any: all sections are one bundle. */
export function takeCandidates(sdp: string): { sdp: string; candidates: RTCIceCandidateInit[] } {
  const sections = sdp.split(/^(?=m=)/m);
  const first = sections.find((section) => /^a=candidate:/m.test(section)) ?? '';
  const sdpMid = /^a=mid:(.*?)\r?$/m.exec(first)?.[1] ?? null;
  const candidates = Array.from(first.matchAll(/^a=(candidate:.*?)\r?$/gm), ([, candidate = '']) => ({
    candidate,
    sdpMid,
  }));
  return { sdp: sdp.replaceAll(/^a=(?:candidate:.*|end-of-candidates)\r?\n/gm, ''), candidates };
}
