"""A client on GStreamer's webrtcbin: `gstreamer_client.py publish|play URL`, with the token in TOKEN."""

import array
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

from exchange import Reception, delete, post, tell, when_asked_to_end  # noqa: E402

VP8 = "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000"
OPUS = "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2"
PUBLISHING = (
    "webrtcbin name=peer bundle-policy=max-bundle "
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=10/1 "
    "! vp8enc deadline=1 keyframe-max-dist=10 ! rtpvp8pay ! " + VP8 + " ! peer. "
    "audiotestsrc is-live=true ! audioconvert ! opusenc ! rtpopuspay ! " + OPUS + " ! peer."
)
DECODERS = {
    "video": "rtpvp8depay ! vp8dec ! fakesink name=end sync=false signal-handoffs=true",
    "audio": "rtpopusdepay ! opusdec ! audioconvert ! audio/x-raw,format=S16LE "
    "! fakesink name=end sync=false signal-handoffs=true",
}
Direction = GstWebRTC.WebRTCRTPTransceiverDirection


class Client:
    def __init__(self, verb, url):
        self.verb, self.url, self.session = verb, url, None
        self.reception = Reception()
        self.loop = GLib.MainLoop()
        if verb == "publish":
            self.pipeline = Gst.parse_launch(PUBLISHING)
            self.peer = self.pipeline.get_by_name("peer")
        else:
            self.pipeline = Gst.Pipeline.new()
            self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
            self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.pipeline.add(self.peer)
            self.peer.connect("pad-added", self.decode)
            for caps in (OPUS, VP8):
                self.peer.emit("add-transceiver", Direction.RECVONLY, Gst.Caps.from_string(caps))
        self.peer.connect("on-negotiation-needed", self.negotiate)

    def run(self):
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.failed)
        GLib.timeout_add(200, self.report)
        when_asked_to_end(lambda: GLib.idle_add(self.loop.quit))
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        if self.session is not None:
            tell(ended=delete(self.session))
        self.pipeline.set_state(Gst.State.NULL)

    def negotiate(self, peer):
        if self.verb == "publish":
            for at in range(2):
                peer.emit("get-transceiver", at).set_property("direction", Direction.SENDONLY)
        peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered, None))

    def offered(self, promise, _):
        try:
            self.exchange(promise)
        except Exception as error:  # noqa: BLE001 - in a thread of GStreamer's, where nobody would hear of it
            tell(error=repr(error))
            GLib.idle_add(self.loop.quit)

    def exchange(self, promise):
        # The offer is a part of the reply, which has to outlive it.
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.peer.emit("set-local-description", offer, Gst.Promise.new())
        text, self.session = post(self.url, offer.sdp.as_text())
        _, message = GstSdp.SDPMessage.new_from_text(text)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.peer.emit("set-remote-description", answer, Gst.Promise.new())
        tell(session=self.session)

    def decode(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        kind = pad.get_current_caps().get_structure(0).get_string("media")
        chain = Gst.parse_bin_from_description(DECODERS[kind], True)
        chain.get_by_name("end").connect("handoff", self.picture if kind == "video" else self.sound)
        self.pipeline.add(chain)
        chain.sync_state_with_parent()
        pad.link(chain.get_static_pad("sink"))

    def picture(self, _, __, pad):
        shape = pad.get_current_caps().get_structure(0)
        self.reception.picture(shape.get_value("width"), shape.get_value("height"))

    def sound(self, _, buffer, __):
        self.reception.sound(array.array("h", buffer.extract_dup(0, buffer.get_size())))

    def report(self):
        self.reception.tell()
        return True

    def failed(self, _, message):
        tell(error=str(message.parse_error()))
        self.loop.quit()


Gst.init(None)
Client(*sys.argv[1:3]).run()
