"""Missions: planned outings."""

from data.events.event import Event


class MissionAssigned(Event, frozen=True, kw_only=True):
    kind = "mission.assigned"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


class MissionDeparted(Event, frozen=True, kw_only=True):
    kind = "mission.departed"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


class MissionArrived(Event, frozen=True, kw_only=True):
    kind = "mission.arrived"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


class MissionFruitless(Event, frozen=True, kw_only=True):
    """扑空: nobody there. A first-class result, the team is on its way back."""

    kind = "mission.fruitless"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


class MissionFinished(Event, frozen=True, kw_only=True):
    kind = "mission.finished"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


class MissionCancelled(Event, frozen=True, kw_only=True):
    kind = "mission.cancelled"
    subject = "mission"
    mission_id: str
    team_id: str | None
    case_id: str | None
    unit_nos: tuple[int, ...] = ()


class MissionTrackKept(Event, frozen=True, kw_only=True):
    """精简轨迹: of a sealed day (archive_id: its seal) so many fixes of a unit stay with the mission. sha256: of the packed track."""

    kind = "mission.track_kept"
    subject = "mission"
    shown = False
    mission_id: str
    unit_no: int
    archive_id: str
    fixes: int
    kept: int
    sha256: str
