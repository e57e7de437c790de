"""The socket of one viewer from accept to farewell: what is sent, and what its page says."""

import asyncio
import re
import time

import orjson
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from dashboard.live.closing import MISBEHAVED, Gone, close, code_in, deny
from dashboard.live.means import Means
from dashboard.live.scopes import Scopes
from dashboard.live.traces import join_screen, show_guests, watch
from dashboard.live.viewer import Viewer
from dashboard.live.viewing import Viewing, may_see
from data.rules import walls
from data.rules.permissions import Actor

INBOUND_BYTES = 4_096
INBOUND_PER_S = 50
VIEWERS_MOST = 2_000
BUILD = re.compile(r"[\w.-]{1,64}")  # what a page says of its own version


class Door:
    """Lets viewers in, and looks after each until it ends."""

    def __init__(self, means: Means, scopes: Scopes, viewing: Viewing) -> None:
        self._means, self._scopes, self._viewing = means, scopes, viewing

    async def serve(self, socket: WebSocket, face: str, actor: Actor | None) -> None:
        """One viewer. The gate has refused strangers and foreign pages before."""
        if actor is None or face not in ("wall", "desk", "field") or not may_see(actor, face):
            await deny(socket, 401 if actor is None else 403)
            return
        if len(self._scopes.viewers) >= VIEWERS_MOST:
            await deny(socket, 503)
            return
        await socket.accept()
        build = socket.query_params.get("build", "")
        viewer = Viewer(socket, actor, face, build=build if BUILD.fullmatch(build) else None, task=asyncio.current_task())
        self._scopes.viewers.add(viewer)
        try:
            code = await self._look_after(viewer)
        except asyncio.CancelledError:
            if viewer.close_code is None:
                raise
            return  # cut off: a farewell would wait behind what it does not take
        finally:
            self._scopes.viewers.discard(viewer)
            self._scopes.leave(viewer)
        await close(socket, code)

    async def _look_after(self, viewer: Viewer) -> int:
        """Until it ends. Returns the code to close with."""
        return_code = 1000
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in (self._viewing.enter, self._send, self._receive):
                    tasks.create_task(part(viewer))
        except* Gone as gone:
            return_code = code_in(gone)
        except* (WebSocketDisconnect, RuntimeError, OSError):
            pass  # the viewer has left
        return return_code

    async def _send(self, viewer: Viewer) -> None:
        while True:
            await viewer.woken.wait()
            viewer.woken.clear()
            if viewer.close_code is not None:
                raise Gone(viewer.close_code)
            while (message := viewer.take()) is not None:
                viewer.sending_since = time.monotonic()
                await viewer.socket.send({"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message})
            viewer.sending_since = None

    async def _receive(self, viewer: Viewer) -> None:
        """A socket that sends also receives: only so it learns that the viewer has left."""
        second, count = 0, 0
        while True:
            message = await viewer.socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1000))
            now = int(time.monotonic())
            second, count = (second, count + 1) if now == second else (now, 1)
            text = message.get("text")
            if text is None or len(text) > INBOUND_BYTES or count > INBOUND_PER_S:
                raise Gone(MISBEHAVED)
            await self._heard(viewer, text)

    async def _heard(self, viewer: Viewer, text: str) -> None:
        try:
            said = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Gone(MISBEHAVED) from None
        match said:
            case {"type": "seen", "drawn_seq": int()}:
                viewer.seen_ms = self._means.now_ms()
            case {"type": "board", "on": bool(on)}:
                viewer.board = on
            case {"type": "screen", "screen": str(screen)} if viewer.face == "wall" and screen in list(walls.Screen):
                await join_screen(self._means, viewer, screen)
            case {"type": "guests", "on": bool(on)} if viewer.face == "wall":
                await self._show_guests(viewer, on)
            case {"type": "watch", "unit": None}:
                viewer.watching = viewer.wishes = None
            case {"type": "watch", "unit": str(unit)} if unit.isascii() and unit.isdigit() and len(unit) < 10:
                await watch(self._means, viewer, int(unit))
            case _:
                raise Gone(MISBEHAVED)

    async def _show_guests(self, viewer: Viewer, on: bool) -> None:
        """It sees no more than they may, whatever its page would hide."""
        if on != viewer.guests:
            viewer.guests = on
            self._viewing.follow_sight(viewer)
            await show_guests(self._means, viewer, on)
