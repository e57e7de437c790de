"""One-time links and pairing codes: what they are for, how long they live, where they lead, who may make them."""

from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, NotFound
from data.rules.permissions import Actor, Role, Verb, may

LONGEST = timedelta(days=7)
CODE_LETTERS = "ACDEFHJKMNPQRTVWXY34679"  # none that looks like another from six metres: no B8, G6, I1L, O0, S5, UV, Z2 together
CODE_LENGTH = 6  # 23**6 codes of ten minutes each; only somebody signed in may try one
OPEN_PAIRINGS = 20  # walls waiting for an approval at once; more is not a court but a flood


class Purpose(StrEnum):
    ENROL = "enrol"  # a phone becomes an officer's device
    SIGN_IN = "sign_in"  # a desk opens for one officer
    HOST = "host"  # the same, for the host of screenings
    WALL = "wall"  # a browser becomes a wall
    DIRECTOR = "director"  # the demo's director
    LEADER = "leader"  # a leader joins one call from afar
    PARTY = "party"  # a party joins one call with his own phone
    STAGE = "stage"  # a browser becomes the stage of one screening
    DOOR = "door"  # a tablet becomes the door of one screening
    PAIRING = "pairing"  # a wall without a keyboard waits for the desk
    FACTOR = "factor"  # a password was right, the code of the authenticator is still missing
    RESET = "reset"  # an administrator who lost password or authenticator begins anew; made at the machine only


LIFETIME = {
    Purpose.ENROL: timedelta(hours=24),
    Purpose.SIGN_IN: timedelta(minutes=10),
    Purpose.HOST: timedelta(minutes=10),
    Purpose.WALL: timedelta(minutes=10),
    Purpose.DIRECTOR: timedelta(minutes=10),
    Purpose.LEADER: timedelta(minutes=15),
    Purpose.PARTY: timedelta(minutes=15),
    Purpose.STAGE: timedelta(minutes=15),
    Purpose.DOOR: timedelta(minutes=15),
    Purpose.PAIRING: timedelta(minutes=10),
    Purpose.FACTOR: timedelta(minutes=10),
    Purpose.RESET: timedelta(minutes=10),
}
NOT_BY_BUTTON = frozenset(
    {Purpose.PAIRING, Purpose.LEADER, Purpose.PARTY, Purpose.STAGE, Purpose.DOOR, Purpose.FACTOR}
)  # `/link/<secret>` does not know them: they have pages of their own
FACE = {
    Purpose.ENROL: "/field/",
    Purpose.SIGN_IN: "/centre/desk",
    Purpose.HOST: "/centre/screening/",
    Purpose.WALL: "/centre/wall",
    Purpose.DIRECTOR: "/demo",
    Purpose.LEADER: "/join/",
    Purpose.PARTY: "/party/",
    Purpose.STAGE: "/stage/",
    Purpose.DOOR: "/door/",
    Purpose.PAIRING: "/centre/wall",
    Purpose.FACTOR: "/sign-in/factor",
    Purpose.RESET: "/centre/admin/people",
}
_MAKERS = {
    Purpose.ENROL: Verb.ENROL_DEVICE,
    Purpose.SIGN_IN: Verb.MANAGE_PEOPLE,
    Purpose.HOST: Verb.MANAGE_PEOPLE,
    Purpose.WALL: Verb.PAIR_WALL,
}


def lifetime(purpose: Purpose, asked: timedelta | None = None) -> timedelta:
    """How long a link of this purpose lives; `asked` may be other than usual, up to a week. Raises BadInput link.lifetime."""
    if asked is None:
        return LIFETIME[purpose]
    if not timedelta(0) < asked <= LONGEST:
        raise BadInput("lifetime", code="link.lifetime", days=LONGEST.days)
    return asked


def may_make(actor: Actor, purpose: Purpose) -> bool:
    """The command line makes every link, people those of their work; a director's link is made by the command line only."""
    if actor.role is Role.SYSTEM:
        return True
    verb = _MAKERS.get(purpose)
    return verb is not None and may(actor, verb)


def is_open(expires_at: datetime, used_at: datetime | None, now: datetime) -> bool:
    """Whether a link can still be used."""
    return used_at is None and now < expires_at


def closed() -> NotFound:
    """Unknown, used and expired links get the same answer: what is gone tells nothing."""
    return NotFound("link", code="link.closed")


def read_code(typed: str) -> str:
    """The code as the wall shows it, from what somebody typed. Raises BadInput link.code_form."""
    kept = "".join(character for character in typed.upper() if not character.isspace() and character not in "-·.")
    if len(kept) != CODE_LENGTH or any(character not in CODE_LETTERS for character in kept):
        raise BadInput("code", code="link.code_form", length=CODE_LENGTH)
    return kept
