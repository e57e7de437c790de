"""The stage in a real Chromium before a stand of its door: black, the court's card, clips, and nothing but the programme in every state."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from dashboard.i18n import t
from tests.journeys.stage_stand import COURT, Stand, card, clip
from tests.journeys.waiting import until_true
from tests.streaming.films import film

FILM_MS = 20_000
NEUTRAL = [t("stage.demo"), COURT, t("stage.title"), t("stage.quiet")]
FRAME = [f"{COURT} {t('stage.title')}", t("stage.demo")]
SCREEN = "(screen) => document.body.dataset.screen === screen"
PLAYED = """() => { const video = document.getElementById('picture');
  const runs = document.body.dataset.screen === 'clip' && video.dataset.ready === 'true' && !video.paused;
  return runs ? video.currentTime * 1000 : null; }"""
NEAR_MS = 2_500  # the page's own 700, and what beginning in the middle costs on a machine that runs other tests beside
SEEN = """() => { const video = document.getElementById('picture');
  const at = document.elementFromPoint(960, 540), all = document.getElementById('black');
  return { screen: document.body.dataset.screen, text: document.body.innerText, left: document.querySelector('main').textContent.trim(),
    black: !all.hidden && getComputedStyle(all).backgroundColor, top: at?.id, muted: video.muted, paused: video.paused,
    src: video.getAttribute('src'), network: video.networkState, ready: video.readyState, at_ms: video.currentTime * 1000,
    moving: document.getAnimations().length, cursor: getComputedStyle(at).cursor,
    scrolls: document.documentElement.scrollHeight > innerHeight || document.documentElement.scrollWidth > innerWidth }; }"""
# What the page is in the frame after each message that says black; registered before the page's own listener.
NOTES_BLACK = f"""window.noted = [];
const Real = WebSocket;
window.WebSocket = class extends Real {{
  constructor(...all) {{
    super(...all);
    this.addEventListener('message', ({{ data }}) => {{
      if (data.includes('"black": true')) requestAnimationFrame(() => window.noted.push(({SEEN})()));
    }});
  }}
}};"""
SILENT = {"muted": True, "paused": True, "src": None, "network": 0, "ready": 0}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    film(folder / "whole", list(range(0, FILM_MS, 200)), (320, 180))
    (folder / "broken").write_bytes(bytes(range(256)) * 400)
    return folder


@pytest.fixture
async def stand(media: Path) -> AsyncIterator[Stand]:
    stand = Stand(media)
    await stand.start()
    yield stand
    await stand.stop()


@pytest.fixture
async def stage(browser: Browser, stand: Stand) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN", timezone_id="Asia/Shanghai")
    await context.add_init_script(NOTES_BLACK)
    page = await context.new_page()
    bad: list[str] = []
    page.on("pageerror", lambda error: bad.append(str(error)))
    page.on("console", lambda said: bad.append(said.text) if "Content Security Policy" in said.text else None)
    await page.goto(f"{stand.origin}/stage/")
    await page.mouse.click(
        500, 500
    )  # as who came by the link has pressed: else it is chance whether Chromium allows the first clip its sound
    await until(stand, state="card", key=None)
    yield page
    assert bad == []
    await context.close()


async def until(stand: Stand, **wanted: Any) -> dict[str, Any]:
    """The stage has said so, as its newest word."""
    async with asyncio.timeout(20):
        while not stand.shown or {name: stand.shown[-1][name] for name in wanted} != wanted:
            await asyncio.sleep(0.02)
    return stand.shown[-1]


async def until_it_runs(page: Page, stand: Stand) -> None:
    """The clip runs where the host has it."""
    async with asyncio.timeout(20):
        while (at := await page.evaluate(PLAYED)) is None or abs(at - stand.at_ms) > NEAR_MS:
            await asyncio.sleep(0.05)


async def seen(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(SEEN)
    assert found["cursor"] == "none"
    assert not found["scrolls"]
    return found


def lines(found: dict[str, Any]) -> list[str]:
    return [line.strip() for line in found["text"].splitlines() if line.strip()]


def some(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """As much of it as is asked for."""
    return {name: found[name] for name in wanted}


async def test_before_it_has_begun_the_courts_card_stands_there(stage: Page) -> None:
    found = await seen(stage)
    assert found["screen"] == "neutral"
    assert lines(found) == NEUTRAL
    assert some(found, wanted := SILENT) == wanted


async def test_a_clip_runs_with_its_words_its_number_and_its_signatures(stage: Page, stand: Stand) -> None:
    await stand.tell(item := clip("k1", "whole"))
    await until_it_runs(stage, stand)
    found = await seen(stage)
    *written, elapsed, total = lines(found)
    assert written == [FRAME[0], t("stage.masked"), FRAME[1], item["title"], item["words"], item["number"], item["certified"]]
    assert elapsed < "00:20"
    assert total == "00:20"
    assert found["src"] == "/stage/media/whole?s=k1"
    told = await until(stand, key="k1", state="playing")
    assert set(told) == {"type", "key", "state", "at_ms"}
    await stand.tell(item | {"at_ms": 3_000, "playing": False})
    await until(stand, key="k1", state="paused")
    await until_true(stage, "() => Math.abs(document.getElementById('picture').currentTime - 3) < 0.2")


async def test_it_jumps_to_where_the_host_is_only_when_it_is_far_off(stage: Page, stand: Stand) -> None:
    await stand.tell(item := clip("k1", "whole"))
    await until_it_runs(stage, stand)
    await stage.evaluate(
        "() => { window.jumps = 0; document.getElementById('picture').addEventListener('seeking', () => { jumps += 1; }); }"
    )
    at_ms = int((await seen(stage))["at_ms"])
    await stand.tell(item | {"at_ms": at_ms + 300})
    await until(stand, key="k1", state="playing")
    await asyncio.sleep(0.3)
    assert await stage.evaluate("() => jumps") == 0
    await stand.tell(item | {"at_ms": 10_000})
    await until_it_runs(stage, stand)
    assert await stage.evaluate("() => jumps") == 1


async def test_the_picture_is_shown_also_when_the_browser_says_loaded_too_early(browser: Browser, stand: Stand) -> None:
    """Chromium says `loadeddata` once, sometimes while it is jumping to the right place and has no picture yet."""
    page = await browser.new_page()
    await page.add_init_script("addEventListener('loadeddata', (event) => event.stopImmediatePropagation(), true);")
    await page.goto(f"{stand.origin}/stage/")
    await until(stand, state="card", key=None)
    await stand.tell(clip("k1", "whole", at_ms=6_000))
    await until_it_runs(page, stand)


async def test_black_is_black_in_the_next_frame_and_silent_and_nothing_else(stage: Page, stand: Stand) -> None:
    await stand.tell(clip("k1", "whole"))
    await until_it_runs(stage, stand)
    await stand.go_black()
    await until(stand, state="black", key=None)
    await until_true(stage, "() => noted.length === 1")
    (frame,) = await stage.evaluate("() => noted")
    assert frame["network"] in (0, 3)  # EMPTY comes, as the standard has it, one step after NO_SOURCE
    for found in (frame | {"network": 0}, await seen(stage)):
        assert (
            some(found, wanted := SILENT | {"screen": "black", "black": "rgb(0, 0, 0)", "top": "black", "text": "", "moving": 0}) == wanted
        )
    await asyncio.sleep(1.2)
    assert some(await seen(stage), wanted := SILENT | {"screen": "black", "text": ""}) == wanted
    assert stand.item is not None
    kept = [stand.item[name] for name in ("title", "words", "number", "certified")]
    assert not [text for text in kept if text in (await seen(stage))["left"]]  # nor hidden in the page


async def test_after_black_the_programme_is_where_it_would_have_been(stage: Page, stand: Stand) -> None:
    await stand.tell(item := clip("k1", "whole", at_ms=6_000))
    await until_it_runs(stage, stand)
    await stand.go_black()
    await until(stand, state="black")
    await asyncio.sleep(1.0)
    await stand.tell(item | {"at_ms": stand.at_ms})
    await until_it_runs(stage, stand)
    assert lines(await seen(stage))[3] == item["title"]


async def test_black_before_the_first_picture_and_on_a_page_loaded_anew(stage: Page, stand: Stand) -> None:
    await stand.tell(clip("k1", "whole"))
    await stand.go_black()
    await until(stand, state="black")
    await asyncio.sleep(0.8)
    assert some(await seen(stage), wanted := SILENT | {"screen": "black", "text": ""}) == wanted
    await stage.reload()
    await until_true(stage, SCREEN, "black")
    assert some(await seen(stage), wanted := SILENT | {"text": "", "top": "black"}) == wanted


async def test_a_slide_keeps_its_lines_and_a_long_one_has_room(stage: Page, stand: Stand) -> None:
    await stand.tell(card("c1", "法律怎么规定", "第一行\n第二行"))
    await until(stand, key="c1", state="card")
    found = await seen(stage)
    assert lines(found) == [*FRAME, "法律怎么规定", "第一行", "第二行"]
    assert some(found, wanted := SILENT) == wanted
    await stand.tell(
        card(
            "c2",
            "一个相当长的题目，长到一行放不下，要分成两行来写才行",
            "\n".join(["有履行能力而拒不履行生效法律文书确定义务的，" * 3] * 6),
        )
    )
    await until(stand, key="c2")
    room = "() => { const all = document.getElementById('card-block'); return [all.scrollHeight, all.clientHeight]; }"
    inside, there = await stage.evaluate(room)
    assert inside <= there
    await seen(stage)


async def test_a_clip_that_is_over_shows_its_title_and_may_begin_again(stage: Page, stand: Stand) -> None:
    await stand.tell(item := clip("k1", "whole", at_ms=18_500))
    assert (await until(stand, key="k1", state="ended"))["at_ms"] == FILM_MS
    found = await seen(stage)
    assert lines(found) == [*FRAME, item["title"], item["words"], item["number"], item["certified"]]
    assert some(found, wanted := SILENT | {"screen": "title"}) == wanted
    await stand.tell(item | {"at_ms": 2_000})
    await until_it_runs(stage, stand)


@pytest.mark.parametrize("name", ["broken", "missing"])
async def test_a_clip_that_cannot_be_shown_is_its_title(stage: Page, stand: Stand, name: str) -> None:
    await stand.tell(item := clip("k1", name))
    await until(stand, key="k1", state="error")
    found = await seen(stage)
    assert lines(found) == [*FRAME, item["title"], item["words"], item["number"], item["certified"]]
    assert some(found, wanted := SILENT | {"screen": "title"}) == wanted
    await stand.tell(clip("k2", "whole"))
    await until_it_runs(stage, stand)


async def test_a_browser_that_plays_nothing_shows_the_title(browser: Browser, stand: Stand) -> None:
    page = await browser.new_page()
    await page.add_init_script("HTMLMediaElement.prototype.play = async () => { throw new DOMException('', 'NotAllowedError'); };")
    await page.goto(f"{stand.origin}/stage/")
    await until(stand, state="card")
    await stand.tell(item := clip("k1", "whole"))
    await until(stand, key="k1", state="blocked")
    found = await seen(page)
    assert some(found, wanted := SILENT | {"screen": "title"}) == wanted
    assert lines(found)[2] == item["title"]


async def test_a_browser_that_refuses_sound_plays_without_until_somebody_presses(browser: Browser, stand: Stand) -> None:
    page = await browser.new_page()
    await page.add_init_script("""const play = HTMLMediaElement.prototype.play; window.refused = 0;
      HTMLMediaElement.prototype.play = async function () {
        if (!this.muted && !window.pressed) { refused += 1; throw new DOMException('', 'NotAllowedError'); }
        return play.call(this); };
      addEventListener('pointerdown', () => { window.pressed = true; }, true);""")
    await page.goto(f"{stand.origin}/stage/")
    await until(stand, state="card")
    await stand.tell(clip("k1", "whole"))
    await until_it_runs(page, stand)
    assert await page.evaluate("() => [document.getElementById('picture').muted, refused]") == [True, 1]
    await page.mouse.click(500, 500)
    await until_true(page, "() => !document.getElementById('picture').muted && !document.getElementById('picture').paused")


async def test_sound_is_on_only_where_the_host_wants_it(stage: Page, stand: Stand) -> None:
    await stand.tell(item := clip("k1", "whole"))
    await until_it_runs(stage, stand)
    assert (await seen(stage))["muted"] is False
    await stand.tell(item | {"at_ms": stand.at_ms, "sound": False})
    await until_true(stage, "() => document.getElementById('picture').muted && !document.getElementById('picture').paused")


async def test_a_killed_socket_is_the_courts_card_and_then_the_programme_at_its_place(stage: Page, stand: Stand) -> None:
    await stand.tell(clip("k1", "whole", at_ms=6_000))
    await until_it_runs(stage, stand)
    await stage.evaluate("""() => { window.walked = [];
      new MutationObserver(() => walked.push(document.body.dataset.screen)).observe(document.body, { attributes: true }); }""")
    await stand.kill_sockets()
    await until_true(stage, "() => walked.includes('neutral')")
    await until_true(stage, SCREEN, "clip")
    await until_it_runs(stage, stand)


async def test_a_door_that_falls_silent_is_the_courts_card(stage: Page, stand: Stand) -> None:
    await stand.tell(clip("k1", "whole"))
    await until_it_runs(stage, stand)
    stand.beats, stand.raw = False, '{"type":"beat"}'  # and has nothing to say to the next one either
    await until_true(stage, SCREEN, "neutral", seconds=4)
    found = await seen(stage)
    assert lines(found) == NEUTRAL
    assert some(found, wanted := SILENT) == wanted


@pytest.mark.parametrize("raw", ["<html>", '{"type":"stage","black":false,"item":{"key":"k"}}'])
async def test_what_cannot_be_understood_is_the_courts_card(stage: Page, stand: Stand, raw: str) -> None:
    await stand.tell(item := clip("k1", "whole"))
    await until_it_runs(stage, stand)
    stand.raw = raw
    await stand.say(raw)
    await until_true(stage, SCREEN, "neutral")
    assert lines(await seen(stage)) == NEUTRAL
    stand.raw = None
    await until_true(stage, SCREEN, "clip")
    assert lines(await seen(stage))[3] == item["title"]


async def test_an_error_of_the_page_itself_is_the_courts_card(stage: Page, stand: Stand) -> None:
    await stand.tell(clip("k1", "whole"))
    await until_it_runs(stage, stand)
    stand.raw = '{"type":"beat"}'
    await stage.evaluate("() => { dispatchEvent(new ErrorEvent('error')); }")
    assert lines(await seen(stage)) == NEUTRAL


async def test_without_a_server_a_reload_is_the_courts_card_and_it_comes_back(stage: Page, stand: Stand) -> None:
    kept = "async () => (await (await caches.open('ecc-stage')).keys()).map(({ url }) => new URL(url).pathname)"
    await until_true(
        stage, f"async () => (await ({kept})()).some((path) => path.endsWith('.woff2')) && !!navigator.serviceWorker.controller"
    )
    await stand.tell(item := clip("k1", "whole"))
    await until_it_runs(stage, stand)
    await stage.reload()
    await until_true(stage, SCREEN, "clip")
    await stand.stop()
    await until_true(stage, SCREEN, "neutral")
    await stage.reload()
    found = await seen(stage)
    assert lines(found) == NEUTRAL
    assert await stage.evaluate("() => getComputedStyle(document.getElementById('neutral')).position") == "fixed"  # drawn, not bare
    assert await stage.evaluate("() => document.fonts.check('32px \"Noto Sans SC Variable\"', '法')")
    paths = await stage.evaluate(kept)
    assert "/stage/" in paths
    assert not [path for path in paths if path.startswith(("/stage/media", "/stage/live")) or path.endswith("sw.js")]
    await stand.start()
    await stand.tell(item)
    await until_true(stage, SCREEN, "clip")


async def test_no_menu_no_controls_and_no_key_changes_what_is_shown(stage: Page, stand: Stand) -> None:
    await stand.tell(clip("k1", "whole"))
    await until_it_runs(stage, stand)
    menu = "() => document.getElementById('picture').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))"
    assert await stage.evaluate(menu) is False
    assert await stage.evaluate("() => document.querySelectorAll('button, a, input, [controls]').length") == 0
    for key in (" ", "k", "Tab", "ArrowRight", "MediaPlayPause"):
        await stage.keyboard.press(key)
    await until_it_runs(stage, stand)


async def test_a_page_of_the_real_court_says_nothing_of_a_demonstration(browser: Browser, media: Path) -> None:
    stand = Stand(media, demo=False)
    await stand.start()
    page = await browser.new_page()
    await page.goto(f"{stand.origin}/stage/")
    assert lines(await seen(page)) == NEUTRAL[1:]
    await stand.stop()


async def test_the_link_has_one_button_that_sends_its_own_address(browser: Browser, stand: Stand) -> None:
    page = await browser.new_page()
    await page.goto(f"{stand.origin}/stage/link/abc")
    assert lines({"text": await page.inner_text("body")}) == [
        t("stage.demo"), COURT, t("stage.link_title"), t("stage.link_sentence"), t("stage.link_go"),
    ]  # fmt: skip
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    await page.keyboard.press("Enter")
    async with asyncio.timeout(60):
        while f"POST {stand.origin}/stage/link/abc" not in sent:
            await asyncio.sleep(0.05)


async def test_who_came_by_the_link_has_sound_and_who_came_otherwise_plays_without(browser: Browser, stand: Stand) -> None:
    """Chromium's own rule: sound needs one press. Asked without a gesture, for Playwright's own asking counts as one."""
    asked = {"expression": "JSON.stringify([picture.muted, picture.paused, document.body.dataset.screen])", "userGesture": False}
    for way, muted in (("link/abc", False), ("", True)):
        page = await browser.new_page()
        chromium = await page.context.new_cdp_session(page)
        await page.goto(f"{stand.origin}/stage/{way}")
        if way:
            await page.click("button")
        await until(stand, state="card", key=None)
        await stand.tell(clip("k1", "whole"))
        await until(stand, state="hushed" if muted else "playing", key="k1")
        await asyncio.sleep(0.3)
        said = await chromium.send("Runtime.evaluate", asked)
        assert said["result"]["value"] == f'[{str(muted).lower()},false,"clip"]'
        await page.close()
        await stand.tell(None)
        stand.shown.clear()


async def test_who_wants_no_movement_sees_none(browser: Browser, stand: Stand) -> None:
    page = await browser.new_page(reduced_motion="reduce")
    await page.add_init_script("window.moved = 0; Element.prototype.animate = () => { moved += 1; };")
    await page.goto(f"{stand.origin}/stage/")
    await until(stand, state="card", key=None)
    await stand.tell(card("c1", "法律怎么规定", "第一行"))
    await until(stand, state="card", key="c1")
    still = "() => [moved, getComputedStyle(document.getElementById('picture')).transitionDuration]"
    assert await page.evaluate(still) == [0, "0s"]
