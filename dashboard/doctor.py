"""`ecc doctor`: every part of the register looked at once; each line says what is, since when, who is responsible and what to do."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import orjson
from sqlalchemy.exc import SQLAlchemyError

from dashboard.heartbeat.parts import REGISTER, Found, Looking, State, looked_at, running
from dashboard.i18n import t
from data.engines import Database, open_database
from data.errors import CommandCentreError
from data.queries.heartbeat import last_changes
from data.settings import Settings

SIGNS = {State.UP: "√", State.WARN: "!", State.DOWN: "×", State.OFF: "○"}  # a terminal that speaks GBK has these
AT_ONCE = 8  # looks side by side: a silent server must not make the others wait


@dataclass(frozen=True, slots=True)
class Finding:
    """One part as it was found. since: of its last change that the journal knows; None: it knows none."""

    part: str
    found: Found
    since: datetime | None
    owner: str

    @property
    def good(self) -> bool:
        return self.found.state is not State.DOWN

    @property
    def sentence(self) -> str:
        return sentence(self.part, self.found)

    def line(self, civil_offset_s: int) -> str:
        """For a terminal: sign, name, sentence, latency, last change, owner; what to do below, when there is something to do."""
        words = [SIGNS[self.found.state], t(f"heartbeat.name_{self.part}"), self.sentence]
        words += [t("heartbeat.ms", ms=f"{self.found.ms:.1f}")] if self.found.ms is not None else []
        if self.since is not None:
            words.append(t("heartbeat.since", time=f"{self.since + timedelta(seconds=civil_offset_s):%m-%d %H:%M:%S}"))
        words += [t("heartbeat.owner", who=self.owner)] if self.owner else []
        lines = ["  ".join(words)]
        lines += [f"    {to_do(self.part)}"] if self.found.state in (State.WARN, State.DOWN) else []
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        return {
            "part": self.part,
            "state": self.found.state.value,
            "code": self.found.code,
            "said": self.sentence,
            "ms": self.found.ms,
            "changed_at": self.since and f"{self.since:%Y-%m-%dT%H:%M:%SZ}",
            "owner": self.owner,
            "to_do": to_do(self.part) if self.found.state in (State.WARN, State.DOWN) else "",
            **dict(self.found.gauges),
        }


def sentence(part: str, found: Found) -> str:
    """What was found, in words."""
    own = f"heartbeat.{part}_{found.code}"
    return t(own if own in t else f"heartbeat.{found.code}", **dict(found.holes))


def to_do(part: str) -> str:
    return t(f"heartbeat.to_do_{part}")


def examine(settings: Settings) -> list[Finding]:
    """Every part of the register, in its order; none stops the others."""
    from dashboard.building import HERE, build_of

    database = open_database(settings.database_url)
    try:
        looking = Looking(settings, database, running(settings), build_of(HERE))
        home = next(part for part in REGISTER if part.name == "home")
        first = looked_at(home, looking)  # makes the folders that others look into
        with ThreadPoolExecutor(AT_ONCE) as threads:
            found = dict(zip((part.name for part in REGISTER), threads.map(lambda part: looked_at(part, looking), REGISTER), strict=True))
        found["home"] = first
        since = _since(database) if found["migrations"].state is State.UP else {}
        return [Finding(name, each, since.get(name), settings.owner_of(name)) for name, each in found.items()]
    finally:
        database.close()


def _since(database: Database) -> Mapping[str, datetime]:
    try:
        with database.reading() as session:
            return last_changes(session)
    except (CommandCentreError, SQLAlchemyError):
        return {}


def report(findings: Iterable[Finding]) -> bytes:
    """The same for a machine: one JSON object."""
    listed = list(findings)
    said = {
        "version": version("enforcement-command-centre"),
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "good": all(finding.good for finding in listed),
        "parts": [finding.as_json() for finding in listed],
    }
    return orjson.dumps(said, option=orjson.OPT_INDENT_2)
