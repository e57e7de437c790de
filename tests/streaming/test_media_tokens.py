"""Media tokens: for one person, one stream and one thing, for ten minutes at most."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from data.errors import NotSignedIn
from streaming.media_tokens import MediaTokens, Right, load_media_tokens

NOW = datetime(2026, 11, 26, 1, 38, tzinfo=UTC)
KEY = b"k" * 32


@pytest.fixture
def tokens() -> MediaTokens:
    return MediaTokens(KEY)


def test_what_was_issued_is_read(tokens: MediaTokens) -> None:
    grant = tokens.read(tokens.issue("p", "s.p", Right.PUBLISH, now=NOW, fingerprint="ab:cd"), now=NOW)
    assert (grant.person, grant.stream, grant.right, grant.fingerprint) == ("p", "s.p", Right.PUBLISH, "AB:CD")
    assert grant.until == NOW + timedelta(seconds=600)


def test_the_key_is_one_file_for_us_alone_and_both_processes_read_the_same(tmp_path: Path) -> None:
    token = load_media_tokens(tmp_path).issue("p", "s", Right.VIEW, now=NOW)
    assert load_media_tokens(tmp_path).read(token, now=NOW).stream == "s"
    assert stat.S_IMODE((tmp_path / "media.key").stat().st_mode) == 0o600


def test_it_ends_but_a_running_session_is_not_asked_for_a_new_one(tokens: MediaTokens) -> None:
    token = tokens.issue("p", "s", Right.VIEW, now=NOW)
    later = NOW + timedelta(seconds=600)
    with pytest.raises(NotSignedIn):
        tokens.read(token, now=later)
    assert tokens.read(token, now=later, running=True).person == "p"


def test_longer_than_ten_minutes_is_not_issued(tokens: MediaTokens) -> None:
    with pytest.raises(ValueError):
        tokens.issue("p", "s", Right.VIEW, now=NOW, lasts_s=601)


def forged(key: bytes | None = KEY, algorithm: str = "HS256", **changed: object) -> str:
    said = {
        "iss": "ecc", "aud": "ecc-media", "sub": "p", "stream": "s", "right": "publish",
        "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 600,
    } | changed  # fmt: skip
    return jwt.encode({name: value for name, value in said.items() if value is not None}, key, algorithm)  # type: ignore[arg-type]


def test_the_forgery_itself_is_good(tokens: MediaTokens) -> None:
    assert tokens.read(forged(), now=NOW).person == "p"


@pytest.mark.parametrize(
    "token",
    [
        "", "x", "a.b.c", forged(b"j" * 32), forged(b"k" * 64, "HS512"), forged(None, "none"), forged(aud="other"), forged(iss="other"),
        forged(right="everything"), forged(sub=None), forged(stream=None), forged(exp=None), forged(iat=None),
        forged(exp=int(NOW.timestamp()) + 6_000), forged(iat=int(NOW.timestamp()) + 60), forged(exp="soon"), forged(exp=10**30),
    ],
)  # fmt: skip
def test_nothing_else_is_taken(tokens: MediaTokens, token: str) -> None:
    with pytest.raises(NotSignedIn):
        tokens.read(token, now=NOW)
    with pytest.raises(NotSignedIn):
        tokens.read(token[:-2] + "AA", now=NOW)
