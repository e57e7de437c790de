"""A machine that boots: Debian's systemd as the first process of namespaces of its own, over this machine's files.

These lie below, read-only; what the booted one writes lies in memory above them and goes with it. It has this machine's network, so that
a test speaks with it as with any other server. Nothing that this machine would start by itself is started there.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.servers import short_folder, wait_until

SYSTEMD = Path("/lib/systemd/systemd")
BOOTS_S, ENDS_S, LASTS_S = 90.0, 60.0, 1_200.0  # generous: this machine is shared
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

# What stays while the machine is off: its disk. $1: the folder it lies in.
DISK = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/above" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/above,workdir=$1/work" "$1/root"
cd "$1/root"
rm -rf etc/systemd/system/*.wants etc/systemd/system/*.requires etc/rc?.d
mkdir -p .below srv
"""

# One boot, in fresh namespaces: nothing of the real machine's kernel may be set from inside.
BOOT = f"""
set -e
cd "$1/root"
mount --bind "$1/root" "$1/root" && cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys && mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for each in run tmp dev; do mount -t tmpfs tmpfs $each; done
chmod 1777 tmp
for each in {" ".join(DEVICES)}; do touch dev/$each; mount --bind /dev/$each dev/$each; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
for each in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/${{each%:*}} dev/${{each#*:}}; done
ln -s /proc/self/fd dev/fd
pivot_root . .below
umount -l /.below
exec env -i container=test PATH={PATH} {SYSTEMD} --show-status=no --log-target=null systemd.unit=multi-user.target
"""


def why_not() -> str:
    """What stands in the way of booting one here; empty: nothing."""
    if os.geteuid() != 0:
        return "booting a machine of one's own needs root"
    if not SYSTEMD.exists() or shutil.which("nsenter") is None or _groups() is None:
        return "no systemd, nsenter or cgroup2 here"
    folder = short_folder()
    trial = f"{DISK}\nmount -t proc proc proc && mount -t sysfs sysfs sys && mount -t cgroup2 cgroup2 sys/fs/cgroup"
    command = ["unshare", "--mount", "--pid", "--fork", "--cgroup", "sh", "-c", trial, "sh", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    folder.rmdir()
    return "" if done.returncode == 0 else f"this container may not mount: {done.stderr.strip()[-200:]}"


def _groups() -> Path | None:
    """Where the kernel's second hierarchy of control groups is mounted, beside the first or alone."""
    for line in Path("/proc/mounts").read_text().splitlines():
        if line.split()[2] == "cgroup2":
            return Path(line.split()[1])
    return None


class Booted:
    """`with Booted() as machine:` boots it; `machine.run(…)` is a root shell on it, `lose_power()` and `boot()` do as they say."""

    def __init__(self) -> None:
        self.folder = short_folder()
        self._group = (_groups() or Path("/nowhere")) / self.folder.name
        self._disk: subprocess.Popen[str] | None = None
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        script = f"{DISK}\necho mounted; exec sleep infinity"
        self._disk = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh", str(self.folder)], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
        )
        assert self._disk.stdout is not None
        try:
            assert self._disk.stdout.readline() == "mounted\n"
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.lose_power()
        if self._disk is not None:
            self._disk.kill()
            self._disk.wait()
        self.folder.rmdir()

    @property
    def root(self) -> Path:
        """Its disk, as this test sees it."""
        assert self._disk is not None
        return Path(f"/proc/{self._disk.pid}/root{self.folder}/root")

    def boot(self) -> None:
        """Until systemd says that everything which starts by itself was started, or has failed."""
        assert self._disk is not None
        self._group.mkdir()
        apart = "unshare --mount --pid --fork --cgroup --uts --ipc --kill-child"
        inside = f"echo $$ > {self._group}/cgroup.procs; exec {apart} sh -c '{BOOT}' sh $1"
        self._running = subprocess.Popen(
            ["nsenter", f"--mount=/proc/{self._disk.pid}/ns/mnt", "sh", "-c", inside, "sh", str(self.folder)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        wait_until(self._answers, "it did not boot", BOOTS_S)

    def _answers(self) -> bool:
        assert self._running is not None
        if self._running.poll() is not None:
            raise RuntimeError(f"it did not boot: {self._running.returncode}")
        return bool(self._first()) and self.run("systemctl", "is-system-running", check=False) in ("running", "degraded")

    def _first(self) -> int | None:
        """Its first process, as this machine numbers it."""
        assert self._running is not None
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._running.pid).children():
                if Path(child.exe()).name == "systemd":
                    return child.pid
        return None

    def run(self, *words: str, check: bool = True, user: str = "") -> str:
        """What a command printed there, both its streams, without the last end of line. Raises RuntimeError with that when it failed."""
        given = ["env", "-i", f"PATH={PATH}", "LANG=C.UTF-8", "HOME=/root", *(["runuser", "-u", user, "--"] if user else []), *words]
        done = subprocess.run(
            ["nsenter", "--target", str(self._first()), "--mount", "--pid", "--cgroup", "--uts", "--ipc", "--root", "--wd", "--", *given],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, stdin=subprocess.DEVNULL, timeout=LASTS_S,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.returncode}\n{done.stdout[-4_000:]}")
        return done.stdout.strip()

    def lose_power(self) -> None:
        """Everything on it ends at once; its disk stays."""
        if self._running is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._first() or self._running.pid, signal.SIGKILL)
        self._running.wait(timeout=ENDS_S)
        self._running = None
        for folder, _, __ in os.walk(self._group, topdown=False):
            _removed(Path(folder))


def _removed(group: Path) -> None:
    """A control group whose last process has just been killed is busy for a moment."""
    until = time.monotonic() + ENDS_S
    while group.exists() and time.monotonic() < until:
        with contextlib.suppress(OSError):
            group.rmdir()
        time.sleep(0.02)
