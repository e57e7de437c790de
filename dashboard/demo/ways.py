"""The roads that the simulated teams take, found once in the district's own road layer and kept beside it."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from dashboard.ways import road_graph
from data.settings import Settings
from geo.coordinates import Place

KEPT = "ways.json"
Ways = dict[str, list[tuple[float, float]]]


def find_ways(settings: Settings, court: Place, goals: Mapping[str, Place]) -> Ways:
    """The quickest way from the court to each team's goal. Geopandas takes a second to import: only the first start does it."""
    kept = settings.home / KEPT
    if kept.exists():
        found = msgspec.json.decode(kept.read_bytes(), type=Ways)
        if set(found) == set(goals):
            return found
    ways = _found(settings.layers / "roads.geojson", court, goals)
    kept.write_bytes(msgspec.json.encode(ways))
    return ways


def _found(roads: Path, court: Place, goals: Mapping[str, Place]) -> Ways:
    graph = road_graph(roads)
    return {team: graph.path(court, goal) for team, goal in goals.items()}
