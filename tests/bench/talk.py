"""An officer, two leaders, the desk and a wall in one call, each voice a tone of its own: who hears whom, who should not, and how late.

Everybody asks the product's own door for his passes and goes through WHIP and WHEP with the product's own modules, in Chromium. Outside
stand a leader in the waiting room, the phone of another team and one of the same; at the end a leader leaves. `leaked` counts every pass,
packet and tone that reaches somebody who has no right to it. Mouth to ear: from the moment a voice is let into the sending page's sound
until the receiving page's sound is loud. `--rounds`: how often each voice is tried.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from ulid import ULID

from data.actions.organisation import add_officer
from data.engines import open_database
from data.journal import Journal
from data.rules.permissions import SYSTEM, Role
from data.sealing import load_sealing
from data.settings import Settings
from tests.bench.__main__ import percentile
from tests.bench.join import VERB
from tests.bench.press import _until
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.running import Product, Seeded, seed

TONES = {"officer": 440, "leader": 700, "second": 1100, "desk": 1700}  # Hz, none a multiple of another
CALLER, OTHER_TEAM, SAME_TEAM = 1001, 1002, 1003
CONNECTED_S = 20.0
PLAIN = "/healthz"  # a page of the court's own origin with nothing on it
INVITE = """async ([call, place]) => {
  const { leaders } = await (await fetch('/api/leaders')).json();
  const headers = { 'Content-Type': 'application/json' };
  return (await fetch('/api/invitations', { method: 'POST', headers, body: JSON.stringify({ call, officer: leaders[place].id }) })).json();
}"""
DIGITS = """async digits => {
  const headers = { 'Content-Type': 'application/json' };
  return (await fetch('/join/digits', { method: 'POST', headers, body: JSON.stringify({ digits }) })).json();
}"""
LEAVE = "async () => (await fetch('/join/leave', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).status"
SPEAK = """async ([face, call, hz]) => {
  document.documentElement.dataset.face = face;
  const { Line } = await import('/centre/assets/modules/passes.mjs');
  const { publish } = await import('/centre/assets/modules/publish.mjs');
  const sound = new AudioContext({ latencyHint: 'interactive' });
  const tone = Object.assign(sound.createOscillator()); const out = sound.createMediaStreamDestination();
  window.mouth = sound.createGain();
  tone.frequency.value = hz; mouth.gain.value = 0;
  tone.connect(mouth); mouth.connect(out); tone.start();
  return await new Promise((known) => {
    const told = { onpass: (pass) => known(pass.stream), onrefused: (no) => known(`!${no.code}`) };
    window.own = new Line({ call, right: 'publish' }, (pass) => publish(out.stream, pass), told);
  });
}"""
VOICE = """on => { mouth.gain.value = on ? 0.5 : 0; return performance.timeOrigin + performance.now(); }"""
HEAR = """async ([face, call, streams]) => {
  document.documentElement.dataset.face = face;
  const { Line } = await import('/centre/assets/modules/passes.mjs');
  const { view } = await import('/centre/assets/modules/whep.mjs');
  const sound = new AudioContext({ latencyHint: 'interactive' });
  window.ears = {};
  for (const [who, stream] of Object.entries(streams)) {
    const element = document.body.appendChild(Object.assign(document.createElement('audio'), { muted: true }));
    const ear = ears[who] = { refused: '', ready: false, fine: sound.createAnalyser(), quick: sound.createAnalyser(), loudAt: 0 };
    ear.fine.fftSize = 8192; ear.fine.smoothingTimeConstant = 0; ear.quick.fftSize = 256;
    const told = { onrefused: (no) => { ear.refused = no.code; } };
    ear.line = new Line({ call, right: 'view', stream }, (pass) => view(element, { ...pass, video: false }), told);
    const begin = setInterval(() => {
      if (!element.srcObject) return;
      clearInterval(begin);
      const source = sound.createMediaStreamSource(element.srcObject);
      source.connect(ear.fine); source.connect(ear.quick);
      ear.ready = true;
    }, 50);
  }
  const samples = new Float32Array(256);
  setInterval(() => {
    for (const ear of Object.values(ears)) {
      ear.quick.getFloatTimeDomainData(samples);
      if (Math.max(...samples) > 0.05) ear.loudAt ||= performance.timeOrigin + performance.now(); else if (!ear.hold) ear.loudAt = 0;
    }
  }, 4);
}"""
READY = "() => Object.values(ears).every((ear) => ear.ready || ear.refused)"
ARM = "() => { for (const ear of Object.values(ears)) Object.assign(ear, { hold: true, loudAt: 0 }); }"
HEARD_AT = "who => ears[who]?.loudAt ?? 0"
# Which of the tones stand out of each ear's sound by 30 dB, and how many packets have come to it.
HEARD = """async tones => {
  const said = {};
  for (const [who, ear] of Object.entries(ears)) {
    const bins = new Float32Array(ear.fine.frequencyBinCount);
    ear.fine.getFloatFrequencyData(bins);
    const place = (hz) => Math.round(hz * ear.fine.fftSize / ear.fine.context.sampleRate);
    const at = (hz) => Math.max(...bins.slice(place(hz) - 1, place(hz) + 2));
    const loud = (hz) => at(hz) > -50 && at(hz) > at(hz * 1.19) + 30;
    let packets = 0;
    for (const stat of (await ear.line.session?.pc?.getStats() ?? new Map()).values()) {
      if (stat.type === 'inbound-rtp') packets += stat.packetsReceived;
    }
    said[who] = { packets, tones: Object.entries(tones).filter(([, hz]) => loud(hz)).map(([name]) => name) };
  }
  return said;
}"""
ASK = """async ([face, call, right, stream]) => {
  const headers = { 'Content-Type': 'application/json' };
  return (await fetch(`/api/media/tokens?face=${face}`, { method: 'POST', headers, body: JSON.stringify({ call, right, stream }) })).status;
}"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="talk")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(words)
    with Product(seed=_seed) as product:
        return asyncio.run(_measure(product, options.rounds))


def _seed(settings: Settings) -> Seeded:
    """The small court with two leaders more, whom a desk may invite."""
    seeded = seed(settings)
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
    with journal.work(SYSTEM, datetime.now(UTC)) as work:
        for name in ("赵院", "钱院"):
            add_officer(work, name, "副院长", Role.LEADER)
    database.close()
    return seeded


async def _measure(product: Product, rounds: int) -> dict[str, Any]:
    async with async_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, "--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        figures = await _talk(browser, product, rounds)
        await browser.close()
    return figures


async def _talk(browser: Browser, product: Product, rounds: int) -> dict[str, Any]:
    seeded = product.seeded
    desk = await _page(browser, product, "ecc_desk", seeded.desk, "/centre/desk")
    await _until(desk, "() => Boolean(window.ecc?.state?.now?.seq)")
    call = await _called(product)
    await _until(desk, "() => document.querySelector('[data-panel=queue] .card')")
    await desk.evaluate(VERB, {"verb": "answer_call", "id": call})
    leaders = [await _invited(browser, desk, call, place) for place in range(3)]
    for _, participant in leaders[:2]:
        await desk.evaluate(VERB, {"verb": "admit", "id": participant})
    await desk.goto(product.origin + PLAIN)
    pages = {
        "officer": ("field", await _page(browser, product, "ecc_device", seeded.devices[CALLER], PLAIN)),
        "leader": ("join", leaders[0][0]),
        "second": ("join", leaders[1][0]),
        "desk": ("desk", desk),
        "wall": ("wall", await _page(browser, product, "ecc_wall", seeded.wall, PLAIN)),
    }
    streams = {who: await _spoken(*pages[who], call, hz) for who, hz in TONES.items()}
    for who, (face, page) in pages.items():
        await page.evaluate(HEAR, [face, call, {other: stream for other, stream in streams.items() if other != who}])
    for _, page in pages.values():
        async with asyncio.timeout(CONNECTED_S):
            while not await page.evaluate(READY):
                await asyncio.sleep(0.1)
    late = [ms for _ in range(rounds) for who in TONES for ms in await _mouth_to_ear(pages, who)]
    for who in TONES:
        await pages[who][1].evaluate(VOICE, True)
    await asyncio.sleep(1.5)
    heard = await _heard(pages)
    right = {(ear, who) for ear in pages for who in TONES if who != ear}
    wrong = [f"{ear} hears {tone} in {who}" for (ear, who), tones in heard.items() for tone in tones if tone != who]
    outside = {
        "waiting": ("join", leaders[2][0]),
        "other_team": ("field", await _page(browser, product, "ecc_device", seeded.devices[OTHER_TEAM], PLAIN)),
        "same_team": ("field", await _page(browser, product, "ecc_device", seeded.devices[SAME_TEAM], PLAIN)),
    }
    wrong += await _outside(outside, call, streams)
    wrong += await _left(pages["second"][1], call, streams)
    return {
        "expected": len(right),
        "heard": sum(who in tones for (_, who), tones in heard.items()),
        "leaked": len(wrong),
        "mouth_to_ear_p50_ms": percentile(late, 50) if late else None,
        "mouth_to_ear_p95_ms": percentile(late, 95) if late else None,
        "samples": len(late),
        "tried_outside": (len(streams) + 1) * len(outside) + len(streams),
        "what_leaked": wrong,
        "not_heard": sorted(f"{ear} does not hear {who}" for ear, who in right if who not in heard.get((ear, who), [])),
    }


async def _called(product: Product) -> str:
    headers = {"Authorization": f"Bearer {product.seeded.devices[CALLER]}"}
    call = str(ULID())
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    async with httpx.AsyncClient(base_url=product.origin, headers=headers) as sender:
        (await sender.post("/ingest/calls", json={"id": call, "t": now, "fix": None})).raise_for_status()
    return call


async def _invited(browser: Browser, desk: Page, call: str, place: int) -> tuple[Page, str]:
    """Up to the waiting room, by the real pages; then away from them, so that nothing but this bench sends for him."""
    made: dict[str, str] = await desk.evaluate(INVITE, [call, place])
    page = await (await browser.new_context(locale="zh-CN")).new_page()
    await page.goto(made["link"])
    await page.locator("form button").click()
    await page.wait_for_url("**/join/")
    await page.goto(made["link"].split("/join/")[0] + PLAIN)
    assert (await page.evaluate(DIGITS, made["digits"]))["right"]
    return page, made["participant"]


async def _spoken(face: str, page: Page, call: str, hz: int) -> str:
    async with asyncio.timeout(CONNECTED_S):
        stream: str = await page.evaluate(SPEAK, [face, call, hz])
    assert not stream.startswith("!"), f"{face}: {stream}"
    return stream


async def _mouth_to_ear(pages: dict[str, tuple[str, Page]], who: str) -> list[float]:
    """One voice begins; when is it loud in each other page."""
    ears = [page for ear, (_, page) in pages.items() if ear != who]
    for page in ears:
        await page.evaluate(ARM)
    began: float = await pages[who][1].evaluate(VOICE, True)
    await asyncio.sleep(0.8)
    await pages[who][1].evaluate(VOICE, False)
    heard: list[float] = [await page.evaluate(HEARD_AT, who) for page in ears]
    await asyncio.sleep(0.4)
    return [at - began for at in heard if at]


async def _heard(pages: dict[str, tuple[str, Page]]) -> dict[tuple[str, str], list[str]]:
    """By ear and stream: the tones in it."""
    found: dict[tuple[str, str], list[str]] = {}
    for ear, (_, page) in pages.items():
        for who, said in (await page.evaluate(HEARD, TONES)).items():
            found[ear, who] = said["tones"]
    return found


async def _outside(outside: dict[str, tuple[str, Page]], call: str, streams: dict[str, str]) -> list[str]:
    """Who is not in the call asks for everything, and for sending; what he is given he also listens to."""
    wrong = []
    for name, (face, page) in outside.items():
        for who, stream in streams.items():
            if (status := await page.evaluate(ASK, [face, call, "view", stream])) == 200:
                wrong.append(f"{name} is given a pass for {who}: {status}")
        if await page.evaluate(ASK, [face, call, "publish", None]) == 200:
            wrong.append(f"{name} may send")
        await page.evaluate(HEAR, [face, call, streams])
    await asyncio.sleep(3)
    for name, (_, page) in outside.items():
        for who, said in (await page.evaluate(HEARD, TONES)).items():
            if said["packets"] or said["tones"]:
                wrong.append(f"{name} has {said['packets']} packets and {said['tones']} of {who}")
    return wrong


async def _left(page: Page, call: str, streams: dict[str, str]) -> list[str]:
    """A leader leaves: two seconds later nothing comes to him any more, and he is given nothing."""
    assert await page.evaluate(LEAVE) == 200
    await asyncio.sleep(2)
    before = await page.evaluate(HEARD, TONES)
    await asyncio.sleep(2)
    wrong = [
        f"who left still gets {who}"
        for who, said in (await page.evaluate(HEARD, TONES)).items()
        if said["tones"] or (said["packets"] and said["packets"] > before[who]["packets"])
    ]
    for who, stream in streams.items():
        if await page.evaluate(ASK, ["join", call, "view", stream]) == 200:
            wrong.append(f"who left is given a pass for {who}")
    return wrong


async def _page(browser: Browser, product: Product, cookie: str, token: str, path: str) -> Page:
    context: BrowserContext = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    await context.add_cookies([{"name": cookie, "value": token, "url": product.origin}])
    page = await context.new_page()
    await page.goto(product.origin + path)
    return page
