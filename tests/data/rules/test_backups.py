"""When a backup is due or too old, which ones go, what may come out of one, and the settings that a restored court begins with."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from data.rules.backups import Known, due_since, is_companion, is_due, kept_settings, outdated, safe_name, settings_text, trouble
from data.settings import Settings, as_texts, forms, load

NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
CHINA = 28_800
moments = st.builds(lambda minutes: NOW + timedelta(minutes=minutes), st.integers(-600_000, 600_000))
clocks = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))


@given(moments, clocks, st.integers(-50_000, 50_000))
def test_the_hour_was_at_most_a_day_ago_by_the_courts_clock(now: datetime, at: str, offset: int) -> None:
    moment = due_since(now, at, offset)
    assert timedelta(0) <= now - moment < timedelta(days=1)
    assert (moment + timedelta(seconds=offset)).strftime("%H:%M") == at


def test_it_is_due_once_a_day_and_at_once_when_there_is_none() -> None:
    assert is_due(NOW, "02:30", CHINA, Known())
    assert is_due(NOW, "02:30", CHINA, Known(NOW - timedelta(hours=9)))  # made at 02:00
    assert not is_due(NOW, "02:30", CHINA, Known(NOW - timedelta(hours=8)))  # made at 03:00


def test_what_failed_is_tried_again_after_an_hour() -> None:
    known = Known(NOW - timedelta(days=1), NOW - timedelta(minutes=59), "backup.full")
    assert not is_due(NOW, "02:30", CHINA, known)
    assert is_due(NOW + timedelta(minutes=1), "02:30", CHINA, known)


def test_what_is_wrong_is_said() -> None:
    made = NOW - timedelta(hours=25)
    assert trouble(NOW, Known()) == "none"
    assert trouble(NOW, Known(made)) is None
    assert trouble(NOW + timedelta(hours=2), Known(made)) == "old"
    assert trouble(NOW, Known(made, NOW, "backup.disk")) == "failed"


def test_the_newest_stay_and_nothing_of_others_goes() -> None:
    days = [f"ecc-202611{day:02d}T183000Z" for day in range(1, 6)]
    ours = [f"{day}.backup" for day in days] + [f"{day}.keys" for day in days]
    others = ["ecc.backup", "我们的.backup", "ecc-20261101T183000Z.backup.old", ".ecc-20261101T183000Z.backup.part"]
    assert outdated([*ours, *others], 3) == sorted(f"{day}{end}" for day in days[:2] for end in (".backup", ".keys"))
    assert outdated(ours, 9) == []


@pytest.mark.parametrize(
    "name", ["../ecc.db", "/etc/passwd", "recordings/../../x", "a//b", "./a", "", "run/x", "ecc.toml", "a\\b", "a\0b", "a/"]
)
def test_a_name_that_leads_out_of_the_home_is_refused(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        safe_name(name)
    assert refused.value.code == "backup.damaged"


@pytest.mark.parametrize("name", ["ecc.db", "recordings/01K/1.webm", "layers/边界.geojson", "keys/sealing.key"])
def test_a_name_below_the_home_is_taken(name: str) -> None:
    assert safe_name(name) == name


def test_the_log_of_a_database_is_no_part_of_its_own() -> None:
    assert is_companion("positions/a.db-wal", {"positions/a.db"})
    assert not is_companion("recordings/a-wal", {"positions/a.db"})


def test_what_the_operator_chose_comes_back_and_nothing_of_the_machine(tmp_path: Path) -> None:
    chosen = Settings.of(
        home=tmp_path / "old",
        court_code="岭0108",
        court_name='名字里有"引号"',
        port=9000,
        visitors_default=True,
        trusted_proxies=("10.0.0.1", "10.0.0.2"),
        redis_url="redis://u:hoo8aiTh@ecc/0",
        redis_sentinels=("redis://u:hoo8aiTh@10.0.0.5",),
        recordings=tmp_path / "disk",
    )
    kept = kept_settings(as_texts(chosen), as_texts(Settings.of(home=chosen.home)))
    names = {name: {key for key, form in forms().items() if form == name} for name in ("list", "number", "truth")}
    text = settings_text(kept, names["list"], names["number"], names["truth"])
    assert "hoo8aiTh" not in text
    (tmp_path / "ecc.toml").write_text(text, encoding="utf-8")
    read = load({"ECC_HOME": str(tmp_path)})
    assert read == chosen.but(home=tmp_path, redis_url=None, redis_sentinels=(), recordings=Path())
