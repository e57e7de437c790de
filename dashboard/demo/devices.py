"""The simulated devices: a process of its own that knows addresses and tokens only, and speaks through the public doors."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from dashboard.demo.camera_wire import tell
from dashboard.demo.day import BEGINS, DAY, Step, seconds
from dashboard.demo.order_answers import OrderAnswers
from dashboard.demo.plan import Plan
from dashboard.demo.senders import CaseSystem, Device
from dashboard.demo.teams import Phase, Team
from dashboard.demo.way import Way
from dashboard.i18n import t

log = logging.getLogger(__name__)

EVERY_S = 1.0  # one fix of each simulated device
SPREAD_S = 0.5
OSMAND_EVERY = 5  # each fifth speaks as a Traccar Client
STANDS_S = 1_500.0  # the team whose call is the story stays on its scene
CUT_S = 10.0  # so long a part is frozen for the director
TIMEOUT = httpx.Timeout(4.0)


class Play:
    """The simulated day of one centre."""

    def __init__(self, plan: Plan, client: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic) -> None:
        self.plan = plan
        self._client = client
        self.cases = CaseSystem(client, plan.case_token)
        simulated = [unit for unit in plan.devices if unit.driver in plan.ways]
        self.devices = [Device(client, unit, number % OSMAND_EVERY == 4) for number, unit in enumerate(simulated)]
        self.nobodys = [Device(client, unit) for unit in plan.devices if unit.driver is None]
        self.teams = {name: _team(name, Way(corners), number) for number, (name, corners) in enumerate(plan.ways.items())}
        self.skipped_s = 0.0
        self._clock = clock
        self._began = self._stepped = clock()
        self._missions = dict(plan.missions)
        self._planned = dict(plan.planned)
        self._cases = {stage: list(numbers) for stage, numbers in plan.cases.items()}
        self._named: dict[str, str] = {}
        self._dark: dict[str, float] = {}  # teams without signal, until when
        self._step = 0
        self._thawing: set[asyncio.Task[None]] = set()
        self._frozen: set[int] = set()

    # --- time ---

    @property
    def clock_s(self) -> float:
        """The court's clock as the script has it: seconds since midnight."""
        return seconds(BEGINS) + (self._clock() - self._began) * self.plan.speed + self.skipped_s

    def advance(self) -> None:
        """Let the teams drive up to now; what they would report is told by the case system."""
        now = self._clock()
        passed, self._stepped = now - self._stepped, now
        for team in self.teams.values():
            report = team.step(min(passed, EVERY_S), self.plan.speed)
            if report == "departed":
                self._depart(team.name)
            elif report is not None and team.name in self._missions:
                self.cases.tell("missions", {"id": self._missions[team.name], "event": report})

    def _depart(self, team: str) -> None:
        """Out to the planned mission; there is none left: the team drives out all the same, to patrol."""
        mission = self._planned.pop(team, None)
        self._missions.pop(team, None)
        if mission is not None:
            self._missions[team] = mission
            self.cases.tell("missions", {"id": mission, "event": "departed"})

    # --- the wheels ---

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as wheels:
                wheels.create_task(self.cases.run())
                wheels.create_task(self._stand())
                wheels.create_task(self._read_script())
                for number, device in enumerate(self.devices):
                    wheels.create_task(self._drive(device, number))
                for answers in self._phones_that_answer():
                    wheels.create_task(answers.run())
        finally:
            self.thaw()

    def _phones_that_answer(self) -> list[OrderAnswers]:
        """Of each simulated team the first officer's; of the team that stands about one, for the story."""
        context = ssl.create_default_context(cafile=self.plan.verify) if self.plan.verify else None
        first = {str(unit.driver): unit for unit in reversed(self.plan.devices) if unit.driver in self.plan.ways and not unit.vehicle}
        answers = [OrderAnswers(self._client, self.plan.origin, unit, context) for unit in first.values()]
        if self.plan.helper is not None:
            answers.append(OrderAnswers(self._client, self.plan.origin, self.plan.helper, context, only=t("demo.auto_support")))
        return answers

    async def _drive(self, device: Device, number: int) -> None:
        """One fix each second; all devices within its first half, so that what moves is seen to move as soon as a wall is open."""
        team = self.teams[str(device.unit.driver)]
        member = [each for each in self.devices if each.unit.driver == device.unit.driver].index(device)
        due = self._clock() + SPREAD_S * number / len(self.devices)
        while True:
            await asyncio.sleep(max(0.0, due - self._clock()))
            due = max(due + EVERY_S, self._clock())
            self.advance()
            if self._dark.get(team.name, 0.0) < self._clock():
                device.note(*team.place(member), battery=battery(number, self.clock_s))
                await device.flush()

    async def _stand(self) -> None:
        """Each device that nobody drives says once where it was put; then it is silent for good."""
        waiting = list(self.nobodys)
        for device in waiting:
            device.note_standing()
        while waiting:
            for device in waiting:
                await device.flush()
                if device.idle and not device.believed:  # refused, as a centre may do that has not read its duties yet
                    device.note_standing()
            waiting = [device for device in waiting if not device.believed]
            await asyncio.sleep(0.3)

    async def _read_script(self) -> None:
        while self._step < len(DAY):
            if DAY[self._step].second <= self.clock_s:
                self._step += 1
                await self.do(DAY[self._step - 1])
            else:
                await asyncio.sleep(0.2)

    async def do(self, step: Step) -> bool:
        """One line of the script."""
        if step.act == "case":
            self._change_case(step)
            return True
        device = next(each for each in self.devices if each.unit.driver == step.team)
        device.note(*self.teams[step.team].place(0))
        if step.act == "silence":
            return await self._go_dark(step)
        acts: dict[str, Callable[[], Awaitable[bool]]] = {
            "call": lambda: self._call(device, step.attend), "sos": lambda: device.press("sos"), "end_call": lambda: self._hang_up(device)
        }  # fmt: skip
        return await acts[step.act]()

    async def _call(self, device: Device, attend: str) -> bool:
        done = await device.press("calls")
        if done:
            await tell(Path(self.plan.run), device.unit.unit, device.call_id or "", attend)
        return done

    async def _hang_up(self, device: Device) -> bool:
        await tell(Path(self.plan.run), device.unit.unit, "")
        return await device.end_call()

    def _change_case(self, step: Step) -> None:
        """The case system tells of the next case in that stage; when none is left there, nothing happens."""
        if step.stage:
            left = self._cases.get(step.stage)
            case_no = left.pop(0) if left else None
        else:
            case_no = self._named.get(step.name)
        if case_no is not None:
            self._named[step.name] = case_no
            self.cases.tell("cases", {"case_no": case_no, **step.says})

    async def _go_dark(self, step: Step) -> bool:
        said = [
            await device.silence(step.minutes) for device in self.devices if device.unit.driver == step.team and not device.unit.vehicle
        ]
        self._dark[step.team] = self._clock() + step.minutes * 60 / self.plan.speed
        return all(said)

    # --- for the director ---

    def skip_to(self, clock: str) -> None:
        """Put the script's clock forward. Changes of cases on the way happen, calls and alarms do not. Raises ValueError."""
        to = seconds(clock)
        if to <= self.clock_s:
            raise ValueError(clock)
        while self._step < len(DAY) and DAY[self._step].second < to:
            step = DAY[self._step]
            if step.act == "case":
                self._change_case(step)
            self._step += 1
        self.skipped_s += to - self.clock_s

    def freeze(self, part: str) -> None:
        """Stop a part of the centre by signal and let it go on after ten seconds. Raises KeyError, OSError."""
        pid = json.loads((Path(self.plan.run) / "pids.json").read_text())[part]
        os.kill(pid, signal.SIGSTOP)
        self._frozen.add(pid)

        async def thaw() -> None:
            await asyncio.sleep(CUT_S)
            self._go_on(pid)

        task = asyncio.create_task(thaw())
        self._thawing.add(task)
        task.add_done_callback(self._thawing.discard)

    def thaw(self) -> None:
        """Nothing stays frozen when we end."""
        for pid in list(self._frozen):
            self._go_on(pid)

    def _go_on(self, pid: int) -> None:
        self._frozen.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _team(name: str, way: Way, number: int) -> Team:
    """Where each team is when the day begins: 三组 on its scene, 七组 on its way back, the others out on the road."""
    phase: Phase = "site" if name == "三组" else "back" if name == "七组" else "way"
    metres = {"site": way.length_m, "back": way.length_m * 0.8, "way": way.length_m * 0.12 + 450}[phase]
    return Team(name, way, phase, metres, 24.0 + number % 3 * 0.4, STANDS_S if phase == "site" else 0.0)


def battery(number: int, clock_s: float) -> int:
    """Percent: each phone began the day with another charge and loses eight an hour; one is nearly empty."""
    if number == 25:
        return 11
    return max(5, 96 - number * 2 - int((clock_s - seconds(BEGINS)) / 450))


async def serve(play: Play) -> None:
    """Play the day, and take the director's orders on a Unix socket of this user."""
    path = play.plan.wire
    path.unlink(missing_ok=True)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            order = json.loads(await asyncio.wait_for(reader.readline(), 5))
            writer.write(json.dumps(await obey(play, order)).encode() + b"\n")
            await writer.drain()
        except (ValueError, TimeoutError, OSError) as error:
            log.warning("an order was not understood: %s", type(error).__name__)
        finally:
            writer.close()

    try:
        with _own_files():
            server = await asyncio.start_unix_server(answer, path)
    except OSError as error:  # a home with a very long path: the day is played without a director
        log.warning("no wire for the director: %s", error.strerror or error)
        await play.run()
        return
    async with server:
        await play.run()


@contextmanager
def _own_files() -> Iterator[None]:
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)


async def obey(play: Play, order: dict[str, Any]) -> dict[str, Any]:
    """{"act": call | sos | silence | freeze | skip | state, …} → {"ok", "clock", "teams"}."""
    act, done = order.get("act"), True
    try:
        if act in ("call", "sos", "silence"):
            done = await play.do(Step("", str(act), team=str(order["team"]), minutes=int(order.get("minutes", 14))))
        elif act == "freeze":
            play.freeze(str(order["part"]))
        elif act == "skip":
            play.skip_to(str(order["to"]))
        else:
            done = act == "state"
    except (KeyError, ValueError, OSError, StopIteration):
        done = False
    return {"ok": done, "clock_s": int(play.clock_s), "teams": {name: team.phase for name, team in play.teams.items()}}


def run(plan: Plan) -> int:
    """The process's whole life."""

    async def live() -> None:
        limits = httpx.Limits(max_connections=40, max_keepalive_connections=40)
        verify = ssl.create_default_context(cafile=plan.verify) if plan.verify else True
        headers = {"User-Agent": "ecc-demo"}
        async with httpx.AsyncClient(
            base_url=plan.origin, timeout=TIMEOUT, limits=limits, verify=verify, headers=headers, trust_env=False
        ) as client:
            await serve(Play(plan, client))

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would write a line for each fix
    signal.signal(signal.SIGTERM, end)
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(live())
    return 0
