"""带入视频: begun by whoever clears clips, kept once, of nobody else; what it was stays in the chain."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from data.actions.recordings import purge_recording, replay_recording
from data.actions.videos import begin_video, cancel_video, keep_video, lapse_videos, refuse_video
from data.errors import CommandCentreError
from data.queries.recordings import listed
from data.queries.videos import coming, kept, promised, unwanted, video
from data.queries.wall import sight_of
from data.rules.permissions import SYSTEM, Actor
from data.rules.recordings import ROUTINE_DAYS
from data.rules.videos import EACH_MOST, LASTS, Film, VideoState
from tests.data.small_court import COURT, SmallCourt

SHA, FILM = "ab" * 32, Film("mp4", "h264", 640, 360, 90_000, 2)


def begun(court: SmallCourt, sha256: str = SHA, by: Actor | None = None) -> str:
    return str(court.do(by or court.duty, begin_video, 1_000, sha256, "现场.mp4")[0])


def keep(court: SmallCourt, video_id: str, film: Film = FILM, by: Actor | None = None) -> list[tuple[str, datetime]]:
    placed: list[tuple[str, datetime]] = []
    court.do(by or court.duty, keep_video, video_id, film, lambda *given: placed.append(given))
    return placed


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(CommandCentreError) as error:
        act()
    return error.value.code


def test_it_is_a_recording_of_its_own_origin_once(court: SmallCourt) -> None:
    video_id = begun(court)
    assert keep(court, video_id) == [("mp4", court.now - timedelta(seconds=90))]
    assert keep(court, video_id) == [], "told twice, kept once"
    with court.database.reading() as session:
        sight = sight_of(court.duty, court_code=COURT)
        (there,) = kept(session, sight, court.duty)
        assert (there.id, there.name, there.duration_ms) == (video_id, "现场.mp4", 90_000)
        assert [each.origin for each in listed(session, sight, court.duty)] == ["BROUGHT"]
    assert refused(lambda: court.do(court.duty, replay_recording, video_id, "")) == "recording.reason"
    assert refused(lambda: begun(court)) == "video.known"
    court.later((ROUTINE_DAYS + 1) * 86_400)
    court.do(SYSTEM, purge_recording, video_id)
    assert begun(court), "what was purged may come again"
    assert court.journal.verify() is None


def test_nobody_else_ends_or_keeps_it_or_hears_of_it(court: SmallCourt) -> None:
    video_id = begun(court)
    for act in (
        lambda: court.do(court.president, cancel_video, video_id), lambda: court.do(court.president, refuse_video, video_id, "x"),
        lambda: keep(court, video_id, by=court.president),
    ):  # fmt: skip
        assert refused(act) == "not_found.video"
    for actor, code in ((court.phone, "identity.not_permitted"), (replace(court.duty, locked=True), "identity.locked")):
        assert refused(lambda actor=actor: begun(court, by=actor)) == code  # type: ignore[misc]
    with court.database.reading() as session:
        assert refused(lambda: video(session, sight_of(court.president, court_code=COURT), court.president, video_id)) == "not_found.video"
        assert coming(session, sight_of(court.president, court_code=COURT), court.president, court.now) == []
        assert refused(lambda: kept(session, sight_of(court.phone, court_code=COURT), court.phone)) == "identity.not_permitted"


def test_what_ended_takes_nothing_more(court: SmallCourt) -> None:
    ends: list[Callable[[str], object]] = [
        lambda it: court.do(court.duty, cancel_video, it), lambda it: court.do(court.duty, refuse_video, it, "video.codec"),
        lambda _: (court.later(LASTS.total_seconds() + 1), court.do(SYSTEM, lapse_videos)),
    ]  # fmt: skip
    for number, end in enumerate(ends):
        video_id = begun(court, f"{number:064x}")
        with court.database.reading() as session:
            assert (promised(session, court.now), unwanted(session, [video_id])) == ({video_id: 1_000}, set())
        end(video_id)
        assert refused(lambda video_id=video_id: keep(court, video_id)) == "video.gone"  # type: ignore[misc]
        assert refused(lambda video_id=video_id: court.do(court.duty, cancel_video, video_id)) == "video.gone"  # type: ignore[misc]
        with court.database.reading() as session:
            assert (promised(session, court.now), unwanted(session, [video_id])) == ({}, {video_id})
            state = video(session, sight_of(court.duty, court_code=COURT), court.duty, video_id).state
        assert state is list(VideoState)[[3, 2, 4][number]]


def test_what_is_no_film_keeps_no_row(court: SmallCourt) -> None:
    video_id = begun(court)
    assert refused(lambda: keep(court, video_id, replace(FILM, codec="mjpeg"))) == "video.codec"
    with court.database.reading() as session:
        assert listed(session, sight_of(court.duty, court_code=COURT), court.duty) == []


def test_few_are_under_way_at_once_and_room_comes_back(court: SmallCourt) -> None:
    ids = [begun(court, f"{number:064x}") for number in range(EACH_MOST)]
    assert refused(lambda: begun(court)) == "video.too_many"
    assert begun(court, by=court.president), "others have room of their own"
    court.do(court.duty, cancel_video, ids[0])
    assert begun(court)
