"""What the relay forwards is recorded and the journal hears of it: real connection, real files, real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
from sqlalchemy import select

from data.actions.calls import place_call
from data.engines import open_database
from data.journal import Journal, entries_after
from data.tables import RecordingGapRow, RecordingRow, SegmentRow
from streaming.call_recordings import CallRecordings
from streaming.media_events import MediaEvent
from streaming.media_tokens import Grant, Right
from streaming.relay import Relay
from tests.conftest import Clock
from tests.data.small_court import SmallCourt, ulid
from tests.databases import EveryTableFile
from tests.servers import wait_until
from tests.streaming.clips import clip
from tests.streaming.peers import Peer


@pytest.fixture
def court(tmp_path: Path, _every_table_file: EveryTableFile, clock: Clock) -> Iterator[SmallCourt]:
    database = open_database(_every_table_file.copy(tmp_path))
    yield SmallCourt(database, clock.now())
    database.close()


class House:
    """A relay with its recordings, as the relay's process has them."""

    def __init__(self, court: SmallCourt, folder: Path) -> None:
        self.journal: Journal = court.journal
        self.folder = folder
        self.recordings = CallRecordings(folder, self.journal, lambda: datetime.now(UTC), reserve=0)
        self.relay = Relay(("127.0.0.1",), self._on_event)
        self._tasks = [asyncio.create_task(self.relay.run()), asyncio.create_task(self._look())]

    def _on_event(self, event: MediaEvent) -> None:
        self.recordings.on_event(event, self.relay)

    async def _look(self) -> None:
        while True:
            self.recordings.look(self.relay)
            await asyncio.sleep(0.1)

    async def publish(self, stream: str, codec: str = "VP8", person: str = "officer") -> Peer:
        peer = Peer()
        grant = Grant(person, stream, Right.PUBLISH, until=datetime.now(UTC) + timedelta(minutes=5), issued=datetime.now(UTC))
        session = await self.relay.publish(grant, await peer.offers("sendonly", codec=codec))
        assert await peer.connect(session.answer)
        async with asyncio.timeout(60):
            while not session.connected:  # what comes before is nobody's, and this peer has no second key frame to give
                await asyncio.sleep(0.02)
        return peer

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.relay.aclose()
        await asyncio.to_thread(self.recordings.close)


@pytest.fixture
async def house(court: SmallCourt, tmp_path: Path) -> AsyncIterator[House]:
    house = House(court, tmp_path / "recordings")
    yield house
    await house.aclose()


async def play(peer: Peer, codec: str, seconds: float) -> None:
    begun_s = time.monotonic()
    for sent in clip(codec, seconds):
        await asyncio.sleep(max(0.0, begun_s + sent.at_s - time.monotonic()))
        peer.send_at(sent.kind, sent.seq, sent.timestamp, sent.marker, sent.payload)


def rows(court: SmallCourt) -> tuple[list[RecordingRow], list[SegmentRow]]:
    with court.database.reading() as session:
        return list(session.scalars(select(RecordingRow))), list(session.scalars(select(SegmentRow)))


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return [entry.kind for entry in entries_after(session, 0) if entry.kind.startswith("recording.")]


async def until(true: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(wait_until, true, what, 20)


@pytest.mark.parametrize(("codec", "named", "form"), [("vp8", "VP8", "webm"), ("h264", "H264", "mp4")])
async def test_a_call_is_recorded_though_nobody_watches(court: SmallCourt, house: House, codec: str, named: str, form: str) -> None:
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now)
    peer = await house.publish(f"{call_id}.officer", named)
    await play(peer, codec, 3)
    await until(lambda: len(rows(court)[0]) == 1, "its beginning in the journal")
    await peer.close()
    await house.aclose()
    (recording,), (segment,) = rows(court)
    assert (recording.call_id, recording.unit_no, recording.stream) == (call_id, 1001, f"{call_id}.officer")
    assert (recording.state, recording.ended_why) == ("ENDED", "closed")
    assert segment.form == form
    path = next((house.folder / recording.id).glob(f"*.{form}"))
    assert path.stat().st_size == segment.size
    with av.open(str(path)) as file:
        assert sum(1 for _ in file.decode(video=0)) >= 80
    assert kinds(court)[0] == "recording.began"
    assert court.journal.verify() is None


async def test_who_comes_back_goes_on_in_the_same_recording_and_the_gap_is_a_fact(court: SmallCourt, house: House) -> None:
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now)
    first = await house.publish(f"{call_id}.officer")
    await play(first, "vp8", 2)
    await first.close()
    await asyncio.sleep(3.5)
    again = await house.publish(f"{call_id}.officer")
    await play(again, "vp8", 2)
    await again.close()
    await house.aclose()
    (recording,), segments = rows(court)
    with court.database.reading() as session:
        gaps = {gap.track: (gap.to_at - gap.from_at).total_seconds() for gap in session.scalars(select(RecordingGapRow))}
    assert set(gaps) == {"audio", "video"}
    assert all(3 < lasted < 8 for lasted in gaps.values())
    assert sum(segment.duration_ms for segment in segments) > 3_500
    assert recording.category == "ROUTINE"


async def test_another_codec_is_another_recording(court: SmallCourt, house: House) -> None:
    peer = await house.publish("room.desk")
    await play(peer, "vp8", 2)
    await peer.close()
    await asyncio.sleep(2.2)
    other = await house.publish("room.desk", "H264")
    await play(other, "h264", 2)
    await other.close()
    await house.aclose()
    recordings, segments = rows(court)
    assert sorted(str(recording.ended_why) for recording in recordings) == ["closed", "replaced"]
    assert {recording.call_id for recording in recordings} == {None}
    assert sorted(segment.form for segment in segments) == ["mp4", "webm"]


async def test_who_sends_nothing_leaves_nothing(court: SmallCourt, house: House) -> None:
    peer = await house.publish("room.desk")
    await asyncio.sleep(0.5)
    await peer.close()
    await house.aclose()
    assert rows(court) == ([], [])
    assert not list(house.folder.glob("*/*"))


async def test_what_a_killed_relay_left_is_in_the_journal_after_the_next_start(court: SmallCourt, tmp_path: Path) -> None:
    """Nothing is closed here: as after kill -9, the file is open and the row runs."""
    folder = tmp_path / "recordings"
    dead = House(court, folder)
    peer = await dead.publish("room.desk")
    await play(peer, "vp8", 3)
    await until(lambda: len(rows(court)[0]) == 1, "its beginning in the journal")
    (part,) = folder.glob("*/*.part")
    left = part.read_bytes()
    await peer.close()
    await dead.aclose()
    (recording,), _ = rows(court)
    copy = tmp_path / "second"
    (copy / recording.id).mkdir(parents=True)
    (copy / recording.id / part.name.replace("0001", "0002")).write_bytes(left)
    next_one = House(court, copy)
    await until(lambda: len(rows(court)[1]) == 2, "the recovered segment")
    await next_one.aclose()
    recovered = [segment for segment in rows(court)[1] if segment.recovered]
    assert [segment.number for segment in recovered] == [2]
    assert recovered[0].duration_ms > 1_500
