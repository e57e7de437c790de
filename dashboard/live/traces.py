"""What a viewer does at its screen that leaves a trace in the journal."""

import logging

from dashboard.live.closing import MISBEHAVED, Gone
from dashboard.live.means import Means
from dashboard.live.viewer import Viewer
from data.actions import tracks, walls
from data.errors import CommandCentreError

log = logging.getLogger(__name__)


async def show_guests(means: Means, viewer: Viewer, on: bool) -> None:
    """Its own key has put the visitors' layout on, or taken it off."""
    try:
        await means.lanes.writer.run(means.journal.do, viewer.actor, means.now(), walls.note_guests, on)
    except CommandCentreError as error:
        log.warning("visitors before a wall left no trace: %s", error.code)


async def join_screen(means: Means, viewer: Viewer, screen: str) -> None:
    """It draws this part of its wall; from now on the others of the set miss it when it is gone."""
    viewer.screen, viewer.seen_ms = screen, means.now_ms()
    if viewer.actor.wall_id is None:
        return  # an officer who looks at a wall's page: he is no screen of it
    try:
        await means.lanes.writer.run(means.journal.do, viewer.actor, means.now(), walls.join_screen, viewer.actor.wall_id, screen)
    except CommandCentreError as error:
        log.warning("a screen did not join its wall: %s", error.code)


async def watch(means: Means, viewer: Viewer, unit: int) -> None:
    """Somebody follows one officer: that leaves a trace, and the officer's phone says so. A phone follows nobody. Raises Gone."""
    if viewer.face == "field":
        raise Gone(MISBEHAVED)
    if unit == viewer.watching:
        return
    if viewer.scope is None:
        viewer.wishes = unit
        return
    visible = viewer.scope.visible
    if visible is not None and unit not in visible:
        return
    viewer.watching = unit
    try:
        await means.lanes.writer.run(means.journal.do, viewer.actor, means.now(), tracks.watch_unit, unit)
    except CommandCentreError as error:
        log.warning("following unit %d left no trace: %s", unit, error.code)
        viewer.watching = None
