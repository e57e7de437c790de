"""Who looks at this home now, whichever of its web processes serves him."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboard.live.viewer import Viewer
from streaming.others import Others, Said

BESIDE_S = 4.0  # what another process says of its viewers each second is believed for so long
DEVICES_EACH = 5

Doubtful = Mapping[int, tuple[int, str]]


@dataclass(slots=True)
class Present:
    """Who looks at one process now. Times in ms since 1970; heard_s: monotonic.

    walls: when each drew last; screens: the same of each screen of a wall that is several; watched: units, by how many; devices: which
    build their page is; doubtful: units whose positions are refused again and again.
    """

    walls: dict[str, int] = field(default_factory=dict)
    screens: dict[str, dict[str, int]] = field(default_factory=dict)
    watched: dict[int, int] = field(default_factory=dict)
    doubtful: dict[int, tuple[int, str]] = field(default_factory=dict)
    devices: dict[int, str | None] = field(default_factory=dict)
    heard_s: float = 0.0

    def add(self, there: "Present") -> None:
        """The newest of both; sums where both count."""
        for wall, at_ms in there.walls.items():
            self.walls[wall] = max(at_ms, self.walls.get(wall, 0))
        for wall, screens in there.screens.items():
            seen = self.screens.setdefault(wall, {})
            for screen, at_ms in screens.items():
                seen[screen] = max(at_ms, seen.get(screen, 0))
        for unit, count in there.watched.items():
            self.watched[unit] = self.watched.get(unit, 0) + count
        for unit, (count, code) in there.doubtful.items():
            self.doubtful[unit] = count + self.doubtful.get(unit, (0, ""))[0], code


class Presence:
    """viewers: those of this process; doubtful: units whose positions it refuses again and again."""

    def __init__(self, viewers: set[Viewer], others: Others, doubtful: Callable[[], Doubtful]) -> None:
        self._viewers, self._others, self._doubtful = viewers, others, doubtful
        self._beside: dict[int, Present] = {}  # by number of the process: who looks there
        self._told_devices_in = 0
        others.hear("present", self._hear)

    def connected(self) -> tuple[dict[str, int], dict[int, str | None]]:
        """Who is connected now: walls with when each drew last (ms, 0 before that), devices with the build of the page they have open."""
        walls: dict[str, int] = {}
        devices: dict[int, str | None] = {}
        for there in self._believed():
            walls |= there.walls
            devices |= there.devices
        walls |= {viewer.actor.wall_id: viewer.seen_ms for viewer in self._viewers if viewer.actor.wall_id}
        return walls, devices | self._devices()

    def everywhere(self) -> Present:
        """Ours, told to the others; and theirs, while they tell it."""
        here = self._here()
        if self._others.alone:
            return here
        self._say(here)
        for there in self._believed():
            here.add(there)
        return here

    def _believed(self) -> Iterator[Present]:
        now = time.monotonic()
        return (each for each in self._beside.values() if now - each.heard_s < BESIDE_S)

    def _here(self) -> Present:
        here = Present(screens=self._screens_seen(), doubtful=dict(self._doubtful()))
        here.walls = {viewer.actor.wall_id: viewer.seen_ms for viewer in self._viewers if viewer.actor.wall_id and viewer.seen_ms}
        for viewer in self._viewers:
            if viewer.watching is not None:
                here.watched[viewer.watching] = here.watched.get(viewer.watching, 0) + 1
        return here

    def _screens_seen(self) -> dict[str, dict[str, int]]:
        """Of each wall that is several screens: when each of them last said what it has drawn, ms since 1970."""
        seen: dict[str, dict[str, int]] = {}
        for viewer in self._viewers:
            if viewer.screen and viewer.actor.wall_id and viewer.seen_ms:
                of_wall = seen.setdefault(viewer.actor.wall_id, {})
                of_wall[viewer.screen] = max(viewer.seen_ms, of_wall.get(viewer.screen, 0))
        return seen

    def _devices(self) -> dict[int, str | None]:
        return {no: viewer.build for viewer in self._viewers if viewer.face == "field" and (no := viewer.actor.device_no) is not None}

    # --- of several web processes ---

    def _say(self, here: Present) -> None:
        said: dict[str, Any] = {
            "walls": here.walls,
            "screens": here.screens,
            "watched": [[unit, count] for unit, count in here.watched.items()],
            "doubtful": [[unit, count, code] for unit, (count, code) in here.doubtful.items()],
        }
        self._told_devices_in -= 1
        if self._told_devices_in < 0:  # thousands of phones: each fifth time
            self._told_devices_in = DEVICES_EACH - 1
            said["devices"] = [[no, build] for no, build in self._devices().items()]
        self._others.say("present", **said)

    def _hear(self, number: int, said: Said) -> None:
        """Raises KeyError, TypeError, ValueError."""
        there = self._beside.setdefault(number, Present())
        there.walls = {str(wall): int(at) for wall, at in said["walls"].items()}
        there.screens = {str(wall): {str(screen): int(at) for screen, at in seen.items()} for wall, seen in said["screens"].items()}
        there.watched = {int(unit): int(count) for unit, count in said["watched"]}
        there.doubtful = {int(unit): (int(count), str(code)) for unit, count, code in said["doubtful"]}
        if "devices" in said:
            there.devices = {int(no): build for no, build in said["devices"]}
        there.heard_s = time.monotonic()
