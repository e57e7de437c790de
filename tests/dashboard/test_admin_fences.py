"""围栏: drawn on the page it is watched and a row of the wall at once; what is wrong with the line is said; over, it is gone by itself."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from data.actions.timers import run_due
from data.queries import wall
from data.queries.timers import due
from data.rules.permissions import SYSTEM, Clearance, Role, Sight
from data.rules.timers import Timer
from data.tables import EntryRow, FenceRow
from tests.administration import Administration, administration
from tests.small_court import COURT

RING = [[23.10, 112.50], [23.10, 112.51], [23.11, 112.51], [23.11, 112.50]]
DISTRICT = [[[112.4, 23.0], [112.6, 23.0], [112.6, 23.2], [112.4, 23.2], [112.4, 23.0]]]


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Administration]:
    for admin in administration(tmp_path):
        layer = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": DISTRICT}}
        admin.house.settings.layers.mkdir(parents=True, exist_ok=True)
        (admin.house.settings.layers / "boundary.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [layer]}))
        yield admin


async def draw(admin: Administration, role: Role = Role.TECHNICAL, **said: Any) -> tuple[int, dict[str, Any]]:
    async with admin.browser(role) as browser:
        body = {"name": "厂区", "kind": "WATCH", "ring": RING, "ends_at": None} | said
        answer = await browser.post("/centre/admin/fences/draw", json=body)
        return answer.status_code, answer.json()


def kinds(admin: Administration) -> list[str]:
    with admin.court.database.reading() as session:
        return [kind for kind in session.scalars(select(EntryRow.kind).order_by(EntryRow.seq)) if kind.startswith("fence.")]


async def test_what_is_drawn_is_watched_and_told_to_the_walls_until_it_is_removed(admin: Administration) -> None:
    status, made = await draw(admin)
    assert status == 200
    assert kinds(admin) == ["fence.drawn"]
    async with admin.browser(Role.DUTY) as browser:
        assert f'data-fence="{made["id"]}"' in (await browser.get("/centre/admin/fences")).text
        for removed in (True, False):
            answer = await browser.post("/centre/admin/fences/remove", json={"fence": made["id"]})
            assert answer.json() == {"removed": removed}
        assert made["id"] not in (await browser.get("/centre/admin/fences")).text
    assert kinds(admin) == ["fence.drawn", "fence.removed"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"ring": [RING[0], RING[2], RING[1], RING[3]]}, "geo.fence_crosses"),
        ({"ring": RING[:2]}, "geo.fence_corners"),
        ({"ring": "x"}, "geo.fence_corners"),
        ({"ring": [["a", "b"], [1], None]}, "geo.fence_corners"),
        ({"ring": [[lat + 1, lon] for lat, lon in RING]}, "geo.fence_outside"),
        ({"ring": [[23.1, 112.5], [23.1, 112.50001], [23.10001, 112.5]]}, "geo.fence_small"),
        ({"ring": [[23.01, 112.41], [23.01, 112.59], [23.19, 112.59], [23.19, 112.41]]}, "geo.fence_large"),
        ({"ring": [[23.1 + n * 1e-6, 112.5 + (n % 2) * 0.01] for n in range(501)]}, "geo.fence_crosses"),
        ({"kind": "BOMB"}, "fence.bad_kind"),
        ({"name": " "}, "text.empty"),
        ({"ends_at": "2020-01-01T00:00"}, "fence.over"),
        ({"ends_at": "x"}, "audit.bad_time"),
    ],
)
async def test_what_is_wrong_with_it_is_said(admin: Administration, said: dict[str, Any], code: str) -> None:
    status, answer = await draw(admin, **said)
    assert (status, answer["error"]["code"]) == (400, code)
    assert answer["error"]["text"]
    assert kinds(admin) == []


async def test_when_its_time_is_over_it_goes_by_itself(admin: Administration) -> None:
    now = admin.court.now()
    until = now + timedelta(hours=8, minutes=30)  # civil time
    status, made = await draw(admin, ends_at=until.strftime("%Y-%m-%dT%H:%M"))
    assert status == 200
    with admin.court.database.reading() as session:
        ends_at = session.get_one(FenceRow, made["id"]).ends_at
        assert ends_at is not None
        assert not [each for each in due(session, ends_at - timedelta(seconds=1)) if each.timer is Timer.FENCE_ENDS]
        over = [each for each in due(session, ends_at) if each.timer is Timer.FENCE_ENDS]
    assert [each.id for each in over] == [made["id"]]
    assert [admin.court.journal.do(SYSTEM, ends_at, run_due, over[0]) for _ in range(2)] == [True, False]
    assert kinds(admin) == ["fence.drawn", "fence.removed"]


async def test_one_for_tomorrow_is_on_no_wall_before_and_is_told_then(admin: Administration) -> None:
    begins = admin.court.now() + timedelta(hours=8 + 24)  # civil time
    said = {"begins_at": f"{begins:%Y-%m-%dT%H:%M}", "ends_at": f"{begins + timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    assert (await draw(admin, begins_at=said["ends_at"], ends_at=said["begins_at"]))[1]["error"]["code"] == "fence.over"
    made = (await draw(admin, begins_at=said["begins_at"], ends_at=said["ends_at"]))[1]["id"]

    def on_the_wall() -> list[str]:
        with admin.court.database.reading() as session:
            sight = Sight(Clearance.WALL, Role.WALL, COURT)
            drawn = wall.rows(session, sight, [("fence", made)], admin.court.now(), 28_800, say=lambda key, **_: key)
            return [row["name"] for _, _, row in drawn if row is not None]

    assert on_the_wall() == []
    admin.court.later(24 * 3600 - 120)
    with admin.court.database.reading() as session:
        assert not [each for each in due(session, admin.court.now()) if each.id == made]
    admin.court.later(120)
    with admin.court.database.reading() as session:
        over = [each for each in due(session, admin.court.now()) if each.id == made]
    assert [each.timer for each in over] == [Timer.FENCE_BEGINS]
    assert [admin.court.journal.do(SYSTEM, admin.court.now(), run_due, over[0]) for _ in range(2)] == [True, False]
    assert on_the_wall() == ["厂区"]
    assert kinds(admin) == ["fence.drawn", "fence.drawn"]


@pytest.mark.parametrize("role", [Role.LEADER, Role.INSPECTOR, Role.JUDGE, Role.FUND])
async def test_nobody_else_draws_one(admin: Administration, role: Role) -> None:
    assert (await draw(admin, role))[0] in (401, 403)
    async with admin.browser(role) as browser:
        assert (await browser.get("/centre/admin/fences")).status_code == 403
        assert (await browser.post("/centre/admin/fences/remove", json={"fence": "01"})).status_code in (401, 403)
    assert kinds(admin) == []


async def test_without_a_boundary_a_fence_may_lie_anywhere(admin: Administration) -> None:
    (admin.house.settings.layers / "boundary.geojson").unlink()
    assert (await draw(admin, ring=[[lat + 1, lon] for lat, lon in RING]))[0] == 200
