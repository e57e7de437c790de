"""What an event is: a fact with ids only, and the rows of the wall that it touches."""

from collections.abc import Iterator
from typing import Any, ClassVar, TypeAlias

from msgspec import Struct
from msgspec.structs import asdict

Row: TypeAlias = tuple[str, str]
EVENTS: dict[str, type["Event"]] = {}


class Event(Struct, frozen=True, kw_only=True):
    """A fact. Subclasses name themselves by `kind` and say which row is their `subject`."""

    kind: ClassVar[str]
    subject: ClassVar[str]
    shown: ClassVar[bool] = True  # False: for the inspector only, draws nothing on a wall
    at_desks: ClassVar[bool] = False  # True, of one that is not shown: it changes rows that desks have, and is no line of the stream

    def __init_subclass__(cls, **said: Any) -> None:
        super().__init_subclass__(**said)
        EVENTS[cls.kind] = cls

    def payload(self) -> dict[str, Any]:
        """JSON values only: strings, whole numbers, booleans, lists of them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def subject_id(self) -> str:
        return str(getattr(self, _ID_FIELD[self.subject]))

    def touches(self) -> Iterator[Row]:
        """The rows whose drawing this fact may change, found by the names of its id fields."""
        for name, kind in _ROW_OF_FIELD.items():
            value = getattr(self, name, None)
            if value is not None:
                yield kind, str(value)
        for name, kind in _ROWS_OF_FIELD.items():
            for value in getattr(self, name, ()):
                yield kind, str(value)


_ID_FIELD = {
    "court": "court_code",
    "officer": "officer_id",
    "team": "team_id",
    "vehicle": "vehicle_id",
    "unit": "unit_no",
    "device": "device_no",
    "area": "area_id",
    "fence": "fence_id",
    "case": "case_id",
    "mission": "mission_id",
    "call": "call_id",
    "participant": "participant_id",
    "sheet": "sheet_id",
    "whisper": "whisper_id",
    "order": "order_id",
    "sos": "sos_id",
    "recording": "recording_id",
    "video": "video_id",
    "clip": "clip_id",
    "release": "release_id",
    "screening": "screening_id",
    "attendee": "attendee_id",
    "objection": "objection_id",
    "help": "help_id",
    "part": "part",
    "fault": "fault_id",
    "permit": "permit_id",
    "promise": "promise_id",
    "settlement": "settlement_id",
    "spot_payment": "spot_payment_id",
    "position_archive": "archive_id",
    "position_hold": "position_hold_id",
    "position_day": "day",
    "wall": "wall_id",
    "role_change": "role_change_id",
    "joint": "joint_id",
    "key": "key",
    "session": "session_id",
    "link": "link_id",
    "audit": "audit_id",
    "setting": "setting_change_id",
    "backup": "backup_id",
}
_ROW_KINDS = (
    "court", "officer", "team", "unit", "area", "fence", "case", "mission", "call", "participant", "whisper", "order", "sos", "recording",
    "help", "wall", "part", "fault",
)  # fmt: skip
_ROW_OF_FIELD = {_ID_FIELD[kind]: kind for kind in _ROW_KINDS}
_ROWS_OF_FIELD = {
    "unit_nos": "unit", "fence_ids": "fence", "participant_ids": "participant", "whisper_ids": "whisper", "order_ids": "order",
}  # fmt: skip


def from_payload(kind: str, payload: dict[str, Any]) -> Event:
    """The event again, from its journal entry. Raises KeyError for a kind this version does not know."""
    return EVENTS[kind](**{name: tuple(value) if isinstance(value, list) else value for name, value in payload.items()})
