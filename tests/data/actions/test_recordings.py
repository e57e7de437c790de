"""Recordings in the journal: begun, segments, gaps, lamp, end; held, replayed with a reason and a trace, purged with counts and digests."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from data.actions.calls import place_call
from data.actions.recordings import (
    Segment,
    begin_recording,
    class_recording,
    end_abandoned,
    end_recording,
    hold_recording,
    keep_segment,
    lift_hold,
    purge_recording,
    record_gap,
    replay_recording,
    turn_lamp,
)
from data.actions.sos import raise_sos
from data.errors import BadInput, NotFound, NotPermitted, RuleBroken
from data.journal import entries_after
from data.queries.recordings import bytes_per_day, due_for_purge, files, listed, purged_ids
from data.rules.permissions import SYSTEM, Actor
from data.tables import AuditRow, RecordingGapRow, RecordingRow, SegmentRow
from tests.data.small_court import SmallCourt, ulid

SHA = "ab" * 32


def begun(court: SmallCourt, phone: Actor | None = None) -> str:
    call_id, recording_id = ulid(), ulid()
    court.do(phone or court.phone, place_call, call_id, court.now)
    assert court.do(SYSTEM, begin_recording, recording_id, "stream", call_id)
    return recording_id


def segment(court: SmallCourt, number: int = 1, sha256: str = SHA, **more: Any) -> Segment:
    return replace(Segment(number, "webm", court.now, 60_000, 8_000_000, sha256), **more)


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return [entry.kind for entry in entries_after(session, 0) if entry.kind.startswith("recording.")]


def row(court: SmallCourt, recording_id: str) -> RecordingRow:
    with court.database.reading() as session:
        return session.get_one(RecordingRow, recording_id)


def last_audit(court: SmallCourt) -> AuditRow:
    with court.database.reading() as session:
        return session.scalars(select(AuditRow).order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(1)).one()


def test_a_recording_from_its_beginning_to_its_end(court: SmallCourt) -> None:
    recording_id = begun(court)
    assert not court.do(SYSTEM, begin_recording, recording_id, "stream", None)
    assert court.do(SYSTEM, keep_segment, recording_id, segment(court))
    court.do(SYSTEM, record_gap, recording_id, "video", court.now, court.now + timedelta(seconds=4), "lost")
    assert court.do(SYSTEM, end_recording, recording_id, court.later(60), "over")
    assert not court.do(SYSTEM, end_recording, recording_id, court.now, "over")
    assert kinds(court) == ["recording.began", "recording.segment_kept", "recording.gap", "recording.ended"]
    ended = row(court, recording_id)
    assert (ended.state, ended.unit_no, ended.ended_why, ended.category) == ("ENDED", 1001, "over", "ROUTINE")
    assert court.journal.verify() is None


def test_the_digest_of_each_segment_stands_in_the_chain(court: SmallCourt) -> None:
    recording_id = begun(court)
    court.do(SYSTEM, keep_segment, recording_id, segment(court))
    with court.database.reading() as session:
        (entry,) = [entry for entry in entries_after(session, 0) if entry.kind == "recording.segment_kept"]
    assert (entry.payload["sha256"], entry.payload["number"], entry.payload["size"]) == (SHA, 1, 8_000_000)


def test_the_same_segment_again_is_nothing_new_and_another_digest_is_refused(court: SmallCourt) -> None:
    recording_id = begun(court)
    assert court.do(SYSTEM, keep_segment, recording_id, segment(court))
    assert not court.do(SYSTEM, keep_segment, recording_id, segment(court))
    with pytest.raises(RuleBroken) as refused:
        court.do(SYSTEM, keep_segment, recording_id, segment(court, sha256="cd" * 32))
    assert refused.value.code == "recording.other_digest"
    assert kinds(court).count("recording.segment_kept") == 1


def test_the_lamp_turns_once_each_way(court: SmallCourt) -> None:
    recording_id = begun(court)
    assert not court.do(SYSTEM, turn_lamp, recording_id, True)
    assert court.do(SYSTEM, turn_lamp, recording_id, False, "disk")
    assert not court.do(SYSTEM, turn_lamp, recording_id, False, "disk")
    assert (row(court, recording_id).state, row(court, recording_id).broken_why) == ("BROKEN", "disk")
    assert court.do(SYSTEM, turn_lamp, recording_id, True)
    assert kinds(court) == ["recording.began", "recording.broken", "recording.mended"]
    court.do(SYSTEM, end_recording, recording_id, court.now, "over")
    assert not court.do(SYSTEM, turn_lamp, recording_id, False, "disk")


def test_what_a_dead_relay_left_open_is_ended_at_the_next_start(court: SmallCourt) -> None:
    left, over = begun(court), begun(court, court.phone_of_others)
    court.do(SYSTEM, end_recording, over, court.now, "over")
    assert court.do(SYSTEM, end_abandoned) == 1
    assert row(court, left).ended_why == "abandoned"
    assert court.do(SYSTEM, keep_segment, left, segment(court, recovered=True))  # its file is found afterwards


def test_what_was_recorded_around_an_alarm_stays_with_the_file(court: SmallCourt) -> None:
    court.do(court.phone, raise_sos, ulid(), court.now)
    court.later(1800)
    near, of_others = begun(court), begun(court, court.phone_of_others)
    for recording_id in (near, of_others):
        court.do(SYSTEM, end_recording, recording_id, court.later(60), "over")
    assert (row(court, near).category, row(court, of_others).category) == ("KEPT", "ROUTINE")


@pytest.mark.parametrize("word", ["track", "why", "form", "sha256", "end", "lamp"])
def test_words_that_nobody_knows_are_refused(court: SmallCourt, word: str) -> None:
    recording_id = begun(court)
    acts: dict[str, tuple[Any, ...]] = {
        "track": (record_gap, recording_id, "smell", court.now, court.now, "lost"),
        "why": (record_gap, recording_id, "audio", court.now, court.now, "laziness"),
        "form": (keep_segment, recording_id, segment(court, form="avi")),
        "sha256": (keep_segment, recording_id, segment(court, sha256="x")),
        "end": (end_recording, recording_id, court.now, "bored"),
        "lamp": (turn_lamp, recording_id, False, "moon"),
    }
    with pytest.raises(BadInput):
        court.do(SYSTEM, *acts[word])
    assert kinds(court) == ["recording.began"]


def test_nobody_but_the_recorder_writes_recordings(court: SmallCourt) -> None:
    recording_id = begun(court)
    for actor in (court.duty, court.commander, court.inspector, court.technical, court.phone):
        with pytest.raises(NotPermitted):
            court.do(actor, begin_recording, ulid(), "stream", None)
        with pytest.raises(NotPermitted):
            court.do(actor, keep_segment, recording_id, segment(court))
        with pytest.raises(NotPermitted):
            court.do(actor, purge_recording, recording_id)


# --- how long ---------------------------------------------------------------------------------------------------------------------------


def ended(court: SmallCourt) -> str:
    recording_id = begun(court)
    court.do(SYSTEM, keep_segment, recording_id, segment(court))
    court.do(SYSTEM, end_recording, recording_id, court.now, "over")
    return recording_id


def test_a_purge_stands_in_journal_and_audit_with_counts_and_digests(court: SmallCourt) -> None:
    recording_id = ended(court)
    court.later(183 * 86_400)
    with court.database.reading() as session:
        assert due_for_purge(session, court.now) == []
    with pytest.raises(RuleBroken) as refused:
        court.do(SYSTEM, purge_recording, recording_id)
    assert refused.value.code == "recording.kept"
    court.later(86_400)
    with court.database.reading() as session:
        assert due_for_purge(session, court.now) == [recording_id]
        assert due_for_purge(session, court.now, routine_days=400) == []
    assert court.do(SYSTEM, purge_recording, recording_id)
    assert not court.do(SYSTEM, purge_recording, recording_id)
    with court.database.reading() as session:
        assert due_for_purge(session, court.now) == []
        assert purged_ids(session, [recording_id, ulid()]) == {recording_id}
        (entry,) = [entry for entry in entries_after(session, 0) if entry.kind == "recording.purged"]
    assert (entry.payload["digests"], entry.payload["size"]) == ([SHA], 8_000_000)
    assert (last_audit(court).act, last_audit(court).fields) == ("purge", ["segments:1"])


def test_a_hold_overrides_every_purge_until_it_is_lifted(court: SmallCourt) -> None:
    recording_id = ended(court)
    assert court.do(court.duty, hold_recording, recording_id, "信访")
    assert not court.do(court.commander, hold_recording, recording_id, "信访")
    court.later(1_000 * 86_400)
    with court.database.reading() as session:
        assert due_for_purge(session, court.now) == []
    with pytest.raises(RuleBroken):
        court.do(SYSTEM, purge_recording, recording_id)
    with pytest.raises(NotPermitted):
        court.do(court.duty, lift_hold, recording_id, "我自己放的")
    assert court.do(court.inspector, lift_hold, recording_id, "信访已结")
    assert (last_audit(court).act, last_audit(court).reason) == ("hold", "信访已结")
    assert court.do(SYSTEM, purge_recording, recording_id)


def test_evidence_is_kept_with_the_file_and_somebody_says_why(court: SmallCourt) -> None:
    recording_id = ended(court)
    with pytest.raises(BadInput):
        court.do(court.duty, class_recording, recording_id, "KEPT", " ")
    with pytest.raises(BadInput):
        court.do(court.duty, class_recording, recording_id, "SOMETIMES", "证据")
    assert court.do(court.duty, class_recording, recording_id, "KEPT", "妨碍执行的证据")
    assert not court.do(court.duty, class_recording, recording_id, "KEPT", "妨碍执行的证据")
    court.later(1_000 * 86_400)
    with court.database.reading() as session:
        assert due_for_purge(session, court.now) == []
    for actor in (court.phone, court.technical, SYSTEM):
        with pytest.raises(NotPermitted):
            court.do(actor, class_recording, recording_id, "ROUTINE", "x")


# --- replay -----------------------------------------------------------------------------------------------------------------------------


def test_a_desk_says_why_and_gets_the_files_of_this_recording_for_an_hour(court: SmallCourt) -> None:
    recording_id, other = ended(court), begun(court, court.phone_of_others)
    with pytest.raises(BadInput) as refused:
        court.do(court.duty, replay_recording, recording_id, " ")
    assert refused.value.code == "recording.reason"
    look = court.do(court.duty, replay_recording, recording_id, "核对现场")
    trace = last_audit(court)
    assert (trace.id, trace.act, trace.object_id, trace.reason, trace.actor_id) == (
        look, "replay", recording_id, "核对现场", court.duty.id,
    )  # fmt: skip
    with court.database.reading() as session:
        found, gaps = files(session, court.duty, recording_id, look, court.now)
        assert [(each.number, each.sha256) for each in found] == [(1, SHA)]
        assert gaps == []
        for actor, which, when in (
            (court.commander, recording_id, court.now),
            (court.duty, other, court.now),
            (court.duty, recording_id, court.now + timedelta(hours=2)),
            (replace(court.duty, locked=True), recording_id, court.now),
        ):
            with pytest.raises(NotPermitted):
                files(session, actor, which, look, when)


def test_an_officer_replays_his_own_without_a_reason_and_no_other(court: SmallCourt) -> None:
    own, of_others = begun(court), begun(court, court.phone_of_others)
    assert court.do(court.phone, replay_recording, own, None)
    with pytest.raises(NotPermitted) as refused:
        court.do(court.phone, replay_recording, of_others, None)
    assert refused.value.code == "unit.not_yours"
    sight = court.sights()["field"]
    with court.database.reading() as session:
        assert [view.id for view in listed(session, sight, court.phone)] == [own]
        assert {view.id for view in listed(session, sight, court.duty)} == {own, of_others}


@pytest.mark.parametrize("who", ["technical", "system", "stranger"])
def test_who_may_not_replay_gets_neither_list_nor_file(court: SmallCourt, who: str) -> None:
    recording_id = ended(court)
    actor = {"technical": court.technical, "system": SYSTEM, "stranger": replace(court.phone, role=court.technical.role)}[who]
    with pytest.raises(NotPermitted):
        court.do(actor, replay_recording, recording_id, "好奇")
    with court.database.reading() as session, pytest.raises(NotPermitted):
        listed(session, court.sights()["desk"], actor)


def test_what_is_purged_or_unknown_is_not_replayed(court: SmallCourt) -> None:
    recording_id = ended(court)
    court.later(185 * 86_400)
    look = court.do(court.duty, replay_recording, recording_id, "核对")
    court.do(SYSTEM, purge_recording, recording_id)
    with pytest.raises(RuleBroken) as refused:
        court.do(court.duty, replay_recording, recording_id, "核对")
    assert refused.value.code == "recording.purged"
    with court.database.reading() as session, pytest.raises(NotFound):
        files(session, court.duty, recording_id, look, court.now)
    with pytest.raises(NotFound):
        court.do(court.duty, replay_recording, ulid(), "核对")


def test_the_list_says_how_much_and_until_when(court: SmallCourt) -> None:
    recording_id = ended(court)
    with court.database.reading() as session:
        (view,) = listed(session, court.sights()["desk"], court.duty)
        assert (view.id, view.segments, view.duration_ms, view.size) == (recording_id, 1, 60_000, 8_000_000)
        assert view.keep_until == court.now + timedelta(days=184)
        assert listed(session, court.sights()["desk"], court.duty, call_id=ulid()) == []
        (longer,) = listed(session, court.sights()["desk"], court.duty, routine_days=400)
        assert longer.keep_until == court.now + timedelta(days=400)


def test_the_pace_counts_days_from_the_first_recording_on(court: SmallCourt) -> None:
    recording_id = begun(court)
    for number in range(1, 4):
        court.later(86_400)
        court.do(SYSTEM, keep_segment, recording_id, segment(court, number))
    with court.database.reading() as session:
        assert bytes_per_day(session, court.now) == [8_000_000] * 3
        assert bytes_per_day(session, court.now + timedelta(days=30)) == []
        assert session.scalar(select(func.count()).select_from(SegmentRow)) == 3
        assert session.scalar(select(func.count()).select_from(RecordingGapRow)) == 0
