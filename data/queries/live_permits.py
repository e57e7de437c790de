"""What the host sees of live permits and of the missions that could have one; what the transcoder is to take in hand now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from data.errors import NotPermitted
from data.rules import calls, masking, missions
from data.rules.live_permits import PermitState
from data.rules.participants import ParticipantKind, ParticipantState, StreamName
from data.rules.permissions import Clearance, Sight
from data.rules.screening import ScreeningState
from data.tables import CallRow, LivePermitRow, MissionRow, OfficerRow, ParticipantRow, ScreeningItemRow, ScreeningRow, TeamRow

MISSIONS_MOST = 50
AHEAD = timedelta(hours=12)  # a mission of this morning's or this evening's screening


# The officer on the spot, talking with the centre, his picture open.
_SENDS = (
    CallRow.state.in_(sorted(calls.TALKING)),
    CallRow.picture_closed_at.is_(None),
    ParticipantRow.kind == ParticipantKind.FIELD,
    ParticipantRow.state == ParticipantState.IN,
)


@dataclass(frozen=True, slots=True)
class PermitView:
    """certified: by whom (surname and title) and when; certifiers: their ids. mission: team and matter, for the host's eye only."""

    id: str
    number: str
    mission_id: str
    mission: str
    delay_s: int
    state: str
    certified: tuple[tuple[str, datetime], ...]
    certifiers: frozenset[str]
    over_at: datetime | None
    over_cause: str | None


@dataclass(frozen=True, slots=True)
class MissionChoice:
    id: str
    mission: str


@dataclass(frozen=True, slots=True)
class OnAir:
    """What the one transcoder is to do. shown: whether its place stands on the stage now; until then it only fills its memory."""

    permit_id: str
    screening_id: str
    delay_s: int
    stream: str
    shown: bool


def permits_of(session: Session, sight: Sight, screening_id: str) -> list[PermitView]:
    """The newest first. Raises NotPermitted."""
    _check(sight)
    first, second = aliased(OfficerRow), aliased(OfficerRow)
    rows = session.execute(
        select(LivePermitRow, MissionRow.matter, TeamRow.name, first, second)
        .join(MissionRow, MissionRow.id == LivePermitRow.mission_id)
        .outerjoin(TeamRow, TeamRow.id == MissionRow.team_id)
        .outerjoin(first, first.id == LivePermitRow.first_by)
        .outerjoin(second, second.id == LivePermitRow.second_by)
        .where(LivePermitRow.screening_id == screening_id, LivePermitRow.court_code == sight.court_code)
        .order_by(LivePermitRow.proposed_at.desc(), LivePermitRow.id.desc())
    )
    return [_permit(*row) for row in rows]


def _permit(row: LivePermitRow, matter: str, team: str | None, first: OfficerRow | None, second: OfficerRow | None) -> PermitView:
    signed = ((first, row.first_at), (second, row.second_at))
    certified = tuple(
        (masking.officer(who.name, who.title, Clearance.WALL), at) for who, at in signed if who is not None and at is not None
    )
    certifiers = frozenset(who.id for who, _ in signed if who is not None)
    mission = _mission(team, matter)
    return PermitView(
        row.id, row.number, row.mission_id, mission, row.delay_s, row.state, certified, certifiers, row.over_at, row.over_cause
    )  # fmt: skip


def missions_to_choose(session: Session, sight: Sight, now: datetime) -> list[MissionChoice]:
    """Those under way first, then those of the next hours."""
    _check(sight)
    rows = session.execute(
        select(MissionRow.id, MissionRow.matter, TeamRow.name, MissionRow.state)
        .outerjoin(TeamRow, TeamRow.id == MissionRow.team_id)
        .where(
            MissionRow.court_code == sight.court_code, MissionRow.state.in_(sorted(missions.OPEN)), MissionRow.planned_from <= now + AHEAD
        )
        .order_by(MissionRow.planned_from.desc(), MissionRow.id)
        .limit(MISSIONS_MOST)
    ).all()
    rows = sorted(rows, key=lambda row: row.state not in missions.UNDER_WAY)
    return [MissionChoice(row.id, _mission(row.name, row.matter)) for row in rows]


def _mission(team: str | None, matter: str) -> str:
    return " ".join(part for part in (team, matter) if part)


def on_air(session: Session) -> OnAir | None:
    """For the relay: the one live picture that may be reduced now. A blackout, a closed picture, the end of anything: None.

    Of several calls of the mission the first that was answered: another one never takes its place; its end is the end (`end_with_call`).
    """
    found = session.execute(
        select(
            LivePermitRow.id, LivePermitRow.screening_id, LivePermitRow.delay_s, ScreeningItemRow.permit_id, CallRow.id, ParticipantRow.id
        )
        .join(ScreeningRow, ScreeningRow.id == LivePermitRow.screening_id)
        .join(CallRow, CallRow.mission_id == LivePermitRow.mission_id)
        .join(ParticipantRow, ParticipantRow.call_id == CallRow.id)
        .outerjoin(
            ScreeningItemRow, (ScreeningItemRow.screening_id == ScreeningRow.id) & (ScreeningItemRow.position == ScreeningRow.position)
        )
        .where(
            LivePermitRow.state == PermitState.LIVE,
            ScreeningRow.state == ScreeningState.RUNNING,
            *_SENDS,
        )
        .order_by(LivePermitRow.second_at.desc(), CallRow.answered_at, CallRow.id)
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    permit_id, screening_id, delay_s, shown_id, call_id, participant_id = found
    return OnAir(permit_id, screening_id, delay_s, str(StreamName(call_id, participant_id)), shown_id == permit_id)


def clear_stream(session: Session, sight: Sight, screening_id: str) -> StreamName | None:
    """For the host's eye: where the clear picture of what is permitted comes from. Whether he may watch it the rule of media says."""
    _check(sight)
    found = session.execute(
        select(CallRow.id, ParticipantRow.id)
        .join(LivePermitRow, LivePermitRow.mission_id == CallRow.mission_id)
        .join(ParticipantRow, ParticipantRow.call_id == CallRow.id)
        .where(LivePermitRow.screening_id == screening_id, LivePermitRow.state == PermitState.LIVE, *_SENDS)
        .order_by(LivePermitRow.second_at.desc(), CallRow.answered_at, CallRow.id)
        .limit(1)
    ).one_or_none()
    return None if found is None else StreamName(*found)


def _check(sight: Sight) -> None:
    if sight.clearance is not Clearance.DESK:
        raise NotPermitted("not for this desk")
