/**
 * The first negotiation of a page costs a browser three times what later ones do: it starts threads, and asks codecs
 * and network interfaces what they can do. So one is made for nothing before somebody waits for it: two connections
 * of this page that are introduced to each other and closed before a packet is sent.
 */
export async function negotiateOnce(certificate: RTCCertificate): Promise<void> {
  const [offering, answering] = [0, 1].map(() => new RTCPeerConnection({ certificates: [certificate] })) as [
    RTCPeerConnection,
    RTCPeerConnection,
  ];
  try {
    for (const kind of ['audio', 'video']) offering.addTransceiver(kind, { direction: 'sendonly' });
    const offer = await offering.createOffer();
    await offering.setLocalDescription(offer);
    await answering.setRemoteDescription(offer);
    await answering.setLocalDescription(await answering.createAnswer());
  } finally {
    offering.close();
    answering.close();
  }
}
