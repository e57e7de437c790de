"""The party's page of the real product: opening changes nothing, either button uses the link up, and his cookie opens no other door."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from ulid import ULID

from dashboard.app import build
from data.actions.calls import answer_call, end_call
from data.actions.cases import CaseReport, Party, report_case
from data.actions.invitations import Invitation, invite_leader
from data.actions.missions import MissionReport, report_mission
from data.actions.parties import admit_party, invite_party, mute_party, refuse_party, unmute_party
from data.actions.whispers import begin_whisper, confirm_earpiece, whisper
from data.journal import Journal
from data.rules.cases import CaseEvent
from data.rules.missions import MissionStep
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import AuditRow, CasePartyRow, DeviceRow, EntryRow, MissionRow, OfficerRow, ParticipantRow, WhisperRow
from tests.dashboard.test_doors import METHODS, OPEN, handshake, routes
from tests.running import Product

CASE_NO = "（2026）岭0108执2077号"
CASE_SYSTEM = Actor(kind="MACHINE", id="case_system", role=Role.CASE_SYSTEM, court_code="")
PARTIES = (
    Party(kind="APPLICANT", name="清溪宏达建材有限公司", natural=False),
    Party(kind="DEBTOR", name="欧阳测不出", phone="13900001234"),
)


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = Settings.of(home=tmp_path_factory.mktemp("home"), redis_url="redis://127.0.0.1:1/0")
    settings.make_folders()
    return build(settings)


def file_case(journal: Journal, team: str = "一组") -> None:
    """A case with two parties, and a mission of the team of unit 1001 that is under way for it."""
    now = datetime.now(UTC)
    filed = CaseReport(case_no=CASE_NO, event=CaseEvent.FILED, at=now, cause="买卖合同纠纷", parties=list(PARTIES))
    journal.do(CASE_SYSTEM, now, report_case, filed)
    planned = MissionReport(
        id="M-PARTY",
        event=MissionStep.ASSIGNED,
        at=now,
        kind="EVICT",
        matter="腾退厂房",
        case_no=CASE_NO,
        team=team,
        area_id="C0101",
        planned_from=now,
        planned_to=now + timedelta(hours=2),
    )
    journal.do(CASE_SYSTEM, now, report_mission, planned)
    journal.do(CASE_SYSTEM, now, report_mission, MissionReport(id="M-PARTY", event=MissionStep.DEPARTED, at=now))


class Scene:
    """An answered call of a case of ours."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.database = product.database()
        self.journal = Journal(self.database, load_sealing(product.settings.keys), product.settings.court_code)
        with self.database.reading() as session:
            found = session.scalars(select(OfficerRow.id).where(OfficerRow.role == Role.COMMANDER)).first()
            filed = session.scalar(select(MissionRow.id).where(MissionRow.id == "M-PARTY"))
        if filed is None:
            file_case(self.journal)
        self.desk = Actor("OFFICER", str(found), Role.COMMANDER, product.settings.court_code, officer_id=found)
        self.leader = str(found)
        self.call = str(ULID())
        headers = {"Authorization": f"Bearer {product.seeded.devices[1001]}"}
        body = {"id": self.call, "t": datetime.now(UTC).isoformat(), "fix": None}
        httpx.post(f"{product.origin}/ingest/calls", json=body, headers=headers).raise_for_status()
        self.do(answer_call, self.call)

    def do(self, action: Any, *arguments: Any) -> Any:
        return self.journal.do(self.desk, datetime.now(UTC), action, *arguments)

    def party(self, kind: str = "DEBTOR") -> str:
        with self.database.reading() as session:
            return session.scalars(select(CasePartyRow.id).where(CasePartyRow.kind == kind)).first() or ""

    def invite(self, scene: bool = False) -> Invitation:
        made: Invitation = self.do(invite_party, self.call, self.party(), scene)
        return made

    def entries(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.max(EntryRow.seq))) or 0

    def browser(self, **cookies: str) -> httpx.Client:
        return httpx.Client(base_url=self.product.origin, headers={"origin": self.product.origin}, cookies=cookies)

    def stream_of(self, kind: str) -> str:
        with self.database.reading() as session:
            found = select(ParticipantRow.id).where(ParticipantRow.call_id == self.call, ParticipantRow.kind == kind)
            return f"{self.call}.{session.scalars(found).first()}"

    def come_in(self, phone: httpx.Client, scene: bool = False) -> Invitation:
        invitation = self.invite(scene)
        phone.post(f"/party/{invitation.secret}", data={"answer": "consent", "read_ms": "4200"})
        assert phone.post("/party/digits", json={"digits": invitation.digits}).json() == {"right": True}
        self.do(admit_party, invitation.participant_id)
        return invitation


@pytest.fixture
def scene(product: Product) -> Iterator[Scene]:
    scene = Scene(product)
    yield scene
    scene.do(end_call, scene.call, "finished")
    scene.database.close()


def token(client: httpx.Client, call: str, right: str, stream: str | None = None, face: str = "party") -> httpx.Response:
    return client.post(f"/api/media/tokens?face={face}", json={"call": call, "right": right, "stream": stream})


def test_58_opening_a_link_in_whatever_way_changes_nothing(scene: Scene) -> None:
    link = f"/party/{scene.invite().secret}"
    before = scene.entries()
    with scene.browser() as preview:
        for _ in range(10):
            page = preview.get(link)
            assert page.status_code == 200
            assert preview.head(link).status_code == 200
            assert preview.get(link, headers={"sec-purpose": "prefetch", "purpose": "prefetch"}).status_code == 200
        assert not preview.cookies
        for bad in (b"", b"answer=maybe", b"answer=consent&" * 40, "answer=同意".encode()):
            assert preview.post(link, content=bad).status_code == 400, bad
    assert CASE_NO in page.text
    for told in ("全程录音录像", "随时离开", "不会让您转账", "0757-8888", "没有任何后果"):
        assert told in page.text, told
    for name in ("欧阳", "宏达", "陈甲", "王值", "李长", "一组", "河西"):
        assert name not in page.text, name
    with scene.browser() as foreign:
        foreign.headers["origin"] = "https://elsewhere.test"
        assert foreign.post(link, data={"answer": "consent"}).status_code == 403
    assert scene.entries() == before


def test_58_the_button_lets_one_device_into_the_waiting_room_and_nobody_after_it(scene: Scene) -> None:
    invitation = scene.invite()
    link = f"/party/{invitation.secret}"
    with scene.browser() as phone, scene.browser() as other:
        entered = phone.post(link, data={"answer": "consent", "read_ms": "4200"})
        assert entered.headers["location"] == "/party/"
        assert re.search(r"ecc_party=.*HttpOnly.*SameSite=strict", entered.headers["set-cookie"], re.IGNORECASE)
        for again in (other.post(link, data={"answer": "consent"}), other.get(link)):
            assert again.status_code == 404
        assert other.get("/party/").status_code == 401
        assert other.get("/party/state").status_code == 401
        assert phone.get(link, follow_redirects=False).headers["location"] == "/party/"
        said = phone.get("/party/state").json()
        assert (said["me"]["state"], said["me"]["verified"]) == ("WAITING", False)
        assert "talk" not in said
        assert invitation.digits not in phone.get("/party/").text + phone.get("/party/state").text


def test_who_does_not_agree_gets_a_word_and_no_cookie(scene: Scene) -> None:
    link = f"/party/{scene.invite().secret}"
    with scene.browser() as phone:
        page = phone.post(link, data={"answer": "refuse"})
        assert page.status_code == 200
        assert "没有同意" in page.text
        assert not phone.cookies
        assert phone.get(link).status_code == 404
        assert phone.post(link, data={"answer": "consent"}).status_code == 404


def test_41_only_who_was_let_in_gets_a_stream_and_only_of_the_courts_side(scene: Scene) -> None:
    desk, field = scene.stream_of("DESK"), scene.stream_of("FIELD")
    invitation = scene.invite()
    with scene.browser() as phone:
        assert phone.post(f"/party/{invitation.secret}", data={"answer": "consent"}).status_code == 303
        assert token(phone, scene.call, "view", desk).json()["error"]["code"] == "media.not_admitted"
        assert token(phone, scene.call, "publish").json()["error"]["code"] == "media.not_admitted"
        assert phone.post("/party/digits", json={"digits": invitation.digits}).json() == {"right": True}
        assert token(phone, scene.call, "publish").status_code == 403
        version = phone.get("/party/state").json()["version"]
        scene.do(admit_party, invitation.participant_id)
        said = phone.get(f"/party/state?seen={version}", timeout=60).json()
        assert said["talk"] == {
            "court": scene.product.settings.court_name, "case_no": CASE_NO, "cause": "买卖合同纠纷", "speaker": None, "streams": [],
            "own": f"{scene.call}.{invitation.participant_id}",
        }  # fmt: skip
        assert token(phone, scene.call, "publish").json()["stream"] == said["talk"]["own"]
        assert token(phone, scene.call, "view", desk).status_code == 200
        for stream in (field, said["talk"]["own"], f"{desk}.w", f"{field}.w"):
            assert token(phone, scene.call, "view", stream).status_code == 403, stream
        for stream in (desk, field, f"{said['talk']['own']}.w"):
            assert token(phone, scene.call, "publish", stream).status_code == 403, stream
        scene.do(mute_party, invitation.participant_id)
        assert token(phone, scene.call, "publish").json()["error"]["code"] == "media.no_right"
        scene.do(unmute_party, invitation.participant_id)
        assert token(phone, scene.call, "publish").status_code == 200
        assert phone.post("/party/leave", json={}).json() == {"left": True}
        assert token(phone, scene.call, "view", desk).status_code == 401
        assert phone.get("/party/state").status_code == 401


def test_41_another_calls_streams_are_closed_to_him(scene: Scene, product: Product) -> None:
    with scene.browser() as phone:
        scene.come_in(phone, scene=True)
        other = str(ULID())
        headers = {"Authorization": f"Bearer {product.seeded.devices[1002]}"}
        body = {"id": other, "t": datetime.now(UTC).isoformat(), "fix": None}
        httpx.post(f"{product.origin}/ingest/calls", json=body, headers=headers).raise_for_status()
        scene.do(answer_call, other)
        with scene.database.reading() as session:
            parts = session.scalars(select(ParticipantRow.id).where(ParticipantRow.call_id == other)).all()
        assert token(phone, scene.call, "view", scene.stream_of("FIELD")).status_code == 200, "his own talk, where the desk has allowed it"
        for part in parts:
            for call in (other, scene.call):
                assert token(phone, call, "view", f"{other}.{part}").status_code in (400, 403)
        assert token(phone, other, "publish").status_code == 403
        scene.do(end_call, other, "finished")


def test_41_a_whisper_reaches_the_officer_and_never_the_party(scene: Scene, product: Product) -> None:
    """The line and the voice, asked for at the same doors: the officer's phone gets both, so the doors are the right ones."""
    phone_actor = Actor("DEVICE", "device:1", Role.DEVICE, product.settings.court_code, unit_no=1001, device_no=_device(scene, 1001))
    with scene.browser() as party, scene.browser(ecc_device=product.seeded.devices[1001]) as officer:
        scene.come_in(party, scene=True)
        scene.journal.do(phone_actor, datetime.now(UTC), confirm_earpiece, scene.call)
        scene.do(whisper, scene.call, "先稳住对方")
        scene.do(begin_whisper, scene.call)
        whispered = f"{scene.stream_of('DESK')}.w"
        assert token(officer, scene.call, "view", whispered, face="field").status_code == 200
        assert token(party, scene.call, "view", whispered).json()["error"]["code"] == "media.no_right"
        said = party.get("/party/state").text + party.get("/party/").text
        assert "先稳住" not in said
        assert whispered not in said
        with scene.database.reading() as session:
            assert session.scalars(select(WhisperRow.text).where(WhisperRow.call_id == scene.call)).one() == "先稳住对方"


def _device(scene: Scene, unit_no: int) -> int:
    with scene.database.reading() as session:
        return session.scalars(select(DeviceRow.no).where(DeviceRow.unit_no == unit_no)).one()


@pytest.mark.parametrize("how", ["asked out", "call ends"])
def test_who_is_asked_out_or_left_by_the_call_is_out_at_once(scene: Scene, how: str) -> None:
    with scene.browser() as phone:
        invitation = scene.come_in(phone)
        assert token(phone, scene.call, "publish").status_code == 200
        scene.do(*((refuse_party, invitation.participant_id) if how == "asked out" else (end_call, scene.call, "finished")))
        assert token(phone, scene.call, "publish").status_code in (401, 403, 409)
        assert "talk" not in phone.get("/party/state", timeout=60).json()
        assert phone.get(f"/party/{invitation.secret}").status_code in (303, 404)


async def test_17_a_partys_cookie_opens_nothing_else(scene: Scene, app: FastAPI) -> None:
    """Every route of the application with every method, and every socket, as each cookie that a page of ours reads."""
    with scene.browser() as phone:
        scene.come_in(phone)
        secret = phone.cookies["ecc_party"]
    found = sorted(set(routes(app)))
    names = ("ecc_party", "ecc_join", "ecc_desk", "ecc_wall", "ecc_device", "ecc_director")
    for name in names:
        cookie = f"{name}={secret}"
        for face in ("wall", "desk", "field", "join", "party"):
            assert await handshake(scene.product, f"/live?face={face}", cookie) in (401, 403), (name, face)
        assert await handshake(scene.product, "/ingest/ws", cookie) == 401
    opened = []
    async with httpx.AsyncClient(base_url=scene.product.origin, headers={"origin": scene.product.origin}) as stranger:
        for socket, path in found:
            if socket:
                continue
            cookies = {"cookie": "; ".join(f"{name}={secret}" for name in names)}
            for method in METHODS:
                for query in ("", "?face=party", "?face=join") if path.startswith("/api/media") else ("",):
                    if OPEN.fullmatch(path) or path == "/ingest/osmand":  # which refuses whoever has no key by 400
                        continue
                    answer = await stranger.request(
                        method, path + query, content=b"{}", headers={"content-type": "application/json"} | cookies
                    )
                    to_sign_in = answer.headers.get("location", "").startswith("/sign-in?next=")
                    if answer.status_code not in (401, 403, 404, 405) and not to_sign_in:
                        opened.append((method, path + query, answer.status_code))
    assert opened == [("POST", "/api/media/tokens?face=party", 400)], "the one door that he comes through, and it asks for which stream"


def test_17_a_party_does_nothing_at_a_leaders_doors_nor_a_leader_at_his(scene: Scene) -> None:
    with scene.browser() as phone, scene.browser() as leader:
        scene.come_in(phone)
        phone.cookies.set("ecc_join", phone.cookies["ecc_party"])
        for door in ("digits", "leave", "command", "whisper", "voice", "conclude"):
            assert phone.post(f"/join/{door}", json={"call": scene.call, "text": "x", "to": "scene", "on": True}).status_code == 401, door
        for door in ("command", "whisper", "voice", "conclude"):
            assert phone.post(f"/party/{door}", data={"answer": "consent"}).status_code == 404, door
        assert token(phone, scene.call, "publish", face="join").status_code == 401
        leader.post(f"/join/{scene.do(invite_leader, scene.call, scene.leader).secret}")
        leader.cookies.set("ecc_party", leader.cookies["ecc_join"])
        assert leader.get("/party/state").status_code == 401
        assert token(leader, scene.call, "publish").status_code == 401


def test_a_desk_makes_the_link_with_its_qr_and_nobody_else(scene: Scene) -> None:
    seeded = scene.product.seeded
    with scene.browser(ecc_desk=seeded.desk) as desk:
        listed = desk.get(f"/api/parties?call={scene.call}").json()["parties"]
        assert [(one["kind"], one["who"]) for one in listed] == [("APPLICANT", "某建材公司"), ("DEBTOR", "欧阳某某")]
        made = desk.post("/api/party-links", json={"call": scene.call, "party": listed[1]["id"], "scene": False}).json()
        assert made["link"].startswith(f"{scene.product.origin}/party/")
        assert made["qr"].startswith("data:image/svg+xml")
        assert len(made["digits"]) == 4
        for bad in ({"call": scene.call}, {"call": 5, "party": "x"}, {"call": scene.call, "party": listed[1]["id"], "scene": "yes"}):
            assert desk.post("/api/party-links", json=bad).status_code == 400, bad
        assert desk.get("/api/parties?call=x").status_code == 400
    for cookies in ({}, {"ecc_wall": seeded.wall}, {"ecc_device": seeded.devices[1001]}):
        with scene.browser(**cookies) as stranger:
            assert stranger.get(f"/api/parties?call={scene.call}").status_code == 401
            assert stranger.post("/api/party-links", json={"call": scene.call, "party": scene.party()}).status_code == 401


def test_the_record_is_written_read_and_corrected_at_the_desk_and_every_look_is_traced(scene: Scene) -> None:
    with scene.browser() as phone:
        invitation = scene.come_in(phone)
        path = f"/sheet/{invitation.participant_id}"
        with scene.browser(ecc_desk=scene.product.seeded.desk) as desk:
            typed = {"explained": "已说明腾退期限\r\n<img src=x onerror=alert(1)>", "said": "同意", "after": "0"}
            early = desk.post(path, data=typed)
            assert early.status_code == 409
            assert "已说明腾退期限" in early.text, "nothing that was typed is lost"
            phone.post("/party/leave", json={})
            assert desk.post(path, data=typed | {"explained": ""}).status_code == 400
            assert desk.post(path, data=typed, follow_redirects=False).headers["location"] == path
            page = desk.get(path).text
            for told in (CASE_NO, "欧阳测不出", "已说明腾退期限", "&lt;img", "同意录制", "当事人签名"):
                assert told in page, told
            assert "<img" not in page
            assert desk.post(path, data=typed | {"after": "1"}).status_code == 400
            corrected = desk.post(path, data={"explained": "期限七日", "said": "同意", "after": "1", "why": "写漏"}, follow_redirects=True)
            assert "更正第 1 版：写漏" in corrected.text
            assert "已有第 2 版更正" in desk.get(f"{path}?version=1").text
            assert "欧阳某某" in desk.get("/sheet/").text
            assert "欧阳测不出" not in desk.get("/sheet/").text
            assert desk.get("/sheet/" + str(ULID())).status_code == 404
            assert desk.get(f"{path}?version=9").status_code == 404
        for cookies in ({}, {"ecc_wall": scene.product.seeded.wall}, {"ecc_device": scene.product.seeded.devices[1001]}):
            with scene.browser(**cookies) as stranger:
                assert stranger.get(path).headers.get("location", "").startswith("/sign-in?next=")
                assert stranger.post(path, data=typed).status_code == 401
    with scene.database.reading() as session:
        looks = session.scalars(select(AuditRow).where(AuditRow.act == "read_sheet", AuditRow.object_id == invitation.participant_id)).all()
    assert len(looks) >= 4
    assert "欧阳" not in scene.product.said()
