"""attack 28: names with quotes, semicolons, emoji, four-byte characters or nothing at all, through the forms into database, list, wall."""

from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from typing import Any

import pytest
from sqlalchemy import func, select

from dashboard.i18n import t
from data.queries import wall
from data.rules.permissions import Clearance, Role, Sight
from data.tables import FenceRow, OfficerRow, TeamRow, WallRow
from tests.administrators import Administrators
from tests.running import COURT, Product

pytestmark = pytest.mark.timeout(180)
NAMES = [
    "O'Brien",
    '甲"乙',
    "x'); DROP TABLE officer;--",
    "甲;乙",
    "😀😀",
    "𠮷野𡈽",
    "<img onerror=1>",
    "%s{0}",
    "\\'",
    "`$(id)`",
    "甲\u0301",
    "--",
]
NOTHING = ["", "   ", "\u3000", "\t\n"]
LAT, LON = COURT


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
def admins(product: Product) -> Iterator[Administrators]:
    admins = Administrators(product)
    yield admins
    admins.close()


def forms(name: str, number: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each form that takes a name: its door, and what is said there."""
    ring = [[LAT + 0.001 * number, LON], [LAT + 0.001 * number, LON + 0.005], [LAT + 0.001 * number + 0.0005, LON + 0.005]]
    person = {"name": name, "title": "干警", "role": "field", "badge": None, "phone": None, "team": None, "unit": None, "account": None}
    return {
        "person": ("/people/add", person),
        "team": ("/people/team", {"name": name}),
        "wall": ("/walls/add", {"name": name}),
        "fence": ("/fences/draw", {"name": name, "kind": "WATCH", "ring": ring, "begins_at": None, "ends_at": None}),
    }


TABLES: dict[str, Any] = {"person": OfficerRow, "team": TeamRow, "wall": WallRow, "fence": FenceRow}
SHOWN = {"person": ("/people?q={}", "technical"), "wall": ("/walls", "technical"), "fence": ("/fences", "technical")}
WHO = dict.fromkeys(TABLES, "technical")


def kept(admins: Administrators, form: str) -> list[str]:
    with admins.database.reading() as session:
        return list(session.scalars(select(TABLES[form].name)))


@pytest.mark.parametrize("form", TABLES)
def test_28_a_name_is_kept_as_it_was_said_and_shown_as_text(admins: Administrators, form: str) -> None:
    before = len(kept(admins, form))
    taken = []
    for number, name in enumerate(NAMES):
        path, said = forms(name, number)[form]
        answer = admins.ask(path, said, WHO[form])
        assert answer.status_code in (200, 400), (name, answer.text)  # taken, or refused in a sentence
        if answer.status_code == 200:
            taken.append(name)
        else:
            assert answer.json()["error"]["text"]
    assert len(taken) > len(NAMES) // 2
    names = kept(admins, form)
    assert len(names) == before + len(taken)
    assert set(taken) <= set(names)
    if form in SHOWN:
        path, who = SHOWN[form]
        for name in taken if form != "person" else ["甲;乙"]:
            page = admins.ask(path.format(name), who=who)
            assert page.status_code == 200
            assert escape(name) in page.text.replace("&#34;", "&quot;").replace("&#39;", "&#x27;"), name
            assert "<img onerror" not in page.text


@pytest.mark.parametrize("form", TABLES)
def test_28_nothing_and_what_cannot_be_shown_are_refused_in_a_sentence(admins: Administrators, form: str) -> None:
    before = kept(admins, form)
    for number, name in enumerate([*NOTHING, "甲\0乙", "甲\u202e乙", "\u200b"]):
        path, said = forms(name, number)[form]
        answer = admins.ask(path, said, WHO[form])
        assert answer.status_code == 400, (name, answer.text)
        assert answer.json()["error"]["text"]
    assert kept(admins, form) == before


def test_28_the_wall_and_the_tables_are_whole_afterwards(admins: Administrators, product: Product) -> None:
    sight = Sight(Clearance.DESK, Role.DUTY, product.settings.court_code, positions=True)
    with admins.database.reading() as session:
        shown = wall.snapshot(session, sight, datetime.now(UTC), say=t)
        assert session.scalar(select(func.count()).select_from(OfficerRow))
    assert next(iter(shown.rows["today"].values()))["skipped"] == 0
    assert any(row["name"] == "𠮷野𡈽" for row in shown.rows["team"].values())
