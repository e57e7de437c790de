"""Walls: made, steered from a desk, taken off."""

from sqlalchemy import func, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held
from data.actions.participants import lose_places
from data.actions.sessions import close_stages_of_wall
from data.errors import BadInput, NotFound, RuleBroken
from data.events import WallPaired, WallRevoked, WallScreensChanged, WallStaged, WallSteered, WallTakenBack
from data.journal import Work
from data.rules import walls, words
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.rules.screening import OVER
from data.rules.walls import STAGE_LAYOUT, Focus, Grid
from data.tables import CallRow, MissionRow, ParticipantRow, ScreeningRow, SosRow, UnitRow, WallRow

_FOCUSED = {Focus.UNIT: UnitRow, Focus.MISSION: MissionRow, Focus.CALL: CallRow, Focus.SOS: SosRow}
NO_FOCUS = ("", "")


def add_wall(work: Work, name: str, *, visitors: bool = False) -> str:
    """A wall under its name (指挥大厅), last on the desks' list; visitors: without names first. Its id. Raises RuleBroken wall.exists."""
    allowed(work, Verb.PAIR_WALL)
    name = words.word(name, "name", 32)
    alive = WallRow.revoked_at.is_(None)
    if work.session.scalar(select(WallRow.id).where(alive, WallRow.name == name)) is not None:
        raise RuleBroken("wall", code="wall.exists")
    position = (work.session.scalar(select(func.max(WallRow.position)).where(alive)) or 0) + 1
    wall = WallRow(
        id=str(ULID.from_datetime(work.now)),
        court_code=work.court_code,
        name=name,
        position=position,
        layout=1,
        visitors=visitors,
        grid=Grid.MAIN,
        screens="",
    )
    work.session.add(wall)
    work.session.flush()
    work.record(WallPaired(wall_id=wall.id))
    return wall.id


def steer_wall(
    work: Work,
    wall_id: str,
    layout: int | None = None,
    focus: tuple[str, str] | None = None,
    visitors: bool | None = None,
    grid: str | None = None,
) -> bool:
    """Put a layout, a focus, visitors' mode or a video grid on a wall; what is None stays. The last command wins. Returns whether anything
    changed.

    focus: (unit|mission|call|sos, id), or ("", "") to take it off. grid: main|quad|single. Raises BadInput wall.layout_unknown,
    wall.layout_not_in_use, wall.focus_unknown, wall.grid_unknown, RuleBroken wall.on_stage.
    """
    allowed(work, Verb.STEER_WALL)
    wall = _held(work, wall_id)
    walls.check_steered(wall.layout)
    before, guests = _stands(wall), _guests(wall)
    if layout is not None:
        wall.layout = walls.layout(layout)
    if focus is not None:
        wall.focus_kind, wall.focus_id = _focus(work, *focus)
    if visitors is not None:
        wall.visitors = bool(visitors)
    if grid is not None:
        wall.grid = walls.grid(grid)
    if _stands(wall) == before:
        return False
    wall.steered_by, wall.steered_at = work.actor.officer_id, work.now
    if _guests(wall) != guests:
        record_audit(work, Act.VISITORS, "wall", wall_id, result="off" if guests else "on")
        if not guests:
            lose_places(work, ParticipantRow.wall_id == wall_id)  # a pass from before is good for minutes: it shows guests nothing
    work.record(WallSteered(wall_id=wall_id))
    return True


def stage_wall(work: Work, wall_id: str, screening_id: str) -> bool:
    """This wall becomes the stage of this screening: from this moment it has a stage's rights, which are none but what is released.

    Its pictures end at once. Only `take_back_wall` makes it a wall again, whatever becomes of the screening. Returns whether it was not so
    already. Raises NotFound, RuleBroken screening.over, wall.on_stage.
    """
    allowed(work, Verb.STEER_WALL)
    allowed(work, Verb.HOST_SCREENING)
    screening = found(work, ScreeningRow, words.ulid(screening_id), "not_found.screening")
    if screening.state in OVER:
        raise RuleBroken("over", code="screening.over")
    wall = _held(work, wall_id)
    if wall.layout == STAGE_LAYOUT and wall.focus_id == screening.id:
        return False
    walls.check_steered(wall.layout)
    wall.layout, wall.focus_kind, wall.focus_id = STAGE_LAYOUT, Focus.SCREENING, screening.id
    wall.steered_by, wall.steered_at = work.actor.officer_id, work.now
    lose_places(work, ParticipantRow.wall_id == wall.id)
    record_audit(work, Act.STAGE, "wall", wall.id, result="on")
    work.record(WallStaged(wall_id=wall.id, screening_id=screening.id))
    return True


def take_back_wall(work: Work, wall_id: str) -> bool:
    """The desk's wall again, with the everyday layout. Returns whether it was a stage."""
    allowed(work, Verb.STEER_WALL)
    wall = _held(work, wall_id)
    if wall.layout != STAGE_LAYOUT:
        return False
    wall.layout, wall.focus_kind, wall.focus_id = 1, None, None
    wall.steered_by, wall.steered_at = work.actor.officer_id, work.now
    close_stages_of_wall(work, wall.id, "taken_back")
    record_audit(work, Act.STAGE, "wall", wall.id, result="off")
    work.record(WallTakenBack(wall_id=wall.id))
    return True


def note_guests(work: Work, on: bool) -> None:
    """Somebody before the wall itself has put the visitors' layout on it, or taken it off: names and places went, or came back."""
    allowed(work, Verb.SEE_WALL)
    record_audit(work, Act.VISITORS, "wall", work.actor.wall_id, result="on" if on else "off")
    if on and work.actor.wall_id is not None:
        lose_places(work, ParticipantRow.wall_id == work.actor.wall_id)


def join_screen(work: Work, wall_id: str, screen: str) -> bool:
    """A browser of this wall draws this part of it: from now on it belongs to the set, and is missed when it is gone.

    Returns whether that is new. Raises BadInput wall.screen_unknown, NotFound.
    """
    allowed(work, Verb.SEE_WALL)
    wall = _held(work, wall_id)
    return _set_screens(work, wall, walls.screens([*_screens(wall), screen]))


def drop_screen(work: Work, wall_id: str, screen: str) -> bool:
    """The desk takes a screen out of the set: nobody misses it any more. Returns whether it was in it."""
    allowed(work, Verb.STEER_WALL)
    wall = _held(work, wall_id)
    return _set_screens(work, wall, walls.screens(each for each in _screens(wall) if each != screen))


def _screens(wall: WallRow) -> list[str]:
    return [each for each in wall.screens.split(",") if each]


def _set_screens(work: Work, wall: WallRow, screens: str) -> bool:
    if wall.screens == screens:
        return False
    wall.screens = screens
    work.record(WallScreensChanged(wall_id=wall.id))
    return True


def revoke_wall(work: Work, wall_id: str) -> bool:
    """From now on this wall shows nothing. Returns False if it was revoked already."""
    allowed(work, Verb.REVOKE_WALL)
    wall = held(work, WallRow, wall_id, "not_found.wall")
    if wall.revoked_at is not None:
        return False
    wall.revoked_at = work.now
    lose_places(work, ParticipantRow.wall_id == wall_id)
    work.record(WallRevoked(wall_id=wall_id))
    return True


def _held(work: Work, wall_id: str) -> WallRow:
    wall = held(work, WallRow, wall_id, "not_found.wall")
    if wall.revoked_at is not None:
        raise NotFound("revoked", code="not_found.wall")
    return wall


def _stands(wall: WallRow) -> tuple[object, ...]:
    return wall.layout, wall.focus_kind, wall.focus_id, wall.visitors, wall.grid


def _guests(wall: WallRow) -> bool:
    return walls.before_guests(wall.layout, wall.visitors)


def _focus(work: Work, kind: str, focus_id: str) -> tuple[str | None, str | None]:
    if (kind, focus_id) == NO_FOCUS:
        return None, None
    table = _FOCUSED[walls.focus_kind(kind)]
    key: str | int = focus_id
    if table is UnitRow:
        if not (focus_id.isascii() and focus_id.isdigit() and len(focus_id) < 10):
            raise BadInput("unit", code="unit.bad_number")
        key = int(focus_id)
    if work.session.get(table, key) is None:
        raise NotFound("focus", code=f"not_found.{kind}")
    return kind, focus_id
