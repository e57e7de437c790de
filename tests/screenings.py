"""A court with a recording, a clip of it that went all the way, and a screening: through the host's own doors, rendered by the product."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from ulid import ULID

from data.actions.recordings import Segment, begin_recording, end_recording, keep_segment
from data.journal import Journal
from data.rules.permissions import SYSTEM
from data.sealing import load_sealing
from tests.running import Product
from tests.servers import wait_until
from tests.streaming.films import film

OPEN = {"windows": [[[0, 0.25, 0.25, 0.75, 0.75], [12_000, 0.3, 0.25, 0.8, 0.75]]], "sounds": [], "why": None}
HOST = "/centre/screening"


class Court:
    """The product, its journal, and two people of the centre who sign."""

    def __init__(self, product: Product, seconds: int = 12, size: tuple[int, int] = (640, 360)) -> None:
        self.product, settings = product, product.settings
        self.database = product.database()
        self.journal = Journal(self.database, load_sealing(settings.keys), settings.court_code)
        self.recording_id, self.seconds = str(ULID()), seconds
        self.began = datetime.now(UTC) - timedelta(minutes=10)
        of_it = settings.recordings / self.recording_id
        of_it.mkdir(parents=True)
        self.original = film(of_it / "0001-x.webm", list(range(0, seconds * 1_000, 50)), size)
        digest = hashlib.sha256(self.original.read_bytes()).hexdigest()
        segment = Segment(1, "webm", self.began, seconds * 1_000, self.original.stat().st_size, digest)
        for action, *given in (
            (begin_recording, self.recording_id, "s", None), (keep_segment, self.recording_id, segment),
            (end_recording, self.recording_id, self.began + timedelta(seconds=seconds), "over"),
        ):  # fmt: skip
            self.journal.do(SYSTEM, self.began, action, *given)
        self.web = httpx.Client(base_url=product.origin, headers={"origin": product.origin}, timeout=30)

    def close(self) -> None:
        self.web.close()
        self.database.close()

    def ask(self, path: str, said: object = None, by: str = "") -> httpx.Response:
        """As the desk, unless `by` is another one's cookie. said: posted; None: only looked at."""
        cookies = {"cookie": f"ecc_desk={by or self.product.seeded.desk}"}
        if said is None:
            return self.web.get(HOST + path, headers=cookies)
        return self.web.post(HOST + path, json=said, headers=cookies)

    def told(self, path: str, said: object = None, by: str = "") -> Any:
        answer = self.ask(path, said, by)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    # --- what most tests begin with

    def cut(self, title: str = "一间厂房的腾退") -> str:
        begin = round(self.began.timestamp() * 1000)
        said = {
            "recording": self.recording_id,
            "from_ms": begin,
            "to_ms": begin + self.seconds * 1_000,
            "title": title,
            "words": "期限届满，可以和解。",
            "tag": "EVICTION",
        }
        return str(self.told("/cut", said)["id"])

    def rendered(self, clip: str) -> str:
        """Masked by the jobs process. Returns the digest."""
        self.told(f"/clips/{clip}/mask", {"mask": OPEN, "minor": False})
        self.told(f"/clips/{clip}/render", {})
        wait_until(lambda: self.told(f"/clips/{clip}/state")["rendering"]["state"] == "DONE", "not rendered", 120)
        return str(self.told(f"/clips/{clip}/state")["sha256"])

    def released(self, title: str = "一间厂房的腾退") -> tuple[str, str]:
        """Certified by two. Returns clip and release."""
        clip = self.cut(title)
        return clip, self.certified(clip, self.rendered(clip))

    def certified(self, clip: str, digest: str) -> str:
        """Proposed and certified by two. Returns the release."""
        self.told(f"/clips/{clip}/propose", {})
        self.told(f"/clips/{clip}/certify", {"sha256": digest})
        release = self.told(f"/clips/{clip}/certify", {"sha256": digest}, by=self.product.seeded.commander)["release"]
        assert release["state"] == "LIVE"
        return str(release["id"])

    def planned(self, *places: dict[str, object]) -> str:
        screening = str(self.told("/plan", {"title": "一月警示教育"})["id"])
        self.told(f"/{screening}/programme", {"places": list(places)})
        return screening

    def stage_of(self, screening: str) -> str:
        """A browser becomes the stage; its cookie."""
        path = self.told(f"/{screening}/stage", {})["link"].removeprefix(self.product.origin)
        answer = self.web.post(path, follow_redirects=False)
        assert answer.status_code == 303, answer.text[:300]
        found = re.search(r"ecc_stage=([^;]+)", answer.headers["set-cookie"])
        assert found is not None
        return found[1]

    def masked_file(self, clip: str) -> Path:
        return next((self.product.settings.clips / clip).glob("*.webm"))
