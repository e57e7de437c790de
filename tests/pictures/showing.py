"""The real demonstration, started for its pictures and ended after them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.servers import wait_until

ROOT = Path(__file__).resolve().parents[2]
READY_S = 120.0


class Showing:
    """`with Showing(home) as showing: showing.links`: what LINKS=FILE says."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.links: dict[str, Any] = {}

    def __enter__(self) -> Self:
        file = self.home / "links.json"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ECC_")}
        command = [sys.executable, "-m", "dashboard", "demo", "--no-browser", "--port", "0", "--links", str(file)]
        with (self.home / "said").open("ab") as said:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=kept | {"ECC_HOME": str(self.home), "PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        try:
            wait_until(lambda: file.exists() or self._process.poll() is not None, "the demonstration did not start", READY_S)
            if not file.exists():
                raise RuntimeError((self.home / "said").read_text(errors="replace")[-2000:])
        except BaseException:
            self._end()
            raise
        self.links = json.loads(file.read_text())
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
