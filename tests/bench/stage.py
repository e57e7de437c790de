"""A stage plays while the court is flooded: positions, calls, alarms and cases, each with words that nobody outside may read.

`--seconds`, `--per-second`: positions, and as many events of the journal (changes of cases, written beside the
product's, fifty in a transaction); calls, alarms and filed cases come as fast as they are answered. Every byte that the stage's browser
received is searched; the longest stall is the longest time without a new picture of the film beyond the film's own rhythm.
"""

import argparse
import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from playwright.async_api import Page
from sqlalchemy import select

from data.actions.cases import CaseReport, place_case, report_case
from data.journal import Work, head
from data.rules.cases import CaseEvent
from data.rules.permissions import Actor, Role
from data.tables import CaseRow
from tests.audience import PLAYS, open_stage, tapped
from tests.flood import CANARIES, WORDS, Flood
from tests.journeys.waiting import until_true
from tests.running import Product, seed
from tests.screenings import Court

CASES = 50  # changed in one transaction
PHONES = 60  # each may say twenty positions a second
EACH_MS = 50  # the film's pictures
FRAMES = """() => {
  const picture = document.querySelector('#picture');
  window.eccGaps = [];
  let before = performance.now();
  const frame = () => {
    const now = performance.now();
    eccGaps.push(now - before);
    before = now;
    picture.requestVideoFrameCallback(frame);
  };
  picture.requestVideoFrameCallback(frame);
}"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="stage")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--per-second", type=int, default=1_000)
    options = parser.parse_args(words)
    with Product(partial(seed, officers=PHONES)) as product:
        court = Court(product, seconds=options.seconds + 20, size=(1280, 720))
        try:
            return asyncio.run(_measure(court, options.seconds, options.per_second))
        finally:
            court.close()


async def _measure(court: Court, seconds: int, per_second: int) -> dict[str, Any]:
    _, release = await asyncio.to_thread(court.released)
    screening = court.planned({"release": release})
    async with tapped(court) as (browser, tap):
        stage = await open_stage(browser, court, screening)
        await asyncio.to_thread(court.told, f"/{screening}/begin", {})
        await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 0})
        await until_true(stage, PLAYS)
        async with Flood(court.product, per_second) as flood:
            with _cases_change(court, per_second):
                await asyncio.sleep(2)
                began, first = time.monotonic(), await asyncio.to_thread(_head, court)
                stall_ms = await _stall(stage, seconds)
                events_per_s = (await asyncio.to_thread(_head, court) - first) / (time.monotonic() - began)
        received = bytes(tap.heard)
    leaked = sum(received.count(canary.encode()) * len(canary.encode()) for canary in CANARIES)
    assert flood.sent["positions"] >= 0.9 * per_second * seconds, "the flood ran dry"
    assert events_per_s >= 0.8 * per_second, f"the journal took {events_per_s:.0f} events/s"
    said = {"seconds": seconds, "received_bytes": len(received), "leaked_bytes": leaked, "longest_stall_ms": stall_ms}
    return said | flood.sent | {"events_per_s": round(events_per_s)}


@contextlib.contextmanager
def _cases_change(court: Court, per_second: int) -> Iterator[None]:
    over = threading.Event()
    writing = threading.Thread(target=_change, args=(court, per_second, over))
    writing.start()
    try:
        yield
    finally:
        over.set()
        writing.join()


def _change(court: Court, per_second: int, over: threading.Event) -> None:
    """Files some cases, then says again and again where they lie."""
    case_system = Actor(kind="MACHINE", id=Role.CASE_SYSTEM, role=Role.CASE_SYSTEM, court_code=court.product.settings.court_code)
    ids = court.journal.do(case_system, datetime.now(UTC), _filed)
    turn, next_s = 0, time.monotonic()
    while not over.wait(max(0.0, next_s - time.monotonic())):
        court.journal.do(case_system, datetime.now(UTC), _placed, ids, turn)
        turn, next_s = turn + 1, next_s + CASES / per_second


def _filed(work: Work) -> list[str]:
    numbers = [f"（2026）岭0108执{7352 + number}号" for number in range(CASES)]
    for case_no in numbers:
        report_case(work, CaseReport(case_no=case_no, event=CaseEvent.FILED, at=work.now, cause=WORDS))
    work.session.flush()
    return list(work.session.scalars(select(CaseRow.id).where(CaseRow.case_no.in_(numbers))))


def _placed(work: Work, ids: list[str], turn: int) -> None:
    for case_id in ids:
        place_case(work, case_id, lat=23.1 + turn % 100 * 1e-5, lon=112.5)


def _head(court: Court) -> int:
    with court.database.reading() as session:
        return head(session)


async def _stall(stage: Page, seconds: int) -> float:
    await stage.evaluate(FRAMES)
    await asyncio.sleep(seconds)
    gaps: list[float] = await stage.evaluate("() => eccGaps.slice(1)")
    return round(max(gaps) - EACH_MS, 1)
