"""Turns that are forbidden: a net of roads in which nobody can take them, so that the quickest way is still found node by node.

Who comes to a junction by a road from which not every turn is allowed stands on a second node of the same place, from which only the
allowed arcs lead on; so does he on every bend after it, up to the next junction, where he may not have turned round: else he would come
back and take the forbidden turn from the other side.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.coordinates import FloatArray

Corner = tuple[float, float]


class Turn(NamedTuple):
    """At `via` for who comes from `before`, the corners next to it, longitude and latitude. only: no way but to `after`; else not that."""

    before: Corner
    via: Corner
    after: Corner
    only: bool


class TurnAt(NamedTuple):
    """The same by the numbers of places."""

    before: int
    via: int
    after: int
    only: bool


@dataclass(frozen=True, slots=True)
class Split:
    """arcs (m, 2) between nodes, their seconds (m,), and the place of each node (n,): the first nodes are the places themselves."""

    arcs: NDArray[np.intp]
    seconds: FloatArray
    at: NDArray[np.intp]


def numbered(turns: Iterable[Turn], places: FloatArray) -> list[TurnAt]:
    """By the numbers of the places (n, 2), longitude and latitude; what lies beyond the net is left out."""
    wanted = list(turns)
    sought = {corner for turn in wanted for corner in turn[:3]}
    if not sought:
        return []
    near = np.isin(places[:, 0], [lon for lon, _ in sought])
    number = {tuple(places[at].tolist()): int(at) for at in np.flatnonzero(near)}
    found = [TurnAt(number.get(before, -1), number.get(via, -1), number.get(after, -1), only) for before, via, after, only in wanted]
    return [turn for turn in found if min(turn[:3]) >= 0]


def split(arcs: NDArray[np.intp], seconds: FloatArray, count: int, turns: Iterable[TurnAt]) -> Split:
    """The net without these turns. A turn of which a road is not in the net, or after which there were no way on, is left out."""
    work = _Work(arcs, seconds, count)
    for turn in turns:
        work.forbid(turn)
    return work.done()


@dataclass
class _Work:
    arcs: NDArray[np.intp]
    seconds: FloatArray
    count: int
    _banned: dict[tuple[int, int], set[int]] = field(default_factory=dict)  # by the arc one comes on: the places one may not go to
    _nodes: dict[tuple[int, int, bool], int] = field(default_factory=dict)  # by that arc, and whether one may not turn round
    _at: list[int] = field(default_factory=list)
    _more: list[tuple[int, int, float]] = field(default_factory=list)
    _waiting: list[tuple[int, int, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._order = np.argsort(self.arcs[:, 0], kind="stable")
        self._starts = np.searchsorted(self.arcs[self._order, 0], np.arange(self.count + 1))

    def forbid(self, turn: TurnAt) -> None:
        on = self._leaving(turn.via)
        if turn.via not in self._leaving(turn.before) or turn.after not in on:
            return
        gone = set(on) - {turn.after} if turn.only else {turn.after}
        known = self._banned.get((turn.before, turn.via), set())
        if set(on) - gone - known:
            self._banned[turn.before, turn.via] = known | gone

    def done(self) -> Split:
        heads = self.arcs[:, 1].copy()
        for before, via in self._banned:
            here = self._order[self._starts[before] : self._starts[before + 1]]
            heads[here[self.arcs[here, 1] == via]] = self._stands(before, via, turning=True)
        while self._waiting:
            self._lead_on(*self._waiting.pop())
        more = np.array([pair[:2] for pair in self._more], np.intp).reshape(-1, 2)
        return Split(
            np.vstack([np.column_stack([self.arcs[:, 0], heads]), more]),
            np.concatenate([self.seconds, [pair[2] for pair in self._more]]),
            np.concatenate([np.arange(self.count), np.array(self._at, np.intp)]),
        )

    def _stands(self, before: int, here: int, turning: bool) -> int:
        """The node for who came so; a place that forbids him nothing is the place itself. turning: whether he may turn round."""
        came = before, here, turning
        if came in self._nodes:
            return self._nodes[came]
        if not turning and not self._allowed(*came):  # a dead end: there one turns round
            return self._stands(before, here, turning=True)
        if turning and (before, here) not in self._banned:
            return here
        node = self._nodes[came] = self.count + len(self._at)
        self._at.append(here)
        self._waiting.append(came)
        return node

    def _lead_on(self, before: int, here: int, turning: bool) -> None:
        on = self._allowed(before, here, turning)
        junction = len(on) > 1 and (before, here) not in self._banned
        for place, seconds in on.items():
            self._more.append((self._nodes[before, here, turning], self._stands(here, place, turning=junction), seconds))

    def _allowed(self, before: int, here: int, turning: bool) -> dict[int, float]:
        gone = self._banned.get((before, here), set()) | (set() if turning else {before})
        return {place: seconds for place, seconds in self._leaving(here).items() if place not in gone}

    def _leaving(self, place: int) -> dict[int, float]:
        """The places that arcs lead to, and how long the quickest takes."""
        found: dict[int, float] = {}
        for arc in self._order[self._starts[place] : self._starts[place + 1]].tolist():
            head = int(self.arcs[arc, 1])
            found[head] = min(float(self.seconds[arc]), found.get(head, np.inf))
        return found
