"""The people of a screening, and its room."""

from data.events.event import Event


class AttendeeInvited(Event, frozen=True, kw_only=True):
    kind = "attendee.invited"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str
    ground: str


class AttendeeTakenOff(Event, frozen=True, kw_only=True):
    """The invitation was taken back: by the host, or because the person must not be asked."""

    kind = "attendee.taken_off"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str
    why: str


class PlanChanged(Event, frozen=True, kw_only=True):
    kind = "screening.plan_changed"
    subject = "screening"
    shown = False
    screening_id: str


class MaterialsTicked(Event, frozen=True, kw_only=True):
    kind = "screening.materials_ticked"
    subject = "screening"
    shown = False
    screening_id: str
    there: tuple[str, ...]


class CheckInOpened(Event, frozen=True, kw_only=True):
    kind = "screening.check_in_opened"
    subject = "screening"
    shown = False
    screening_id: str


class ScreeningRested(Event, frozen=True, kw_only=True):
    kind = "screening.rested"
    subject = "screening"
    shown = False
    screening_id: str


class SignInsPurged(Event, frozen=True, kw_only=True):
    """Two years later: who was invited is forgotten, how many were is not."""

    kind = "screening.sign_ins_purged"
    subject = "screening"
    shown = False
    screening_id: str
    count: int


class AttendeeCheckedIn(Event, frozen=True, kw_only=True):
    kind = "attendee.checked_in"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


class CheckInUndone(Event, frozen=True, kw_only=True):
    kind = "attendee.check_in_undone"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


class AttendeeLeft(Event, frozen=True, kw_only=True):
    kind = "attendee.left"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


class AttendeeReturned(Event, frozen=True, kw_only=True):
    kind = "attendee.returned"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str


class PhotoConsentNoted(Event, frozen=True, kw_only=True):
    kind = "attendee.photo_consent_noted"
    subject = "attendee"
    shown = False
    attendee_id: str
    screening_id: str
    consents: bool


class PartyFlagged(Event, frozen=True, kw_only=True):
    """Whether a party is a minor, ill or pregnant was set at a desk; which, the audit says."""

    kind = "case.party_flagged"
    subject = "case"
    shown = False
    case_id: str
    party_id: str


class HelpAsked(Event, frozen=True, kw_only=True):
    """请法警协助: in the room of a screening or at its door."""

    kind = "help.asked"
    subject = "help"
    shown = False
    at_desks = True
    help_id: str
    screening_id: str


class HelpTaken(Event, frozen=True, kw_only=True):
    kind = "help.taken"
    subject = "help"
    shown = False
    at_desks = True
    help_id: str
    screening_id: str
    officer_id: str
