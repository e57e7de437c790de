"""手机补传: a piece that the phone of a call recorded itself becomes a recording of that call, once, with its digest in the chain."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from data.actions.calls import end_call, place_call
from data.actions.recordings import begin_recording, end_recording, purge_recording, record_gap, replay_recording
from data.actions.sos import raise_sos
from data.actions.uploads import Piece, admit_piece, keep_piece
from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, RuleBroken
from data.journal import entries_after
from data.queries.recordings import files, listed
from data.rules.permissions import SYSTEM, Actor
from data.rules.recordings import UPLOAD_AFTER, UPLOAD_BEFORE, UPLOAD_WITHIN
from data.tables import RecordingRow, SegmentRow
from tests.data.small_court import SmallCourt, ulid

SHA, OTHER = "ab" * 32, "cd" * 32


def called(court: SmallCourt, phone: Actor | None = None) -> str:
    call_id = ulid()
    court.do(phone or court.phone, place_call, call_id, court.now)
    return call_id


def piece(court: SmallCourt, **changed: Any) -> Piece:
    return replace(Piece(ulid(), "webm", court.now, 20_000, SHA), **changed)


def bring(court: SmallCourt, call_id: str, brought: Piece, by: Actor | None = None, size: int = 1_000) -> list[tuple[str, int]] | None:
    """The names that the file got; None when it was here before."""
    placed: list[tuple[str, int]] = []
    new = court.do(by or court.phone, keep_piece, call_id, brought, size, lambda *name: placed.append(name))
    return placed if new else None


def refusal(court: SmallCourt, kind: type[CommandCentreError], act: Callable[[], object]) -> str:
    before = len(court.announced)
    with pytest.raises(kind) as refused:
        act()
    assert len(court.announced) == before
    return refused.value.code


def rows(court: SmallCourt) -> tuple[list[RecordingRow], list[SegmentRow]]:
    with court.database.reading() as session:
        return list(session.scalars(select(RecordingRow))), list(session.scalars(select(SegmentRow).order_by(SegmentRow.number)))


def test_pieces_of_one_call_are_one_recording_with_their_digests_in_the_chain(court: SmallCourt) -> None:
    call_id, first = called(court), piece(court)
    second = piece(court, began_at=court.later(20), sha256=OTHER)
    assert bring(court, call_id, first) != bring(court, call_id, second)
    (recording,), segments = rows(court)
    assert (recording.origin, recording.state, recording.unit_no, recording.ended_why) == ("PHONE", "ENDED", 1001, "uploaded")
    assert (recording.began_at, recording.ended_at) == (first.began_at, second.began_at + timedelta(seconds=20))
    assert [(each.number, each.sha256, each.upload_id) for each in segments] == [(1, SHA, first.id), (2, OTHER, second.id)]
    with court.database.reading() as session:
        told = [entry.payload for entry in entries_after(session, 0) if entry.kind == "recording.uploaded"]
    assert [(each["sha256"], each["began_at_ms"]) for each in told] == [(p.sha256, p.began_at.timestamp() * 1000) for p in (first, second)]
    assert court.journal.verify() is None


def test_the_same_again_is_nothing_new_and_other_bytes_under_its_id_are_refused(court: SmallCourt) -> None:
    call_id, brought = called(court), piece(court)
    assert bring(court, call_id, brought)
    assert not court.do(court.phone, admit_piece, call_id, brought)
    assert bring(court, call_id, brought) is None
    assert refusal(court, RuleBroken, lambda: bring(court, call_id, replace(brought, sha256=OTHER))) == "recording.other_digest"
    court.do(court.phone, end_call, call_id)
    elsewhere = called(court)
    assert refusal(court, RuleBroken, lambda: bring(court, elsewhere, brought)) == "recording.other_digest"
    assert len(rows(court)[1]) == 1


def test_another_phone_and_whoever_is_no_phone_are_refused(court: SmallCourt) -> None:
    call_id = called(court)
    assert refusal(court, NotPermitted, lambda: bring(court, call_id, piece(court), court.phone_of_others)) == "unit.not_yours"
    for other in (court.duty, SYSTEM, replace(court.phone, kind="OFFICER", role=court.duty.role)):
        assert refusal(court, NotPermitted, partial(bring, court, call_id, piece(court), other)) == "identity.not_permitted"
    assert refusal(court, NotFound, lambda: bring(court, ulid(), piece(court))) == "not_found.call"


def test_what_is_not_of_the_call_is_refused(court: SmallCourt) -> None:
    call_id, placed_at = called(court), court.now
    before = piece(court, began_at=placed_at - UPLOAD_BEFORE - timedelta(seconds=1))
    assert refusal(court, RuleBroken, lambda: bring(court, call_id, before)) == "recording.outside_call"
    court.do(court.phone, end_call, call_id)
    court.later(3_600)
    after = piece(court, began_at=placed_at + UPLOAD_AFTER + timedelta(seconds=1))
    assert refusal(court, RuleBroken, lambda: bring(court, call_id, after)) == "recording.outside_call"
    assert bring(court, call_id, piece(court, began_at=placed_at))
    court.later(UPLOAD_WITHIN.total_seconds())
    assert refusal(court, RuleBroken, lambda: bring(court, call_id, piece(court, began_at=placed_at))) == "recording.too_late"


@pytest.mark.parametrize(
    ("changed", "size", "code"),
    [
        ({"duration_ms": 0}, 1, "recording.bad_piece"),
        ({"duration_ms": 10**9}, 1, "recording.bad_piece"),
        ({}, 0, "recording.bad_piece"),
        ({}, 10**9, "recording.bad_piece"),
        ({"form": "exe"}, 1, "recording.bad_word"),
        ({"sha256": "AB" * 32}, 1, "recording.bad_digest"),
        ({"id": "7"}, 1, "id.not_ulid"),
    ],
)
def test_what_is_no_piece_is_refused(court: SmallCourt, changed: dict[str, Any], size: int, code: str) -> None:
    call_id = called(court)
    assert refusal(court, BadInput, lambda: bring(court, call_id, piece(court, **changed), size=size)) == code
    assert rows(court) == ([], [])


def test_a_file_that_cannot_be_placed_leaves_no_row(court: SmallCourt) -> None:
    call_id = called(court)

    def full(recording_id: str, number: int) -> None:
        raise OSError(28, "full")

    with pytest.raises(OSError, match="full"):
        court.do(court.phone, keep_piece, call_id, piece(court), 1, full)
    assert rows(court) == ([], [])


def test_it_fills_the_gap_and_is_looked_at_like_any_other_with_a_trace(court: SmallCourt) -> None:
    call_id, recording_id = called(court), ulid()
    court.do(SYSTEM, begin_recording, recording_id, "stream", call_id)
    began_at, ended_at = court.now, court.later(30)
    court.do(SYSTEM, record_gap, recording_id, "video", began_at, ended_at, "lost")
    bring(court, call_id, piece(court, began_at=began_at + timedelta(seconds=5)))
    look = court.do(court.duty, replay_recording, recording_id, "核对")
    with court.database.reading() as session:
        (gap,) = files(session, court.duty, recording_id, look, court.now)[1]
        by_phone = next(each for each in listed(session, court.sights()["desk"], court.duty, call_id) if each.origin == "PHONE")
    assert (gap.why, gap.filled_ms) == ("lost", 20_000)
    assert by_phone.segments == 1
    assert refusal(court, BadInput, lambda: court.do(court.duty, replay_recording, by_phone.id, None)) == "recording.reason"
    look = court.do(court.duty, replay_recording, by_phone.id, "核对")
    with court.database.reading() as session:
        assert [each.sha256 for each in files(session, court.duty, by_phone.id, look, court.now)[0]] == [SHA]


def test_around_an_alarm_it_stays_with_the_file_and_what_was_purged_is_not_begun_anew(court: SmallCourt) -> None:
    court.do(court.phone, raise_sos, ulid(), court.now)
    court.later(60)
    call_id = called(court)
    bring(court, call_id, piece(court))
    assert rows(court)[0][0].category == "KEPT"
    other = called(court, court.phone_of_others)
    bring(court, other, piece(court), court.phone_of_others)
    routine = next(each for each in rows(court)[0] if each.call_id == other)
    assert not court.do(SYSTEM, end_recording, routine.id, court.now, "over")
    court.later(200 * 86_400)
    assert court.do(SYSTEM, purge_recording, routine.id)
    late = piece(court, began_at=court.now)
    assert refusal(court, RuleBroken, lambda: bring(court, other, late, court.phone_of_others)) == "recording.purged"
