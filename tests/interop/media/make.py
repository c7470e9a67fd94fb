"""Makes clip.h264 and clip.opus, two seconds of what an encoder sends: run it with Debian's python3-av.

clip.h264: Annex B, constrained baseline, 320x180 at 10 frames a second, a key frame each second.
clip.opus: 100 packets of 20 ms, each behind its length (16 bits, network order).
"""

import math
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy

HERE = Path(__file__).parent
WIDTH, HEIGHT, RATE, SECONDS = 320, 180, 10, 2


def picture(number):
    columns = numpy.linspace(0, 255, WIDTH, dtype=numpy.uint16)
    luma = (numpy.tile(columns, (HEIGHT, 1)) + number * 12) % 256
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    flat = luma.astype(numpy.uint8)
    line = frame.planes[0].line_size
    frame.planes[0].update(b"".join(row.tobytes().ljust(line, b"\0") for row in flat))
    for plane in frame.planes[1:]:
        plane.update(bytes([100 + number]) * plane.buffer_size)
    frame.pts = number
    return frame


def video():
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base = Fraction(1, RATE)
    codec.options = {
        "profile": "baseline",
        "preset": "veryslow",
        "tune": "zerolatency",
        "crf": "34",
        "g": str(RATE),
        "x264-params": "keyint=10:min-keyint=10:scenecut=0:threads=1:sliced-threads=0:slices=1:info=0",
    }
    packets = []
    for number in range(RATE * SECONDS):
        packets += codec.encode(picture(number))
    packets += codec.encode(None)
    (HERE / "clip.h264").write_bytes(b"".join(bytes(packet) for packet in packets))


def sound():
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 48000, "stereo", "s16"
    codec.bit_rate = 24000
    packets = []
    for number in range(50 * SECONDS):
        tone = (math.sin((number * 960 + at) * 2 * math.pi * 440 / 48000) for at in range(960))
        samples = b"".join(struct.pack("<hh", *[int(value * 8000)] * 2) for value in tone)
        frame = av.AudioFrame("s16", "stereo", 960)
        frame.planes[0].update(samples)
        frame.sample_rate, frame.pts = 48000, number * 960
        packets += codec.encode(frame)
    packets += codec.encode(None)
    out = b"".join(struct.pack(">H", len(bytes(one))) + bytes(one) for one in packets[: 50 * SECONDS])
    (HERE / "clip.opus").write_bytes(out)


video()
sound()
