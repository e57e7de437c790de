"""What is in a file that says it is a film: container, picture, length. `python -m streaming.film_look FILE` prints it as JSON.

Runs as a process of its own, with little memory and little time: the file comes from outside, and whatever it does to the decoder, it does
not do to those who serve the wall. Judged by what is in it, never by its name; nothing but this one file can be opened.
"""

import json
import resource
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from data.errors import NotMedia
from data.rules.videos import PIXELS_MOST, Film, check_film

MEMORY_MOST = 2_000_000_000  # bytes of addresses; what is really used is a twentieth
CPU_S, WAIT_S = 30, 120
PACKETS_MOST = 400  # without a picture in so many: no film
SHIFT_MOST_US = 40_000  # a browser counts from the first picture, our rendering from zero: they must be the same moment
FORMS = {"webm": "matroska", "mp4": "mov"}
TURNED, SHIFTED, LOOKED_AT = 3, 4, 0


def look(path: Path) -> Film:
    """What it is. Raises NotMedia: not_film, turned, shifted, and what `check_film` raises."""
    command = [sys.executable, "-m", "streaming.film_look", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=WAIT_S, stdin=subprocess.DEVNULL, env={})
        if done.returncode in (TURNED, SHIFTED):
            raise NotMedia("film", code="video.turned" if done.returncode == TURNED else "video.shifted")
        film = Film(**json.loads(done.stdout)) if done.returncode == LOOKED_AT else None
    except (subprocess.TimeoutExpired, json.JSONDecodeError, TypeError) as error:
        raise NotMedia("film", code="video.not_film") from error
    if film is None:
        raise NotMedia("film", code="video.not_film")
    check_film(film)
    return film


def _form(head: bytes) -> str:
    """By its first bytes; every other kind of file that a demuxer might take (playlists, pictures, lists of files) is none."""
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm"
    return "mp4" if head[4:8] == b"ftyp" else ""


def _look(file: BinaryIO) -> Film | int:
    """The film, or the code with which the process ends."""
    import av
    import av.error

    from streaming.turned import quarter_turns

    form = _form(file.read(16))
    file.seek(0)
    if not form:
        return 1
    opened: Any = av.open(file, format=FORMS[form], metadata_errors="ignore")
    with opened as film:
        if not film.streams.video:
            return 1
        stream: Any = film.streams.video[0]
        width, height, streams = stream.codec_context.width, stream.codec_context.height, len(film.streams)
        declared_ms = (film.duration or 0) // 1_000
        said = Film(form, stream.codec_context.codec.canonical_name, width, height, declared_ms, streams)
        try:
            check_film(said)
        except NotMedia as error:
            if declared_ms > 0 or error.code != "video.not_film":
                return said  # `look` says why, before a byte of it is decoded
        if abs(film.start_time or 0) > SHIFT_MOST_US:
            return SHIFTED
        stream.codec_context.options = {"max_pixels": str(PIXELS_MOST)}
        first = None
        for packet in islice(film.demux(stream), PACKETS_MOST):
            try:
                first = next(iter(packet.decode()), None)
            except av.error.FFmpegError:
                continue
            if first is not None:
                break
        if first is None:
            return 1
        try:
            turns = quarter_turns(first)
        except NotMedia:
            return TURNED
        if turns and form != "mp4":  # browsers turn MP4; of the other form that is not known
            return TURNED
        duration_ms = declared_ms or max((_end_ms(packet) for packet in film.demux(stream)), default=0)
        size = (first.height, first.width) if turns % 2 else (first.width, first.height)
        return Film(form, said.codec, *size, duration_ms, streams)


def _end_ms(packet: Any) -> int:
    return int((packet.pts + (packet.duration or 0)) * packet.time_base * 1000) if packet.pts is not None else 0


def _main(path: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        with Path(path).open("rb") as file:
            found = _look(file)
    except Exception:  # whatever the file does to the decoder: it is no film
        return 1
    if isinstance(found, int):
        return found
    words = {name: getattr(found, name) for name in ("form", "codec", "width", "height", "duration_ms", "streams")}
    sys.stdout.write(json.dumps(words))
    return LOOKED_AT


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
