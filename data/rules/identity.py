"""What a password and a PIN must be, and how long somebody waits who fails too often. The counting itself stands in `data.attempts`."""

import hashlib
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

import orjson

from data.errors import BadInput

PASSWORD_SHORTEST = 12
PASSWORD_LONGEST = 128  # hashing costs memory and time; nobody types more
PASSWORD_SIGNS = 6  # different characters at least
PIN_SHORTEST, PIN_LONGEST = 6, 8
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")

# Words that the guessing lists begin with, alone or with figures behind them.
_KNOWN_WORDS = {
    "password", "passw", "passwd", "admin", "administrator", "root", "guest", "user", "test", "demo", "default", "changeme", "welcome",
    "letmein", "qwerty", "qwertyuiop", "asdfghjkl", "zxcvbnm", "iloveyou", "court", "fayuan", "zhixing", "zhihuizhongxin", "mima",
    "woaini", "atakatak", "rabbitmq", "postgres", "redis", "valkey", "mysql", "oracle", "secret", "enforcement", "ecc",
}  # fmt: skip
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "01234567890",
)


class Act(StrEnum):
    """What leaves a trace for the inspector (`domain/rules.md` E.8), besides the events of the journal."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    LOCK = "lock"
    UNLOCK = "unlock"
    DENIED = "denied"
    USE_LINK = "use_link"
    PAIR_WALL = "pair_wall"
    READ_RESTRICTED = "read_restricted"
    READ_TRACK = "read_track"
    READ_AUDIT = "read_audit"
    READ_SHEET = "read_sheet"  # somebody opened the record of a talk with a party
    READ_PEOPLE = "read_people"  # somebody opened the names of those invited to a screening
    FLAG_PARTY = "flag_party"  # whether a party is a minor, ill or pregnant was set
    WATCH = "watch"  # a desk or wall selected one unit and followed it
    CHANGE_ACCOUNT = "change_account"
    CHANGE_SETTING = "change_setting"
    BUILD_MAP = "build_map"  # the court got another map, or its former one back
    RESET_ADMIN = "reset_admin"  # at the machine somebody made a link with which an administrator begins anew
    JOINT = "joint"  # what two people do together was proposed, confirmed, refused or withdrawn
    CHANGE_ROLE = "change_role"  # a role was proposed, confirmed, refused or withdrawn
    VISITORS = "visitors"
    STAGE = "stage"  # a wall was put before an audience, or taken back
    RING_FIELD = "ring_field"  # the centre rang an officer or a team: the inspector can read every such ring
    INVITE = "invite"
    ADMIT = "admit"
    ISSUE_TOKEN = "issue_token"
    REPLAY = "replay"  # somebody looked at a recording
    HOLD = "hold"  # a recording is kept, or is no longer
    BRING = "bring"  # an outside video was brought, as a source of clips
    RELEASE = "release"  # a clip was certified or revoked
    IMPORT = "import"  # rows of a workbook came in
    EXPORT = "export"  # everything that a workbook holds was written to a file
    BACKUP = "backup"  # everything was copied, encrypted, to a file
    RESTORE = "restore"  # the court came out of a backup
    PURGE = "purge"  # positions or recordings older than promised were removed


OF_A_PERSON = frozenset({Act.READ_RESTRICTED, Act.READ_TRACK, Act.WATCH})  # what «谁看过我» tells an officer


def trace_digest(words: Mapping[str, Any]) -> str:
    """SHA-256 over every word of an audit row, keys sorted, moments in UTC. It travels in the journal's chain."""
    plain = {key: _moment(value) if isinstance(value, datetime) else value for key, value in words.items()}
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


# --- what is accepted -------------------------------------------------------------------------------------------------------------


def username(typed: str) -> str:
    """The name of an account as it is kept: small letters, figures, and . _ - . Raises BadInput identity.bad_username."""
    kept = unicodedata.normalize("NFKC", typed).strip().lower()
    if not USERNAME.fullmatch(kept):
        raise BadInput("username", code="identity.bad_username")
    return kept


def same_username(typed: str) -> str:
    """What was typed, as a key to look up and to count failures by; never refuses, never longer than an account's name can be."""
    return unicodedata.normalize("NFKC", typed).strip().lower()[:64]


def password(chosen: str, of: str = "") -> str:
    """The password as it is hashed. Raises BadInput identity.password_short, password_long, password_known, password_simple.

    of: the account's name, which must not stand in it.
    """
    kept = unicodedata.normalize("NFKC", chosen)
    if len(kept) < PASSWORD_SHORTEST:
        raise BadInput("password", code="identity.password_short", shortest=PASSWORD_SHORTEST)
    if len(kept) > PASSWORD_LONGEST:
        raise BadInput("password", code="identity.password_long", longest=PASSWORD_LONGEST)
    if is_known(kept) or (len(of) > 3 and of.lower() in kept.lower()):
        raise BadInput("password", code="identity.password_known")
    if len(set(kept)) < PASSWORD_SIGNS or _is_row(kept):
        raise BadInput("password", code="identity.password_simple")
    return kept


def pin(chosen: str) -> str:
    """The PIN that opens a locked desk. Raises BadInput identity.pin_form, identity.pin_simple."""
    kept = unicodedata.normalize("NFKC", chosen).strip()
    if not (kept.isascii() and kept.isdigit() and PIN_SHORTEST <= len(kept) <= PIN_LONGEST):
        raise BadInput("pin", code="identity.pin_form", shortest=PIN_SHORTEST, longest=PIN_LONGEST)
    if len(set(kept)) < 3 or _is_row(kept):
        raise BadInput("pin", code="identity.pin_simple")
    return kept


def is_known(secret: str) -> bool:
    """Whether a secret is one that everybody tries first: empty, `admin`, `Password123!`, `guest`."""
    letters = re.sub(r"[^a-z]", "", secret.lower())
    return letters in _KNOWN_WORDS or not secret.strip() or (letters == "" and len(set(secret)) < PASSWORD_SIGNS)


def _is_row(text: str) -> bool:
    """Whether most of it only walks along an alphabet or a row of keys, forward, backward or standing."""
    small = text.lower()
    steps = sum(_is_step(before, after) for before, after in pairwise(small))
    return steps >= 0.7 * (len(small) - 1)


def _is_step(before: str, after: str) -> bool:
    return before == after or any(before + after in row or after + before in row for row in _ROWS)


# --- who fails too often ----------------------------------------------------------------------------------------------------------

WINDOW_S = 60.0
FREE_OF_PAIR = 6  # failures a minute of one account from one address
FREE_OF_ADDRESS = 30  # failures a minute of all accounts from one address: a hall of desks behind one address mistypes less
FIRST_WAIT_S = 10
LONGEST_WAIT_S = 900
FORGET_S = 3600.0  # so long without a failure and the next wait is the first again


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures that still count. Moments are seconds of a clock that never goes back."""

    recent: tuple[float, ...] = ()
    waits: int = 0  # how many waits were imposed already: each is twice as long as the one before
    until: float = -math.inf
    last: float = -math.inf


def failed(before: Failures, at: float, free: int) -> Failures:
    """One more failure. The `free`-th within a minute begins a wait, and after a wait every further one does."""
    if at - max(before.last, before.until) > FORGET_S:
        before = Failures()
    recent = (*(moment for moment in before.recent if at - moment < WINDOW_S), at)
    if len(recent) < free and not before.waits:
        return replace(before, recent=recent, last=at)
    return Failures(recent=(), waits=before.waits + 1, until=at + next_wait_s(before.waits), last=at)


def next_wait_s(waits: int) -> int:
    """10 s, 20, 40 … at most a quarter of an hour."""
    return int(min(FIRST_WAIT_S * 2 ** min(waits, 10), LONGEST_WAIT_S))


def wait_s(failures: Failures, at: float) -> int:
    """Whole seconds until the next attempt is looked at; 0: now."""
    return max(0, math.ceil(failures.until - at)) if failures.until > at else 0
