"""An officer on the spot whose picture may be shown before a stage: mission, call, permit, and a real sender to the product's relay."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
from sqlalchemy import select
from ulid import ULID

from data.actions.calls import answer_call, place_call
from data.actions.missions import MissionReport, report_mission
from data.actions.participants import close_picture
from data.rules.missions import MissionStep
from data.rules.permissions import Actor, Role
from data.tables import DeviceRow, ParticipantRow
from streaming.media_tokens import Right, load_media_tokens
from tests.screenings import Court
from tests.streaming.clips import FPS, clip
from tests.streaming.peers import Peer

MATTER = "腾退厂房金丝雀"  # of the mission: nothing for an audience


class OnTheSpot:
    """A unit on scene, talking with the centre. `sends` publishes what its camera would."""

    def __init__(self, court: Court, unit: int = 1001) -> None:
        self.court, seeded = court, court.product.seeded
        self.mission, self.call = f"M-{ULID()}", str(ULID())
        code, officer = court.product.settings.court_code, seeded.officers[unit]
        with court.database.reading() as session:
            device_no = session.scalars(select(DeviceRow.no).where(DeviceRow.unit_no == unit)).one()
        phone = {"unit_no": unit, "device_no": device_no, "officer_id": officer, "team_id": seeded.teams[0]}
        self.phone = Actor(kind="DEVICE", id="phone", role=Role.DEVICE, court_code=code, **phone)
        self.desk = Actor(kind="OFFICER", id=officer, role=Role.DUTY, court_code=code, officer_id=officer)
        now = datetime.now(UTC)
        plan = {"kind": "EVICT", "matter": MATTER, "team": seeded.teams[0], "planned_from": now}
        machine = Actor(kind="MACHINE", id="case_system", role=Role.CASE_SYSTEM, court_code=code)
        for step, more in ((MissionStep.ASSIGNED, plan), (MissionStep.ARRIVED, {})):
            court.journal.do(machine, now, report_mission, MissionReport(id=self.mission, event=step, at=now, **more))
        court.journal.do(self.phone, now, place_call, self.call, now)
        court.journal.do(self.desk, now, answer_call, self.call)
        with court.database.reading() as session:
            field = ParticipantRow.call_id == self.call, ParticipantRow.kind == "FIELD"
            self.stream = f"{self.call}.{session.scalars(select(ParticipantRow.id).where(*field)).one()}"

    def close_picture(self) -> None:
        """«停止画面», as the phone says it."""
        self.court.journal.do(self.phone, datetime.now(UTC), close_picture, self.call, "privacy")

    def permitted(self, screening: str, delay_s: int = 10) -> str:
        """Proposed, and certified by two who say that the people were told. Returns the permit."""
        said = self.court.told(f"/{screening}/live", {"mission": self.mission, "delay_s": delay_s})
        permit = said["permits"][0]["id"]
        for by in ("", self.court.product.seeded.commander):
            said = self.court.told(f"/{screening}/live-certify", {"permit": permit, "told": True}, by=by)
        assert said["permits"][0]["state"] == "LIVE"
        return str(permit)

    def planned(self, delay_s: int = 10) -> tuple[str, str]:
        """A screening with a card and the live picture. Returns it and the permit."""
        screening = str(self.court.told("/plan", {"title": "一月警示教育"})["id"])
        permit = self.permitted(screening, delay_s)
        places = [{"title": "法律规定", "words": "自愿履行"}, {"permit": permit}]
        self.court.told(f"/{screening}/programme", {"places": places})
        return screening, permit

    @contextlib.asynccontextmanager
    async def sends(self) -> AsyncIterator[None]:
        """A moving picture and a tone, to the relay of the product."""
        settings, peer = self.court.product.settings, Peer()
        await asyncio.to_thread(self.court.product.until_relay)
        person = self.stream.partition(".")[2]
        token = load_media_tokens(settings.keys).issue(person, self.stream, Right.PUBLISH, now=datetime.now(UTC))
        headers = {"authorization": f"Bearer {token}", "content-type": "application/sdp"}
        async with httpx.AsyncClient(timeout=20) as web:
            answer = await web.post(f"{settings.media}/media/whip/{self.stream}", content=await peer.offers("sendonly"), headers=headers)
        assert answer.status_code == 201, answer.text
        assert await peer.connect(answer.text)
        sending = asyncio.create_task(_send(peer))
        try:
            yield
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await peer.close()


async def _send(peer: Peer) -> None:
    sent = list(clip("vp8", 2))
    first = {kind: [each.seq for each in sent if each.kind == kind] for kind in ("audio", "video")}
    round_of = {kind: max(seqs) - min(seqs) + 1 for kind, seqs in first.items()}
    clock, loop = {"audio": 96_000, "video": 2 * FPS * 3_000}, asyncio.get_running_loop()
    began = loop.time()
    for again in range(10_000):
        for each in sent:
            await asyncio.sleep(max(0.0, began + 2 * again + each.at_s - loop.time()))
            seq = each.seq + again * round_of[each.kind]
            timestamp = (each.timestamp + again * clock[each.kind]) % 2**32
            peer.send_at(each.kind, seq, timestamp, each.marker, each.payload)
