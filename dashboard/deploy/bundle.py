"""`make bundle`: everything that a machine without a network needs, in one archive; the same tree gives the same bytes.

Wheels come by the lock file with its hashes, through pip and whatever index pip is told to use: no address stands here. What the archive
holds is listed twice, for `sha256sum` (SHA256SUMS) and for whoever must know what runs in the house (sbom.cdx.json).
"""

import argparse
import gzip
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

from dashboard import vendor
from dashboard.i18n import LANGUAGES, read
from dashboard.schema import newest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
OLDEST_GLIBC, NEWEST_GLIBC = 5, 28  # wheels for 2.28 at most: Debian 10, openEuler 20.03, Kylin V10, UOS 20 and whatever is newer
OLDER_NAMES = {"x86_64": ("manylinux1", "manylinux2010", "manylinux2014"), "aarch64": ("manylinux2014",)}
MACHINES = tuple(OLDER_NAMES)
PYTHONS = (f"3.{sys.version_info.minor}",)
PAPERS = ("LICENSE", "README.md", "SECURITY.md", "CHANGELOG.md")
FOR_THE_INSTALLER = ("ecc.service", "nginx.conf", "Caddyfile")
LICENCE = re.compile(r"\.dist-info/(licen[cs]es?/.+|(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*)$", re.IGNORECASE)
BUILD = (
    "import os, sys; os.environ['SOURCE_DATE_EPOCH'] = sys.argv[3]; from hatchling.builders.wheel import WheelBuilder as Builder; "
    "print(next(Builder(sys.argv[1]).build(directory=sys.argv[2])))"
)
SIGNER, SIGNED_AS = "ecc", "ecc-bundle"  # as install.sh asks for them
HOLE = re.compile(r"@([\w.]+)@")


@dataclass(frozen=True, slots=True)
class Target:
    """What the bundle is for."""

    machine: str
    pythons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """One thing of somebody's that the bundle carries. kind: pypi | npm."""

    kind: str
    name: str
    version: str
    licence: str
    sha256: str


def make(target: Target, to: Path, key: Path | None = None) -> Path:
    """Write the archive and return its path. key: of ssh, signs it. Raises Missing with what this target has no wheel for, Unsigned."""
    version, epoch = own_version(), commit_time()
    name = f"ecc-{version}-linux-{target.machine}"
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ecc-bundle-") as scratch:
        folder = Path(scratch) / name
        (folder / "wheels").mkdir(parents=True)
        locks = _fetch(target, folder, Path(scratch))
        own = own_wheel(folder / "wheels", epoch)
        _describe(folder, target, version, own, locks)
        _lay_installer(folder)
        components = _licences(folder)
        (folder / "sbom.cdx.json").write_text(sbom(version, own, components, epoch), encoding="utf-8")
        (folder / "SHA256SUMS").write_text(sums(folder), encoding="utf-8")
        if key is not None:
            sign(folder / "SHA256SUMS", key)
        made = pack(folder, to / f"{name}.tar.gz", epoch)
    if key is not None:
        sign(made, key)
        (to / "signers").write_text(signers(key), encoding="utf-8")
    return made


class Missing(Exception):
    """Requirements that have no wheel for this target."""


class Unsigned(Exception):
    """The key could not sign; what ssh-keygen says."""


# --- whose it is ------------------------------------------------------------------------------------------------------------------


def sign(path: Path, key: Path) -> None:
    """PATH.sig beside it, by ssh-keygen: it is there with every OpenSSH, and asks for the passphrase itself. Raises Unsigned."""
    path.with_name(f"{path.name}.sig").unlink(missing_ok=True)
    done = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", SIGNED_AS, str(path)], stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise Unsigned(done.stderr.strip())


def signers(key: Path) -> str:
    """What install.sh is given as --signers: it must reach a court by another way than the bundle does."""
    public = subprocess.run(["ssh-keygen", "-y", "-f", str(key)], capture_output=True, text=True, check=True).stdout
    return f'{SIGNER} namespaces="{SIGNED_AS}" {" ".join(public.split()[:2])}\n'


# --- wheels -----------------------------------------------------------------------------------------------------------------------


def own_version() -> str:
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return version


def commit_time() -> int:
    """Seconds of the last commit: the time that every file of the archive bears, whenever it is made."""
    said = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return int(said or 315_532_800)  # without git: the first day that an archive can name


def target_lock(lock: str, python: str, machine: str) -> str:
    """The lines of a universal lock that this target needs, without their conditions: whatever the patch release, Debian 12 has 3.11.2."""
    from packaging.markers import Marker, default_environment

    here: dict[str, str] = dict(default_environment())  # type: ignore[arg-type]  # a TypedDict of strings
    here |= {
        "python_version": python, "platform_machine": machine, "sys_platform": "linux", "platform_system": "Linux",
    }  # fmt: skip
    patches = [here | {"python_full_version": f"{python}.{patch}"} for patch in (0, 99)]
    kept = []
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        head, _, hashes = entry.partition(" \\\n")
        requirement, _, condition = head.partition(" ; ")
        if not condition or any(Marker(condition).evaluate(each) for each in patches):
            kept.append(f"{requirement} \\\n{hashes}")
    return "\n".join(kept) + "\n"


def _fetch(target: Target, folder: Path, scratch: Path) -> dict[str, str]:
    """The wheels of every Python, and a lock for each: {python: file name}."""
    tools = (ROOT / ".ci/tools.lock").read_text(encoding="utf-8")
    uv = next(entry for entry in re.split(r"\n(?=\S)", tools.strip()) if entry.startswith("uv=="))
    universal = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locks = {}
    for python in target.pythons:
        text = target_lock(universal, python, target.machine)
        locks[python] = f"requirements-{python}.lock"
        (folder / locks[python]).write_text(text, encoding="utf-8")
        wanted = scratch / "wanted.lock"
        wanted.write_text(f"{text}{uv}\n", encoding="utf-8")
        _download(wanted, python, target.machine, folder / "wheels")
    return locks


def _download(lock: Path, python: str, machine: str, to: Path) -> None:
    if _pip_download(lock, python, machine, to):
        return
    missing = []
    for number, entry in enumerate(re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())):
        one = lock.with_name(f"one-{number}.lock")
        one.write_text(entry + "\n", encoding="utf-8")
        if not _pip_download(one, python, machine, to):
            missing.append(entry.split()[0])
    if missing:
        raise Missing(f"no wheel for Python {python} on {machine}: {' '.join(missing)}")


def _pip_download(lock: Path, python: str, machine: str, to: Path) -> bool:
    names = [*OLDER_NAMES[machine], *(f"manylinux_2_{minor}" for minor in range(OLDEST_GLIBC, NEWEST_GLIBC + 1))]
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes",
        "--requirement", str(lock), "--dest", str(to), "--python-version", python, "--implementation", "cp",
        "--abi", f"cp{python.replace('.', '')}", "--abi", "abi3", "--abi", "none",
    ]  # fmt: skip
    for name in names:
        command += ["--platform", f"{name}_{machine}"]
    return subprocess.run(command, check=False).returncode == 0


def own_wheel(to: Path, epoch: int) -> Path:
    """Our own, with the browser's files inside. Built from a copy of what git knows: nothing that lies about comes in."""
    if gone := vendor.missing():
        raise Missing(f"files for browsers are missing, run make setup: {' '.join(gone)}")
    with tempfile.TemporaryDirectory(prefix="ecc-wheel-") as scratch:
        staged = Path(scratch)
        for name in _tracked():
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, staged / name)
        for served, path in vendor.files().items():
            name, _, inside = served.partition("/")
            if path.as_posix().endswith(f"/{inside}") and _inside_package(name, path) == inside:
                (staged / "dashboard/vendor" / served).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, staged / "dashboard/vendor" / served)
        command = [sys.executable, "-c", BUILD, str(staged), str(to), str(epoch)]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
    return Path(said.stdout.strip())


def _inside_package(name: str, path: Path) -> str:
    """The file's place in its package: a file is served by its short name too, and stands in the bundle once."""
    package = vendor.LISTED[name][0]
    folder = vendor.BUNDLED / name if vendor.BUNDLED in path.parents else vendor.INSTALLED / package
    return path.relative_to(folder).as_posix()


def _tracked() -> list[str]:
    said = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = ("dashboard/", "streaming/", "geo/", "data/")
    ours = [name for name in said.split("\0") if name.startswith(wanted) or name in ("pyproject.toml", *PAPERS)]
    return [name for name in ours if (ROOT / name).is_file()]


# --- what stands beside them ------------------------------------------------------------------------------------------------------


def _describe(folder: Path, target: Target, version: str, own: Path, locks: dict[str, str]) -> None:
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    (folder / "own.lock").write_text(f"enforcement-command-centre=={version} --hash=sha256:{digest}\n", encoding="utf-8")
    said = {
        "version": version,
        "build": digest[:12],
        "machine": target.machine,
        "glibc": f"2.{NEWEST_GLIBC}",
        "pythons": locks,
        "schema": sorted(newest()),
        "bytes": sum(path.stat().st_size for path in (folder / "wheels").iterdir()),
    }
    (folder / "bundle.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def _lay_installer(folder: Path) -> None:
    """install.sh with its sentences filled in; the rest reads them from the texts beside it."""
    for name in PAPERS:
        shutil.copy(ROOT / name, folder / name)
    (folder / "install").mkdir()
    for name in FOR_THE_INSTALLER:
        shutil.copy(HERE / name, folder / "install" / name)
    (folder / "install/installer").mkdir()
    for path in sorted((HERE / "installer").glob("*.py")):
        shutil.copy(path, folder / "install/installer" / path.name)
    for language in LANGUAGES:
        shutil.copy(ROOT / f"dashboard/texts/{language}.toml", folder / "install" / f"{language}.toml")
    script = folder / "install.sh"
    script.write_text(filled((HERE / "install.sh").read_text(encoding="utf-8")), encoding="utf-8")
    script.chmod(0o755)


def filled(script: str) -> str:
    """A shell script whose @table.key@ became the sentence in each language, quoted."""
    texts = [read(language) for language in LANGUAGES]
    return HOLE.sub(lambda hole: " ".join(shlex.quote(text(hole[1])) for text in texts), script)


def _licences(folder: Path) -> list[Component]:
    """Every licence that comes with what is bundled, a folder each; and what is bundled."""
    found = [_of_wheel(path, folder / "licences") for path in sorted((folder / "wheels").iterdir())]
    return [each for each in found if each.name != "enforcement-command-centre"] + [
        _of_package(package, folder / "licences") for package, _ in sorted(vendor.LISTED.values())
    ]


def _of_wheel(path: Path, to: Path) -> Component:
    with ZipFile(path) as wheel:
        names = wheel.namelist()
        said = HeaderParser().parsestr(wheel.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode())
        name, version = re.sub(r"[-_.]+", "-", said["Name"]).lower(), said["Version"]
        for inside in names:
            if (paper := LICENCE.search(inside)) and not inside.endswith("/"):
                _write(to / f"{name}-{version}" / paper[1].replace("/", "-"), wheel.read(inside))
    classifiers = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier", []) if line.startswith("License ::")]
    licence = said["License-Expression"] or " / ".join(classifiers) or (said["License"] or "").partition("\n")[0]
    return Component("pypi", name, version, licence, hashlib.sha256(path.read_bytes()).hexdigest())


def _of_package(package: str, to: Path) -> Component:
    folder = vendor.INSTALLED / package
    said = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    for path in sorted(folder.glob("LICEN[CS]E*")):
        _write(to / f"{package.replace('/', '-').lstrip('@')}-{said['version']}" / path.name, path.read_bytes())
    return Component("npm", package, said["version"], str(said.get("license", "")), "")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def sbom(version: str, own: Path, components: Sequence[Component], epoch: int) -> str:
    """CycloneDX 1.6. Serial number and time follow from the content: the same bundle has the same paper."""
    from uuid import NAMESPACE_OID, uuid5

    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component as Listed
    from cyclonedx.model.component import ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    licences = LicenseFactory()
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    whole = Listed(
        type=ComponentType.APPLICATION, name="enforcement-command-centre", version=version, bom_ref="ecc",
        licenses=[licences.make_from_string("Apache-2.0")], hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )  # fmt: skip
    bom = Bom(serial_number=uuid5(NAMESPACE_OID, digest + "".join(each.sha256 for each in components)))
    bom.metadata.timestamp, bom.metadata.component = datetime.fromtimestamp(epoch, UTC), whole
    listed = []
    for each in components:
        group, _, short = each.name.rpartition("/")
        url = PackageURL(each.kind, group or None, short, each.version)
        listed.append(
            Listed(
                type=ComponentType.LIBRARY, group=group or None, name=short, version=each.version, purl=url, bom_ref=str(url),
                licenses=[licences.make_from_string(each.licence)] if each.licence else [],
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each.sha256)] if each.sha256 else [],
            )
        )  # fmt: skip
    bom.components = listed
    bom.register_dependency(whole, listed)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


# --- the archive ------------------------------------------------------------------------------------------------------------------


def sums(folder: Path) -> str:
    """As `sha256sum --check` reads it."""
    listed = [path for path in _all(folder) if path.parent != folder or path.name not in ("SHA256SUMS", "SHA256SUMS.sig")]
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in listed)


def _all(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def pack(folder: Path, to: Path, epoch: int) -> Path:
    """Whole or not at all. Names in order, no owner, one time: nothing of this machine is in it."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = epoch
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry

    fresh = to.with_name(f".{to.name}")
    with fresh.open("wb") as file, gzip.GzipFile("", "wb", 1, file, 0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for path in _all(folder):
            archive.add(path, f"{folder.name}/{path.relative_to(folder).as_posix()}", recursive=False, filter=plain)
    fresh.replace(to)
    return to


def main(words: Iterable[str] | None = None) -> int:
    """1: something has no wheel for this target, or could not be signed; that was said."""
    parser = argparse.ArgumentParser(prog="make bundle", description=__doc__)
    parser.add_argument("--machine", choices=MACHINES, default="x86_64")
    parser.add_argument("--python", action="append", metavar="3.11", help="may be given several times; default: this one")
    parser.add_argument("--to", type=Path, default=ROOT / "dist")
    parser.add_argument("--sign", type=Path, metavar="KEY", help="sign with this key of ssh: SHA256SUMS inside, the archive beside it")
    options = parser.parse_args(list(words) if words is not None else None)
    try:
        made = make(Target(options.machine, tuple(options.python or PYTHONS)), options.to, options.sign)
    except (Missing, Unsigned) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{made}  {made.stat().st_size / 1e6:.0f} MB  sha256 {hashlib.sha256(made.read_bytes()).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
