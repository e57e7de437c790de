"""The schema at each start: brought up once, then found done without the migration's machinery."""

import subprocess
import sys
from pathlib import Path

from dashboard.upgrade import newest, upgrade
from data import migrate
from data.engines import open_database
from data.settings import Settings


def test_the_newest_revision_is_read_as_the_migration_reads_it() -> None:
    assert newest() == {migrate.newest()}


def test_a_fresh_database_is_brought_up_and_an_old_one_again(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path)
    settings.make_folders()
    upgrade(settings)
    database = open_database(settings.database_url)
    assert migrate.current(database) == migrate.newest()
    migrate.downgrade(database, "base")
    upgrade(settings)
    assert migrate.current(database) == migrate.newest()
    database.close()


def test_a_database_that_is_up_to_date_needs_no_machinery(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path)
    settings.make_folders()
    upgrade(settings)
    again = "import sys; from pathlib import Path; from dashboard.upgrade import upgrade; from data.settings import Settings; " \
        "upgrade(Settings.of(home=Path(sys.argv[1]))); sys.exit('alembic' in sys.modules)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", again, str(tmp_path)], cwd=Path(__file__).parents[2], check=False).returncode == 0
