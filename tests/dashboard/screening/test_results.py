"""The doors after the film: what is written down, what it leads to, and that no name is anywhere before a press."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from dashboard.screening.money import capital, wan, yuan
from data.journal import entries_after
from data.rules.civil import civil_day
from data.tables import PromiseRow, ScreeningRow
from tests.results import CLAIM, Room
from tests.running import Product
from tests.servers import wait_until

REST, SPOT = 12_600_000, 3_900_000


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with Product() as product:
        room = Room(product)
        yield room
        room.close()


def day(room: Room, days: int) -> str:
    return (civil_day(room.now(), room.product.settings.civil_offset_s) + timedelta(days=days)).isoformat()


def page(room: Room, of: str = "") -> str:
    answer = room.ask(f"/{room.screening}/results{of}")
    assert answer.status_code == 200, answer.text[:300]
    return answer.text


def test_an_afternoon_is_written_down_by_seat_and_a_name_is_shown_by_a_press_only(room: Room) -> None:
    who = room.people[0]
    assert room.told(f"/attendees/{who}/interview", {}) == {"new": True}
    room.told(f"/attendees/{who}/pay", {"cents": SPOT, "receipt": "收0007"})
    room.told(f"/attendees/{who}/promise", {"cents": REST, "due_on": day(room, 7)})
    settlement = room.told(f"/attendees/{who}/settle", {"cents": REST, "terms": "分两期付清", "yes": "LATER"})["id"]
    assert "待同意" in page(room)
    room.told(f"/settlements/{settlement}/confirm", {"yes": "PHONE"})
    told = page(room, f"?of={who}")
    for said in ("1 号座", "承诺 12.6万元", "和解 12.6万元", "当场 3.9万元", "未履行 126,000.00 元", "电话同意"):
        assert said in told, said
    assert "赵演一" not in told
    assert "000-9" not in told
    assert room.told(f"/attendees/{who}/name", {}) == {"name": "赵演一", "phone": "000-90000000"}


def test_the_promise_of_yesterday_is_green_the_moment_the_money_is_told(room: Room) -> None:
    who = room.people[1]
    room.told(f"/attendees/{who}/promise", {"cents": REST, "due_on": day(room, 1)})
    room.pay(1, CLAIM - REST - 1, node=1)
    assert "未到期" in page(room, f"?of={who}")
    room.pay(1, CLAIM, node=2)
    assert "已兑现" in page(room, f"?of={who}")


def test_the_paper_says_what_was_agreed_and_that_it_is_voluntary(room: Room) -> None:
    who = room.people[2]
    room.told(f"/attendees/{who}/promise", {"cents": REST, "due_on": day(room, 30)})
    sheet = room.ask(f"/attendees/{who}/sheet").text
    for said in ("孙测三", "126,000.00", "壹拾贰万陆仟元整", "和解和承诺都出于自愿", "先停用，再审查", "书面异议", "值班电话 0757-8888"):
        assert said in sheet, said
    summary = room.ask(f"/{room.screening}/summary").text
    assert "邀请 3 人，到场 3 人，涉及 3 案" in summary
    assert not any(name in summary for name in room.names), "the session's own paper has no name"


def test_what_was_wrong_is_taken_back(room: Room) -> None:
    who = room.people[2]
    wrong = room.told(f"/attendees/{who}/pay", {"cents": 100, "receipt": "收0099"})["id"]
    assert room.ask(f"/attendees/{who}/pay", {"cents": 100, "receipt": "收0099"}).json()["error"]["code"] == "spot_payment.receipt"
    room.told(f"/outcomes/{wrong}/take-back", {"kind": "spot_payment", "why": "金额写错"})
    assert "收0099" not in page(room, f"?of={who}")


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("promise", {}), ("promise", {"cents": 0, "due_on": "2026-12-01"}), ("promise", {"cents": 100, "due_on": "soon"}),
        ("promise", {"cents": 100, "due_on": "1999-01-01"}), ("promise", {"cents": "100", "due_on": "2026-12-01"}),
        ("settle", {"cents": 100, "terms": "x" * 201, "yes": "PRESENT"}), ("settle", {"cents": 100, "terms": "付清", "yes": "MAYBE"}),
        ("pay", {"cents": -5, "receipt": "1"}), ("pay", {"cents": 5, "receipt": ""}), ("pay", {"cents": 5, "receipt": ["1"]}),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_a_sentence(room: Room, verb: str, said: object) -> None:
    answer = room.ask(f"/attendees/{room.people[0]}/{verb}", said)
    assert answer.status_code == 400
    assert answer.json()["error"]["text"]


@pytest.mark.parametrize("whose", ["nobody", "wall", "stage"])
def test_nobody_but_a_desk_opens_it(room: Room, whose: str) -> None:
    cookie = {"nobody": "", "wall": f"ecc_wall={room.product.seeded.wall}", "stage": f"ecc_stage={room.product.seeded.desk}"}[whose]
    for path in (f"/{room.screening}/results", f"/attendees/{room.people[0]}/sheet", f"/{room.screening}/summary"):
        answer = room.ask(path, cookie=cookie)
        assert answer.status_code in (303, 401), path
        assert "赵演一" not in answer.text
    assert room.ask(f"/attendees/{room.people[0]}/name", {}, cookie).status_code == 401


def test_unknown_ids_are_not_found(room: Room) -> None:
    for path in ("/01KQZZZZZZZZZZZZZZZZZZZZZZ/results", "/attendees/01KQZZZZZZZZZZZZZZZZZZZZZZ/sheet", "/attendees/x/sheet"):
        assert room.ask(path).status_code == 404, path
    assert room.ask("/attendees/01KQZZZZZZZZZZZZZZZZZZZZZZ/interview", {}).status_code == 404


@pytest.mark.parametrize(
    ("cents", "said"),
    [
        (12_600_000, "壹拾贰万陆仟元整"), (0, "零元整"), (1, "壹分"), (10, "壹角整"), (101, "壹元零壹分"), (100_100, "壹仟零壹元整"),
        (100_100_000, "壹佰万零壹仟元整"), (10_000_000_100, "壹亿零壹元整"), (20_000_500, "贰拾万零伍元整"), (110, "壹元壹角整"),
        (123_456_789_012, "壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾元壹角贰分"),
    ],
)  # fmt: skip
def test_a_sum_in_numerals_that_nobody_changes(cents: int, said: str) -> None:
    assert capital(cents) == said


def test_a_sum_at_a_glance() -> None:
    assert (yuan(12_600_000), wan(12_600_000), wan(980_000), wan(50)) == ("126,000.00", "12.6万元", "9,800 元", "0.5 元")


def rows_of(text: str) -> int:
    return text.split("<tbody>")[1].count("<tr>") if "<tbody>" in text else 0


def test_every_figure_opens_the_list_that_it_counts(room: Room) -> None:
    """The number on the page, what its list says, and the rows of the list."""
    told = room.ask("/figures").text
    ways = re.findall(r'<a href="(/centre/screening/figures/list\?[^"]+)">(?:<small>[^<]*</small><b>)?(\d+)<', told)
    assert len(ways) > 25, "tiles, months, sessions"
    assert {"figure=SETTLED", "figure=PROMISED", "figure=PRESENT"} <= {way.split("?")[1].split("&")[0] for way, _ in ways}
    for way, n in ways:
        listed = room.web.get(way.replace("&amp;", "&"), headers={"cookie": f"ecc_desk={room.product.seeded.desk}"}).text
        said = re.search(r'data-n="(\d+)" data-cents="(\d+)"', listed)
        assert said is not None
        assert (int(said[1]), rows_of(listed)) == (int(n), int(n)), way
        sums = [int(each.replace(",", "").replace(".", "")) for each in re.findall(r"<td>([\d,]+\.\d\d)</td>", listed)]
        assert sum(sums) == int(said[2]), way
        assert not any(name in listed for name in room.names)


def test_kinds_apart_and_nonsense(room: Room) -> None:
    assert "还没有举行过" in room.ask("/figures?kind=LIKE_CASE").text
    assert "一月警示教育" in room.ask("/figures?kind=SCREENING").text
    for way in ("/figures?year=20x6", "/figures?kind=NONE", "/figures/list", "/figures/list?figure=NAMES"):
        assert room.ask(way).status_code == 400, way
    assert room.ask("/figures", cookie=f"ecc_wall={room.product.seeded.wall}").status_code in (303, 401)


def test_the_list_says_what_a_session_led_to(room: Room) -> None:
    told = room.ask("/").text
    assert "到场 3 人 · 和解 1 · 承诺兑现 1/3" in told
    assert not any(name in told for name in room.names)


def test_a_jobs_process_that_is_killed_follows_all_the_same_and_once(room: Room) -> None:
    """Last in this file: the session is over afterwards, two days ago, with one promise whose day has gone by."""
    who = room.people[0]
    overdue = room.told(f"/attendees/{who}/promise", {"cents": 5, "due_on": day(room, 0)})["id"]
    with room.journal.work(room.duty, room.now()) as work:
        work.session.get_one(PromiseRow, overdue).due_on -= timedelta(days=2)
        row = work.session.get_one(ScreeningRow, room.screening)
        row.state, row.ended_at = "ENDED", room.now() - timedelta(days=2)
    for _ in range(2):
        room.product.until_started_again("jobs", room.product.kill("jobs"))
    wait_until(lambda: len(told_of(room, "promise.broken", "screening.followed_up")) >= 2, "not followed", 60)
    assert sorted(told_of(room, "promise.broken", "screening.followed_up")) == ["promise.broken", "screening.followed_up"]
    called = page(room)
    assert "请打电话了解情况" in called
    assert "赵演一" not in called


def told_of(room: Room, *kinds: str) -> list[str]:
    with room.database.reading() as session:
        return [each.kind for each in entries_after(session, 0, 5_000) if each.kind in kinds]
