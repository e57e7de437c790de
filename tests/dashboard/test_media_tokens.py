"""The door for media tokens of the real product: each gets what the call's rule gives him, everybody else a refusal."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from ulid import ULID

from data.actions.calls import answer_call
from data.journal import Journal
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from data.tables import OfficerRow, ParticipantRow
from streaming.media_tokens import Right, load_media_tokens
from tests.running import Product

PRINT = ":".join(["AB"] * 32)


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
def call(product: Product) -> str:
    """An answered call of unit 1001."""
    call_id = str(ULID())
    headers = {"Authorization": f"Bearer {product.seeded.devices[1001]}"}
    body = {"id": call_id, "t": datetime.now(UTC).isoformat(), "fix": None}
    httpx.post(f"{product.origin}/ingest/calls", json=body, headers=headers).raise_for_status()
    database = product.database()
    with database.reading() as session:
        duty = session.scalars(select(OfficerRow.id).where(OfficerRow.role == Role.COMMANDER)).first()
    actor = Actor("OFFICER", str(duty), Role.COMMANDER, product.settings.court_code, officer_id=duty)
    Journal(database, load_sealing(product.settings.keys), product.settings.court_code).do(actor, datetime.now(UTC), answer_call, call_id)
    database.close()
    return call_id


def scene(product: Product, call: str) -> str:
    database = product.database()
    with database.reading() as session:
        found = select(ParticipantRow.id).where(ParticipantRow.call_id == call, ParticipantRow.kind == "FIELD")
        name = f"{call}.{session.scalars(found).one()}"
    database.close()
    return name


def ask(product: Product, face: str, body: Any, **cookies: str) -> httpx.Response:
    with httpx.Client(base_url=product.origin, cookies=cookies, headers={"origin": product.origin}) as browser:
        return browser.post(f"/api/media/tokens?face={face}", json=body)


def test_the_officers_phone_sends_and_the_wall_receives_the_same_stream(product: Product, call: str) -> None:
    tokens, now = load_media_tokens(product.settings.keys), datetime.now(UTC)
    sent = ask(product, "field", {"call": call, "right": "publish", "fingerprint": PRINT}, ecc_device=product.seeded.devices[1001])
    assert sent.status_code == 200, sent.text
    grant = tokens.read(sent.json()["token"], now=now)
    assert (grant.stream, grant.right, grant.fingerprint) == (scene(product, call), Right.PUBLISH, PRINT)
    assert sent.json()["url"].endswith("/media/whip")
    seen = ask(product, "wall", {"call": call, "right": "view", "stream": grant.stream}, ecc_wall=product.seeded.wall)
    watching = tokens.read(seen.json()["token"], now=now)
    assert (watching.stream, watching.right, watching.person) == (grant.stream, Right.VIEW, seen.json()["participant"])
    again = ask(product, "wall", {"call": call, "right": "view", "stream": grant.stream}, ecc_wall=product.seeded.wall)
    assert again.json()["participant"] == seen.json()["participant"]


def test_41_another_teams_phone_a_stranger_and_a_foreign_page_get_nothing(product: Product, call: str) -> None:
    seeded, wanted = product.seeded, {"call": call, "right": "view", "stream": scene(product, call)}
    assert ask(product, "field", wanted, ecc_device=seeded.devices[1002]).json()["error"]["code"] == "media.not_admitted"
    assert ask(product, "field", {"call": call, "right": "publish"}, ecc_device=seeded.devices[1003]).status_code == 403
    assert ask(product, "wall", {"call": call, "right": "publish"}, ecc_wall=seeded.wall).status_code == 403
    assert ask(product, "wall", wanted).status_code == 401
    assert ask(product, "desk", wanted, ecc_wall=seeded.wall).status_code == 401
    assert ask(product, "join", wanted, ecc_device=seeded.devices[1001]).status_code == 401
    with httpx.Client(base_url=product.origin, cookies={"ecc_wall": seeded.wall}, headers={"origin": "https://elsewhere.test"}) as foreign:
        assert foreign.post("/api/media/tokens", json=wanted).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        [], {}, {"call": 5, "right": "view"}, {"call": "x", "right": "view"}, {"right": "view"}, {"call": str(ULID()), "right": "own"},
        {"call": str(ULID()), "right": "view", "stream": 1}, {"call": str(ULID()), "right": "publish", "fingerprint": "AB:CD"},
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_a_sentence(product: Product, body: Any) -> None:
    answer = ask(product, "wall", body, ecc_wall=product.seeded.wall)
    assert answer.status_code in (400, 403)
    assert answer.json()["error"]["text"]
