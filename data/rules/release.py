"""What may leave the house: proposed, masked, certified, live, revoked; to whom. `domain/rules.md` E.2, `model.md` B.6 (Release).

A certificate is for one file, named by its digest: whoever certifies has watched that file. What is masked anew begins anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, NotPermitted, RuleBroken, TransitionRefused


class Audience(StrEnum):
    PARTY = "PARTY"  # one party of the case
    SCREENING = "SCREENING"  # who sits before the stage
    PUBLIC = "PUBLIC"  # anyone


class ReleaseState(StrEnum):
    PROPOSED = "PROPOSED"
    MASKED = "MASKED"  # the file is there that is to be certified
    CERTIFIED_1 = "CERTIFIED_1"
    CERTIFIED_2 = "CERTIFIED_2"
    LIVE = "LIVE"
    REVOKED = "REVOKED"


CERTIFIERS = {Audience.PARTY: 1, Audience.SCREENING: 2, Audience.PUBLIC: 2}
CERTIFIABLE = frozenset({ReleaseState.MASKED, ReleaseState.CERTIFIED_1})
WHY_LONGEST = 120
KEPT_REVOKED = timedelta(days=30)  # E.4: released derivatives stay until revoked and thirty days more


class Cause(StrEnum):
    """Why a release was revoked."""

    DECIDED = "DECIDED"  # somebody of the court decided so
    OBJECTION = "OBJECTION"  # somebody recognised himself: first it stops, then it is looked at
    CHANGED = "CHANGED"  # the file on disk is another one than was certified
    MASKED_ANEW = "MASKED_ANEW"


@dataclass(frozen=True, slots=True)
class Certified:
    """Who has certified so far."""

    first: str | None = None
    second: str | None = None


def check_certificate(
    state: ReleaseState, audience: Audience, so_far: Certified, by: str, sha256: str, watched: str, minor: bool | None
) -> ReleaseState:
    """The state after this certificate. sha256: of the file as it is; watched: of the one that he has watched.

    Raises TransitionRefused release.state, RuleBroken release.other_file, .minor, NotPermitted release.same_person.
    """
    if state not in CERTIFIABLE:
        raise TransitionRefused(state, code="release.state")
    if watched != sha256:
        raise RuleBroken("another file", code="release.other_file")
    if minor is not False:
        raise RuleBroken("a minor", code="release.minor")
    if by == so_far.first:
        raise NotPermitted("the same person", code="release.same_person")
    number = 1 if so_far.first is None else 2
    if number < CERTIFIERS[audience]:
        return ReleaseState.CERTIFIED_1
    return ReleaseState.LIVE


def check_revocable(state: ReleaseState) -> None:
    """Raises TransitionRefused release.state: it is revoked already."""
    if state is ReleaseState.REVOKED:
        raise TransitionRefused(state, code="release.state")


def may_purge(states: Sequence[ReleaseState], last_revoked_at: datetime | None, now: datetime) -> bool:
    """Whether a masked file may go. states: of all releases of its clip; without any it waits for one."""
    if not states or last_revoked_at is None or any(state is not ReleaseState.REVOKED for state in states):
        return False
    return now - last_revoked_at >= KEPT_REVOKED


def audience(value: str) -> Audience:
    """Raises BadInput release.audience."""
    if value not in list(Audience):
        raise BadInput(value, code="release.audience")
    return Audience(value)
