"""What happens by itself when a time has come."""

from dataclasses import dataclass
from enum import StrEnum


class Timer(StrEnum):
    CALL_MISSED = "call_missed"
    ORDER_OVERDUE = "order_overdue"
    SOS_ESCALATES = "sos_escalates"
    SILENCE_ELAPSES = "silence_elapses"
    DUTY_ENDS = "duty_ends"
    PAIRING_LAPSES = "pairing_lapses"
    PROMISE_OVERDUE = "promise_overdue"
    FOLLOW_UP = "follow_up"
    FENCE_BEGINS = "fence_begins"
    FENCE_ENDS = "fence_ends"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do now. id: of the call, order, alarm, link, case, fence or screening, or the unit's number. level: of an alarm."""

    timer: Timer
    id: str
    level: int = 0
