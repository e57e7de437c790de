"""Phones and vehicle sets: enrolled for one unit, revoked at once when lost."""

from dataclasses import dataclass

from sqlalchemy import func, select

from data.actions.allowed import allowed
from data.actions.calls import lose_calls
from data.actions.units import lose_duty
from data.credentials import digest, new_osmand_key, new_token
from data.errors import BadInput, NotFound
from data.events import DeviceEnrolled, DeviceRevoked
from data.journal import Work
from data.rules.permissions import Verb
from data.tables import CallRow, DeviceRow, UnitRow

KINDS = frozenset({"PHONE", "VEHICLE", "BODYCAM_4G"})


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A device that has just been enrolled; the two secrets exist nowhere else."""

    device_no: int
    unit_no: int
    token: str
    osmand_id: str


def enrol_device(work: Work, unit_no: int, kind: str = "PHONE") -> Enrolment:
    """Give a device of this unit its secrets. Its earlier devices stay: revoke a lost one. Raises NotFound, BadInput device.kind."""
    allowed(work, Verb.ENROL_DEVICE)
    return enrol(work, unit_no, kind)


def enrol(work: Work, unit_no: int, kind: str) -> Enrolment:
    """As `enrol_device`, for whoever holds a link made for it."""
    if kind not in KINDS:
        raise BadInput(kind, code="device.kind")
    unit = work.session.get(UnitRow, unit_no)
    if unit is None:
        raise NotFound("unit", code="not_found.unit")
    enrolment = Enrolment(_next_no(work), unit_no, new_token(), new_osmand_key())
    work.session.add(
        DeviceRow(
            no=enrolment.device_no,
            court_code=unit.court_code,
            unit_no=unit_no,
            kind=kind,
            token_hash=digest(enrolment.token),
            osmand_hash=digest(enrolment.osmand_id),
            enrolled_at=work.now,
        )
    )
    work.record(DeviceEnrolled(device_no=enrolment.device_no, unit_no=unit_no))
    return enrolment


def revoke_device(work: Work, device_no: int) -> None:
    """From now on this device is nobody, on every wire within three seconds; its open call ends, and its unit's duty with its last device.

    Revoking twice is the same. Raises NotFound.
    """
    allowed(work, Verb.REVOKE_DEVICE)
    device = work.session.get(DeviceRow, device_no)
    if device is None:
        raise NotFound("device", code="not_found.device")
    if device.revoked_at is None:
        device.revoked_at = work.now
        work.record(DeviceRevoked(device_no=device_no, unit_no=device.unit_no))
        lose_calls(work, CallRow.device_no == device_no)
        if work.session.scalar(select(DeviceRow.no).where(DeviceRow.unit_no == device.unit_no, DeviceRow.revoked_at.is_(None))) is None:
            lose_duty(work, UnitRow.no == device.unit_no)


def _next_no(work: Work) -> int:
    """Numbers are never given twice, also of revoked devices: positions and calls name them."""
    work.session.flush()
    return (work.session.scalar(select(func.max(DeviceRow.no))) or 0) + 1
