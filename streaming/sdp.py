"""Offers and answers of WHIP and WHEP as text: read strictly enough to be safe, answered by what the relay does. Pure, no aiortc.

The relay never looks at a peer's candidates: it answers whoever proves by ICE that the offer was his. So no packet goes to an address that
somebody only wrote into an offer. Sources: RFC 8866, 8829, 8839, 8842, 8843, 9143, 9725.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from data.errors import BadInput, CommandCentreError

MOST_BYTES = 64 * 1024
MOST_LINES, MOST_SECTIONS, MOST_CANDIDATES = 1_200, 12, 64
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
RID, REPAIRED_RID = (f"urn:ietf:params:rtp-hdrext:sdes:{which}rtp-stream-id" for which in ("", "repaired-"))
LAYERS_MOST = 3
CODECS = {"audio": ("opus",), "video": ("vp8", "h264")}
CLOCKS = {"opus": 48_000, "vp8": 90_000, "h264": 90_000}
FEEDBACK = {"audio": ("nack", "transport-cc"), "video": ("nack", "nack pli", "ccm fir", "transport-cc")}
DIGESTS = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
START_KBPS = 500  # Chromium begins with 300 otherwise, and the first seconds are the ones that are looked at
SEVERAL_KBPS = 1_200  # with less it sends the smaller sizes only; who sends several has the line for it
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}")
_RID = re.compile(r"[A-Za-z0-9_-]{1,16}")
_MID = re.compile(r"[!#-'*+.0-9A-Z^-~-]{1,32}")
_CANDIDATE = re.compile(r"candidate:\S{1,32} \d{1,5} \S{1,8} \d{1,10} \S{1,255} \d{1,5} typ \w{1,8}( .*)?")


class UnusableOffer(CommandCentreError):
    """Well formed, but nothing that the relay could take or give."""

    code = "media.unusable_offer"
    status = 422


@dataclass(frozen=True, slots=True)
class Codec:
    """name: lower case. fmtp: as written."""

    payload_type: int
    name: str
    clock_rate: int
    fmtp: str = ""
    feedback: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, str]:
        pairs = (part.partition("=") for part in self.fmtp.split(";"))
        return {name.strip().lower(): value.strip() for name, _, value in pairs}


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line and what stands under it, what is missing there taken from the head. direction: as the offerer said it."""

    kind: str
    protocol: str
    formats: tuple[str, ...]
    rejected: bool
    mid: str
    direction: str
    codecs: tuple[Codec, ...]
    extensions: Mapping[str, int]
    mux: bool
    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    setup: str
    layers: tuple[str, ...] = ()  # names of the sizes in which one picture is offered (RFC 8853), as they stand there


@dataclass(frozen=True, slots=True)
class Offer:
    sections: tuple[Section, ...]
    bundle: tuple[str, ...]


@dataclass(slots=True)
class _Lines:
    """Attributes of the head or of one section, by name."""

    opening: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        return self.attributes.get(name, [])

    def first(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


def read_offer(text: str) -> Offer:
    """Raises BadInput when it is no offer at all."""
    head, bodies = _split(text)
    sections = tuple(_section(body, head, place) for place, body in enumerate(bodies))
    mids = [section.mid for section in sections]
    if len(set(mids)) != len(mids):
        raise _bad("mid twice")
    groups = [group.split() for group in head.all("group")]
    bundle = next((tuple(group[1:]) for group in groups if group[:1] == ["BUNDLE"]), ())
    return Offer(sections, bundle)


def _split(text: str) -> tuple[_Lines, list[_Lines]]:
    if len(text) > MOST_BYTES:
        raise _bad("too long")
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if not lines[0].startswith("v=0") or len(lines) > MOST_LINES:
        raise _bad("no session description")
    parts = [_Lines()]
    for line in lines:
        if len(line) < 2 or line[1] != "=" or any(letter < " " for letter in line):  # what is repeated in the answer must be clean
            raise _bad("a line without a type")
        if line[0] == "m":
            parts.append(_Lines(line[2:]))
            if len(parts) > MOST_SECTIONS + 1:
                raise _bad("too many media")
        elif line[0] == "a":
            name, _, value = line[2:].partition(":")
            parts[-1].attributes.setdefault(name, []).append(value)
    if len(parts) < 2:
        raise _bad("no media")
    return parts[0], parts[1:]


def _section(lines: _Lines, head: _Lines, place: int) -> Section:
    words = lines.opening.split()
    if len(words) < 4 or not words[1].partition("/")[0].isdecimal() or int(words[1].partition("/")[0]) > 65_535:
        raise _bad("media line")
    check_candidates(lines.all("candidate"))
    mid = lines.first("mid") or str(place)
    if not _MID.fullmatch(mid):
        raise _bad("mid")
    rejected = int(words[1].partition("/")[0]) == 0 and "bundle-only" not in lines.attributes
    ufrag, password = (lines.first(name) or head.first(name) or "" for name in ("ice-ufrag", "ice-pwd"))
    fingerprints = tuple(_fingerprint(said) for said in lines.all("fingerprint") or head.all("fingerprint"))
    if not rejected and (not _ICE.fullmatch(ufrag) or not _ICE.fullmatch(password) or len(password) < 22):
        raise _bad("ICE credentials")
    if not rejected and not any(name in DIGESTS for name, _ in fingerprints):
        raise _bad("no fingerprint")
    return Section(
        kind=words[0],
        protocol=words[2],
        formats=tuple(words[3:40]),
        rejected=rejected,
        mid=mid,
        direction=next(
            (name for name in ("sendonly", "recvonly", "inactive") if name in lines.attributes or name in head.attributes), "sendrecv"
        ),
        codecs=_codecs(lines, words[3:]),
        extensions=_extensions(lines),
        mux="rtcp-mux" in lines.attributes,
        ufrag=ufrag,
        password=password,
        fingerprints=fingerprints,
        setup=lines.first("setup") or head.first("setup") or "actpass",
        layers=_layers(lines),
    )


def _layers(lines: _Lines) -> tuple[str, ...]:
    """Of alternatives the first, whether it begins at once or not (`~`). Nothing when it is not said as RFC 8851 and 8853 want it."""
    sending = next((part[1] for part in (said.split() for said in lines.all("simulcast")) if len(part) > 1 and part[0] == "send"), "")
    named = [each.partition(",")[0].removeprefix("~") for each in sending.split(";") if each]
    known = {words[0] for words in (said.split() for said in lines.all("rid")) if words[1:2] == ["send"]}
    return tuple(named) if len(set(named)) == len(named) and all(_RID.fullmatch(name) and name in known for name in named) else ()


def _fingerprint(said: str) -> tuple[str, str]:
    name, _, value = said.partition(" ")
    name, value = name.strip().lower(), value.strip().upper()
    size = DIGESTS.get(name)
    if size is not None and not re.fullmatch(rf"([0-9A-F]{{2}}:){{{size - 1}}}[0-9A-F]{{2}}", value):
        raise _bad("fingerprint")
    return name, value


def _codecs(lines: _Lines, formats: Sequence[str]) -> tuple[Codec, ...]:
    fmtp = dict(_by_type(lines.all("fmtp")))
    feedback: dict[str, list[str]] = {}
    for wanted, said in _by_type(lines.all("rtcp-fb")):
        feedback.setdefault(wanted, []).append(said)
    found = []
    for wanted, said in _by_type(lines.all("rtpmap")):
        name, _, rest = said.partition("/")
        rate = rest.partition("/")[0]
        if wanted in formats and wanted.isdecimal() and int(wanted) < 128 and rate.isdecimal() and len(rate) < 8:
            fed = tuple(feedback.get(wanted, []) + feedback.get("*", []))
            found.append(Codec(int(wanted), name.lower(), int(rate), fmtp.get(wanted, ""), fed))
    order = {payload_type: place for place, payload_type in enumerate(formats)}
    return tuple(sorted(found, key=lambda codec: order[str(codec.payload_type)]))


def _by_type(said: Iterable[str]) -> Iterable[tuple[str, str]]:
    for each in said:
        payload_type, _, rest = each.partition(" ")
        yield payload_type, rest.strip()


def _extensions(lines: _Lines) -> dict[str, int]:
    found = {}
    for said in lines.all("extmap"):
        number, _, uri = said.partition(" ")
        number = number.partition("/")[0]
        if number.isdecimal() and 1 <= int(number[:4]) <= 255:
            found[uri.partition(" ")[0]] = int(number)
    return found


def check_candidates(said: Sequence[str]) -> None:
    """They are not used, but nonsense is told to whoever writes it. Raises BadInput."""
    if len(said) > MOST_CANDIDATES:
        raise _bad("too many candidates")
    for each in said:
        if not _CANDIDATE.fullmatch(f"candidate:{each}") or not 0 <= int(each.split()[5]) <= 65_535:
            raise _bad("candidate")


def read_fragment(text: str) -> tuple[str | None, str | None]:
    """User name and password of a trickled fragment (RFC 8840), None when it does not say them. Raises BadInput."""
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    said: dict[str, list[str]] = {}
    if len(text) > MOST_BYTES or len(lines) > MOST_LINES:
        raise _bad("too long")
    for line in lines:
        if len(line) < 2 or line[1] != "=":
            raise _bad("a line without a type")
        name, _, value = line[2:].partition(":")
        said.setdefault(name, []).append(value)
    check_candidates(said.get("candidate", []))
    return tuple(next(iter(said.get(name, ())), None) for name in ("ice-ufrag", "ice-pwd"))  # type: ignore[return-value]


def read_step(text: str) -> tuple[str, str] | None:
    """What a publisher says in a fragment of how far he has come down: `a=x-step:STILLS bandwidth`. None: nothing, or nothing readable.

    An attribute that others ignore (RFC 8866, 5.13); a phone of ours says it so that wall and phone use the same word.
    """
    found = re.search(r"^a=x-step:([A-Z_]{1,16}) ([a-z_]{1,16})\r?$", text[:MOST_BYTES], re.MULTILINE)
    return (found[1], found[2]) if found else None


def _bad(what: str) -> BadInput:
    return BadInput(what, code="media.bad_sdp")


# --- choosing -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is used of one section."""

    section: Section
    codec: Codec
    rtx_type: int | None
    transport_cc: int | None
    layers: tuple[str, ...] = ()
    rid: int | None = None
    repaired_rid: int | None = None


def choose(offer: Offer, *, publishing: bool, video_codec: str | None = None) -> dict[str, Chosen]:
    """The first section of each kind that fits, by kind. video_codec: the only one that will do. Raises UnusableOffer."""
    away = "recvonly" if publishing else "sendonly"
    found: dict[str, Chosen] = {}
    for section in offer.sections:
        if section.kind not in CODECS or section.kind in found or section.rejected or section.direction in (away, "inactive"):
            continue
        if not section.mux or section.protocol not in ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"):
            continue
        wanted = (video_codec,) if section.kind == "video" and video_codec else CODECS[section.kind]
        codec = next((codec for name in wanted for codec in section.codecs if codec.name == name and _fits(codec, publishing)), None)
        if codec is None:
            continue
        rtx = next(
            (each.payload_type for each in section.codecs if each.name == "rtx" and each.parameters.get("apt") == str(codec.payload_type)),
            None,
        )
        extensions = section.extensions if publishing else {}
        rid = extensions.get(RID)
        layers = section.layers[-LAYERS_MOST:] if publishing and section.kind == "video" and rid is not None else ()
        several = (layers, rid, extensions.get(REPAIRED_RID)) if len(layers) > 1 else ()
        found[section.kind] = Chosen(section, codec, rtx, extensions.get(TRANSPORT_CC), *several)
    if not found:
        raise UnusableOffer("nothing in common")
    first = next(iter(found.values())).section
    for chosen in found.values():
        if chosen.section is not first and not {chosen.section.mid, first.mid} <= set(offer.bundle):
            raise UnusableOffer("no bundle")
    if len({chosen.codec.payload_type for chosen in found.values()}) != len(found):
        raise UnusableOffer("one payload type for two codecs")
    return found


def _fits(codec: Codec, publishing: bool) -> bool:
    if codec.clock_rate != CLOCKS[codec.name]:
        return False
    if codec.name != "h264":
        return True
    said = codec.parameters
    unsaid = "1" if publishing else "0"  # GStreamer says nothing of it and cuts pictures all the same; who watches takes only what he says
    return said.get("packetization-mode", unsaid) == "1" and said.get("profile-level-id", "42").lower().startswith("42")


# --- answering ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """One address at which the relay listens."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Here:
    """The relay's end of one connection. fingerprint: SHA-256."""

    ufrag: str
    password: str
    fingerprint: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What a viewer is told about a track."""

    ssrc: int
    rtx_ssrc: int
    cname: str
    stream: str


def setup_of(section: Section) -> str:
    """Our part in DTLS: passive unless the other insists. Who begins sends lost packets again: a browser after 50 ms, we after 1 s."""
    return "active" if section.setup == "passive" else "passive"


def answer(offer: Offer, chosen: Mapping[str, Chosen], here: Here, sources: Mapping[str, Source] | None = None) -> str:
    """sources: None when the offerer publishes; by kind when he views."""
    used = {each.section.mid: each for each in chosen.values()}
    together = [section.mid for section in offer.sections if section.mid in used]
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(together)}", "a=msid-semantic: WMS *"]
    for section in offer.sections:
        each = used.get(section.mid)
        if each is None:
            lines += [
                f"m={section.kind} 0 {section.protocol} {' '.join(section.formats)}",
                "c=IN IP4 0.0.0.0",
                f"a=mid:{section.mid}",
                "a=inactive",
            ]
        else:
            lines += _answered(
                each, here, section.mid == together[0], sources.get(section.kind) if sources is not None else None, sources is None
            )
    return "\r\n".join(lines) + "\r\n"


def _answered(each: Chosen, here: Here, first: bool, source: Source | None, publishing: bool) -> list[str]:
    codec, section = each.codec, each.section
    types = [str(codec.payload_type), *([str(each.rtx_type)] if each.rtx_type is not None else [])]
    at = here.places[0] if here.places else Place("0.0.0.0", 9)
    family = "IP6" if ":" in at.address else "IP4"
    said = [
        f"m={section.kind} {at.port} {section.protocol} {' '.join(types)}",
        f"c=IN {family} {at.address}",
        f"a=mid:{section.mid}",
        f"a={'recvonly' if publishing else 'sendonly' if source else 'inactive'}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=ice-ufrag:{here.ufrag}",
        f"a=ice-pwd:{here.password}",
        f"a=fingerprint:sha-256 {here.fingerprint}",
        f"a=setup:{setup_of(section)}",
        *_described(each, publishing),
        *(_sent(each, source) if source else []),
    ]
    return said + (_candidates(here.places) if first else [])


def _described(each: Chosen, publishing: bool) -> list[str]:
    codec, section = each.codec, each.section
    number = codec.payload_type
    channels = "/2" if codec.name == "opus" else ""
    written = {"opus": "opus", "vp8": "VP8", "h264": "H264"}[codec.name]
    said = [f"a=rtpmap:{number} {written}/{codec.clock_rate}{channels}"]
    rate = SEVERAL_KBPS if each.layers else START_KBPS
    begins = [f"x-google-start-bitrate={rate}"] if publishing and section.kind == "video" else []
    fmtp = ";".join([*([codec.fmtp] if codec.fmtp else []), *begins])
    said += [f"a=fmtp:{number} {fmtp}"] if fmtp else []
    wanted = FEEDBACK[section.kind]
    said += [f"a=rtcp-fb:{number} {name}" for name in wanted if name in codec.feedback and (publishing or name != "transport-cc")]
    if each.rtx_type is not None:
        said += [f"a=rtpmap:{each.rtx_type} rtx/{codec.clock_rate}", f"a=fmtp:{each.rtx_type} apt={number}"]
    numbers = {TRANSPORT_CC: each.transport_cc, RID: each.rid, REPAIRED_RID: each.repaired_rid}
    said += [f"a=extmap:{number} {uri}" for uri, number in numbers.items() if number]
    if each.layers:
        said += [*(f"a=rid:{name} recv" for name in each.layers), f"a=simulcast:recv {';'.join(each.layers)}"]
    return said


def _sent(each: Chosen, source: Source) -> list[str]:
    ssrcs = [source.ssrc, *([source.rtx_ssrc] if each.rtx_type is not None else [])]
    group = [f"a=ssrc-group:FID {source.ssrc} {source.rtx_ssrc}"] if len(ssrcs) == 2 else []
    return [f"a=msid:{source.stream} {each.section.kind}", *group, *(f"a=ssrc:{ssrc} cname:{source.cname}" for ssrc in ssrcs)]


def _candidates(places: Sequence[Place]) -> list[str]:
    said = []
    for place, at in enumerate(places):
        priority = 126 << 24 | (65_535 - place) << 8 | 255
        said.append(f"a=candidate:{place + 1} 1 udp {priority} {at.address} {at.port} typ host")
    return [*said, "a=end-of-candidates"]
