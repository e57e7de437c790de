"""The simulated duty officer and leader at the real centre: they play the story when nobody is there, and never against a person."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select
from ulid import ULID

from dashboard.demo import clips
from dashboard.demo.auto_answer import AutoAnswer
from dashboard.demo.plan import Plan
from data.actions.calls import take_call
from data.actions.links import make_link
from data.actions.organisation import add_officer
from data.journal import Journal
from data.rules.links import Purpose
from data.rules.permissions import SYSTEM, Actor, Role
from data.sealing import load_sealing
from data.tables import CallRow, CaseNoteRow, OfficerRow, OrderRow, ParticipantRow
from tests.running import COURT, Product

CALLER, HELPER = 1001, 1002  # of two teams


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture
def plan(product: Product) -> Plan:
    database = product.database()
    journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
    with journal.work(SYSTEM, datetime.now(UTC)) as work:
        duty = add_officer(work, "方演零", "值班员（演示：自动应答）", Role.DUTY)
        leader = add_officer(work, "柳测零", "副院长（演示：自动应答）", Role.LEADER)
        link = make_link(work, Purpose.SIGN_IN, officer_id=duty)
    database.close()
    run, court = str(product.settings.run), product.settings.court_code
    return Plan(product.origin, run, court, 0, "", [], {}, {}, {}, {}, duty=link, leader=leader)


@pytest_asyncio.fixture
async def auto(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AutoAnswer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clips, "SECONDS", 2)
        patch.setattr(clips, "encode", lambda of, encode=clips.encode: encode(of, 2))
        auto = AutoAnswer(plan, tmp_path_factory.mktemp("clips"), wait_s=2.0, pause_s=0.3, talk_s=3.0)
        yield auto
        await auto.aclose()


@asynccontextmanager
async def calling(product: Product) -> AsyncIterator[str]:
    """The id of a call that rings while inside; both teams are where a support order can be sent from and to."""
    call = str(ULID())
    async with httpx.AsyncClient(base_url=product.origin, timeout=60) as client:
        for unit in (CALLER, HELPER):
            bearer = {"Authorization": f"Bearer {product.seeded.devices[unit]}"}
            at = datetime.now(UTC).isoformat()
            fix = {"id": str(ULID()), "t": at, "lat": COURT[0], "lon": COURT[1], "src_crs": "WGS84", "accuracy_m": 8}
            (await client.post("/ingest/positions", json={"fixes": [fix], "sent_at": at}, headers=bearer)).raise_for_status()
        bearer = {"Authorization": f"Bearer {product.seeded.devices[CALLER]}"}
        (await client.post("/ingest/calls", json={"id": call, "t": at, "fix": None}, headers=bearer)).raise_for_status()
        try:
            yield call
        finally:
            await client.post("/ingest/calls/end", json={"id": call}, headers=bearer)


def of(product: Product, table: Any, call: str) -> list[Any]:
    database = product.database()
    with database.reading() as session:
        found = list(session.scalars(select(table).where((table.id if table is CallRow else table.call_id) == call)))
    database.close()
    return found


@pytest.mark.long  # the whole afternoon
async def test_the_story_is_played_to_its_end_when_nobody_is_there(product: Product, plan: Plan, auto: AutoAnswer) -> None:
    async with calling(product) as call:
        auto.called(str(CALLER), call, "story")
        shown: set[str] = set()
        async with asyncio.timeout(90):
            while not (notes := await asyncio.to_thread(of, product, CaseNoteRow, call)):
                leaders = [each for each in await asyncio.to_thread(of, product, ParticipantRow, call) if each.kind == "LEADER"]
                shown |= {each.media for each in leaders}
                await asyncio.sleep(0.2)
        [row], [order] = of(product, CallRow, call), of(product, OrderRow, call)
        [leader] = [each for each in of(product, ParticipantRow, call) if each.kind == "LEADER"]
    assert row.answered_at is not None
    assert order.team_id == product.seeded.teams[1]
    assert order.text.startswith("演示：自动应答")
    assert "LIVE" in shown, "his picture reached the relay"
    assert (leader.officer_id, leader.state) == (plan.leader, "LEFT")
    assert [note.officer_id for note in notes] == [plan.leader]


async def test_a_call_that_a_person_has_taken_is_left_alone(product: Product, plan: Plan, auto: AutoAnswer) -> None:
    database = product.database()
    journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
    with database.reading() as session:
        person = session.scalars(select(OfficerRow.id).where(OfficerRow.role == Role.COMMANDER)).one()
    actor = Actor("OFFICER", person, Role.COMMANDER, product.settings.court_code, officer_id=person)
    async with calling(product) as call:
        playing = asyncio.create_task(auto.attend(call, story=True))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(journal.do, actor, datetime.now(UTC), take_call, call)
        async with asyncio.timeout(60):
            await playing
        [row], orders = of(product, CallRow, call), of(product, OrderRow, call)
        parts = {each.kind for each in of(product, ParticipantRow, call)}
    database.close()
    assert (row.owner_id, row.answered_at, orders, parts) == (person, None, [], {"FIELD"})
