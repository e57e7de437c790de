"""Units: duty, declared silence, and the one word that says what a unit or a team is doing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, NotPermitted, RuleBroken
from data.rules.missions import MissionState
from data.rules.permissions import Actor, Role

RETURN_GRACE = timedelta(minutes=15)  # after the last mission's return duty ends by itself
SILENCE_MINUTES = range(5, 31)
STILL_HEARD = timedelta(seconds=60)  # after declaring silence the phone is heard a little longer, until the door of the cellar closes
UNIT_NUMBERS = range(1, 2**31)  # fits the packed frame and both databases

VEHICLE_KINDS = frozenset({"POLICE", "COMMAND", "TRANSPORT", "TOW"})


class UnitKind(StrEnum):
    OFFICER = "OFFICER"
    VEHICLE = "VEHICLE"


class Doing(StrEnum):
    """What a unit or team is doing, in the words that the map draws."""

    OFF = "off"  # off duty
    IDLE = "idle"  # 待命
    WAY = "way"  # 在途
    SITE = "site"  # 到场
    BACK = "back"  # 返程
    SILENT = "silent"  # 无信号, teams only: a unit keeps its word and has `silent_until_at` besides


_BY_MISSION = {MissionState.EN_ROUTE: Doing.WAY, MissionState.ON_SCENE: Doing.SITE}


def doing(on_duty: bool, mission: MissionState | None, returned: bool) -> Doing:
    """Of one unit. mission: of its team's mission that is under way, if there is one."""
    if not on_duty:
        return Doing.OFF
    if mission in _BY_MISSION:
        return _BY_MISSION[mission]
    return Doing.BACK if returned else Doing.IDLE


def team_doing(on_duty: int, silent: int, returned: int, mission: MissionState | None) -> Doing:
    """Of a team. on_duty, silent, returned: how many of its officers are so; silent wins only when none of them can be heard."""
    if not on_duty:
        return Doing.OFF
    if silent >= on_duty:
        return Doing.SILENT
    return doing(True, mission, returned > 0)


def number(value: object) -> int:
    """Raises BadInput unit.bad_number."""
    if isinstance(value, bool) or not isinstance(value, int) or value not in UNIT_NUMBERS:
        raise BadInput("unit number", code="unit.bad_number")
    return value


def silence_minutes(value: object) -> int:
    """Raises BadInput silence.bad_minutes; params: least, most."""
    if isinstance(value, bool) or not isinstance(value, int) or value not in SILENCE_MINUTES:
        raise BadInput("minutes", code="silence.bad_minutes", least=SILENCE_MINUTES.start, most=SILENCE_MINUTES.stop - 1)
    return value


def own(actor: Actor, unit_no: int, officer_id: str | None) -> None:
    """Duty, silence and calls are each unit's own. Raises NotPermitted unit.not_yours. SYSTEM speaks for every unit.

    officer_id: of the officer who is this unit; his own session at a desk counts too.
    """
    if actor.role is Role.SYSTEM or actor.unit_no == unit_no:
        return
    if actor.officer_id is not None and actor.officer_id == officer_id:
        return
    raise NotPermitted(f"unit {unit_no}", code="unit.not_yours")


def may_end_duty(open_alarms: Iterable[str]) -> None:
    """Raises RuleBroken duty.open_sos: as long as somebody waits for help, his position is needed."""
    if any(True for _ in open_alarms):
        raise RuleBroken("open alarm", code="duty.open_sos")


def ends_duty_at(returned_at: datetime) -> datetime:
    """When duty ends by itself."""
    return returned_at + RETURN_GRACE
