"""The doors before a screening: who is proposed and invited, the letters, the door that says a seat and no name."""

import re
from collections.abc import Iterator

import pytest

from data.rules.screening import MATERIALS
from tests.halls import NAMES, Hall
from tests.running import Product


@pytest.fixture(scope="module")
def hall() -> Iterator[Hall]:
    with Product() as product:
        hall = Hall(product)
        yield hall
        hall.close()


@pytest.fixture
def screening(hall: Hall) -> str:
    return hall.planned()


def proposed(hall: Hall, screening: str, query: str = "") -> list[str]:
    """Parties that can be ticked, in their order."""
    return re.findall(r'name="party" value="(\w+)"', hall.ask(f"/{screening}/people{query}").text)


def invite(hall: Hall, screening: str, count: int = 2) -> list[str]:
    """Their codes, as the letters say them."""
    hall.told(f"/{screening}/plan", {"kind": "SCREENING", "cause": None, "held": hall.local(), "place": "二楼报告厅"})
    assert hall.told(f"/{screening}/invite", {"parties": proposed(hall, screening)[:count], "ground": "NOTICE"}) == {"invited": count}
    return re.findall(r'class="code">([^<]+)<', hall.ask(f"/{screening}/letters").text)


def test_from_proposing_to_a_seat(hall: Hall, screening: str) -> None:
    page = hall.ask(f"/{screening}/people").text
    assert "还没有邀请任何人" in page
    assert not any(name in page for name in NAMES), "who is only proposed stands there masked"
    assert [page.index(f"执{number}号") for number in (700, 701, 702)] == sorted(page.index(f"执{number}号") for number in (700, 701, 702))
    codes = invite(hall, screening)
    page = hall.ask(f"/{screening}/people").text
    assert [name for name in NAMES[:4] if name in page] == list(NAMES[:2])
    assert "15:00" in page
    assert hall.refused(f"/{screening}/check-in", {"code": codes[0]}) == "attendee.door_not_open"
    hall.told(f"/{screening}/open", {})
    said = hall.told(f"/{screening}/check-in", {"code": codes[1].lower()})
    assert (said["seat"], said["present"], said["invited"]) == (1, 1, 2)
    assert hall.refused(f"/{screening}/check-in", {"code": codes[1]}) == "attendee.present"
    assert hall.told(f"/{screening}/leave", {"code": "1"})["present"] == 0
    assert hall.told(f"/{screening}/check-in", {"code": codes[1]})["back"] is True
    assert hall.told(f"/{screening}/undo", {"seat": 1})["present"] == 0
    assert hall.told(f"/{screening}/state")["people"] == {"present": 0, "invited": 2, "help": None}
    for face in ("door", "counts", ""):
        told = hall.ask(f"/{screening}/{face}".rstrip("/")).text
        assert not any(word in told for word in (*NAMES, "某某", codes[0])), face


def test_a_letter_says_that_it_is_voluntary_and_a_summons_stands_on_a_sheet_of_its_own(hall: Hall, screening: str) -> None:
    parties = proposed(hall, screening)
    hall.told(f"/{screening}/invite", {"parties": parties[:1], "ground": "NOTICE"})
    assert "还没有定时间和地点" in hall.ask(f"/{screening}/letters").text
    hall.told(f"/{screening}/plan", {"kind": "SCREENING", "cause": None, "held": hall.local(), "place": "二楼报告厅"})
    at_once = {"parties": parties[1:2], "ground": "SUMMONS", "questioned": hall.local()}
    assert hall.refused(f"/{screening}/invite", at_once) == "attendee.not_apart"
    hall.told(f"/{screening}/invite", at_once | {"questioned": hall.local(4)})
    letters = hall.ask(f"/{screening}/letters").text
    assert (letters.count('class="paper"'), letters.count("传票</h1>"), letters.count("警示教育通知</h1>")) == (3, 1, 2)
    for said in ("没有任何不利后果", "随时可以离场", "禁止拍摄", "完全自愿", "片子立即停用", "0757-8888", "二楼报告厅", "两件事"):
        assert said in letters, said
    summons = letters[letters.index("传票</h1>") : letters.index("通知</h1>", letters.index("传票</h1>"))]
    assert "警示教育" not in summons.partition("</main>")[0], "a summons never makes coming a duty"
    images = re.findall(r'src="(data:image/svg[^"]+)"', letters)
    assert len(images) == 4, "a code for the door and one to object by, each"
    assert not any(name in image for image in images for name in (*NAMES, "http%3A//", hall.product.origin))


def test_filters_hold_and_a_flag_takes_off(hall: Hall, screening: str) -> None:
    assert len(proposed(hall, screening)) == 4
    assert len(proposed(hall, screening, "?cause=买卖合同纠纷")) == 2
    assert len(proposed(hall, screening, "?most=2")) == 1
    assert proposed(hall, screening, "?most=nonsense") == proposed(hall, screening), "what is no sum filters nothing"
    party = proposed(hall, screening)[3]
    hall.told(f"/{screening}/invite", {"parties": [party], "ground": "NOTICE"})
    hall.told(f"/{screening}/flag", {"party": party, "minor": True, "unfit": False})
    assert hall.told(f"/{screening}/counts")["invited"] == 0
    assert hall.refused(f"/{screening}/invite", {"parties": [party], "ground": "NOTICE"}) == "attendee.minor"
    assert "未成年人，不能邀请" in hall.ask(f"/{screening}/people").text
    hall.told(f"/{screening}/flag", {"party": party, "minor": False, "unfit": False})


def test_one_who_must_not_be_asked_leaves_all_uninvited(hall: Hall, screening: str) -> None:
    first, second, *_ = proposed(hall, screening)
    assert hall.refused(f"/{screening}/invite", {"parties": [first, second, first], "ground": "NOTICE"}) == "attendee.invited"
    assert hall.told(f"/{screening}/counts")["invited"] == 0


def test_it_begins_when_the_room_is_ready(hall: Hall, screening: str) -> None:
    hall.told(f"/{screening}/programme", {"places": [{"title": "法律规定", "words": "自愿履行"}]})
    invite(hall, screening, 1)
    link = hall.told(f"/{screening}/stage", {})["link"].removeprefix(hall.product.origin)
    assert hall.web.post(link).status_code in (200, 303)
    assert hall.refused(f"/{screening}/begin", {}) == "screening.check_in_first"
    hall.told(f"/{screening}/open", {})
    assert hall.refused(f"/{screening}/begin", {}) == "screening.materials"
    state = hall.told(f"/{screening}/state")
    hall.told(f"/{screening}/materials", {"there": state["missing"]})
    assert hall.told(f"/{screening}/begin", {})["state"] == "RUNNING"
    assert hall.told(f"/{screening}/rest", {})["resting"] is True
    assert hall.told(f"/{screening}/help", {})["help"] == {"by": None}
    assert hall.told(f"/{screening}/show", {"position": 0})["resting"] is False


def test_what_two_hosts_tick_is_there_together_and_one_takes_his_own_back(hall: Hall, screening: str) -> None:
    def missing() -> list[str]:
        return list(hall.told(f"/{screening}/state")["missing"])

    for name in MATERIALS[:3]:
        hall.told(f"/{screening}/materials", {"there": [name]})
    assert missing() == list(MATERIALS[3:])
    hall.told(f"/{screening}/materials", {"gone": [MATERIALS[1]]})
    assert missing() == [MATERIALS[1], *MATERIALS[3:]]
    assert hall.refused(f"/{screening}/materials", {"gone": "SIGN"}) == "input.bad"


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("plan", {"kind": "SCREENING", "held": "tomorrow"}),
        ("plan", {"kind": "SCREENING", "held": "2026-13-45T99:99"}),
        ("plan", {"kind": "SCREENING", "place": "长" * 31}),
        ("plan", {"kind": "PARTY"}),
        ("plan", {"kind": "LIKE_CASE"}),
        ("invite", {"parties": "x", "ground": "NOTICE"}),
        ("invite", {"parties": [], "ground": "NOTICE"}),
        ("invite", {"parties": ["x"], "ground": "NOTICE"}),
        ("check-in", {"code": 7}),
        ("materials", {"there": ["MUSIC"]}),
        ("undo", {"seat": True}),
        ("photo", {"attendee": "x", "consents": 1}),
        ("flag", {"party": "x"}),
    ],
)
def test_nonsense_is_refused_with_a_sentence(hall: Hall, screening: str, verb: str, said: object) -> None:
    hall.refused(f"/{screening}/{verb}", said)


@pytest.mark.parametrize("page", ["people", "letters", "door"])
def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_page(hall: Hall, screening: str, page: str) -> None:
    answer = hall.web.get(f"/centre/screening/{screening}/{page}", headers={"cookie": ""}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"].startswith("/sign-in?next=")) == (303, True)


def test_candidates_are_searched_by_case_number_and_by_community(hall: Hall, screening: str) -> None:
    assert len(proposed(hall, screening, "?said=执701号")) == 1
    assert len(proposed(hall, screening, "?said=(2026)岭0108执70")) == 4, "brackets as they are typed"
    assert len(proposed(hall, screening, "?said=河西")) == 4
    for nothing in ("河东", "%", "_", "'--", "<img>"):
        assert proposed(hall, screening, f"?said={nothing}") == [], nothing
    assert "共 4 人" in hall.ask(f"/{screening}/people?page=99").text
    assert len(proposed(hall, screening, "?page=nonsense")) == 4
