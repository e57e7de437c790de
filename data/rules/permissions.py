"""Who may do what, as one table that a lawyer can read, and what a viewer may see (`Sight`).

Roles and rights: `domain/rules.md` E.7. A verb that is not in the table is allowed to nobody.

How two of its lines are read here. 技术值守: «Map live units: status only», «Case card: –»: he keeps devices and walls running, so he sees
what a visitor sees and no case (`WITHOUT_CASES`). 督察、审计: «Map live units: R*», «Case card: R*», where * is «with reason + audit»: a
live map cannot ask for a reason each second, so he has none; tracks and restricted fields he reads one by one, each look with its record.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for."""

    DUTY = "duty"  # 值班员
    COMMANDER = "commander"  # 指挥长、局长
    LEADER = "leader"  # 院领导
    JUDGE = "judge"  # 承办法官、助理
    FIELD = "field"  # 外勤干警、法警
    FUND = "fund"  # 案款员
    TECHNICAL = "technical"  # 技术值守
    INSPECTOR = "inspector"  # 督察、审计
    UPPER = "upper"  # 上级巡查
    WALL = "wall"  # a wall's browser: reads only
    GUEST = "guest"  # a leader who came by a link: in this one call only
    STAGE = "stage"  # the browser before an audience: what is released, nothing else
    PARTY = "party"  # 当事人 by a link: sees and is seen in this one talk, nothing else
    DOOR = "door"  # the tablet at the door of one screening: checks in there, nothing else
    ATTENDEE = "attendee"  # somebody before the screen by the link of his own: may object, nothing else
    DIRECTOR = "director"  # the demo's director: steers the demo, sees nothing of the court
    CASE_SYSTEM = "case_system"  # the court's case system, a machine
    DEVICE = "device"  # a phone or vehicle set, for itself only
    SYSTEM = "system"  # timers and the command line
    NOBODY = "nobody"  # not signed in: stands in the audit only, may nothing


class Clearance(StrEnum):
    """How openly rows are shown; see `masking`."""

    DESK = "desk"
    WALL = "wall"
    VISITORS = "visitors"  # a wall or desk that guests can see
    FIELD = "field"  # an officer's own phone
    PARTY = "party"  # a party in one talk: no row of the wall, only what `masking.VISIBLE` names for him
    STAGE = "stage"  # an audience: no row of the wall, only what `queries.released` gives
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something signed in.

    kind: OFFICER | DEVICE | WALL | JOIN | PARTY | STAGE | DOOR | ATTENDEE | DIRECTOR | MACHINE | SYSTEM | NOBODY.
    """

    kind: str
    id: str
    role: Role
    court_code: str
    officer_id: str | None = None
    unit_no: int | None = None
    device_no: int | None = None
    team_id: str | None = None
    wall_id: str | None = None
    session_id: str | None = None
    address: str | None = None
    locked: bool = False


SYSTEM = Actor(kind="SYSTEM", id="system", role=Role.SYSTEM, court_code="")
NOBODY = Actor(kind="NOBODY", id="nobody", role=Role.NOBODY, court_code="")


@dataclass(frozen=True, slots=True)
class Sight:
    """What one viewer may see. Equal Sights see equal bytes, so the wall's frames are made once for each distinct Sight.

    team_id, unit_no: only rows of that team or unit (None: of the whole court). positions: whether live positions are shown at all.
    wall_id: the wall that this viewer is, so that it hears its own steering; None for desks and phones.
    """

    clearance: Clearance
    role: Role
    court_code: str
    team_id: str | None = None
    unit_no: int | None = None
    positions: bool = True


class Verb(StrEnum):
    SEE_WALL = "see.wall"
    SEE_DESK = "see.desk"
    SEE_TRACK = "see.track"
    SEE_RESTRICTED = "see.restricted"
    SEE_AUDIT = "see.audit"
    SEE_STORAGE = "see.storage"
    REPORT_POSITION = "report.position"
    PLACE_CALL = "place.call"
    RAISE_SOS = "raise.sos"
    TAKE_CALL = "take.call"
    ANSWER_CALL = "answer.call"
    END_CALL = "end.call"
    RING_FIELD = "ring.field"
    ACCEPT_RING = "accept.ring"
    WATCH_CALL = "watch.call"
    SEND_MEDIA = "send.media"
    REPORT_MEDIA = "report.media"
    CLOSE_PICTURE = "close.picture"
    COMMAND_CALL = "command.call"
    SPEAK = "speak"
    WHISPER = "whisper"
    READ_WHISPER = "read.whisper"
    INVITE_LEADER = "invite.leader"
    ADMIT_LEADER = "admit.leader"
    INVITE_PARTY = "invite.party"
    ADMIT_PARTY = "admit.party"
    WRITE_SHEET = "write.sheet"
    READ_SHEET = "read.sheet"
    CONCLUDE_CALL = "conclude.call"
    SEND_ORDER = "send.order"
    ANSWER_ORDER = "answer.order"
    TAKE_SOS = "take.sos"
    RESPOND_SOS = "respond.sos"
    RESOLVE_SOS = "resolve.sos"
    CHANGE_CASE = "change.case"
    ASSIGN_MISSION = "assign.mission"
    MOVE_MISSION = "move.mission"
    CHANGE_DUTY = "change.duty"
    DECLARE_SILENCE = "declare.silence"
    STEER_WALL = "steer.wall"
    PAIR_WALL = "pair.wall"
    REVOKE_WALL = "revoke.wall"
    ENROL_DEVICE = "enrol.device"
    REVOKE_DEVICE = "revoke.device"
    MANAGE_PEOPLE = "manage.people"
    EXPORT_COURT = "export.court"
    EXPORT_CASES = "export.cases"
    CHANGE_SETTING = "change.setting"
    CHANGE_KEY = "change.key"
    SET_ROLE = "set.role"
    CONFIRM_ROLE = "confirm.role"
    DRAW_FENCE = "draw.fence"
    CROSS_FENCE = "cross.fence"
    RUN_TIMER = "run.timer"
    KEEP_RECORDING = "keep.recording"
    KEEP_BACKUP = "keep.backup"
    BRING_RECORDING = "bring.recording"
    HOLD_RECORDING = "hold.recording"
    REPLAY_RECORDING = "replay.recording"
    KEEP_POSITIONS = "keep.positions"
    HOLD_POSITIONS = "hold.positions"
    STOP_ARCHIVING = "stop.archiving"
    CLEAR_CLIP = "clear.clip"
    RENDER_CLIP = "render.clip"
    CERTIFY_RELEASE = "certify.release"
    REVOKE_RELEASE = "revoke.release"
    HOST_SCREENING = "host.screening"
    ADMIT_ATTENDEE = "admit.attendee"
    BLACK_OUT = "black.out"
    OBJECT = "object"
    GUARD_STAGE = "guard.stage"
    SEE_STAGE = "see.stage"
    DIRECT_DEMO = "direct.demo"
    TELL_PART = "tell.part"
    REPORT_FAULT = "report.fault"
    MEND_FAULT = "mend.fault"


_CENTRE = frozenset({Role.DUTY, Role.COMMANDER, Role.LEADER})
_COMMAND = frozenset({Role.DUTY, Role.COMMANDER})
_OWN = frozenset({Role.DEVICE, Role.FIELD, Role.JUDGE})

ALLOWED: dict[Verb, frozenset[Role]] = {
    Verb.SEE_WALL: frozenset({Role.WALL}) | _CENTRE | {Role.UPPER},
    Verb.SEE_DESK: _CENTRE | {Role.TECHNICAL, Role.INSPECTOR},
    Verb.SEE_TRACK: _CENTRE | {Role.INSPECTOR},
    Verb.SEE_RESTRICTED: _CENTRE | {Role.INSPECTOR},
    Verb.SEE_AUDIT: frozenset({Role.INSPECTOR}),
    Verb.SEE_STORAGE: _COMMAND | {Role.LEADER, Role.TECHNICAL, Role.INSPECTOR},  # counts and dates
    Verb.REPORT_POSITION: frozenset({Role.DEVICE}),
    Verb.PLACE_CALL: _OWN,
    Verb.RAISE_SOS: _OWN,
    Verb.TAKE_CALL: _CENTRE,
    Verb.ANSWER_CALL: _CENTRE,
    Verb.END_CALL: _CENTRE | _OWN,
    Verb.RING_FIELD: _CENTRE,
    Verb.ACCEPT_RING: _OWN,
    Verb.WATCH_CALL: _CENTRE | {Role.WALL, Role.GUEST, Role.PARTY} | _OWN,  # an officer his own
    Verb.SEND_MEDIA: _CENTRE | {Role.GUEST, Role.PARTY} | _OWN,
    Verb.REPORT_MEDIA: frozenset({Role.SYSTEM}),  # the relay
    Verb.CLOSE_PICTURE: _OWN,
    Verb.COMMAND_CALL: _CENTRE | {Role.GUEST},
    Verb.SPEAK: _CENTRE | {Role.GUEST},
    Verb.WHISPER: _CENTRE | {Role.GUEST},
    Verb.READ_WHISPER: _OWN,
    Verb.INVITE_LEADER: _CENTRE | {Role.SYSTEM},
    Verb.ADMIT_LEADER: _CENTRE,
    Verb.INVITE_PARTY: _CENTRE,
    Verb.ADMIT_PARTY: _CENTRE,  # lets in, mutes, asks out
    Verb.WRITE_SHEET: _CENTRE,
    Verb.READ_SHEET: _CENTRE | {Role.INSPECTOR},
    Verb.CONCLUDE_CALL: _CENTRE | {Role.GUEST},
    Verb.SEND_ORDER: _CENTRE,
    Verb.ANSWER_ORDER: _OWN,
    Verb.TAKE_SOS: _CENTRE,
    Verb.RESPOND_SOS: _CENTRE,
    Verb.RESOLVE_SOS: _CENTRE,
    Verb.CHANGE_CASE: _COMMAND | {Role.CASE_SYSTEM},
    Verb.ASSIGN_MISSION: _COMMAND | {Role.CASE_SYSTEM},
    Verb.MOVE_MISSION: _COMMAND | {Role.CASE_SYSTEM} | _OWN,
    Verb.CHANGE_DUTY: _OWN | {Role.SYSTEM},
    Verb.DECLARE_SILENCE: _OWN,
    Verb.STEER_WALL: _COMMAND | {Role.LEADER},
    Verb.PAIR_WALL: _COMMAND | {Role.TECHNICAL},
    Verb.REVOKE_WALL: _COMMAND | {Role.TECHNICAL, Role.SYSTEM},
    Verb.ENROL_DEVICE: frozenset({Role.TECHNICAL, Role.DUTY, Role.SYSTEM}),
    Verb.REVOKE_DEVICE: frozenset({Role.TECHNICAL, Role.DUTY, Role.SYSTEM}),
    Verb.MANAGE_PEOPLE: frozenset({Role.TECHNICAL, Role.SYSTEM}),
    Verb.EXPORT_COURT: frozenset({Role.COMMANDER, Role.LEADER, Role.TECHNICAL, Role.SYSTEM}),  # people, vehicles, places; for cases too:
    Verb.EXPORT_CASES: frozenset(
        {Role.COMMANDER, Role.LEADER, Role.SYSTEM}
    ),  # all of them, in the clear: with a reason, see `rules.workbook`
    Verb.CHANGE_SETTING: frozenset({Role.TECHNICAL}),
    Verb.CHANGE_KEY: frozenset({Role.TECHNICAL, Role.SYSTEM}),  # most of them by two: `joint`
    Verb.SET_ROLE: frozenset({Role.SYSTEM}),  # alone; people propose, and a second one confirms
    Verb.CONFIRM_ROLE: frozenset({Role.TECHNICAL}),  # another than who proposed
    Verb.DRAW_FENCE: _COMMAND | {Role.TECHNICAL, Role.SYSTEM},
    Verb.CROSS_FENCE: frozenset({Role.SYSTEM}),
    Verb.RUN_TIMER: frozenset({Role.SYSTEM}),
    Verb.KEEP_RECORDING: frozenset({Role.SYSTEM}),
    Verb.KEEP_BACKUP: frozenset({Role.SYSTEM}),
    Verb.BRING_RECORDING: frozenset({Role.DEVICE}),  # of its own call
    Verb.HOLD_RECORDING: _COMMAND | {Role.LEADER, Role.INSPECTOR},
    Verb.REPLAY_RECORDING: _CENTRE | {Role.INSPECTOR} | _OWN,  # who «own», his own only
    Verb.KEEP_POSITIONS: frozenset({Role.SYSTEM}),  # archives and removes them when their time is over
    Verb.HOLD_POSITIONS: _COMMAND | {Role.LEADER, Role.INSPECTOR},
    Verb.STOP_ARCHIVING: _COMMAND | {Role.TECHNICAL},
    Verb.CLEAR_CLIP: _CENTRE,  # cut, mask, propose
    Verb.RENDER_CLIP: frozenset({Role.SYSTEM}),
    Verb.CERTIFY_RELEASE: _CENTRE,  # two different people
    Verb.REVOKE_RELEASE: _CENTRE | {Role.INSPECTOR, Role.SYSTEM},
    Verb.HOST_SCREENING: _CENTRE,
    Verb.ADMIT_ATTENDEE: _CENTRE | {Role.DOOR},  # of its own session
    Verb.BLACK_OUT: _CENTRE,
    Verb.OBJECT: frozenset({Role.ATTENDEE}),  # the host has his key
    Verb.GUARD_STAGE: frozenset({Role.SYSTEM}),  # black when nobody hosts it
    Verb.SEE_STAGE: frozenset({Role.STAGE}),
    Verb.DIRECT_DEMO: frozenset({Role.DIRECTOR}),
    Verb.TELL_PART: frozenset({Role.SYSTEM}),
    Verb.REPORT_FAULT: _CENTRE | _OWN | {Role.TECHNICAL, Role.INSPECTOR, Role.FUND, Role.UPPER, Role.WALL, Role.GUEST},
    Verb.MEND_FAULT: _COMMAND | {Role.TECHNICAL},
}


NO_ROWS = frozenset({Clearance.PARTY, Clearance.STAGE, Clearance.NOTHING})  # sees no row, no position, no event
WITHOUT_CASES = frozenset({Role.TECHNICAL})  # E.7 «Case card: –»


EVEN_LOCKED = frozenset({Verb.BLACK_OUT})  # takes a picture away from an audience: nobody looks for his PIN then


def may(actor: Actor, verb: Verb) -> bool:
    """Whether this actor's role has this verb at all; whether it has it *here* (own unit, own team) the noun's rule says."""
    return (not actor.locked or verb in EVEN_LOCKED) and actor.role in ALLOWED.get(verb, frozenset())
