"""The masking page in a real browser: closed by default, a window by a drag, sound by a span, rendering, signing what was watched only."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.masking_stand import HERE, Stand
from tests.journeys.waiting import until_true
from tests.streaming.films import film, fine

pytestmark = pytest.mark.timeout(180)
FROM_MS, TO_MS = 500, 4_500
SIZE = (320, 180)
PIXELS = """(id) => { const canvas = document.getElementById(id), context = canvas.getContext('2d');
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return { width: canvas.width, grey: Array.from({ length: data.length / 4 }, (_, at) => data[4 * at + 1]) }; }"""
# the videos are never in the page: what they are told is overheard where they are made
OVERHEAR = """(() => { const make = document.createElement.bind(document); window.videos = [];
  document.createElement = (tag, ...more) => {
    const made = make(tag, ...more);
    if (tag === 'video') window.videos.push(made);
    return made; }; })()"""
HEARD = "() => window.videos.filter((each) => !each.paused && !each.muted && each.src.includes('/films/')).length"
PLAYING = "() => window.videos.filter((each) => !each.paused).length"
PLAYS = "() => window.videos.filter((each) => !each.paused && each.currentTime > 0).length"
CUT_OFF = """() => [...document.querySelectorAll('button, output, h1, h2')].filter((each) => each.offsetParent && !each.closest('.rooms'))
  .filter((each) => {
    const box = each.getBoundingClientRect(), column = each.closest('.time, aside, header, nav')?.getBoundingClientRect();
    return box.right > innerWidth || box.bottom > innerHeight || (column && box.right > column.right + 1);
  }).map((each) => each.id)"""
NOW_MS = "() => Number(document.getElementById('ruler').getAttribute('aria-valuenow'))"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, int, int]]:
    """Two files of one recording, the second beginning where the first ends."""
    folder = tmp_path_factory.mktemp("films")
    times = list(range(0, 2_600, 40))
    return [(film(folder / f"{name}.webm", times, SIZE), began, 2_600) for name, began in (("a", 0), ("b", 2_600))]


@pytest.fixture
async def stand(films: list[tuple[Path, int, int]], tmp_path: Path) -> AsyncIterator[Stand]:
    stand = Stand(films, tmp_path, FROM_MS, TO_MS)
    server, task = await stand.serve()
    yield stand
    server.should_exit = server.force_exit = True
    await task


async def opened(browser: Browser, stand: Stand, look: bool = True) -> Page:
    context = await browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN", timezone_id="Asia/Shanghai")
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" and "status of 4" not in said.text else None)
    page.problems = problems  # type: ignore[attr-defined]
    await page.add_init_script(OVERHEAR)
    await page.goto(stand.url)
    if look:
        await page.click("#look")
        await expect(page.locator("#door")).to_be_hidden()
        await until_true(page, "() => document.getElementById('canvas').width === 320")
    return page


async def grey(page: Page, canvas: str = "canvas") -> Any:
    """The canvas as it is now, its green."""
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    said = await page.evaluate(PIXELS, canvas)
    return np.array(said["grey"], np.uint8).reshape(-1, said["width"])


async def drag(page: Page, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Over the picture; 0 … 1 of it."""
    box = await page.locator("#over").bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (begin, end)]
    await page.mouse.move(*points[0])
    await page.mouse.down()
    await page.mouse.move(*points[1], steps=4)
    await page.mouse.up()


async def at(page: Page, moment_ms: int) -> None:
    """The playhead there, by its own keys."""
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Home")
    for _ in range(moment_ms // 1000):
        await page.keyboard.press("ArrowRight")
    for _ in range(moment_ms % 1000 // 40):
        await page.keyboard.press(".")
    await until_true(page, f"({NOW_MS})() === {moment_ms}")


async def open_sound(page: Page, from_ms: int, to_ms: int) -> None:
    """By its two keys."""
    await at(page, from_ms)
    await page.keyboard.press("s")
    await at(page, to_ms)
    await page.keyboard.press("e")


async def save(page: Page, stand: Stand) -> Any:
    await page.keyboard.press("Control+s")
    await expect(page.locator("#said")).to_have_text("已保存。")
    name, said = stand.asked[-1]
    assert name == "mask"
    return said


async def answer_minor(page: Page, there: bool = False) -> None:
    await page.locator("#minors label", has=page.locator(f"[value={str(there).lower()}]")).click()


async def test_everything_is_closed_until_a_window_is_drawn_and_the_original_is_seen_only_while_held(
    browser: Browser, stand: Stand
) -> None:
    page = await opened(browser, stand, look=False)
    await expect(page.locator("#door-word")).to_contain_text("查看记录")
    assert stand.asked == [], "nobody looks at an original by opening the page"
    await page.click("#look")
    await until_true(page, "() => document.getElementById('canvas').width === 320")
    assert fine(await grey(page)) == 0
    await page.keyboard.down("o")
    assert fine(await grey(page)) > 0.4, "the control: the pattern is found where it is"
    await expect(page.locator("#hold")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.up("o")
    assert fine(await grey(page)) == 0
    await drag(page, (0.5, 0.0), (1.0, 1.0))
    picture = await grey(page)
    assert fine(picture[:, 168:]) > 0.4
    assert fine(picture[:, :152]) == 0
    assert page.problems == []  # type: ignore[attr-defined]


async def test_a_window_begins_where_it_was_drawn_and_goes_where_it_is_put(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await at(page, 1_000)
    await drag(page, (0.6, 0.7), (0.2, 0.3))
    key = (await save(page, stand))["mask"]["windows"][0]
    assert [each[0] for each in key] == [1_000, 4_000]
    assert key[0][1:] == pytest.approx([0.2, 0.3, 0.6, 0.7], abs=0.01)
    assert key[1][1:] == key[0][1:]
    await page.keyboard.press("Shift+ArrowRight")  # chosen: the arrow pushes the window, not the time
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Escape")
    await page.keyboard.press("ArrowRight")
    await drag(page, (0.45, 0.5), (0.25, 0.6))
    await drag(page, (0.445, 0.785), (0.545, 0.885))  # its lower right corner is at 0.45, 0.79
    keys = (await save(page, stand))["mask"]["windows"][0]
    assert [each[0] for each in keys] == [1_000, 2_000, 4_000]
    assert keys[0][1:] == pytest.approx([key[0][1] + 0.05, key[0][2] - 0.01, key[0][3] + 0.05, key[0][4] - 0.01], abs=1e-4)
    assert keys[1][1:] == pytest.approx([0.05, 0.39, 0.55, 0.89], abs=0.02)
    assert keys[2][1:] == keys[1][1:]
    await at(page, 0)
    await expect(page.locator(".pane[data-number='0']")).to_be_hidden()
    assert fine(await grey(page)) == 0


async def test_a_window_ends_is_copied_deleted_and_comes_back(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await page.keyboard.press("n")
    await at(page, 3_000)
    await page.click("[data-there='pane-0']")
    await page.keyboard.press("]")
    await page.keyboard.press("c")
    assert [[key[0] for key in each] for each in (await save(page, stand))["mask"]["windows"]] == [[0, 3_000], [0, 3_000]]
    await page.keyboard.press("Delete")
    await expect(page.locator(".lane")).to_have_count(2)
    await page.keyboard.press("Control+z")
    await expect(page.locator(".lane")).to_have_count(3)
    await page.keyboard.press("Control+Shift+Z")
    await expect(page.locator(".lane")).to_have_count(2)
    assert len((await save(page, stand))["mask"]["windows"]) == 1


async def test_sound_is_heard_in_its_span_alone_over_the_border_of_two_files(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await open_sound(page, 1_400, 2_400)
    await page.keyboard.press("Home")
    await page.keyboard.press("Space")
    heard: list[tuple[int, int]] = []
    await until_true(page, PLAYS)
    while not heard or heard[-1][0] < 3_900:
        heard.append(tuple(await page.evaluate(f"() => [({NOW_MS})(), ({HEARD})()]")))  # both of one moment, however busy the page is
    assert any(count for _, count in heard)
    assert all(1_300 < now < 2_500 for now, count in heard if count), heard
    assert max(now for now, count in heard if count) > 2_600 - FROM_MS, "the second file too"
    assert (await save(page, stand))["mask"]["sounds"] == [[1_400, 2_400, "PLAIN"]]
    await page.keyboard.press("Home")
    await page.keyboard.press("Space")
    await page.keyboard.down("o")
    await until_true(page, HEARD)
    await page.keyboard.up("o")
    assert await page.evaluate(HEARD) == 0


async def test_what_was_heard_where_it_stood_is_not_heard_for_a_moment_where_it_goes(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await open_sound(page, 1_400, 2_400)
    await at(page, 2_000)
    await page.keyboard.press("Space")
    await until_true(page, HEARD)
    await page.keyboard.press("Space")
    pressed = "for (const key of ['Home', ' ']) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"
    heard = await page.evaluate(f"() => {{ {pressed}; return [({PLAYING})(), ({HEARD})()]; }}")  # before any further picture
    assert heard == [1, 0]


async def test_turned_round_it_wants_a_reason_and_windows_hide(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await drag(page, (0.5, 0.0), (1.0, 1.0))
    await page.click("#turn")
    await page.keyboard.press("Enter")
    await expect(page.locator("#reasons")).to_be_visible()
    await page.keyboard.type("只有左边没有人")
    await page.keyboard.press("Enter")
    await expect(page.locator("#why")).to_contain_text("只有左边没有人")
    picture = await grey(page)
    assert fine(picture[:, :152]) > 0.4
    assert fine(picture[:, 168:]) == 0
    assert (await save(page, stand))["mask"]["why"] == "只有左边没有人"


async def test_a_failed_save_loses_nothing_and_a_page_loaded_again_has_it_still(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await page.keyboard.press("n")
    stand.refuse["mask"] = (503, "暂时存不进去，请稍后再试。")
    await page.keyboard.press("Control+s")
    await expect(page.locator("#said")).to_have_text("暂时存不进去，请稍后再试。")
    await expect(page.locator("#go-word")).to_have_text("请先回答，再生成成片。")
    await expect(page.locator("#save")).to_be_enabled()
    asked: list[str] = []

    async def leave(dialog: Any) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", leave)
    await page.reload()
    assert asked == ["beforeunload"]
    await expect(page.locator("#said")).to_contain_text("已经恢复")
    stand.refuse.clear()
    assert len((await save(page, stand))["mask"]["windows"]) == 1
    await page.reload()
    assert asked == ["beforeunload"], "what is saved is left without a question"


async def test_rendering_shows_how_far_it_is_and_can_be_cancelled(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await page.keyboard.press("n")
    await expect(page.locator("#render")).to_be_disabled()
    await answer_minor(page)
    stand.slow_s = 0.08
    await page.click("#render")
    await expect(page.locator("#making-word")).to_have_text("正在生成")
    await until_true(page, "() => Number.parseInt(document.getElementById('making-share').textContent) > 5")
    await page.click("#cancel")
    await expect(page.locator("#making")).to_be_hidden()
    await expect(page.locator("#go-word")).to_contain_text("生成已取消")
    assert [name for name, _ in stand.asked] == ["look", "mask", "render", "cancel"]
    assert stand.asked[1][1]["minor"] is False
    await page.keyboard.press("Space")  # the answer was touched with the mouse: the space bar still plays
    await until_true(page, PLAYS)


async def rendered(page: Page, stand: Stand) -> None:
    """A window on the right half, rendered and proposed, at the step of reviewing."""
    await drag(page, (0.5, 0.0), (1.0, 1.0))
    await answer_minor(page)
    await page.click("#render")
    await expect(page.locator("#render")).to_have_text("去审看", timeout=60_000)
    await page.click("#render")
    await page.click("#propose")
    await expect(page.locator("#release-state")).to_contain_text("等待两人审签")


async def test_it_is_signed_only_after_all_of_it_was_watched(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await rendered(page, stand)
    certify = page.locator("#certify")
    await expect(certify).to_be_disabled()
    await until_true(page, "() => document.getElementById('masked').width === 320")
    picture = await grey(page, "masked")
    assert fine(picture[:, 168:]) > 0.3
    assert fine(picture[:, :152]) == 0
    await at(page, 2_000)
    await page.keyboard.press("Space")
    await until_true(page, f"({PLAYS})() === 2")  # both run
    await until_true(page, f"({NOW_MS})() === 4000")
    await expect(certify).to_be_disabled()
    watched = page.locator("#watched-word")
    await expect(watched).to_contain_text(
        re.compile("还有 00:0[234] 没有看")
    )  # what was jumped; a busy machine's player swallows some more
    for _ in range(10):
        await page.keyboard.press("Space")  # at the end: it begins where the first stretch is that nobody saw
        await until_true(page, f"({PLAYS})() === 0")
        if await watched.inner_text() == "成片已经看完。":
            break
        await expect(certify).to_be_disabled()
    await expect(watched).to_have_text("成片已经看完。")
    await certify.click()
    await expect(page.locator("#certified")).to_contain_text("周法官")
    await expect(certify).to_be_disabled()
    assert stand.asked[-1] == ("certify", {"sha256": stand.clip["sha256"]})
    await page.click("#revoke")
    await page.keyboard.type("画面里还看得到门牌")
    await page.keyboard.press("Enter")
    await expect(page.locator("#revoked-why")).to_contain_text("画面里还看得到门牌")
    assert stand.asked[-1] == ("revoke", {"reason": "画面里还看得到门牌"})
    assert page.problems == []  # type: ignore[attr-defined]


async def test_a_refusal_because_of_a_change_is_said_and_the_state_is_asked_for(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await rendered(page, stand)
    await page.keyboard.press("Space")
    await expect(page.locator("#certify")).to_be_enabled(timeout=60_000)
    stand.refuse["certify"] = (409, "成片已经重新生成。")
    stand.clip |= {"sha256": None, "rendering": {"state": "NONE", "share": 0, "why": None}}
    await page.click("#certify")
    await expect(page.locator("#said")).to_have_text("成片已经重新生成。 情况有变化，本页已更新。")
    await expect(page.locator("#certify")).to_be_disabled()
    await expect(page.locator("#none")).to_be_visible()


async def test_a_minor_in_the_picture_blocks_signing_and_says_so(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    await answer_minor(page, there=True)
    await expect(page.locator("#minor-word")).to_contain_text("不能审签")
    await save(page, stand)
    await page.click("#to-review")
    await expect(page.locator("#certify-word")).to_contain_text("未成年人")
    await expect(page.locator("#certify")).to_be_disabled()


async def test_who_may_not_mask_changes_nothing(browser: Browser, stand: Stand) -> None:
    stand.clip["may"] = {"mask": False, "certify": True, "revoke": False}
    page = await opened(browser, stand)
    await drag(page, (0.2, 0.2), (0.6, 0.6))
    for key in ("n", "s", "Control+s"):
        await page.keyboard.press(key)
    await expect(page.locator(".pane:visible")).to_have_count(0)
    assert [name for name, _ in stand.asked] == ["look"]
    assert HERE in page.url


async def test_nothing_is_cut_off_on_either_screen(browser: Browser, stand: Stand) -> None:
    page = await opened(browser, stand)
    for width, height in ((1366, 768), (1920, 1080)):
        await page.set_viewport_size({"width": width, "height": height})
        for step in ("#to-edit", "#to-review"):
            await page.click(step)
            wide = await page.evaluate(CUT_OFF)
            assert wide == [], (width, step)
