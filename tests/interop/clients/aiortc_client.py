"""A client on aiortc (Debian's python3-aiortc): `aiortc_client.py publish|play URL`, with the token in TOKEN."""

import array
import asyncio
import math
import sys
from fractions import Fraction

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from av import AudioFrame, VideoFrame

from exchange import Reception, delete, post, tell, when_asked_to_end

WIDTH, HEIGHT = 320, 180
RATE, SAMPLES = 48000, 960


class Picture(VideoStreamTrack):
    """Bars that move, ten times a second."""

    number = 0

    async def recv(self):
        await asyncio.sleep(0.1)
        self.number += 1
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        luma, *chroma = frame.planes
        rows = (bytes([(row + self.number * 5) & 0xFF]) * luma.line_size for row in range(HEIGHT))
        luma.update(b"".join(rows))
        for plane in chroma:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = self.number * 9000, Fraction(1, 90000)
        return frame


class Tone(AudioStreamTrack):
    """440 Hz."""

    sent = 0

    async def recv(self):
        await asyncio.sleep(0.02)
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        wave = (int(8000 * math.sin((self.sent + at) * 2 * math.pi * 440 / RATE)) for at in range(SAMPLES))
        frame.planes[0].update(array.array("h", wave).tobytes())
        frame.pts, frame.sample_rate, frame.time_base = self.sent, RATE, Fraction(1, RATE)
        self.sent += SAMPLES
        return frame


async def decode(track, reception):
    try:
        while True:
            frame = await track.recv()
            if track.kind == "video":
                reception.picture(frame.width, frame.height)
            else:
                reception.sound(array.array("h", bytes(frame.planes[0])[: frame.samples * 4]))
    except MediaStreamError:
        pass


async def main(verb, url):
    connection = RTCPeerConnection()
    reception = Reception()
    if verb == "publish":
        connection.addTransceiver(Tone(), "sendonly")
        connection.addTransceiver(Picture(), "sendonly")
    else:
        connection.addTransceiver("audio", "recvonly")
        connection.addTransceiver("video", "recvonly")
        connection.on("track", lambda track: asyncio.ensure_future(decode(track, reception)))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    when_asked_to_end(lambda: loop.call_soon_threadsafe(ended.set))
    await connection.setLocalDescription(await connection.createOffer())
    answer, session = await asyncio.to_thread(post, url, connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    tell(session=session)
    while not ended.is_set():
        reception.tell()
        await asyncio.wait([asyncio.ensure_future(ended.wait())], timeout=0.2)
    tell(ended=await asyncio.to_thread(delete, session))
    await connection.close()


asyncio.run(main(*sys.argv[1:3]))
