"""What somebody may do at the relay, as a signed word that the relay can check alone: who, which stream, publish or view, until when.

Made by the web process, checked by the relay; both read one key file. Short-lived, for one stream and one thing. A token that names a
certificate's fingerprint is worth nothing to whoever only copied it: his DTLS certificate is another one.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import jwt

from data.credentials import new_media_key
from data.errors import NotSignedIn
from data.sealing import load_key

LONGEST_S = 600
ALGORITHM = "HS256"
_ISSUER = "ecc"
_AUDIENCE = "ecc-media"
_CLAIMS = ["iss", "aud", "sub", "stream", "right", "iat", "exp"]
_AHEAD_S = 5  # two clocks of one court


class Right(StrEnum):
    PUBLISH = "publish"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class Grant:
    """fingerprint: SHA-256 of the one certificate it is good for, as in SDP; None: any."""

    person: str
    stream: str
    right: Right
    until: datetime
    issued: datetime
    fingerprint: str | None = None


class MediaTokens:
    """Issues and reads them with one key. The algorithm is fixed: what a token says about itself is not asked.

    file: where the key stands; changed there, it counts at the next token. The former one then counts ten minutes more, for sessions that
    run already: a hall of calls need not begin anew because a key was changed, and each page has a token of the new one by then.
    """

    def __init__(self, key: bytes, file: Path | None = None) -> None:
        self._key = key
        self._former: bytes | None = None
        self._former_until = datetime.min.replace(tzinfo=UTC)
        self._file = file
        self._stamp = _stamp(file)

    def issue(
        self, person: str, stream: str, right: Right, *, now: datetime, lasts_s: int = LONGEST_S, fingerprint: str | None = None
    ) -> str:
        """lasts_s: at most 600."""
        if not 0 < lasts_s <= LONGEST_S:
            raise ValueError("a media token lasts 1 … 600 s")
        said = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": person,
            "stream": stream,
            "right": right.value,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=lasts_s)).timestamp()),
            "jti": secrets.token_urlsafe(9),
        }
        self._look(now)
        return jwt.encode(said | ({"fp": fingerprint.upper()} if fingerprint else {}), self._key, ALGORITHM)

    def read(self, token: str, *, now: datetime, running: bool = False) -> Grant:
        """What it grants. Raises NotSignedIn. running: for a session that already runs, age does not matter any more."""
        self._look(now)
        if running and self._former is not None and now < self._former_until:
            try:
                return self._read(token, self._former, now, running)
            except NotSignedIn:
                pass  # made with the key of today
        return self._read(token, self._key, now, running)

    def _look(self, now: datetime) -> None:
        """Whether another key stands in the file. One that cannot be read leaves what was."""
        stamp = _stamp(self._file)
        if self._file is None or stamp is None or stamp == self._stamp:
            return
        try:
            fresh = self._file.read_bytes()
        except OSError:
            return
        if fresh and fresh != self._key:
            self._former, self._key = self._key, fresh
            self._former_until = now + timedelta(seconds=LONGEST_S)
        self._stamp = stamp

    def _read(self, token: str, key: bytes, now: datetime, running: bool) -> Grant:
        try:
            said = jwt.decode(
                token,
                key,
                [ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
            )
            begun, ends = int(said["iat"]), int(said["exp"])
            fingerprint = said.get("fp")
            grant = Grant(
                str(said["sub"]),
                str(said["stream"]),
                Right(said["right"]),
                datetime.fromtimestamp(ends, UTC),
                datetime.fromtimestamp(begun, UTC),
                str(fingerprint) if fingerprint else None,
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, OSError) as error:
            raise NotSignedIn("no media token of ours", code="media.no_token") from error
        asked = now.timestamp()
        if ends - begun > LONGEST_S or begun > asked + _AHEAD_S or (ends <= asked and not running):
            raise NotSignedIn("a media token out of its time", code="media.no_token")
        return grant


def load_media_tokens(keys: Path) -> MediaTokens:
    """With the key in `keys`/media.key, made on first use."""
    file = keys / "media.key"
    return MediaTokens(load_key(file, new_media_key), file)


def _stamp(file: Path | None) -> tuple[int, int] | None:
    """By what a changed file is known."""
    try:
        said = file.stat() if file is not None else None
    except OSError:
        return None
    return (said.st_mtime_ns, said.st_ino) if said is not None else None
