"""What a desk can do, by the word that its page sends. Holds no rule: the actions check who may and what is possible."""

from collections.abc import Callable, Mapping
from typing import Any

from data.actions.calls import answer_call, end_call, take_call
from data.actions.cases import CaseReport, report_case
from data.actions.centre_rings import ring_team, ring_unit
from data.actions.invitations import admit_leader, conclude_call, refuse_leader
from data.actions.links import approve_pairing
from data.actions.missions import MissionReport, report_mission
from data.actions.orders import send_support
from data.actions.participants import leave_call, release_command, take_command
from data.actions.parties import admit_party, mute_party, refuse_party, unmute_party
from data.actions.room_help import take_help
from data.actions.sos import acknowledge_sos, resolve_sos, respond_sos
from data.actions.walls import NO_FOCUS, drop_screen, steer_wall, take_back_wall
from data.actions.whispers import begin_speaking, begin_whisper, fall_silent, whisper
from data.errors import BadInput
from data.journal import Work
from data.rules import cases, missions
from data.rules.cases import CaseEvent, ClosingKind, SideState
from data.rules.missions import MissionStep
from data.rules.walls import VISITORS_LAYOUT

Asked = Mapping[str, Any]
Places = Mapping[int, tuple[float, float]]
Times = Mapping[int, float]
MISSION_STEPS = tuple(step for step in MissionStep if step is not MissionStep.ASSIGNED)
WITH_PLACES = frozenset({"support"})
CASE_EVENTS = tuple(event for event in CaseEvent if event is not CaseEvent.FILED)


def perform(work: Work, asked: Asked, places: Places | None = None, by_road_s: Times | None = None, visitors: bool = False) -> bool:
    """Do what the desk asked for. Returns False if that was so already. Raises BadInput for a verb that does not exist.

    places: where each unit with a fresh position is, for the verbs of `WITH_PLACES`. by_road_s: how long each of them would drive, where
    that is known.
    """
    verb = VERBS.get(str(asked.get("verb")))
    if verb is None:
        raise BadInput("verb", code="input.bad")
    return verb(work, {**asked, "places": places or {}, "by_road_s": by_road_s or {}, "visitors": visitors}) is not False


def steps() -> dict[str, Any]:
    """Which step is possible from where, for the page to draw the others quiet: it holds no rule of its own."""
    return {
        "mission": {
            state.value: [step.value for before, step in missions.STEPS if before is state and step in MISSION_STEPS]
            for state in missions.MissionState
        },
        "case": {stage.value: [after.value for after in cases.Stage if after in possible] for stage, possible in cases.NEXT.items()},
        "side": [side.value for side in SideState],
        "stops": [side.value for side in cases.STOPS],
        "closing": [kind.value for kind in ClosingKind],
        "nodes": cases.NODES[-1],
    }


def _text(asked: Asked, field: str) -> str:
    """Raises BadInput: not a text."""
    value = asked.get(field)
    if not isinstance(value, str):
        raise BadInput(field, code="input.bad")
    return value


def _number(asked: Asked, field: str) -> int:
    value = asked.get(field)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(field, code="input.bad")
    return value


# --- walls ---


def _steer(work: Work, asked: Asked) -> bool:
    """A layout. That of visitors takes names and planned times off the wire too, not only off the picture."""
    layout = _number(asked, "layout")
    return steer_wall(work, _text(asked, "id"), layout=layout, visitors=True if layout == VISITORS_LAYOUT else None)


def _visitors(work: Work, asked: Asked) -> bool:
    layout = _number(asked, "layout") if asked.get("layout") is not None else None
    return steer_wall(work, _text(asked, "id"), layout=layout, visitors=bool(asked.get("on")))


def _drop_screen(work: Work, asked: Asked) -> bool:
    return drop_screen(work, _text(asked, "id"), _text(asked, "screen"))


def _grid(work: Work, asked: Asked) -> bool:
    return steer_wall(work, _text(asked, "id"), grid=_text(asked, "grid"))


def _show(work: Work, asked: Asked) -> bool:
    return steer_wall(work, _text(asked, "id"), focus=(_text(asked, "kind"), _text(asked, "row")))


def _take_off(work: Work, asked: Asked) -> bool:
    return steer_wall(work, _text(asked, "id"), focus=NO_FOCUS)


# --- missions and cases ---


def _move(step: MissionStep) -> Callable[[Work, Asked], object]:
    return lambda work, asked: report_mission(work, MissionReport(id=_text(asked, "id"), event=step, at=work.now))


def _change(event: CaseEvent) -> Callable[[Work, Asked], object]:
    """The desk reports as the case system does; what an event does not name is not said."""

    def change(work: Work, asked: Asked) -> bool:
        said: dict[str, Any] = {
            field: _text(asked, field) for field in ("stage", "side_state", "closing_kind", "judge") if asked.get(field)
        }
        if event is CaseEvent.NODE:
            said["node"] = _number(asked, "node")
        return report_case(work, CaseReport(case_no=_text(asked, "case_no"), event=event, at=work.now, **said))

    return change


# --- talks ---


def _support(work: Work, asked: Asked) -> str:
    """The nearest free team, or the one that is named."""
    team = _text(asked, "team") if asked.get("team") else None
    text = _text(asked, "text") if asked.get("text") else None
    return send_support(work, _text(asked, "id"), asked["places"], team, text, asked["by_road_s"])


def _unit(asked: Asked) -> int:
    """The page knows a unit by its number as text."""
    said = _text(asked, "id")
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise BadInput("unit", code="unit.bad_number")
    return int(said)


def _pair(work: Work, asked: Asked) -> bool:
    return bool(approve_pairing(work, _text(asked, "code"), _text(asked, "name"), visitors=asked["visitors"]))


VERBS: dict[str, Callable[[Work, Asked], object]] = {
    "take_call": lambda work, asked: take_call(work, _text(asked, "id")),
    "answer_call": lambda work, asked: answer_call(work, _text(asked, "id")),
    "end_call": lambda work, asked: end_call(work, _text(asked, "id"), "finished"),
    "ring_unit": lambda work, asked: ring_unit(work, _unit(asked)),
    "ring_team": lambda work, asked: ring_team(work, _text(asked, "id")),
    "support": _support,
    "admit": lambda work, asked: admit_leader(work, _text(asked, "id")),
    "refuse_leader": lambda work, asked: refuse_leader(work, _text(asked, "id")),
    "admit_party": lambda work, asked: admit_party(work, _text(asked, "id")),
    "refuse_party": lambda work, asked: refuse_party(work, _text(asked, "id")),
    "mute_party": lambda work, asked: mute_party(work, _text(asked, "id")),
    "unmute_party": lambda work, asked: unmute_party(work, _text(asked, "id")),
    "whisper": lambda work, asked: whisper(work, _text(asked, "id"), _text(asked, "text")),
    "whisper_voice": lambda work, asked: begin_whisper(work, _text(asked, "id")),
    "speak": lambda work, asked: begin_speaking(work, _text(asked, "id")),
    "fall_silent": lambda work, asked: fall_silent(work, _text(asked, "id")),
    "command": lambda work, asked: take_command(work, _text(asked, "id")),
    "release_command": lambda work, asked: release_command(work, _text(asked, "id")),
    "leave_call": lambda work, asked: leave_call(work, _text(asked, "id")),
    "conclude": lambda work, asked: conclude_call(work, _text(asked, "text"), _text(asked, "id")),
    "take_sos": lambda work, asked: acknowledge_sos(work, _text(asked, "id")),
    "respond_sos": lambda work, asked: respond_sos(work, _text(asked, "id"), _text(asked, "team") if asked.get("team") else None),
    "resolve_sos": lambda work, asked: resolve_sos(work, _text(asked, "id"), False),
    "false_sos": lambda work, asked: resolve_sos(work, _text(asked, "id"), True),
    "take_help": lambda work, asked: take_help(work, _text(asked, "id")),
    "steer": _steer,
    "visitors": _visitors,
    "grid": _grid,
    "drop_screen": _drop_screen,
    "show": _show,
    "take_off": _take_off,
    "take_back": lambda work, asked: take_back_wall(work, _text(asked, "id")),
    "pair": _pair,
    **{f"mission_{step}": _move(step) for step in MISSION_STEPS},
    **{f"case_{event}": _change(event) for event in CASE_EVENTS},
}
