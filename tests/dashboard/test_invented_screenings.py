"""The demonstration's screening to come: its people invited, its films the whole way from a recording to two certificates."""

from pathlib import Path

import pytest

from dashboard.demo import films
from dashboard.invented_screenings import furnish
from data.actions.screenings import Place, plan_screening, set_programme
from data.coming_screening import FILMS, INVITED
from data.engines import Database
from data.queries.screenings import one_screening
from data.queries.wall import sight_of
from data.rules.release import ReleaseState
from data.settings import Settings
from data.tables import AttendeeRow, ClipRow, ReleaseRow, ScreeningRow
from streaming.clip_files import is_unchanged, masked_file
from streaming.clip_rendering import ClipRenderings
from tests.conftest import Clock
from tests.data.small_court import COURT, SmallCourt


@pytest.mark.parametrize("name", sorted(films.PICTURES))
def test_a_film_is_drawn_and_moves(name: str) -> None:
    pictures = list(films.PICTURES[name]())
    assert len(pictures) == films.SECONDS * films.FPS
    assert all(picture.shape == (films.HEIGHT, films.WIDTH, 3) for picture in pictures[::24])
    assert (pictures[0] != pictures[-1]).any()


@pytest.mark.postgres_long
def test_from_nothing_to_a_programme_with_films(database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step by step as the jobs process does it, whose renderings come between; at the end nothing is left to do."""
    monkeypatch.setattr(films, "SECONDS", 1)
    settings = Settings.of(home=tmp_path, demo=True)
    settings.make_folders()
    court = SmallCourt(database, clock.now())
    for number in range(1, 12):
        court.file_case(f"（2026）岭0108执{number}号", parties=court.debtors(), claim_cents=1_000_000 * number)
    screening = court.do(court.commander, plan_screening, "一月执行警示教育")
    court.do(court.commander, set_programme, screening, [Place(title=f"字幕{number}", words="自愿") for number in "一二"])
    renderings = ClipRenderings(settings.recordings, settings.clips, court.journal, lambda: court.now)
    for _ in range(40):
        wait_s = furnish(settings, court.journal, court.later(1))
        while renderings.once():
            pass
        if wait_s is None:
            break
    assert wait_s is None
    with database.reading() as session:
        view = one_screening(session, sight_of(court.commander, court_code=COURT), screening, court.now)
        invited = session.query(AttendeeRow).filter(AttendeeRow.screening_id == screening).count()
        held_at = session.get_one(ScreeningRow, screening).held_at
        clips = session.query(ClipRow, ReleaseRow).join(ReleaseRow, ReleaseRow.clip_id == ClipRow.id).all()
    assert [place.kind for place in view.places] == ["CARD", "CLIP", "CARD", "CLIP", "CLIP"]
    assert all(place.live for place in view.places)
    assert invited == INVITED
    assert held_at is not None
    assert held_at > court.now
    assert len(clips) == len(FILMS)
    for clip, release in clips:
        assert release.state == ReleaseState.LIVE
        assert release.first_by != release.second_by
        assert clip.sha256 is not None
        assert is_unchanged(masked_file(settings.clips, clip.id, clip.sha256), clip.sha256)
    assert furnish(settings, court.journal, court.later(1)) is None, "a second start finds everything there"
