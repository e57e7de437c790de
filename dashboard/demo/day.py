"""The script of the simulated day, as plain data: what happens at which time of the court's clock. It begins at 09:38.

Movement and the steps of missions are not here: teams drive by themselves (`teams`). After domain/demo.md F.3.
"""

from dataclasses import dataclass, field
from typing import Any

BEGINS = "09:38:00"


@dataclass(frozen=True, slots=True)
class Step:
    """act: call | end_call | sos | silence | case.

    attend: what the simulated duty officer does with the call when nobody is at a desk: `answer`, or the whole `story`.
    stage: of the case that it happens to; the next one that stands there is taken. says: what is told of it. name: under which the case is
    remembered, or found again when no stage is given.
    """

    at: str
    act: str
    team: str = ""
    minutes: int = 0
    attend: str = ""
    stage: str = ""
    name: str = ""
    says: dict[str, Any] = field(default_factory=dict)

    @property
    def second(self) -> int:
        return seconds(self.at)


def seconds(clock: str) -> int:
    """Seconds since midnight of hh:mm or hh:mm:ss. Raises ValueError."""
    hour, minute, second = ([int(part) for part in clock.split(":")] + [0])[:3]
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        raise ValueError(clock)
    return hour * 3600 + minute * 60 + second


def _case(at: str, of: str, event: str, name: str = "", **says: Any) -> Step:
    return Step(at, "case", stage=of, name=name, says={"event": event, **says})


DAY: tuple[Step, ...] = (
    _case("09:38:06", "INVESTIGATING", "node", node=7),
    _case("09:38:12", "INVESTIGATING", "stage", stage="CONTROLLED"),
    _case("09:38:20", "FUNDS", "closed", closing_kind="FULLY", recovered_cents=12_600_000),
    _case("09:38:45", "CONTROLLED", "stage", stage="DISPOSING"),
    _case("09:39:20", "CONTROLLED", "node", node=15),
    Step("09:39:24", "call", "三组", attend="story"),  # ring, stage, support and leader within two minutes of the start
    _case("09:40:10", "DISPOSING", "closed", closing_kind="ENDED", recovered_cents=3_870_000),
    _case("09:42:00", "DISPOSING", "node", node=18),
    Step("09:42:20", "call", "一组", attend="answer"),
    Step("09:43:00", "call", "五组", attend="answer"),
    _case("09:43:30", "NOTIFIED", "suspended", name="settling", side_state="SETTLING"),
    _case("09:45:00", "DISPOSING", "stage", stage="FUNDS"),
    Step("09:46:30", "end_call", "三组"),
    Step("09:47:00", "end_call", "一组"),
    Step("09:47:30", "end_call", "五组"),
    _case("09:48:20", "FUNDS", "closed", closing_kind="FULLY", recovered_cents=41_000_000),
    Step("09:52:00", "silence", "六组", minutes=14),
    _case("09:55:00", "INVESTIGATING", "node", node=9),
    Step("10:02:00", "sos", "四组"),
    _case("10:08:00", "FUNDS", "stage", stage="CLOSING"),
    _case("10:15:00", "INVESTIGATING", "closed", closing_kind="TERMINATED_CURRENT"),
    _case("10:30:00", "DISPOSING", "node", node=22),
    Step("10:47:00", "call", "一组", attend="answer"),
    Step("10:52:00", "end_call", "一组"),
    _case("11:05:00", "FUNDS", "closed", closing_kind="FULLY", recovered_cents=8_900_000),
    Step("11:20:00", "silence", "七组", minutes=10),
    _case("11:35:00", "", "resumed", name="settling"),
    Step("11:48:00", "call", "五组", attend="answer"),
    Step("11:51:00", "end_call", "五组"),
)
