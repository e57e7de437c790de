"""Whether somebody invited would sit before pictures of his own case, of his creditor, or of his own community. `domain/jobs.md` C.4."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class In(StrEnum):
    """What a clip and somebody invited have in common."""

    CASE = "CASE"
    PARTY = "PARTY"
    AREA = "AREA"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A party of a case, so that the same one is found in another case."""

    name: str
    id_no: str | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """The cases, parties and communities behind one place of a programme, or behind one person invited. number: which, from one."""

    number: int
    cases: frozenset[str]
    parties: frozenset[Somebody]
    areas: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shared:
    """One clip that is not for one person. position: its place counted from one; attendee: the number of the person."""

    position: int
    attendee: int
    what: In


def conflicts(places: Sequence[Ground], people: Sequence[Ground]) -> list[Shared]:
    """By place, then by person; of each pair the nearest thing that they share."""
    found = []
    for place in sorted(places, key=lambda each: each.number):
        for person in sorted(people, key=lambda each: each.number):
            what = _shared(place, person)
            if what is not None:
                found.append(Shared(place.number, person.number, what))
    return found


def _shared(place: Ground, person: Ground) -> In | None:
    if place.cases & person.cases:
        return In.CASE
    if any(is_same(one, other) for one in place.parties for other in person.parties):
        return In.PARTY
    return In.AREA if place.areas & person.areas else None


def is_same(one: Somebody, other: Somebody) -> bool:
    """By the identity number where both are known; by the name otherwise: a namesake too many is better than one too few."""
    if one.id_no and other.id_no:
        return one.id_no.upper() == other.id_no.upper()
    return one.name == other.name
