"""Secrets: made at random, shown once, kept only as digests. The only file that makes one or compares one.

Tokens are random (256 bits), so their SHA-256 is enough and looking it up is the comparison; what a person chooses is hashed by Argon2.
"""

import hashlib
import hmac
import os
import secrets
import unicodedata
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from data.errors import BadInput
from data.rules.identity import PASSWORD_LONGEST, PIN_SHORTEST, pin
from data.rules.links import CODE_LENGTH, CODE_LETTERS
from data.rules.second_factor import DIGITS, RECOVERY_LENGTH, RECOVERY_LETTERS, STEP_S, steps_at

TOKEN_BYTES = 32
TOKEN_LONGEST = 128  # what is longer is none of ours and is not even hashed
OSMAND_BYTES = 24  # 192 bits in 32 characters: short enough for Traccar Client's field «device identifier»
_TYPED_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # for a secret that is printed once and typed once

hasher = PasswordHasher()  # the library's own parameters follow RFC 9106; they travel inside each hash


def new_token() -> str:
    """256 random bits for a cookie, a device or a link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_osmand_key() -> str:
    """The `id` that a Traccar Client phone sends: positions of one device, nothing else."""
    return secrets.token_urlsafe(OSMAND_BYTES)


def new_code(length: int = CODE_LENGTH) -> str:
    """What a wall shows and a desk types; longer, what stands in a letter."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(length))


def new_password() -> str:
    """Five groups of four, about 99 bits, for the first account of a fresh installation."""
    return "-".join("".join(secrets.choice(_TYPED_LETTERS) for _ in range(4)) for _ in range(5))


def new_digits(count: int) -> str:
    """What a duty officer tells a leader by telephone."""
    return "".join(secrets.choice("0123456789") for _ in range(count))


def new_pin() -> str:
    """Six random figures that the rule for PINs takes, for the demonstration's desk."""
    while True:
        with suppress(BadInput):
            return pin("".join(secrets.choice("0123456789") for _ in range(PIN_SHORTEST)))


def new_factor_secret() -> str:
    """160 random bits in base 32, as authenticators take them."""
    return pyotp.random_base32()


def factor_address(secret: str, account: str, court: str) -> str:
    """What the QR code of an enrolment says: otpauth://…"""
    return pyotp.TOTP(secret, interval=STEP_S, digits=DIGITS).provisioning_uri(name=account, issuer_name=court)


def factor_code(secret: str, step: int) -> str:
    """The code that the authenticator shows in this step of half a minute."""
    return pyotp.TOTP(secret, interval=STEP_S, digits=DIGITS).generate_otp(step)


def factor_step(secret: str, code: str, at: datetime) -> int | None:
    """The step whose code this is, of those that count now; None: it is not the code."""
    found = None
    for step in steps_at(at.timestamp()):  # every one is compared, so that time does not tell which
        if hmac.compare_digest(factor_code(secret, step), code):
            found = step
    return found


def new_media_key() -> bytes:
    """256 random bits that sign the tokens for live video."""
    return secrets.token_bytes(TOKEN_BYTES)


def new_recovery_code() -> str:
    """One of the ten codes on paper, some 79 bits."""
    return "".join(secrets.choice(RECOVERY_LETTERS) for _ in range(RECOVERY_LENGTH))


def digest(token: str) -> str:
    """What is kept of a token; of an overlong one a digest that nothing has."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest() if len(token) <= TOKEN_LONGEST else ""


# --- what a person chooses --------------------------------------------------------------------------------------------------------


def hash_secret(chosen: str) -> str:
    """A password or PIN as it is stored. Takes some 50 ms and 64 MiB on purpose: never on an event loop, never inside a transaction."""
    return hasher.hash(chosen)


def matches(stored: str | None, typed: str) -> bool:
    """Whether this is the password or PIN. Takes as long when there is no account, so that time does not tell who has one."""
    if len(typed) > PASSWORD_LONGEST:
        return False
    try:
        hasher.verify(stored or _nobodys_hash(), unicodedata.normalize("NFKC", typed))
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


@cache
def _nobodys_hash() -> str:
    return hasher.hash(new_token())


# --- files in keys/ ---------------------------------------------------------------------------------------------------------------


def keep_secret(path: Path, text: str) -> None:
    """Write a secret that must be read once by its owner: a new file, 0600. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")


def issue_machine_token(keys: Path, name: str) -> str:
    """A new token for a machine (`case_system`), to be printed once; the machine's former token ends within five seconds."""
    token = new_token()
    path = _machine_file(keys, name)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.unlink(missing_ok=True)
    keep_secret(fresh, digest(token))
    fresh.replace(path)
    return token


def revoke_machine_token(keys: Path, name: str) -> None:
    """From now on this machine is nobody."""
    _machine_file(keys, name).unlink(missing_ok=True)


def machine_digest(keys: Path, name: str) -> str | None:
    """The digest of the machine's token; None when none was issued."""
    try:
        return _machine_file(keys, name).read_text().strip() or None
    except FileNotFoundError:
        return None


def _machine_file(keys: Path, name: str) -> Path:
    return keys / f"{name}.digest"
