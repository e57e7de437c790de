"""The second factor at sign-in: what may be typed, which code counts once, and how the ten codes on paper look (RFC 6238).

The arithmetic of a code stands in `data.credentials`; here is what a rule can say without a secret and without a clock.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from data.errors import BadInput
from data.rules.permissions import Role

DIGITS = 6
STEP_S = 30
EARLY_AND_LATE = 1  # steps: a phone's clock may be off by half a minute
RECOVERY_CODES = 10
RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
RECOVERY_LENGTH = 16  # 31**16: looking up the digest is the comparison
GROUP = 4

NOT_PEOPLE = frozenset(
    {
        Role.WALL, Role.GUEST, Role.STAGE, Role.DOOR, Role.PARTY, Role.ATTENDEE, Role.DIRECTOR, Role.CASE_SYSTEM, Role.DEVICE, Role.SYSTEM,
        Role.NOBODY,
    }
)  # nobody signs in as one of these with a password  # fmt: skip


def roles(said: Iterable[str]) -> frozenset[Role]:
    """The roles of `second_factor_for`, in whatever case they were written. Raises ValueError for a word that is no person's role."""
    return frozenset(_role(word) for word in said)


def _role(word: str) -> Role:
    role = Role(word.strip().lower())
    if role in NOT_PEOPLE:
        raise ValueError(word)
    return role


def typed(said: str) -> str:
    """Six digits, or one of the codes on paper without its gaps. Raises BadInput identity.code_form."""
    kept = re.sub(r"[\s·.-]", "", unicodedata.normalize("NFKC", said)).lower()
    if is_figures(kept) or (len(kept) == RECOVERY_LENGTH and set(kept) <= set(RECOVERY_LETTERS)):
        return kept
    raise BadInput("code", code="identity.code_form", digits=DIGITS)


def is_figures(code: str) -> bool:
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def counts(step: int | None, last_step: int | None) -> bool:
    """Whether a code of this step lets somebody in: none that was used, and none from before the one that was used last."""
    return step is not None and (last_step is None or step > last_step)


def steps_at(seconds: float) -> Sequence[int]:
    """The steps whose codes are taken at this moment (seconds since 1970)."""
    now = int(seconds // STEP_S)
    return range(now - EARLY_AND_LATE, now + EARLY_AND_LATE + 1)


def grouped(code: str) -> str:
    """As it is printed and read aloud: abcd efgh jkmn pqrs."""
    return " ".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))
