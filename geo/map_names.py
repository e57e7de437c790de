"""What a map file holds by its name, and what a build said of itself: for pages, which import nothing heavy."""

import json
from pathlib import Path
from typing import Any

MADE = "made.json"  # beside the layers: what they hold, and which came out of an extract: the operator's own are never replaced by such
# What a file holds, by its name; the operator may say it instead: streets=FILE.
KINDS = {
    "boundary": ("boundary", "border", "区界", "县界", "边界", "辖区"),
    "streets": ("street", "街道", "乡镇", "镇街"),
    "communities": ("communit", "社区", "村居"),
    "roads": ("road", "道路", "公路"),
    "water": ("water", "水系", "河流", "湖"),
    "green": ("green", "绿地", "林地"),
    "building": ("building", "建筑", "房屋"),
    "railway": ("rail", "铁路"),
    "place": ("place", "地名"),
}


def kind_of(name: str) -> str | None:
    """What a file holds, by its name; None: the operator must say it."""
    name = name.lower()
    if name.endswith((".osm.pbf", ".osm", ".pbf", ".osm.bz2", ".osm.gz")):
        return "osm"
    return next((kind for kind, words in KINDS.items() if any(word in name for word in words)), None)


def made_of(folder: Path) -> dict[str, Any]:
    """What the last build said of itself: counts, tiles, corners; empty where there was none."""
    try:
        said = json.loads((folder / MADE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
