"""WHIP and WHEP as the clients in Python speak them: one POST, one DELETE, and what a test is told in lines of JSON."""

import json
import os
import sys
import threading
import urllib.request
from urllib.parse import urljoin

AUTHORIZATION = {"Authorization": f"Bearer {os.environ['TOKEN']}"}


def post(url, offer):
    """Gives the answer and the session's URL."""
    headers = {**AUTHORIZATION, "Content-Type": "application/sdp"}
    request = urllib.request.Request(url, data=offer.encode(), headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.read().decode(), urljoin(url, response.headers["Location"])


def delete(session):
    request = urllib.request.Request(session, headers=AUTHORIZATION, method="DELETE")
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.status


def tell(**facts):
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


class Reception:
    """What was decoded: frames with the size of the last one, and the loudest sample."""

    def __init__(self):
        self.frames = 0
        self.size = ""
        self.peak = 0

    def picture(self, width, height):
        self.frames += 1
        self.size = f"{width}x{height}"

    def sound(self, samples):
        self.peak = max(self.peak, max(samples, default=0), -min(samples, default=0))

    def tell(self):
        tell(frames=self.frames, size=self.size, peak=self.peak)


def when_asked_to_end(end):
    """Calls `end` from another thread when whoever started this process has closed its standard input, or is gone."""

    def wait():
        sys.stdin.read()
        end()

    threading.Thread(target=wait, daemon=True).start()
