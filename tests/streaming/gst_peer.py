"""GStreamer's `webrtcbin` as a WHIP publisher or a WHEP viewer: a process of its own, for the system's python3, which has the bindings.

`gst_peer.py whip|whep URL TOKEN VP8|H264`. Trickles nothing and ends when its standard input does; a viewer prints twice a second what it
has decoded so far, as JSON: frames, their width, and tenths of a second of sound that were not silent.
"""

import json
import sys
import urllib.request
from typing import Any

import gi

for namespace in ("Gst", "GstWebRTC", "GstSdp"):
    gi.require_version(namespace, "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

ENCODED = {
    "VP8": "vp8enc deadline=1 keyframe-max-dist=50 target-bitrate=500000 ! rtpvp8pay pt=96",
    "H264": "openh264enc gop-size=50 bitrate=500000 ! rtph264pay pt=96 aggregate-mode=zero-latency config-interval=-1",
}
SENT = """webrtcbin name=peer bundle-policy=max-bundle
  videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1 ! {encoded} ! queue
  ! application/x-rtp,media=video,encoding-name={codec},payload=96 ! peer.
  audiotestsrc is-live=true wave=sine ! audioconvert ! opusenc ! rtpopuspay pt=111 ! queue
  ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! peer."""
WANTED = "application/x-rtp,media={media},encoding-name={name},payload={type},clock-rate={rate}"
CUT = ",packetization-mode=(string)1,profile-level-id=(string)42e01f"  # what a viewer of H.264 takes
LOUD_DB = -50.0
TELL_MS = 500


class Peer:
    """One connection. It offers when its pipeline stands."""

    def __init__(self, door: str, url: str, token: str, codec: str) -> None:
        self.url, self.token = url, token
        self.said: dict[str, Any] = {"frames": 0, "width": 0, "loud": 0, "status": 0, "state": ""}
        self.pipeline: Any
        if door == "whip":
            self.pipeline = Gst.parse_launch(SENT.format(encoded=ENCODED[codec], codec=codec))
        else:
            self.pipeline = Gst.parse_launch("webrtcbin name=peer bundle-policy=max-bundle")
            if not isinstance(self.pipeline, Gst.Pipeline):  # a single element comes alone
                alone, self.pipeline = self.pipeline, Gst.Pipeline.new("whep")
                self.pipeline.add(alone)
        self.peer = self.pipeline.get_by_name("peer")
        self.peer.connect("on-negotiation-needed", lambda peer: peer.emit("create-offer", None, self._then(self._offered)))
        self.peer.connect("notify::ice-gathering-state", self._gathered)
        self.peer.connect("notify::connection-state", self._turned)
        self.peer.connect("pad-added", self._taken)
        if door == "whep":
            for media, name, number, rate in (("audio", "OPUS", 111, 48_000), ("video", codec, 96, 90_000)):
                caps = Gst.Caps.from_string(WANTED.format(media=media, name=name, type=number, rate=rate) + (CUT if name == "H264" else ""))
                self.peer.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, caps)
        self.pipeline.get_bus().add_signal_watch()
        self.pipeline.get_bus().connect("message::element", self._heard)
        self.pipeline.set_state(Gst.State.PLAYING)

    def _then(self, happens: Any) -> Any:
        return Gst.Promise.new_with_change_func(lambda promise, _: happens(promise), None)

    def _offered(self, promise: Any) -> None:
        reply = promise.get_reply()  # what it holds lives as long as it does
        self.peer.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

    def _gathered(self, peer: Any, _: Any) -> None:
        """Every candidate is known: the offer goes out whole."""
        if peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE and not self.said["status"]:
            self.said["status"] = -1
            GLib.idle_add(self._ask)

    def _ask(self) -> None:
        offer = self.peer.get_property("local-description").sdp.as_text()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/sdp"}
        with urllib.request.urlopen(urllib.request.Request(self.url, offer.encode(), headers, method="POST"), timeout=10) as answer:
            self.said["status"] = answer.status
            _, sdp = GstSdp.SDPMessage.new_from_text(answer.read().decode())
        described = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.peer.emit("set-remote-description", described, Gst.Promise.new())

    def _taken(self, _: Any, pad: Any) -> None:
        """A track came: decoded, counted, thrown away."""
        if pad.get_direction() == Gst.PadDirection.SRC:
            decoder = self._element("decodebin")
            decoder.connect("pad-added", self._decoded)
            pad.link(decoder.get_static_pad("sink"))

    def _decoded(self, _: Any, pad: Any) -> None:
        shape, end = pad.get_current_caps().get_structure(0), self._element("fakesink")
        if shape.get_name().startswith("video"):
            self.said["width"] = shape.get_value("width")
            end.set_property("signal-handoffs", True)
            end.connect("handoff", self._shown)
            pad.link(end.get_static_pad("sink"))
            return
        convert, level = self._element("audioconvert"), self._element("level")
        convert.link(level)
        level.link(end)
        pad.link(convert.get_static_pad("sink"))

    def _element(self, name: str) -> Any:
        made = Gst.ElementFactory.make(name)
        self.pipeline.add(made)
        made.sync_state_with_parent()
        return made

    def _shown(self, *_: Any) -> None:
        self.said["frames"] += 1

    def _heard(self, _: Any, message: Any) -> None:
        """Ten times a second, how loud it was."""
        shape = message.get_structure()
        if shape.get_name() == "level" and max(shape.get_value("rms")) > LOUD_DB:
            self.said["loud"] += 1

    def _turned(self, peer: Any, _: Any) -> None:
        self.said["state"] = peer.get_property("connection-state").value_nick


def main(words: list[str]) -> None:
    Gst.init(None)
    loop, peer = GLib.MainLoop(), Peer(*words)

    def tell() -> bool:
        print(json.dumps(peer.said), flush=True)
        return True

    GLib.timeout_add(TELL_MS, tell)
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, lambda *_: loop.quit())
    loop.run()
    peer.pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main(sys.argv[1:])
