"""The archive for machines without a network: what it is made of, that the same tree gives the same bytes, and what its papers say."""

import json
import subprocess
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from dashboard import vendor
from dashboard.deploy import bundle

LOCK = (bundle.ROOT / "requirements.lock").read_text()


def names(lock: str) -> set[str]:
    return {line.split()[0] for line in lock.splitlines() if line and not line.startswith(" ")}


def test_a_target_gets_what_any_patch_release_of_its_python_may_need() -> None:
    eleven, twelve = (names(bundle.target_lock(LOCK, python, "x86_64")) for python in ("3.11", "3.12"))
    assert {name.split("==")[0] for name in eleven - twelve} >= {"async-timeout"}, "Debian 12 has 3.11.2, and redis needs it below 3.11.3"
    for lock in (eleven, twelve):
        packages = [name.split("==")[0] for name in lock]
        assert len(packages) == len(set(packages)), "one version of each"
        assert not any(";" in name for name in lock)
    assert eleven <= names(LOCK)


def test_our_own_wheel_is_the_same_bytes_twice_and_carries_the_files_for_browsers(tmp_path: Path) -> None:
    wheels = [bundle.own_wheel(tmp_path / name, 1_700_000_000) for name in ("one", "two")]
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    inside = set(ZipFile(wheels[0]).namelist())
    served = {f"dashboard/vendor/{name}" for name in vendor.files()}
    assert len(served & inside) > 100, "the font alone has so many slices"
    for name, (_, patterns) in vendor.LISTED.items():
        assert any(each.startswith(f"dashboard/vendor/{name}/") for each in inside), patterns
    assert {"dashboard/deploy/install.sh", "dashboard/texts/zh.toml", "data/migrations/env.py"} <= inside


def test_the_archive_is_the_same_bytes_twice_whoever_made_it_and_when(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name / "ecc-1-linux-x86_64"
        (folder / "wheels").mkdir(parents=True)
        for each in ("b", "a"):
            (folder / "wheels" / each).write_text(each)
        (folder / "install.sh").write_text("#!/bin/sh\n")
        (folder / "install.sh").chmod(0o700 if name == "one" else 0o755)
        (folder / "SHA256SUMS").write_text(bundle.sums(folder))
        made.append(bundle.pack(folder, tmp_path / f"{name}.tar.gz", 1_700_000_000).read_bytes())
    assert made[0] == made[1]
    with tarfile.open(tmp_path / "one.tar.gz") as archive:
        assert [(each.name.partition("/")[2], each.uid, each.mtime) for each in archive.getmembers()] == [
            (name, 0, 1_700_000_000) for name in ("SHA256SUMS", "install.sh", "wheels/a", "wheels/b")
        ]
    checked = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "one/ecc-1-linux-x86_64", check=False)
    assert checked.returncode == 0


def test_the_bill_of_materials_is_valid_says_whose_and_follows_from_the_content(tmp_path: Path) -> None:
    (tmp_path / "own.whl").write_bytes(b"ours")
    parts = [
        bundle.Component("pypi", "numpy", "2.4.6", "BSD-3-Clause", "ab" * 32),
        bundle.Component("npm", "@noble/hashes", "2.4.0", "MIT", ""),
    ]
    papers = {bundle.sbom("0.1.0", tmp_path / "own.whl", parts, 1_700_000_000) for _ in range(2)}
    (paper,) = papers
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(paper) is None
    said = {each["purl"]: each["licenses"][0]["license"]["id"] for each in json.loads(paper)["components"]}
    assert said == {"pkg:pypi/numpy@2.4.6": "BSD-3-Clause", "pkg:npm/%40noble/hashes@2.4.0": "MIT"}


def test_every_sentence_of_the_script_is_filled_in_and_quoted() -> None:
    script = bundle.filled((bundle.HERE / "install.sh").read_text())
    assert not bundle.HOLE.search(script)
    assert "本安装包只用于 Linux。" in script
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


def test_what_has_no_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "wanted.lock"
    lock.write_text("one==1 \\\n    --hash=sha256:00\ntwo==2 \\\n    --hash=sha256:00\n")
    monkeypatch.setattr(
        bundle, "_pip_download", lambda wanted, *_: wanted.read_text().startswith("one") and "two" not in wanted.read_text()
    )
    with pytest.raises(bundle.Missing, match=r"no wheel for Python 3.11 on aarch64: two==2$"):
        bundle._download(lock, "3.11", "aarch64", tmp_path)
