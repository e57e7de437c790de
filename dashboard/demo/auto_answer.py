"""«演示：自动应答»: who plays duty officer and leader in the demonstration while nobody sits at a desk.

Both are people of their own whose titles say that they are played. They come by the doors that everybody uses: a one-time link, the desk's
verbs, `/live`, `/api`, `/join`, WHIP. As soon as somebody else has the call they keep their hands off it.
"""

import asyncio
import contextlib
import json
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import websockets

from dashboard.demo import clips
from dashboard.demo.clips import Clip
from dashboard.demo.plan import Plan
from dashboard.demo.publisher import publishing
from dashboard.i18n import t

log = logging.getLogger(__name__)

WAITS_S = 15.0  # so long a call rings for whoever may sit at a desk
ADMITS_S = 30.0  # so long the leader may take to come in
TALKS_S = 35.0  # so long he stays
TIMEOUT = httpx.Timeout(15.0)  # a page of the leader's waits ten seconds for something new
COOKIE = "ecc_desk"

Row = dict[str, Any]


class Refused(Exception):
    """A door said no, or what was waited for did not come: the play ends here."""


class AutoAnswer:
    """wait_s, pause_s, talk_s: how long a call rings, how long a person thinks between two keys, how long the leader stays."""

    def __init__(
        self, plan: Plan, folder: Path, wait_s: float = WAITS_S, pause_s: float = 1.5, talk_s: float = TALKS_S, of: int = clips.LEADER
    ) -> None:
        self._plan, self._folder, self._of = plan, folder, of
        self._wait_s, self._pause_s, self._talk_s = wait_s, pause_s, talk_s
        self._context = ssl.create_default_context(cafile=plan.verify) if plan.verify else None
        self._desk = self._browser()
        self._door: Row | None = None
        self._signing_in = asyncio.Lock()
        self._attending: dict[str, asyncio.Task[None]] = {}

    def called(self, unit: str, call: str, attend: str) -> None:
        """This unit calls, or its call is over."""
        before = self._attending.pop(unit, None)
        if before is not None:
            before.cancel()
        if call and attend:
            self._attending[unit] = asyncio.create_task(self.attend(call, story=attend == "story"))

    async def clip(self) -> Clip:
        return await asyncio.to_thread(clips.load, self._folder, self._of)

    async def aclose(self) -> None:
        for task in self._attending.values():
            task.cancel()
        await asyncio.gather(*self._attending.values(), return_exceptions=True)
        await self._desk.aclose()

    def _browser(self) -> httpx.AsyncClient:
        """With cookies of its own, as each person has one."""
        headers = {"Origin": self._plan.origin}
        verify = self._context or True
        return httpx.AsyncClient(base_url=self._plan.origin, timeout=TIMEOUT, verify=verify, headers=headers, trust_env=False)

    # --- the duty officer ---

    async def attend(self, call: str, *, story: bool) -> None:
        """From the ring to the end of the play; returns early when a person takes the call."""
        began = time.monotonic()
        try:
            await self._sign_in()
            async with self._seen() as seen:
                with contextlib.suppress(TimeoutError):
                    await seen.until(lambda: seen.is_somebodys(call), self._wait_s - (time.monotonic() - began))
                if seen.is_somebodys(call):
                    return
                await self._press("take_call", id=call)
                await self._think()
                await self._press("answer_call", id=call)
                await seen.until(lambda: seen.is_mine(call), ADMITS_S)
                if story:
                    await self._help(seen, call)
        except* (httpx.HTTPError, OSError, ValueError, KeyError, Refused, websockets.WebSocketException) as ended:
            log.info("the play of call %s ends: %s", call, ended.exceptions)

    async def _help(self, seen: "Seen", call: str) -> None:
        """The nearest team and the leader, unless a person has thought of them already."""
        await self._think()
        if seen.is_mine(call) and not seen.of("order", call):
            with contextlib.suppress(Refused):  # nobody is free
                await self._press("support", id=call, text=t("demo.auto_support"))
        await self._think()
        if seen.is_mine(call) and self._plan.leader and not any(each["kind"] == "LEADER" for each in seen.of("participant", call)):
            await self._invite(seen, call)

    async def _invite(self, seen: "Seen", call: str) -> None:
        asked = {"call": call, "officer": self._plan.leader, "ask": t("demo.auto_ask")}
        made = _told(await self._desk.post("/api/invitations", json=asked))
        async with asyncio.TaskGroup() as both:
            both.create_task(self._come(made, call))
            both.create_task(self._admit(seen, str(made["participant"])))

    async def _admit(self, seen: "Seen", leader: str) -> None:
        def place() -> Row:
            return seen.rows.get("participant", {}).get(leader, {})

        await seen.until(lambda: place().get("verified_at") or place().get("state") == "REFUSED", ADMITS_S)
        await self._think()
        if place().get("state") == "WAITING":
            await self._press("admit", id=leader)

    async def _think(self) -> None:
        await asyncio.sleep(self._pause_s)

    async def _sign_in(self) -> None:
        """The link is used once; what it gave lasts as long as this process."""
        async with self._signing_in:
            if COOKIE not in self._desk.cookies:
                await self._desk.post(f"/link/{self._plan.duty}")
            if COOKIE not in self._desk.cookies:
                raise Refused("no desk")

    async def _press(self, verb: str, **said: str) -> None:
        """A verb as the desk's page sends it. Raises Refused."""
        if self._door is None:
            page = {"Referer": f"{self._plan.origin}/centre/desk"}
            doors = (await self._desk.get("/centre/_dash-dependencies", headers=page)).raise_for_status().json()
            self._door = next(door for door in doors if door["inputs"] == [{"id": "verb", "property": "data"}])
        outputs = self._door["output"]
        pressed = {"verb": verb, "nonce": f"auto:{time.time_ns()}", **said}
        body = {
            "output": outputs,
            "outputs": [dict(zip(("id", "property"), one.rsplit(".", 1), strict=True)) for one in outputs.strip(".").split("...")],
            "inputs": [{"id": "verb", "property": "data", "value": pressed}],
            "changedPropIds": ["verb.data"],
            "state": [],
        }
        answer = (await self._desk.post("/centre/_dash-update-component", json=body)).raise_for_status()
        notice = answer.json().get("response", {}).get("notice", {}) if answer.content else {}
        if notice.get("data-code") != "":
            raise Refused(verb)

    @asynccontextmanager
    async def _seen(self) -> "AsyncIterator[Seen]":
        """What a desk sees, while inside."""
        address = self._plan.origin.replace("http", "ws", 1) + "/live?face=desk"
        headers = {"Cookie": f"{COOKIE}={self._desk.cookies[COOKIE]}", "Origin": self._plan.origin}
        async with websockets.connect(address, additional_headers=headers, ssl=self._context, max_size=None) as socket:
            seen = Seen()
            hearing = asyncio.create_task(seen.hear(socket))
            try:
                yield seen
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    # --- the leader ---

    async def _come(self, made: Row, call: str) -> None:
        """He opens his link, types the digits, waits, shows himself, explains, leaves, and says in one line what came out of it."""
        async with self._browser() as page:
            await page.post(httpx.URL(made["link"]).path)
            await self._think()
            _told(await page.post("/join/digits", json={"digits": made["digits"]}))
            said = await self._wait_in_room(page)
            given = _told(await page.post("/api/media/tokens?face=join", json={"call": call, "right": "publish"}))
            async with publishing(page, await self.clip(), given) as gone:
                await page.post("/join/voice", json={"call": call, "to": "scene"})
                await self._stay(page, said, gone)
            await page.post("/join/leave", json={})
            _told(await page.post("/join/conclude", json={"text": t("demo.auto_conclusion")}))

    async def _wait_in_room(self, page: httpx.AsyncClient) -> Row:
        said: Row = {}
        async with asyncio.timeout(ADMITS_S):
            while said.get("me", {}).get("state", "WAITING") == "WAITING":
                said = _told(await page.get("/join/state", params={"seen": said.get("version", "")}))
        if said["me"]["state"] != "IN":
            raise Refused("not admitted")
        return said

    async def _stay(self, page: httpx.AsyncClient, said: Row, gone: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._talk_s):
                while not gone.is_set() and not said["over"] and said["me"]["state"] == "IN":
                    said = _told(await page.get("/join/state", params={"seen": said["version"]}))


class Seen:
    """The rows that `/live` shows a desk."""

    def __init__(self) -> None:
        self.me = ""
        self.rows: dict[str, dict[str, Row]] = {}
        self._changed = asyncio.Condition()
        self._broken = False

    async def hear(self, socket: Any) -> None:
        try:
            async for message in socket:
                if isinstance(message, str):
                    async with self._changed:
                        self._take(json.loads(message))
                        self._changed.notify_all()
        finally:
            self._broken = True
            with contextlib.suppress(asyncio.CancelledError):
                async with self._changed:
                    self._changed.notify_all()

    def _take(self, said: Row) -> None:
        if said.get("type") == "hello":
            self.me = (said.get("me") or {}).get("id", "")
        elif said.get("type") == "snapshot":
            self.rows = said["rows"]
        elif said.get("type") == "rows":
            for kind, id_, row in said["rows"]:
                if row is None:
                    self.rows.get(kind, {}).pop(id_, None)
                else:
                    self.rows.setdefault(kind, {})[id_] = row

    async def until(self, true: Callable[[], object], seconds: float) -> None:
        """Raises TimeoutError, Refused (nothing is heard any more)."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: self._broken or true())
        if self._broken and not true():
            raise Refused("deaf")

    def is_somebodys(self, call: str) -> bool:
        """Whether a person has it, or it is over."""
        row = self.rows.get("call", {}).get(call)
        return row is not None and bool(row["owner_id"] or row["answered_at"] or row["ended_at"])

    def is_mine(self, call: str) -> bool:
        """Whether we answered it and it goes on."""
        row = self.rows.get("call", {}).get(call)
        return row is not None and row["owner_id"] == self.me and bool(row["answered_at"]) and not row["ended_at"]

    def of(self, kind: str, call: str) -> list[Row]:
        """Orders or participants of this call."""
        return [row for row in self.rows.get(kind, {}).values() if row["call_id"] == call]


def _told(answer: httpx.Response) -> Row:
    """Raises Refused."""
    if answer.is_error:
        raise Refused(f"{answer.request.url.path} {answer.status_code}")
    said: Row = answer.json()
    return said
