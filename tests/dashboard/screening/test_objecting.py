"""The page of somebody before the screen: one button that makes the stage black, and nothing that says who he is or what is shown."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest

from data.actions.attendees import read_people
from data.journal import entries_after
from tests.dashboard.screening.objectors import desk_of
from tests.halls import NAMES, Hall
from tests.running import Product
from tests.screenings import Court
from tests.servers import wait_until

TITLE = "一间厂房的腾退"


class Room:
    """A session that shows a clip before one person in seat 1."""

    def __init__(self, product: Product) -> None:
        self.court, self.hall = Court(product), Hall(product)
        _, self.release = self.court.released(TITLE)
        self.own = httpx.Client(base_url=product.origin, headers={"origin": product.origin}, timeout=30)

    def close(self) -> None:
        for each in (self.court, self.hall, self.own):
            each.close()

    def planned(self, clip: bool = False, invited: int = 2) -> tuple[str, list[str], list[str]]:
        """Screening, the codes for the door, the links to object by."""
        card: dict[str, object] = {"title": "法律", "words": "自愿履行"}
        screening = self.court.planned(*([{"release": self.release}, card] if clip else [card]))
        self.hall.told(f"/{screening}/plan", {"kind": "SCREENING", "cause": None, "held": self.hall.local(), "place": "二楼报告厅"})
        parties = re.findall(r'name="party" value="(\w+)"', self.hall.ask(f"/{screening}/people").text)[:invited]
        self.hall.told(f"/{screening}/invite", {"parties": parties, "ground": "NOTICE"})
        codes = re.findall(r'class="code">([^<]+)<', self.hall.ask(f"/{screening}/letters").text)
        return screening, codes, self._links(screening)

    def _links(self, screening: str) -> list[str]:
        """As the letters' second pictures hold them; a test need not read a picture, the journal's own action says the same."""
        people = self.court.journal.do(desk_of(self.court), datetime.now(UTC), read_people, screening)
        return [f"/object/{each.objecting}" for each in people]

    def begin(self, screening: str, code: str) -> str:
        """The cookie of its stage."""
        self.hall.told(f"/{screening}/materials", {"there": self.hall.told(f"/{screening}/state")["missing"]})
        self.hall.told(f"/{screening}/open", {})
        self.hall.told(f"/{screening}/check-in", {"code": code})
        stage = self.court.stage_of(screening)
        self.hall.told(f"/{screening}/begin", {})
        return stage

    def now(self, link: str) -> object:
        return self.own.get(f"{link}/now").json()


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with Product() as product:
        room = Room(product)
        yield room
        room.close()


def test_one_press_before_the_screen(room: Room) -> None:
    screening, codes, links = room.planned(clip=True)
    page = room.own.get(links[0])
    assert page.status_code == 200
    assert "请法院核查" in page.text
    stage = room.begin(screening, codes[0])
    assert room.now(links[0]) == {"phase": "card", "stops": False, "done": False}
    room.hall.told(f"/{screening}/show", {"position": 0})
    media = f"/stage/media/{room.release}"
    assert room.own.get(media, headers={"cookie": f"ecc_stage={stage}"}).status_code == 200
    for link, stops in ((links[0], True), (links[1], False)):
        told = room.own.get(link).text
        assert ("我要求停止播放" in told.partition("<form")[2]) is stops, "who has not come stops nothing"
        assert not [
            word for word in (*NAMES, "某", TITLE, "执70", "教〔", "放〔", codes[0]) if word in re.sub(r"<script.*?</script>", "", told)
        ]
    for _ in range(20):  # opened, fetched ahead, previewed
        room.own.get(links[0])
        room.own.head(links[0])
    assert room.hall.told(f"/{screening}/state")["black"] is False
    assert "已经停止播放" in room.own.post(links[0]).text
    state = room.hall.told(f"/{screening}/state")
    assert (state["black"], state["state"], state["places"][0]["live"]) == (True, "BLACKOUT", False)
    (raised,) = state["objections"]
    assert (raised["seat"], raised["stopped"], raised["title"], raised["finding"]) == (1, True, TITLE, None)
    wait_until(lambda: room.own.get(media, headers={"cookie": f"ecc_stage={stage}"}).status_code == 404, "still played", 10)
    for _ in range(10):
        assert room.own.post(links[0]).status_code == 200
    assert len(room.hall.told(f"/{screening}/state")["objections"]) == 1, "a flood is one objection"
    room.hall.told(f"/{screening}/lift", {})
    room.own.post(links[0])
    assert room.hall.told(f"/{screening}/state")["black"] is False, "he cannot black out the rest by the same press"
    assert "已经记下" in room.own.post(links[1]).text
    told = room.hall.told(f"/{screening}/look-at", {"objection": raised["id"], "finding": "FOUNDED"})
    assert {each["finding"] for each in told["objections"]} == {"FOUNDED", None}


def test_a_card_of_each_seat_and_no_name(room: Room) -> None:
    screening, codes, _ = room.planned()
    assert "还没有人签到" in room.hall.ask(f"/{screening}/cards").text
    room.hall.told(f"/{screening}/open", {})
    room.hall.told(f"/{screening}/check-in", {"code": codes[1]})
    page = room.hall.ask(f"/{screening}/cards").text
    assert (page.count('class="card"'), page.count("data:image/svg")) == (1, 1)
    assert not [word for word in (*NAMES, "某", codes[1]) if word in page]


def test_a_foreign_page_cannot_press_for_him(room: Room) -> None:
    _, _, links = room.planned()
    answer = room.own.post(links[0], headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert room.now(links[0]) == {"phase": "before", "stops": False, "done": False}


def test_guessing_is_slowed_and_hurts_nobody_with_a_link(room: Room) -> None:
    _, _, links = room.planned()
    seen = {room.own.get(f"/object/{'x' * 40}{place:03}").status_code for place in range(120)}
    assert seen == {404, 429}
    assert room.own.post(links[0]).status_code == 200


def test_a_press_whose_process_is_killed_before_it_is_written_stays_black_and_is_written_by_the_next(room: Room) -> None:
    """The database takes nothing; his page never hears an answer, and what he pressed counts all the same, once."""
    _, room.release = room.court.released("另一间厂房的腾退")
    screening, codes, links = room.planned(clip=True)
    room.begin(screening, codes[0])
    room.hall.told(f"/{screening}/show", {"position": 0})
    product = room.court.product
    kept = product.settings.run / "objections"
    with contextlib.closing(sqlite3.connect(product.settings.home / "ecc.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as his:
            press = his.submit(room.own.post, links[0])
            wait_until(lambda: list(kept.glob("*.objection")) != [], "not kept")
            old = product.kill("web")
            with contextlib.suppress(httpx.HTTPError):
                press.result(30)
        holder.execute("ROLLBACK")
    assert (product.settings.run / "black" / f"{screening}.black").exists()
    product.until_started_again("web", old)
    product.until_ready()
    wait_until(lambda: room.hall.told(f"/{screening}/state")["objections"] != [], "not written", 60)
    wait_until(lambda: not list(kept.iterdir()), "still owed")
    state = room.hall.told(f"/{screening}/state")
    assert (state["black"], state["state"], state["places"][0]["live"]) == (True, "BLACKOUT", False)
    (raised,) = state["objections"]
    assert (raised["seat"], raised["stopped"]) == (1, True)
    with room.court.database.reading() as session:
        told = [entry.kind for entry in entries_after(session, 0) if entry.kind in ("objection.raised", "screening.blacked_out")][-2:]
    assert told == ["objection.raised", "screening.blacked_out"]
