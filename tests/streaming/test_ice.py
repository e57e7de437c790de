"""TURN credentials and the list of servers that a page gets."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.settings import Settings
from streaming.ice import LIFETIME_S, IceServers, credential, load_ice

NOW = datetime(2026, 11, 23, 1, 38, tzinfo=UTC)
URL = "turn:turn.court.example:3478?transport=udp"


@given(st.text("abcXYZ019_-", min_size=1, max_size=64))
def test_a_credential_says_until_when_and_for_whom_and_its_password_is_the_hmac(person: str) -> None:
    username, password = credential(b"secret", person, NOW)
    expiry, whom = username.split(":")
    assert (int(expiry), whom) == (int(NOW.timestamp()) + LIFETIME_S, person)
    assert base64.b64decode(password) == hmac.new(b"secret", username.encode(), hashlib.sha1).digest()


@pytest.mark.parametrize("person", ["", "device:17", "9999999999:1001", "陈演一", "chen yi", 'chen"yi', "x" * 65, "chen\n"])
def test_what_is_no_id_stands_there_as_a_digest(person: str) -> None:
    """A name must not travel in packets, and a colon or a quote must not end the user name or the header."""
    username, _ = credential(b"secret", person, NOW)
    whom = username.partition(":")[2]
    assert len(whom) == 32
    assert int(whom, 16)
    assert not person or person not in username
    assert credential(b"secret", person + "x", NOW)[0] != username


def test_without_a_server_of_ours_nobody_is_given_one(tmp_path: Path) -> None:
    ice = load_ice(Settings.of(home=tmp_path))
    assert (ice.of("1001", NOW), ice.links("1001", NOW)) == ([], [])
    assert not (tmp_path / "keys/turn.secret").exists()


def test_page_and_whip_get_the_same_server_and_credential() -> None:
    ice = IceServers((URL,), b"secret")
    (server,) = ice.of("1001", NOW)
    assert server["urls"] == [URL]
    (link,) = ice.links("1001", NOW)
    assert link == (
        f'<{URL}>; rel="ice-server"; username="{server["username"]}"; credential="{server["credential"]}"; credential-type="password"'
    )


def test_the_secret_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path, turn_urls=(URL,))
    assert load_ice(settings) == load_ice(settings)
    assert (tmp_path / "keys/turn.secret").stat().st_mode & 0o077 == 0
    assert len(load_ice(settings).secret) == 64
