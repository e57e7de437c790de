"""The leader's page of the real product: opening changes nothing, the button binds one device, only who was let in gets a stream."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from ulid import ULID

from data.actions.calls import answer_call, end_call
from data.actions.invitations import Invitation, admit_leader, invite_leader, refuse_leader
from data.actions.organisation import add_officer
from data.journal import Journal
from data.rules.permissions import SYSTEM, Actor, Role
from data.sealing import load_sealing
from data.tables import EntryRow, OfficerRow, ParticipantRow
from tests.running import Product


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


class Scene:
    """An answered call, and a leader who is asked into it."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.database = product.database()
        self.journal = Journal(self.database, load_sealing(product.settings.keys), product.settings.court_code)
        with self.database.reading() as session:
            found = session.scalars(select(OfficerRow.id).where(OfficerRow.role == Role.COMMANDER)).first()
        self.desk = Actor("OFFICER", str(found), Role.COMMANDER, product.settings.court_code, officer_id=found)
        self.leader = self.journal.do(SYSTEM, datetime.now(UTC), add_officer, "王样", "院长", Role.LEADER)
        self.call = str(ULID())
        headers = {"Authorization": f"Bearer {product.seeded.devices[1001]}"}
        body = {"id": self.call, "t": datetime.now(UTC).isoformat(), "fix": None}
        httpx.post(f"{product.origin}/ingest/calls", json=body, headers=headers).raise_for_status()
        self.do(answer_call, self.call)

    def do(self, action: Any, *arguments: Any) -> Any:
        return self.journal.do(self.desk, datetime.now(UTC), action, *arguments)

    def invite(self) -> Invitation:
        made: Invitation = self.do(invite_leader, self.call, self.leader, "说明腾退期限与后果")
        return made

    def entries(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.max(EntryRow.seq))) or 0

    def browser(self, **cookies: str) -> httpx.Client:
        return httpx.Client(base_url=self.product.origin, headers={"origin": self.product.origin}, cookies=cookies)

    def officer(self) -> str:
        with self.database.reading() as session:
            found = select(ParticipantRow.id).where(ParticipantRow.call_id == self.call, ParticipantRow.kind == "FIELD")
            return session.scalars(found).one()


@pytest.fixture
def scene(product: Product) -> Iterator[Scene]:
    scene = Scene(product)
    yield scene
    scene.do(end_call, scene.call)
    scene.database.close()


def test_opening_a_link_in_whatever_way_changes_nothing(scene: Scene) -> None:
    link = f"/join/{scene.invite().secret}"
    before = scene.entries()
    with scene.browser() as preview:
        for _ in range(3):
            page = preview.get(link)
            assert page.status_code == 200
            assert "王院长" in page.text
            assert "说明腾退期限与后果" in page.text
            assert "本通话会被录制" in page.text
            assert preview.head(link).status_code == 200
            assert preview.get(link, headers={"sec-purpose": "prefetch"}).status_code == 200
        assert not preview.cookies
    assert scene.entries() == before
    with scene.browser() as foreign:
        foreign.headers["origin"] = "https://elsewhere.test"
        assert foreign.post(link).status_code == 403
    assert "陈甲" not in page.text, "the officer is called by surname and title"


def test_the_button_lets_one_device_into_the_waiting_room(scene: Scene) -> None:
    invitation = scene.invite()
    link = f"/join/{invitation.secret}"
    with scene.browser() as phone, scene.browser() as other:
        assert phone.post(link).headers["location"] == "/join/"
        assert "httponly" in str(phone.get("/join/").request.headers) or phone.cookies.get("ecc_join")
        assert other.post(link).status_code == 404
        assert other.get(link).status_code == 404
        assert other.get("/join/").status_code == 401
        assert other.get("/join/state").status_code == 401
        assert phone.get(link, follow_redirects=False).headers["location"] == "/join/", "who opens it again on his phone is where he was"
        said = phone.get("/join/state").json()
        assert (said["me"]["state"], said["me"]["verified"]) == ("WAITING", False)
        assert "call" not in said
        assert invitation.digits not in phone.get("/join/").text + phone.get("/join/state").text


def token(client: httpx.Client, call: str, right: str, stream: str | None = None) -> httpx.Response:
    return client.post("/api/media/tokens?face=join", json={"call": call, "right": right, "stream": stream})


def test_who_waits_in_a_leaders_page_may_say_that_it_is_broken_and_a_stranger_may_not(scene: Scene) -> None:
    invitation = scene.invite()
    with scene.browser() as phone, scene.browser() as stranger:
        assert stranger.post("/faults/report?face=join", json={"snapshot": {}}).status_code == 401
        phone.post(f"/join/{invitation.secret}")
        answer = phone.post("/faults/report?face=join", json={"snapshot": {"page": "join", "camera": "denied"}})
        assert answer.status_code == 200, answer.text
        assert answer.json()["number"] in answer.json()["text"]
        assert phone.get("/faults/", follow_redirects=False).status_code == 303


def test_only_who_typed_the_digits_and_was_let_in_gets_a_stream(scene: Scene) -> None:
    invitation, stream = scene.invite(), f"{scene.call}.{scene.officer()}"
    with scene.browser() as phone:
        phone.post(f"/join/{invitation.secret}")
        assert token(phone, scene.call, "view", stream).json()["error"]["code"] == "media.not_admitted"
        wrong = "0000" if invitation.digits != "0000" else "1111"
        assert phone.post("/join/digits", json={"digits": wrong}).json() == {"right": False}
        assert phone.post("/join/digits", json={"digits": "12"}).status_code == 400
        assert phone.post("/join/digits", content=b"[]").status_code == 400
        assert phone.post("/join/factor", json={"code": "123456"}).status_code == 404, "he has no authenticator"
        assert phone.post("/join/digits", json={"digits": invitation.digits}).json() == {"right": True}
        assert token(phone, scene.call, "publish").status_code == 403
        assert phone.post("/join/whisper", json={"call": scene.call, "text": "x"}).status_code == 403
        version = phone.get("/join/state").json()["version"]
        scene.do(admit_leader, invitation.participant_id)
        said = phone.get(f"/join/state?seen={version}", timeout=60).json()
        assert said["me"]["state"] == "IN"
        assert (said["scene"], said["own"]) == (stream, f"{scene.call}.{invitation.participant_id}")
        assert token(phone, scene.call, "view", stream).status_code == 200
        assert token(phone, scene.call, "publish").json()["stream"] == said["own"]
        assert phone.post("/join/command", json={"call": scene.call, "on": True}).json() == {"done": True}
        assert phone.post("/join/voice", json={"call": scene.call, "to": "ear"}).json()["error"]["code"] == "whisper.no_earpiece"
        assert phone.post("/join/leave", json={}).json() == {"left": True}
        assert token(phone, scene.call, "view", stream).status_code == 403
        assert phone.post("/join/conclude", json={"text": "已释明，同意腾退。"}).status_code == 200


def test_who_is_asked_out_is_out_at_once(scene: Scene) -> None:
    invitation = scene.invite()
    with scene.browser() as phone:
        phone.post(f"/join/{invitation.secret}")
        phone.post("/join/digits", json={"digits": invitation.digits})
        scene.do(admit_leader, invitation.participant_id)
        assert token(phone, scene.call, "publish").status_code == 200
        scene.do(refuse_leader, invitation.participant_id)
        assert token(phone, scene.call, "publish").status_code in (401, 403)


def test_a_desk_makes_the_link_and_nobody_else(scene: Scene) -> None:
    seeded = scene.product.seeded
    with scene.browser(ecc_desk=seeded.desk) as desk:
        listed = desk.get("/api/leaders").json()["leaders"]
        assert {"院长", "局长"} <= {one["who"][1:] for one in listed}
        made = desk.post("/api/invitations", json={"call": scene.call, "officer": scene.leader, "ask": None}).json()
        assert made["link"].startswith(f"{scene.product.origin}/join/")
        assert len(made["digits"]) == 4
        assert desk.post("/api/invitations", json={"call": scene.call, "officer": seeded.officers[1001]}).status_code == 409
        assert desk.post("/api/invitations", json={"call": 5}).status_code == 400
    for cookies in ({}, {"ecc_wall": seeded.wall}, {"ecc_device": seeded.devices[1001]}):
        with scene.browser(**cookies) as stranger:
            assert stranger.get("/api/leaders").status_code == 401
            assert stranger.post("/api/invitations", json={"call": scene.call, "officer": scene.leader}).status_code == 401
