"""A tablet at the door: opened by a one-time link, it reads the code of a letter by its camera, locks, and may nothing else."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
import segno
from playwright.async_api import Browser, Request, expect
from starlette.routing import Route

from dashboard.screening.host import Host
from dashboard.screening.stages import Stages
from data.lanes import Lanes
from tests.halls import NAMES, Hall
from tests.running import Product

WIDTH, HEIGHT = 640, 480
ADDRESS = "https://court.example/object/" + "x" * 43  # the letter's other picture


def qr(text: str, width: int) -> np.ndarray:
    """Dark on light, some `width` pixels wide."""
    modules = np.array(list(map(list, segno.make(text, error="m").matrix)), np.uint8)
    modules = np.pad(modules, 4)
    times = max(1, width // len(modules))
    return np.where(np.kron(modules, np.ones((times, times), np.uint8)) > 0, 30, 220).astype(np.uint8)


def film_of_a_letter(path: Path, code: str) -> Path:
    """Raw pictures as a camera gives them: a letter with both its codes, grey light, some noise."""
    noise = np.random.default_rng(1).integers(0, 20, (HEIGHT, WIDTH), np.uint8)
    light = np.full((HEIGHT, WIDTH), 200, np.uint8)
    for text, left, width in ((code, 40, 240), (ADDRESS, 330, 280)):
        drawn = qr(text, width)
        light[100 : 100 + len(drawn), left : left + len(drawn)] = drawn
    colour = np.full((2, HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F6:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(6):
            file.write(b"FRAME\n" + (light + noise).astype(np.uint8).tobytes() + colour.tobytes())
    return path


@pytest.fixture(scope="module")
def hall() -> Iterator[Hall]:
    with Product(demo=False) as product:
        hall = Hall(product)
        yield hall
        hall.close()


@pytest.fixture(scope="module")
def code(hall: Hall) -> str:
    """Of the one letter."""
    at = f"/{hall.screening}"
    hall.told(f"{at}/plan", {"kind": "SCREENING", "cause": None, "held": hall.local(), "place": "二楼报告厅"})
    party = re.findall(r'name="party" value="(\w+)"', hall.ask(f"{at}/people").text)[0]
    hall.told(f"{at}/invite", {"parties": [party], "ground": "NOTICE"})
    return str(re.findall(r'class="code">([^<]+)<', hall.ask(f"{at}/letters").text)[0]).replace("-", "")


@pytest.fixture(scope="module")
def _scene(code: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this file's camera sees."""
    return film_of_a_letter(tmp_path_factory.mktemp("camera") / "letter.y4m", code)


def test_the_tablets_cookie_opens_no_other_door(hall: Hall) -> None:
    made = hall.told(f"/{hall.screening}/tablet", {})
    link = made["link"].removeprefix(hall.product.origin)
    assert made["qr"].startswith("data:image/svg")
    with httpx.Client(base_url=hall.product.origin, headers={"origin": hall.product.origin}, timeout=30) as own:
        for _ in range(20):  # opened, previewed
            assert own.get(link).status_code == 200
        entered = own.post(link)
        assert entered.status_code == 303
        token = re.search(r"ecc_door=([^;]+)", entered.headers["set-cookie"])[1]  # type: ignore[index]
        assert own.post(link).status_code == 404, "used up"
        assert own.get("/door/").status_code == 200
        lanes = Lanes()
        app = Host(hall.product.settings, hall.journal, lanes, Stages(), lambda: datetime.now(UTC)).app()
        for as_cookie in ("ecc_door", "ecc_desk", "ecc_wall"):
            cookie = {"cookie": f"{as_cookie}={token}"}
            for route in app.routes:
                assert isinstance(route, Route)
                if "static" in route.path:
                    continue
                path = "/centre/screening" + re.sub(r"\{[^}]+\}", hall.screening, route.path)
                post = "POST" in (route.methods or ())
                answer = own.post(path, json={}, headers=cookie) if post else own.get(path, headers=cookie)
                assert answer.status_code in (303, 400, 401, 404, 405), (as_cookie, path, answer.status_code)
                assert not re.search(r"一月警示教育|教〔", answer.text), path
            for path in ("/centre/desk", "/centre/wall", "/api/track?unit=1001&from=0&to=1", "/sheet/"):
                assert own.get(path, headers=cookie).status_code in (303, 401), path
        lanes.close()
        assert not [name for name in (*NAMES, "某某") if name in own.get("/door/").text]
        assert own.post("/door/check-in", json={"code": "x"}, headers={"origin": "https://elsewhere.example"}).status_code == 403
        assert own.post("/door/check-in", content=b"[]", headers={"content-type": "application/json"}).status_code == 400
        hall.told(f"/{hall.screening}/tablet-off", {})
        assert own.get("/door/counts").status_code == 401


async def test_the_camera_reads_the_letter_and_the_tablet_locks(browser: Browser, hall: Hall, code: str) -> None:
    made = hall.told(f"/{hall.screening}/tablet", {})
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}, permissions=["camera"])
    door = await context.new_page()
    said: list[str] = []
    wrong: list[str] = []

    def asked(request: Request) -> None:
        if request.method == "POST":
            said.append(request.post_data or "")

    door.on("request", asked)
    door.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    await door.goto(made["link"])
    await door.locator("button.open").click()
    await expect(door.locator("#closed")).to_be_visible()
    hall.told(f"/{hall.screening}/open", {})
    await expect(door.locator("#scan")).to_be_visible(timeout=15_000)
    await door.locator("#camera").click()
    await expect(door.locator("#big")).to_have_text("1", timeout=60_000)
    await expect(door.locator("#count")).to_have_text("1/1")
    assert f'{{"code":"{code}"}}' in said
    assert not [each for each in said if "object" in each], "the address to object by is nobody's business at the door"
    assert wrong == []
    await door.locator("#lock").click()
    await expect(door.locator("#locked")).to_be_visible()
    await expect(door.locator("#scan")).to_be_hidden()
    await expect(door.locator("#lens")).to_be_hidden()
    digits = hall.told(f"/{hall.screening}/state")["tablet"]["digits"]
    await door.keyboard.type(f"{(int(digits) + 1) % 10_000:04}")
    await door.keyboard.press("Enter")
    await expect(door.locator("#word")).to_contain_text("数字不对")
    await door.keyboard.type(digits)
    await door.keyboard.press("Enter")
    await expect(door.locator("#scan")).to_be_visible()
    await door.keyboard.type("1")  # fingers go on working
    await door.locator("#mode").click()
    await door.locator("#code").fill("1")
    await door.keyboard.press("Enter")
    await expect(door.locator("#count")).to_have_text("0/1")
    hall.told(f"/{hall.screening}/tablet-off", {})
    await expect(door.locator("main")).to_contain_text("已被收回", timeout=15_000)
    await context.close()
