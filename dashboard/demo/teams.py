"""How a simulated team drives: out to its mission, on the scene, back to the court, out again. Pure: told how much time has passed."""

from dataclasses import dataclass, field
from typing import Literal

from dashboard.demo.way import Way
from geo.coordinates import Place

Phase = Literal["way", "site", "back", "idle"]
Report = Literal["arrived", "finished", "fruitless", "departed"]

APART_M = 140.0  # between two cars of a team on a road: on the wall one does not cover the other
CATCH_UP = 1.3  # how much faster than the first of them the others may be
STAND_M = 35.0  # between its members where it stands
ON_SITE_S, AT_COURT_S = 240.0, 60.0
FRUITLESS = ("二组",)  # nobody home


@dataclass
class Team:
    """One team on its way from the court to its goal. speed_mps: about 24, as a patrol car on a trunk road."""

    name: str
    way: Way
    phase: Phase
    metres: float  # of the first of them, from the court
    speed_mps: float
    left_s: float = 0.0  # so long it stays where it is
    members: int = 4
    _where: list[float] = field(init=False)  # metres of each member: they catch up, and never jump

    def __post_init__(self) -> None:
        self._where = [self._wanted(member) for member in range(self.members)]

    def step(self, passed_s: float, hurry: float = 1.0) -> Report | None:
        """Let time pass. hurry: how much faster waiting passes, not driving. Returns what the team would report now."""
        report = self._turn(passed_s, hurry)
        most = self.speed_mps * CATCH_UP * passed_s
        for member, metres in enumerate(self._where):
            self._where[member] = metres + min(max(self._wanted(member) - metres, -most), most)
        return report

    def place(self, member: int) -> tuple[Place, float, float]:
        """Where its n-th member is: place, heading in degrees, speed in m/s. They follow each other, and stand close together."""
        heading = self.way.bearing_deg(self._where[member])
        if self.phase == "back":
            heading = (heading + 180) % 360
        return self.way.at(self._where[member]), heading, self.speed_mps if self.phase in ("way", "back") else 0.0

    def _turn(self, passed_s: float, hurry: float) -> Report | None:
        if self.phase == "way":
            return self._drive(passed_s)
        if self.phase == "back":
            self.metres -= self.speed_mps * passed_s
            if self.metres <= 0:
                self.phase, self.metres, self.left_s = "idle", 0.0, AT_COURT_S
            return None
        self.left_s -= passed_s * hurry
        if self.left_s > 0:
            return None
        if self.phase == "idle":
            self.phase = "way"
            return "departed"
        self.phase = "back"
        return "fruitless" if self.name in FRUITLESS else "finished"

    def _drive(self, passed_s: float) -> Report | None:
        self.metres += self.speed_mps * passed_s
        if self.metres < self.way.length_m:
            return None
        self.phase, self.metres, self.left_s = "site", self.way.length_m, ON_SITE_S
        return "arrived"

    def _wanted(self, member: int) -> float:
        if self.phase == "idle":
            return member * STAND_M
        if self.phase == "site":
            return self.way.length_m - member * STAND_M
        apart = member * APART_M
        return max(self.metres - apart, member * STAND_M) if self.phase == "way" else self.metres + apart
