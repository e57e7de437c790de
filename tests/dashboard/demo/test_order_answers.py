"""A simulated team at the real centre: a support order is delivered and accepted by its phone."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import select
from ulid import ULID

from dashboard.demo.order_answers import OrderAnswers
from dashboard.demo.plan import Unit
from data.actions.orders import send_support
from data.journal import Journal
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from data.tables import OfficerRow, OrderRow
from tests.running import COURT, Product


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


def sent(product: Product, call: str) -> str:
    """By a desk, past its page: the second team goes."""
    database = product.database()
    with database.reading() as session:
        commander = session.scalars(select(OfficerRow.id).where(OfficerRow.role == Role.COMMANDER)).one()
    actor = Actor("OFFICER", commander, Role.COMMANDER, product.settings.court_code, officer_id=commander)
    journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
    order: str = journal.do(actor, datetime.now(UTC), send_support, call, {1001: COURT, 1002: COURT}, product.seeded.teams[1])
    database.close()
    return order


def state(product: Product, order: str) -> str:
    database = product.database()
    with database.reading() as session:
        found = session.scalars(select(OrderRow.state).where(OrderRow.id == order)).one()
    database.close()
    return found


def answered_by(product: Product, order: str) -> int | None:
    database = product.database()
    with database.reading() as session:
        found = session.scalars(select(OrderRow.answered_by).where(OrderRow.id == order)).one()
    database.close()
    return found


async def test_the_phone_of_the_team_delivers_and_accepts(product: Product) -> None:
    call, seeded = str(ULID()), product.seeded
    async with httpx.AsyncClient(base_url=product.origin, timeout=60) as client:
        bearer = {"Authorization": f"Bearer {seeded.devices[1001]}"}
        placed = {"id": call, "t": datetime.now(UTC).isoformat(), "fix": None}
        (await client.post("/ingest/calls", json=placed, headers=bearer)).raise_for_status()
        answers = OrderAnswers(client, product.origin, Unit("1002", seeded.devices[1002], "k", 0.0, 0.0), None, thinks_s=1.0)
        others = OrderAnswers(client, product.origin, Unit("1004", seeded.devices[1004], "k", 0.0, 0.0), None, thinks_s=0, only="another's")
        listening = asyncio.gather(answers.run(after_s=0), others.run(after_s=0))
        try:
            order = await asyncio.to_thread(sent, product, call)
            seen = []
            async with asyncio.timeout(30):
                while "ACCEPTED" not in seen:
                    seen.append(await asyncio.to_thread(state, product, order))
                    await asyncio.sleep(0.1)
            assert "DELIVERED" in seen
            assert await asyncio.to_thread(answered_by, product, order) == 1002, "the other phone answers other orders only"
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
