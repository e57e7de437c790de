"""Turns that an OpenStreetMap extract says are forbidden: relations of type restriction, at a node, for cars, at all hours."""

from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import osmium

from geo.turns import Corner, Turn

KINDS = ("no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit")
ONLY = ("only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn")
CARS = frozenset({"motorcar", "motor_vehicle", "vehicle"})
MOST = 200_000  # of one extract; the whole of a country has fewer


@dataclass(frozen=True, slots=True)
class _Restriction:
    before: tuple[int, ...]  # ways
    via: int  # node
    after: tuple[int, ...]
    only: bool


@dataclass
class Restrictions:
    """Those of one file. It is gone through twice: its relations are read here, then it is shown its ways."""

    path: Path
    _found: list[_Restriction] = field(default_factory=list)
    _ends: dict[int, list[tuple[int, Corner, Corner]]] = field(
        default_factory=dict
    )  # of a way: node at its end, where, and the next corner

    def __post_init__(self) -> None:
        wanted = osmium.filter.KeyFilter("restriction")
        for relation in osmium.FileProcessor(str(self.path), osmium.osm.RELATION).with_filter(wanted):
            if (found := _restriction(relation)) and len(self._found) < MOST:
                self._found.append(found)
                self._ends |= {way: [] for way in (*found.before, *found.after)}

    def see(self, way: Any) -> None:
        """A way with the places of its nodes."""
        ends = self._ends.get(way.id)
        if ends is None or len(way.nodes) < 2:
            return
        for at, beside in ((0, 1), (-1, -2)):
            end, near = way.nodes[at], way.nodes[beside]
            if end.location.valid() and near.location.valid():
                ends.append((end.ref, (end.location.lon, end.location.lat), (near.location.lon, near.location.lat)))

    def turns(self) -> list[Turn]:
        """Of those whose roads the extract holds, and end at their node. A road that ends there with both its ends counts with both."""
        return [
            Turn(near, here, away, each.only)
            for each in self._found
            for before, after in product(each.before, each.after)
            for (node, here, near), (other, _, away) in product(self._ends[before], self._ends[after])
            if node == other == each.via and (near != away or before == after)
        ]


def _restriction(relation: Any) -> _Restriction | None:
    kind = relation.tags.get("restriction", "")
    if relation.tags.get("type") != "restriction" or kind not in (*KINDS, *ONLY):
        return None
    if CARS & set(relation.tags.get("except", "").split(";")):
        return None
    by_role: dict[str, list[tuple[str, int]]] = {}
    for member in relation.members:
        by_role.setdefault(member.role, []).append((member.type, member.ref))
    ways = {role: tuple(ref for kind, ref in by_role.get(role, ()) if kind == "w") for role in ("from", "to")}
    via = by_role.get("via", [])
    if len(via) != 1 or via[0][0] != "n" or not ways["from"] or not ways["to"]:
        return None  # by a road in between: few, and a longer memory than a node has
    return _Restriction(ways["from"], via[0][1], ways["to"], kind in ONLY)
