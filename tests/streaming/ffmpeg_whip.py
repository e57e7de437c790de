"""FFmpeg's WHIP muxer, as it comes inside PyAV, publishing a grey picture and silence. A process of its own: it stops Python.

Its build with GnuTLS makes itself a certificate on P-224, which OpenSSL 4 no longer has for TLS: the handshake would end with alert 47,
«wrong curve», whatever the relay offers. With a certificate of its user's on P-256 (`cert_file`, `key_file`) it connects.
"""

import sys
import time

import av
import numpy as np

FPS, SECONDS = 15, 20.0


def publish(url: str, token: str, certificate: str, key: str) -> None:
    options = {"authorization": token} | ({"cert_file": certificate, "key_file": key} if certificate else {})
    with av.open(url, "w", format="whip", options=options) as out:
        video = out.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.options = {"profile": "baseline", "preset": "ultrafast", "tune": "zerolatency", "g": "15", "bf": "0"}
        audio = out.add_stream("libopus", rate=48_000)
        audio.layout = "stereo"
        began = time.monotonic()
        sounds = 0
        for number in range(int(FPS * SECONDS)):
            picture = av.VideoFrame.from_ndarray(np.full((270, 320), number % 200, np.uint8), format="yuv420p")
            picture.pts = number
            out.mux(video.encode(picture))
            while sounds * 960 / 48_000 <= number / FPS:
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1_920), np.int16), format="s16", layout="stereo")
                silence.sample_rate, silence.pts = 48_000, sounds * 960
                out.mux(audio.encode(silence))
                sounds += 1
            time.sleep(max(0.0, began + number / FPS - time.monotonic()))


if __name__ == "__main__":
    publish(*sys.argv[1:5])
