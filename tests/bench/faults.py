"""Every part killed and frozen while phones call, then the wall's packets dropped: how soon it is said, how soon right, what was lost.

`--frozen` seconds of SIGSTOP (30), `--cut` seconds without packets (60), `--rounds` of each (2), `--parts` which; `--drop` drops them in
the kernel (as root in a network namespace of its own: `unshare -n`), else a proxy holds them back. `say` counts from the fault until the
page says which part is gone; a part back before it was missed is not counted there. `right` counts from the part's own return (it
answers; SIGCONT; packets pass) until the page says so and shows the newest call that was in the journal then.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, Error, Page, async_playwright
from sqlalchemy import func, select

from dashboard.supervise import beat_file
from data.tables import EntryRow
from tests.bench.__main__ import percentile
from tests.bench._phones import Phones
from tests.bench._watcher import Watcher
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.faulty_proxy import FaultyProxy
from tests.running import Product
from tests.servers import PostgresServer, wait_until

LIMIT_S = 90.0
MISSED_S = 5.0  # a part away for longer must have been missed
PARTS = ("bus", "web", "jobs", "database")

# What the page itself says of a part: web and wire are gone when its socket is.
UP = """part => { const now = window.ecc?.state?.now; if (!now || now.connection !== 'live') return false;
  return part === 'web' || part === 'wire' || now.parts[part]?.up === true; }"""
SHOWS = """async number => { const { rows } = await import('/centre/assets/modules/state.mjs');
  return [...rows.entry.keys()].some((seq) => Number(seq) >= number); }"""
ROWS = """async () => { const { rows } = await import('/centre/assets/modules/state.mjs');
  return JSON.stringify(Object.fromEntries(Object.entries(rows).map(([kind, of]) => [kind, Object.fromEntries(of)]))); }"""


@dataclass
class Site:
    """All that a fault is done to, and done with."""

    product: Product
    server: PostgresServer
    proxy: FaultyProxy
    phones: Phones
    watcher: Watcher
    frozen_s: float
    cut_s: float
    drop: bool
    rounds: int
    said: dict[str, list[float]] = field(default_factory=dict)
    right: dict[str, list[float]] = field(default_factory=dict)
    different: int = 0


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="faults")
    parser.add_argument("--frozen", type=float, default=30.0)
    parser.add_argument("--cut", type=float, default=60.0)
    parser.add_argument("--rounds", type=_rounds, default=2)
    parser.add_argument("--parts", nargs="*", choices=[*PARTS, "wire"], default=[*PARTS, "wire"])
    parser.add_argument("--drop", action="store_true")
    options = parser.parse_args(words)
    server = PostgresServer()
    try:
        server.start()
        with Product(database_url=server.create_database("bench")) as product:
            return asyncio.run(_measure(product, server, options))
    finally:
        server.close()


def _rounds(typed: str) -> int:
    """At least one. Two take some ten minutes, as long as nothing is shortened."""
    rounds = int(typed)
    if rounds < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return rounds


async def _measure(product: Product, server: PostgresServer, options: argparse.Namespace) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(FaultyProxy("127.0.0.1", product.settings.port))
        phones, watcher = Phones(product), Watcher(product)
        site = Site(product, server, proxy, phones, watcher, options.frozen, options.cut, options.drop, options.rounds)
        playwright = await stack.enter_async_context(async_playwright())
        flags = CHROMIUM_FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browser = await stack.enter_async_context(await playwright.chromium.launch(executable_path=CHROMIUM, args=flags))
        tasks = [asyncio.create_task(part) for part in (phones.call(), watcher.watch())]
        await _suffer(site, browser, product.origin, [part for part in PARTS if part in options.parts] * options.rounds, ("kill", "freeze"))
        if "wire" in options.parts:
            await _suffer(site, browser, f"http://127.0.0.1:{proxy.port}", ["wire"] * options.rounds, ("cut",))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return await asyncio.to_thread(_figures, site)


def _figures(site: Site) -> dict[str, Any]:
    kept, doubled = site.phones.kept()
    untold = site.watcher.lost()
    said, right = ([seconds for each in found.values() for seconds in each] for found in (site.said, site.right))
    return {
        "faults": len(right),
        "rounds": site.rounds,
        "say_p95_s": percentile(said or [0.0], 95),
        "right_p95_s": percentile(right or [0.0], 95),
        "calls": len(site.phones.calls),
        "lost": kept + len(untold),
        "untold": untold,
        "doubled": doubled + site.watcher.doubled,
        "rows_different": site.different,
        "said": site.said,
        "right": site.right,
    }


async def _suffer(site: Site, browser: Browser, origin: str, parts: Sequence[str], faults: Sequence[str]) -> None:
    """All these faults before one wall, which must show exactly the database's rows at the end."""
    if not parts:
        return
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    await context.add_cookies([{"name": "ecc_wall", "value": site.product.seeded.wall, "url": origin}])
    page = await context.new_page()
    await page.goto(f"{origin}/centre/wall")
    for part in parts:
        for fault in faults:
            await _until(page, UP, part, True)
            await asyncio.sleep(3)
            await _once(site, page, part, fault)
    await site.phones.rest()
    site.different += await _different(site, page)
    site.phones.go_on()
    await context.close()


async def _once(site: Site, page: Page, part: str, fault: str) -> None:
    began = time.monotonic()
    saying = asyncio.create_task(_until(page, UP, part, False))
    await {"kill": _kill, "freeze": _freeze, "cut": _cut}[fault](site, part, saying)
    back = time.monotonic()
    newest = await asyncio.to_thread(_newest_call, site.product)
    up = await _until(page, UP, part, True)
    shown = await _until(page, SHOWS, newest, True)
    if saying.done() or back - began > MISSED_S:
        site.said.setdefault(f"{fault} {part}", []).append(round(saying.result() - began if saying.done() else LIMIT_S, 2))
    saying.cancel()
    site.right.setdefault(f"{fault} {part}", []).append(round(max(up, shown) - back, 2))
    print(f"{fault} {part}: said {site.said.get(f'{fault} {part}')}, right {site.right[f'{fault} {part}']}", file=sys.stderr, flush=True)


async def _kill(site: Site, part: str, saying: asyncio.Task[float]) -> None:
    """Until the part itself answers again."""
    if part == "database":
        await asyncio.to_thread(site.server.kill)
        await asyncio.wait([saying])  # nobody starts it again but we
        await asyncio.to_thread(site.server.start)
        return
    old = await asyncio.to_thread(site.product.kill, part)
    await asyncio.to_thread(site.product.until_started_again, part, old)
    started = time.time()
    if part == "web":
        await asyncio.to_thread(site.product.until_ready)
    if part == "jobs":
        beat = beat_file(site.product.settings, part)
        await asyncio.to_thread(wait_until, lambda: beat.stat().st_mtime > started, "no sign of life")


async def _freeze(site: Site, part: str, _: asyncio.Task[float]) -> None:
    database = part == "database"
    await asyncio.to_thread(site.server.freeze if database else lambda: site.product.freeze(part))
    await asyncio.sleep(site.frozen_s)
    await asyncio.to_thread(site.server.thaw if database else lambda: site.product.thaw(part))


async def _cut(site: Site, _: str, __: asyncio.Task[float]) -> None:
    """Every packet of the wall's wire, first ones included."""
    site.proxy.fall_silent()
    if site.drop:
        _nft(f"add table inet cut; add chain inet cut in {{ type filter hook input priority 0; }}; "
             f"add rule inet cut in tcp dport {site.proxy.port} drop; add rule inet cut in tcp sport {site.proxy.port} drop")  # fmt: skip
    await asyncio.sleep(site.cut_s)
    if site.drop:
        _nft("delete table inet cut")
    site.proxy.mend()


def _nft(commands: str) -> None:
    for command in commands.split("; add "):
        subprocess.run(["nft", command if command.startswith(("add", "delete")) else f"add {command}"], check=True)


async def _until(page: Page, question: str, argument: Any, wanted: bool) -> float:
    """When the page answered so. Raises TimeoutError."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        try:
            if await page.evaluate(question, argument) is wanted:
                return time.monotonic()
        except Error:  # the page renews itself when the program behind it is another
            if not wanted:
                return time.monotonic()
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{argument} never became {wanted}")


def _newest_call(product: Product) -> int:
    database = product.database()
    with database.reading() as session:
        newest = session.scalar(select(func.max(EntryRow.seq)).where(EntryRow.kind.startswith("call."))) or 0
    database.close()
    return newest


async def _different(site: Site, page: Page) -> int:
    """How many rows of the page are not those that a newcomer gets."""
    different = 0
    for _ in range(20):
        await asyncio.sleep(0.5)
        fresh = await site.watcher.fresh()
        shown = json.loads(await page.evaluate(ROWS))
        rows, others = ({(kind, id_): row for kind, of in each.items() for id_, row in of.items()} for each in (fresh, shown))
        different = sum(rows.get(key) != others.get(key) for key in rows | others)
        if not different:
            return 0
    return different
