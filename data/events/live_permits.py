"""The permit for one mission's live picture on a stage."""

from data.events.event import Event


class LiveProposed(Event, frozen=True, kw_only=True):
    kind = "live.proposed"
    subject = "permit"
    shown = False
    permit_id: str
    screening_id: str
    mission_id: str
    delay_s: int


class LiveCertified(Event, frozen=True, kw_only=True):
    """number: 1 | 2. Whoever certifies says that the people of the mission were told."""

    kind = "live.certified"
    subject = "permit"
    shown = False
    permit_id: str
    mission_id: str
    number: int
    officer_id: str


class LivePermitted(Event, frozen=True, kw_only=True):
    kind = "live.permitted"
    subject = "permit"
    permit_id: str
    screening_id: str
    mission_id: str
    team_id: str | None


class LiveEnded(Event, frozen=True, kw_only=True):
    """cause: DECIDED | MINOR | ILLNESS | BODY_SEARCH | PICTURE_CLOSED | CALL_OVER | MISSION_OVER | SCREENING_OVER."""

    kind = "live.ended"
    subject = "permit"
    permit_id: str
    screening_id: str
    mission_id: str
    team_id: str | None
    cause: str
