"""What the relay sees stands in the journal, in order, whatever the database does; what the journal withdraws, the relay ends."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from data.actions.calls import answer_call, end_call, place_call
from data.actions.participants import claim_media, close_picture, join_call, leave_call
from data.engines import Database
from data.errors import DatabaseUnavailable
from data.journal import Entry, entries_after
from data.lanes import Lanes
from data.rules.participants import ParticipantKind
from data.tables import CallRow, ParticipantRow
from streaming.media_events import Happened, MediaEvent
from streaming.media_states import WAITING_MOST, MediaStates, quality_of, withdrawn
from tests.conftest import Clock
from tests.data.small_court import SmallCourt, ulid

pytestmark = pytest.mark.postgres_long  # the actions that they reach are tried on both

FIGURES = {"octets": 1.0, "kbps": 1_050, "fps": 30, "video_lost_pct": 1.2, "audio_lost_pct": 0.1}


@pytest.fixture
def court(database: Database, clock: Clock) -> SmallCourt:
    return SmallCourt(database, clock())


class Told:
    """A relay that remembers what it was told to end."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []
        self.hidden: list[str] = []
        self.there: set[str] = set()

    def revoke(self, name: str, person: str = "") -> None:
        self.ended.append((name, person))

    def forget_stills(self, name: str) -> None:
        self.hidden.append(name)

    def is_there(self, call: str, person: str) -> bool:
        return person in self.there


def talk(court: SmallCourt) -> tuple[str, str]:
    """A call that was answered: its id and its officer's."""
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now)
    court.do(court.duty, answer_call, call_id)
    with court.database.reading() as session:
        where = (ParticipantRow.call_id == call_id, ParticipantRow.kind == ParticipantKind.FIELD)
        return call_id, session.scalars(select(ParticipantRow.id).where(*where)).one()


def stands(court: SmallCourt, call_id: str) -> tuple[str, int | None]:
    with court.database.reading() as session:
        call = session.get_one(CallRow, call_id)
        return call.state, call.kbps


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return [entry.kind for entry in entries_after(session, 0) if entry.kind.startswith("call.")]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


async def written(states: MediaStates, court: SmallCourt, call_id: str, wanted: str) -> None:
    """Run the writer until the call stands so."""
    writing = asyncio.create_task(states.write())
    try:
        await until(lambda: stands(court, call_id)[0] == wanted)
        await until(lambda: not states._waiting)
    finally:
        writing.cancel()


async def test_the_call_stands_as_its_officers_media_do(court: SmallCourt) -> None:
    call_id, officer = talk(court)
    states = MediaStates(court.journal, Lanes(), lambda: court.now)
    stream, writing = f"{call_id}.{officer}", asyncio.create_task(states.write())
    for happened, cause, wanted in (
        (Happened.FIRST_MEDIA, "", "LIVE"),
        (Happened.SILENT, "", "RECONNECTING"),
        (Happened.RETURNED, "", "LIVE"),
        (Happened.CLOSED, "gone", "RECONNECTING"),
        (Happened.RETURNED, "", "LIVE"),
        (Happened.CLOSED, "deleted", "ANSWERED"),
    ):
        states.happened(MediaEvent(happened, stream, officer, FIGURES, cause))
        await until(lambda wanted=wanted: stands(court, call_id)[0] == wanted)  # type: ignore[misc]
        assert stands(court, call_id)[1] == (1_050 if cause != "deleted" else None)
    writing.cancel()


async def test_the_call_goes_down_the_ladder_and_up_again_with_cause_and_figures(court: SmallCourt) -> None:
    call_id, officer = talk(court)
    states = MediaStates(court.journal, Lanes(), lambda: court.now)
    stream = f"{call_id}.{officer}"
    for happened, cause, mode in (
        (Happened.FIRST_MEDIA, "", ""),
        (Happened.DEGRADED, "loss", "LOW_VIDEO"),
        (Happened.DEGRADED, "no_picture", "AUDIO_ONLY"),
        (Happened.RECOVERED, "recovered", ""),
    ):
        states.happened(MediaEvent(happened, stream, officer, FIGURES, cause, mode))
    writing = asyncio.create_task(states.write())
    await until(lambda: kinds(court).count("call.live") == 2)
    writing.cancel()
    with court.database.reading() as session:
        said = [(each.kind, each.payload.get("mode"), each.payload.get("cause")) for each in entries_after(session, 0)][-4:]
        lost = [each.payload["loss_permille"] for each in entries_after(session, 0)[-4:]]
    assert said == [
        ("call.live", None, "published"), ("call.degraded", "LOW_VIDEO", "loss"), ("call.degraded", "AUDIO_ONLY", "no_picture"),
        ("call.live", None, "recovered"),
    ]  # fmt: skip
    assert lost == [12] * 4
    assert stands(court, call_id) == ("LIVE", 1_050)


async def test_who_watches_nothing_any_more_has_left_and_comes_back_by_his_next_pass(
    court: SmallCourt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streaming.media_states.ABSENT_S", 0.2)
    monkeypatch.setattr("streaming.media_states.LOOKS_FOR_ABSENT_S", 0.1)
    call_id, officer = talk(court)
    gone, stays = court.do(court.commander, join_call, call_id), court.do(court.duty, join_call, call_id)
    states, relay = MediaStates(court.journal, Lanes(), lambda: court.now), Told()
    relay.there = {stays}
    for who in (gone, stays, officer, ulid()):
        states.happened(MediaEvent(Happened.UNWATCHED, f"{call_id}.{officer}", who))
    states.happened(MediaEvent(Happened.UNWATCHED, "bench.camera", "nobody"))
    missing = asyncio.create_task(states.miss(relay))
    await until(lambda: not states._absent)
    await until(lambda: "call.left" in kinds(court))
    missing.cancel()
    with court.database.reading() as session:
        state = {each.id: each.state for each in session.scalars(select(ParticipantRow).where(ParticipantRow.call_id == call_id))}
    assert state == {gone: "LEFT", stays: "IN", officer: "IN"}
    court.do(court.commander, claim_media, call_id, "view", f"{call_id}.{officer}")
    assert kinds(court)[-1] == "call.joined"


async def test_a_relay_that_starts_again_says_that_nothing_comes(court: SmallCourt) -> None:
    call_id, officer = talk(court)
    first, again = (MediaStates(court.journal, Lanes(), lambda: court.now) for _ in range(2))
    first.happened(MediaEvent(Happened.FIRST_MEDIA, f"{call_id}.{officer}", officer, FIGURES))
    await written(first, court, call_id, "LIVE")
    await written(again, court, call_id, "RECONNECTING")
    assert kinds(court)[-1] == "call.reconnecting"


async def test_what_belongs_to_no_call_or_comes_too_late_holds_up_nothing(court: SmallCourt) -> None:
    call_id, officer = talk(court)
    over, other = talk_of_others(court)
    states = MediaStates(court.journal, Lanes(), lambda: court.now)
    for stream in ("bench.camera", f"{ulid()}.{ulid()}", f"{over}.{other}", f"{call_id}.{officer}.w", f"{call_id}.{officer}"):
        states.happened(MediaEvent(Happened.FIRST_MEDIA, stream, officer, FIGURES))
    await written(states, court, call_id, "LIVE")
    assert kinds(court).count("call.live") == 1


def talk_of_others(court: SmallCourt) -> tuple[str, str]:
    call_id = ulid()
    court.do(court.phone_of_others, place_call, call_id, court.now)
    court.do(court.duty, answer_call, call_id)
    court.do(court.duty, end_call, call_id)
    return call_id, ulid()


async def test_a_database_that_is_away_is_waited_for_and_nothing_is_lost(court: SmallCourt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.media_states.AGAIN_S", 0.05)
    call_id, officer = talk(court)
    states = MediaStates(court.journal, Lanes(), lambda: court.now)
    do, failures = court.journal.do, [DatabaseUnavailable("away")] * 5

    def failing(*given: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return do(*given, **named)

    monkeypatch.setattr(court.journal, "do", failing)
    for happened in (Happened.FIRST_MEDIA, Happened.SILENT):
        states.happened(MediaEvent(happened, f"{call_id}.{officer}", officer, FIGURES))
    await written(states, court, call_id, "RECONNECTING")
    assert failures == []
    assert kinds(court)[-2:] == ["call.live", "call.reconnecting"]


def test_the_line_is_bounded(court: SmallCourt) -> None:
    states = MediaStates(court.journal, Lanes(), lambda: court.now)
    for place in range(WAITING_MOST + 10):
        states.happened(MediaEvent(Happened.SILENT, str(place), "p"))
    assert len(states._waiting) == WAITING_MOST
    assert states._waiting[-1].stream == str(WAITING_MOST + 9)


async def test_an_ended_call_and_who_left_are_cut_also_when_it_happened_before_the_start(court: SmallCourt) -> None:
    before, _ = talk(court)
    court.do(court.duty, end_call, before)
    states, relay = MediaStates(court.journal, Lanes(), lambda: court.now), Told()
    following = asyncio.create_task(states.follow(relay))
    try:
        await until(lambda: (before, "") in relay.ended)
        call_id, _ = talk(court)
        joined = court.do(court.commander, join_call, call_id)
        court.do(court.commander, leave_call, call_id)
        states.announced(0, "call.left")
        await until(lambda: (call_id, joined) in relay.ended)
        assert (call_id, "") not in relay.ended
        court.do(court.duty, end_call, call_id)
        states.announced(0, "call.ended")
        await until(lambda: (call_id, "") in relay.ended)
    finally:
        following.cancel()


async def test_the_still_of_a_picture_that_the_officer_closes_is_gone(court: SmallCourt) -> None:
    call_id, _ = talk(court)
    states, relay = MediaStates(court.journal, Lanes(), lambda: court.now), Told()
    following = asyncio.create_task(states.follow(relay))
    try:
        court.do(court.phone, close_picture, call_id, "privacy")
        states.announced(0, "call.picture_closed")
        await until(lambda: relay.hidden == [call_id])
        assert relay.ended == []
    finally:
        following.cancel()


@pytest.mark.parametrize("kind", ["call.earpiece_withdrawn", "call.voice_ended"])
def test_41_a_whisper_is_cut_when_it_ends_or_its_confirmation_is_withdrawn(court: SmallCourt, kind: str) -> None:
    def entry(payload: dict[str, Any]) -> Entry:
        return Entry(1, "", kind, court.now, court.now, "SYSTEM", "", "", "call", "C", payload)

    assert withdrawn(entry({"call_id": "C", "participant_id": "P"})) == [("C.P.w", "")]
    assert withdrawn(entry({"call_id": "C", "participant_id": None})) == []


def test_a_muted_party_is_cut_off_from_what_he_sends_and_one_who_is_asked_out_from_everything(court: SmallCourt) -> None:
    def entry(kind: str) -> Entry:
        said = {"call_id": "C", "participant_id": "P"}
        return Entry(1, "", kind, court.now, court.now, "SYSTEM", "", "", "call", "C", said)

    assert withdrawn(entry("call.party_muted")) == [("C.P", "P")], "who watches him waits for him"
    assert withdrawn(entry("call.party_refused")) == [("C", "P"), ("C.P", "")]


def test_figures_are_kept_in_whole_numbers() -> None:
    quality = quality_of(MediaEvent(Happened.SILENT, "s", "p", FIGURES))
    assert (quality.loss_permille, quality.kbps, quality.fps, quality.rtt_ms) == (12, 1_050, 30, None)
    assert quality_of(MediaEvent(Happened.SILENT, "s", "p")).kbps is None
