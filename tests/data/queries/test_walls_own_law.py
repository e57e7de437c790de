"""The wall's own law: the snapshot before plus the touched rows equals a fresh snapshot, for every event and every Sight.

Each case really performs the action that records its event. An event class without a case fails by its name.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from copy import copy as shallow
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from shutil import copy
from typing import Any, Self, TypeAlias

import pytest
from sqlalchemy import select

from data.actions.accounts import disable, open_account
from data.actions.archives import (
    begin_archiving,
    begin_removal,
    end_removal,
    hold_positions,
    keep_archive,
    lift_position_hold,
    stop_archiving,
)
from data.actions.attendees import flag_party, invite_attendee, note_photo_consent, purge_sign_ins, read_people, take_off
from data.actions.backups import record_backup, record_failed_backup, record_restored
from data.actions.call_media import media_began, media_degraded, media_lost, media_stopped
from data.actions.calls import answer_call, end_call, mark_missed, place_call, take_call
from data.actions.cases import CaseReport, place_case, report_case
from data.actions.centre_rings import accept_ring, ring_team, ring_unit
from data.actions.clips import (
    ask_rendering,
    cancel_rendering,
    cut_clip,
    fail_rendering,
    keep_rendered,
    mask_clip,
    next_rendering,
    purge_clip,
    tell_rendering,
)
from data.actions.devices import enrol_device, revoke_device
from data.actions.faults import close_fault, report_fault, take_fault
from data.actions.heartbeat import tell_part
from data.actions.invitations import (
    admit_leader,
    conclude_call,
    enter_waiting_room,
    invite_leader,
    leave_as_guest,
    refuse_leader,
    type_digits,
)
from data.actions.joint import confirm_joint, drop_joint, propose_joint
from data.actions.keys import confirm_sessions
from data.actions.links import Lasts, lapse_pairing, make_link, start_pairing, use_link
from data.actions.live_permits import certify_live, propose_live, stop_live
from data.actions.mission_tracks import Kept, keep_mission_tracks
from data.actions.objections import look_at_objection, object_from_seat
from data.actions.orders import answer_order, mark_overdue, send_support
from data.actions.organisation import (
    add_officer,
    add_unit,
    add_vehicle,
    change_court,
    change_officer,
    draw_area,
    draw_fence,
    form_team,
    remove_fence,
)
from data.actions.outcomes import confirm_settlement, hold_interview, make_promise, pay_on_the_spot, settle, take_back
from data.actions.participants import close_picture, give_notice, join_call, leave_call, open_picture, release_command, take_command
from data.actions.parties import Answer, admit_party, answer_notice, invite_party, mute_party, refuse_party, unmute_party
from data.actions.promises import follow_screening, judge_overdue
from data.actions.recordings import (
    Segment,
    begin_recording,
    class_recording,
    end_recording,
    hold_recording,
    keep_segment,
    lift_hold,
    purge_recording,
    record_gap,
    turn_lamp,
)
from data.actions.releases import certify_release, propose_release, revoke_release
from data.actions.role_changes import confirm_role, drop_role, propose_role
from data.actions.room_help import ask_help, take_help
from data.actions.screening_doors import invite_door, lock_door, open_door, revoke_door, unlock_door
from data.actions.screenings import (
    Place,
    Plan,
    begin_interviews,
    begin_screening,
    black_out,
    change_plan,
    end_screening,
    invite_stage,
    lift_blackout,
    open_check_in,
    open_stage,
    plan_screening,
    play_item,
    rest,
    set_programme,
    show_item,
    tick_materials,
)
from data.actions.sessions import close_session, open_for_officer
from data.actions.settings import change_setting
from data.actions.sheets import complete_sheet
from data.actions.sign_ins import check_in, leave, undo_check_in
from data.actions.sos import acknowledge_sos, escalate_sos, raise_sos, resolve_sos, respond_sos
from data.actions.tracks import watch_unit
from data.actions.units import begin_duty, declare_silence, end_duty, end_silence, record_crossing
from data.actions.uploads import Piece, keep_piece
from data.actions.videos import begin_video, cancel_video, keep_video
from data.actions.walls import add_wall, join_screen, revoke_wall, stage_wall, steer_wall, take_back_wall
from data.actions.whispers import (
    begin_speaking,
    begin_whisper,
    confirm_earpiece,
    fall_silent,
    see_whisper,
    whisper,
    withdraw_earpiece,
)
from data.engines import Database
from data.events import EVENTS
from data.journal import Journal, entries_after
from data.queries.wall import rows, snapshot
from data.rules.cases import CaseEvent
from data.rules.civil import civil_day
from data.rules.joint import Joint
from data.rules.links import Purpose
from data.rules.missions import MissionStep
from data.rules.participants import ParticipantKind
from data.rules.permissions import NOBODY, SYSTEM, Actor, Role, Sight
from data.rules.videos import Film
from data.settings import Settings
from data.tables import AttendeeRow, CasePartyRow, CaseRow, LinkRow, ObjectionRow, ParticipantRow, ScreeningHelpRow, ScreeningRow
from tests.conftest import Clock
from tests.data.small_court import CASE_NO, CASE_SYSTEM, COURT, RING, SmallCourt, say, ulid

Picture: TypeAlias = dict[str, dict[str, dict[str, Any]]]
PASSWORD = "Qing-xi-4711-brücke"
SEAL, DAY = ulid(), date(2026, 10, 1)


class Scene(SmallCourt):
    """The small court in mid-morning: people out, a call waiting, an alarm open, a wall steered, more entries than a list holds."""

    call: str
    alarm: str
    first_wall: str
    session_id: str
    secret: str
    pairing: str
    change: str
    joint: str
    whispered: str
    order: str
    invited: str
    digits: str
    guest_actor: Actor
    recording: str
    video: str
    clip: str
    release: str
    screening: str
    attendee: str
    code: str
    help: str
    promised: str
    permit: str
    fault: str
    hold: str

    def set(self) -> None:
        self.do(self.phone, begin_duty, 1001, self.now)
        self.do(self.phone_of_others, begin_duty, 1003, self.now)
        self.first_wall = self.add_wall()
        self.do(self.duty, steer_wall, self.first_wall, layout=3)
        self.file_case(parties=self.debtors(), judge="陈演一")
        self.assign()
        self.later(1)
        self.move(MissionStep.DEPARTED)
        self.assign("M2", team="四组", case_no=None, area_id="C0102")
        with self.journal.work(CASE_SYSTEM, self.later(1)) as work:
            for node in range(1, 32):  # more than the stream holds, so that a new entry pushes an old one off
                report_case(work, CaseReport(case_no=CASE_NO, event=CaseEvent.NODE, at=self.now, node=node))

    def again(self, database: Database) -> Self:
        """The same morning in a copy of its database."""
        scene = shallow(self)
        scene.database, scene.announced = database, []
        scene.journal = Journal(database, self.journal.sealing, COURT, scene.announced.extend)
        return scene

    def ring(self) -> str:
        self.call = ulid()
        self.do(self.phone, place_call, self.call, self.now)
        return self.call

    def cry(self) -> str:
        self.alarm = ulid()
        self.do(self.phone, raise_sos, self.alarm, self.now)
        return self.alarm

    def record(self) -> str:
        self.ring()
        self.recording = ulid()
        self.do(SYSTEM, begin_recording, self.recording, "stream", self.call)
        return self.recording

    def hold_day(self) -> str:
        self.hold = self.do(self.duty, hold_positions, "unit", "1001", DAY, DAY, "信访")
        return self.hold

    def bring(self) -> str:
        self.video = self.do(self.duty, begin_video, 1_000, "cd" * 32, "门前.webm")[0]
        return self.video

    def cut(self) -> object:
        self.record()
        began = self.now
        self.clip = self.do(self.duty, cut_clip, self.recording, began, self.later(3), "门前", None, "OTHER")
        return self.do(self.duty, mask_clip, self.clip, {}, False)

    def begin_rendering(self) -> object:
        self.cut()
        self.do(self.duty, ask_rendering, self.clip)
        return self.do(SYSTEM, next_rendering)

    def propose(self, signatures: int = 0) -> str:
        self.begin_rendering()
        self.release = self.do(self.duty, propose_release, self.clip, "SCREENING")
        self.do(SYSTEM, keep_rendered, self.clip, "ab" * 32, 1, 3_000, [])
        for actor in (self.duty, self.president)[:signatures]:
            self.do(actor, certify_release, self.release, "ab" * 32)
        return self.release

    def plan(self) -> str:
        self.screening = self.do(self.duty, plan_screening, "一月")
        self.do(self.duty, set_programme, self.screening, [Place(title="法律", words="自愿履行")])
        return self.screening

    def debtor(self) -> str:
        with self.database.reading() as session:
            return session.scalars(select(CasePartyRow.id).where(CasePartyRow.kind == "DEBTOR")).first() or ""

    def ask(self) -> str:
        """A debtor of the case is invited."""
        self.plan()
        self.attendee = self.do(self.duty, invite_attendee, self.screening, self.debtor())
        return self.attendee

    def objecting(self) -> str:
        """The secret of his link."""
        return next(each.objecting for each in self.do(self.duty, read_people, self.screening)) or ""

    def objection(self) -> str:
        with self.database.reading() as session:
            return session.scalars(select(ObjectionRow.id)).one()

    def enter(self) -> object:
        """He is let in."""
        self.ask()
        self.do(self.duty, open_check_in, self.screening)
        self.code = next(each.code for each in self.do(self.duty, read_people, self.screening)) or ""
        return self.do(self.duty, check_in, self.screening, self.code)

    def wall_itself(self) -> Actor:
        return Actor(kind="WALL", id=self.first_wall, role=Role.WALL, court_code=self.duty.court_code, wall_id=self.first_wall)

    def report_broken(self) -> str:
        self.fault = self.do(self.phone, report_fault, "field", {}).id
        return self.fault

    def open_door(self) -> None:
        """A tablet is its door."""
        self.plan()
        invited = self.do(self.duty, invite_door, self.screening)
        self.code, self.session_id = invited.digits, self.do(NOBODY, open_door, invited.secret).session_id

    def tablet(self) -> Actor:
        return Actor("DOOR", self.session_id, Role.DOOR, COURT, session_id=self.session_id)

    def cry_for_help(self) -> str:
        self.plan()
        self.do(self.duty, ask_help, self.screening)
        with self.database.reading() as session:
            return session.scalars(select(ScreeningHelpRow.id)).one()

    def permit_live(self, signatures: int) -> str:
        self.plan()
        self.permit = self.do(self.duty, propose_live, self.screening, "M1", 30)
        for who in (self.duty, self.president)[:signatures]:
            self.do(who, certify_live, self.permit, True)
        return self.permit

    def show(self) -> object:
        self.plan()
        self.do(NOBODY, open_stage, self.do(self.duty, invite_stage, self.screening))
        self.do(self.duty, begin_screening, self.screening)
        return self.do(self.duty, show_item, self.screening, 0)

    def come(self) -> str:
        """He is there, and the session is in its interviews."""
        self.ask()
        with self.journal.work(self.duty, self.now) as work:
            work.session.get_one(AttendeeRow, self.attendee).checked_in_at = self.now
            work.session.get_one(ScreeningRow, self.screening).state = "INTERVIEWS"
        return self.attendee

    def promise(self, cents: int = 1_000) -> str:
        self.come()
        self.promised = self.do(self.duty, make_promise, self.attendee, cents, civil_day(self.now, 28_800) + timedelta(days=1))
        return self.promised

    def agree(self, yes: str) -> str:
        self.come()
        self.promised = self.do(self.duty, settle, self.attendee, 1_000, "付清", yes)
        return self.promised

    def pay_at_once(self) -> str:
        self.come()
        self.promised = self.do(self.duty, pay_on_the_spot, self.attendee, 1_000, "7")
        return self.promised

    def pay(self, recovered_cents: int, case_event: CaseEvent = CaseEvent.NODE, node: int = 1) -> object:
        return self.do(CASE_SYSTEM, report_case, CaseReport(
            case_no=CASE_NO, event=case_event, at=self.later(1), node=node, recovered_cents=recovered_cents
        ))  # fmt: skip

    def end(self) -> object:
        """A promise was made, the session is over, and so many days have passed."""
        self.promise()
        with self.journal.work(self.duty, self.now) as work:
            row = work.session.get_one(ScreeningRow, self.screening)
            row.state, row.ended_at = "ENDED", self.now
        return self.later(31 * 86_400)

    def case_id(self) -> str:
        with self.database.reading() as session:
            return session.query(CaseRow.id).filter(CaseRow.case_no == CASE_NO).scalar() or ""

    def talk(self) -> object:
        """A call that is answered, its picture on the wall."""
        self.ring()
        self.do(SYSTEM, media_began, self.call, self.officer_there())
        return self.do(self.duty, answer_call, self.call)

    def officer_there(self) -> str:
        with self.database.reading() as session:
            his = select(ParticipantRow.id).where(ParticipantRow.call_id == self.call, ParticipantRow.kind == ParticipantKind.FIELD)
            return session.scalars(his).one()

    def second_phone(self) -> Actor:
        """Another officer's of the same team."""
        return replace(self.phone, id="device:2", officer_id=self.bailiff, unit_no=1002, device_no=2)

    def invite(self) -> object:
        self.talk()
        invitation = self.do(self.duty, invite_leader, self.call, self.leader, "说明腾退期限与后果")
        self.invited, self.secret, self.digits = invitation.participant_id, invitation.secret, invitation.digits
        return self.invited

    def wait(self) -> object:
        self.invite()
        self.guest_actor = self.guest(self.do(NOBODY, enter_waiting_room, self.secret).token)
        return self.guest_actor

    def verify(self) -> object:
        self.wait()
        return self.do(self.guest_actor, type_digits, self.digits)

    def admit(self) -> object:
        self.verify()
        return self.do(self.duty, admit_leader, self.invited)

    def invite_party(self) -> object:
        self.talk()
        with self.database.reading() as session:
            party = session.scalars(select(CasePartyRow.id).where(CasePartyRow.kind == "DEBTOR")).first() or ""
        made = self.do(self.duty, invite_party, self.call, party)
        self.invited, self.secret, self.digits = made.participant_id, made.secret, made.digits
        return self.invited

    def consent(self) -> object:
        self.invite_party()
        entered = self.do(NOBODY, answer_notice, self.secret, Answer(consents=True))
        assert entered is not None
        self.guest_actor = self.party(entered.token)
        return self.guest_actor

    def verify_party(self) -> object:
        self.consent()
        return self.do(self.guest_actor, type_digits, self.digits)

    def party_in(self) -> object:
        self.verify_party()
        return self.do(self.duty, admit_party, self.invited)

    def send(self) -> object:
        self.talk()
        self.order = self.do(self.duty, send_support, self.call, {1001: (40.05, 101.85), 1003: (40.06, 101.85)}, self.other_team)
        return self.order

    def answer(self, event: str, reason: str | None = None) -> object:
        return self.do(self.phone_of_others, answer_order, self.order, event, self.now, reason)


def pictures(scene: Scene) -> dict[str, tuple[int, Picture]]:
    shown = {}
    for name, sight in scene.sights().items():
        with scene.database.reading() as session:
            whole = snapshot(session, sight, scene.now, say=say)
            shown[name] = (whole.seq, deepcopy(whole.rows))
    return shown


def without_empty(picture: Picture) -> Picture:
    return {kind: drawn for kind, drawn in picture.items() if drawn}


def merged(scene: Scene, sight: Sight, before: tuple[int, Picture]) -> Picture:
    """What the page holds after it has merged the rows that the journal's new entries touched."""
    seq, picture = before
    with scene.database.reading() as session:
        touched = {row for entry in entries_after(session, seq) for row in entry.touched()}
        for kind, row_id, row in rows(session, sight, touched, scene.now, say=say):
            if row is None:
                picture.get(kind, {}).pop(row_id, None)
            else:
                picture.setdefault(kind, {})[row_id] = row
    return picture


Case: TypeAlias = Callable[[Scene], Any]
CASES: dict[str, tuple[Case, Case]] = {}


def nothing(_: Scene) -> None:
    """Nothing must have happened before."""


def law(kind: str, act: Case, before: Case = nothing) -> None:
    """What makes the court record this event, and what must have happened earlier."""
    CASES[kind] = (before, act)


def owned(scene: Scene) -> None:
    scene.cry()
    scene.do(scene.duty, acknowledge_sos, scene.alarm)


def opened(scene: Scene) -> None:
    scene.do(scene.technical, open_account, scene.judge, "chen", PASSWORD)


def signed_in(scene: Scene) -> None:
    scene.session_id = scene.do(NOBODY, open_for_officer, scene.duty_officer, timedelta(hours=1), how="link").session_id


def asked_for_role(scene: Scene) -> None:
    scene.change = scene.do(scene.technical, propose_role, scene.judge, "commander")


def linked(scene: Scene) -> None:
    scene.secret = scene.do(SYSTEM, make_link, Purpose.SIGN_IN, officer_id=scene.duty_officer, ttl=timedelta(minutes=10))


def second_of(scene: Scene) -> Actor:
    """Another administrator."""
    return replace(scene.technical, officer_id=scene.duty_officer)


def asked_for_two(scene: Scene) -> None:
    scene.joint = scene.do(scene.technical, propose_joint, Joint.SESSIONS)


def asked_to_pair(scene: Scene) -> None:
    scene.do(replace(NOBODY, address="192.0.2.7"), start_pairing)
    with scene.database.reading() as session:
        scene.pairing = session.scalars(select(LinkRow.id)).one()


law("officer.added", lambda c: c.do(SYSTEM, add_officer, "钱测九", "法官", Role.JUDGE, team_id=c.reserve, leader=True))
law("court.changed", lambda c: c.do(SYSTEM, change_court, name="某某区人民法院", lat=40.5, lon=101.5))
law(
    "officer.changed",
    lambda c: c.do(SYSTEM, change_officer, c.judge, name="欧阳演一", team_id=c.reserve),
    lambda c: (c.ring(), c.cry()),
)
law("team.formed", lambda c: c.do(SYSTEM, form_team, "综合组"))
law("vehicle.added", lambda c: c.do(SYSTEM, add_vehicle, "TOW", "岭A99999", c.team))
law("unit.added", lambda c: c.do(SYSTEM, add_unit, 1050, "OFFICER", officer_id=c.technician))
law("area.drawn", lambda c: c.do(SYSTEM, draw_area, "C0900", "云岭镇", "云岭社区", 40.1, 101.9))
law("fence.drawn", lambda c: c.do(SYSTEM, draw_fence, "厂区", "WATCH", RING))
law("fence.removed", lambda c: c.do(SYSTEM, remove_fence, c.fence))
law("fence.entered", lambda c: c.do(SYSTEM, record_crossing, c.fence, 1001, True, c.now))
law(
    "fence.left",
    lambda c: c.do(SYSTEM, record_crossing, c.fence, 1001, False, c.now),
    lambda c: c.do(SYSTEM, record_crossing, c.fence, 1001, True, c.now),
)
law("duty.began", lambda c: c.do(SYSTEM, begin_duty, 1002, c.now))
law(
    "duty.ended",
    lambda c: c.do(c.phone, end_duty, 1001, "asked", c.now),
    lambda c: (c.do(c.phone, declare_silence, 1001, 10, "s"), c.do(SYSTEM, record_crossing, c.fence, 1001, True, c.now)),
)
law("silence.declared", lambda c: c.do(c.phone, declare_silence, 1001, 10, "s"))
law("silence.ended", lambda c: c.do(c.phone, end_silence, 1001, "asked"), lambda c: c.do(c.phone, declare_silence, 1001, 10, "s"))
law("case.filed", lambda c: c.file_case("（2026）岭0108执9号", area_id="C0102", parties=c.debtors()))
law("case.assigned", lambda c: c.report(CaseEvent.ASSIGNED, judge="阿测·示例"))
law("case.stage_changed", lambda c: c.report(CaseEvent.STAGE, stage="INVESTIGATING", recovered_cents=500))
law("case.node_done", lambda c: c.report(CaseEvent.NODE, node=6))
law("case.suspended", lambda c: c.report(CaseEvent.SUSPENDED))
law("case.resumed", lambda c: c.report(CaseEvent.RESUMED), lambda c: c.report(CaseEvent.SUSPENDED))
law("case.closed", lambda c: c.report(CaseEvent.CLOSED, closing_kind="FULLY", recovered_cents=100))
law("case.changed", lambda c: c.do(c.duty, place_case, c.case_id(), area_id="C0102", lat=40.06, lon=101.86, address="某路 1 号"))
law("mission.assigned", lambda c: c.assign("M3", team="快反组"))
law("mission.departed", lambda c: c.move(MissionStep.DEPARTED, "M2"))
law("mission.arrived", lambda c: c.move(MissionStep.ARRIVED))
law("mission.fruitless", lambda c: c.move(MissionStep.FRUITLESS), lambda c: c.move(MissionStep.ARRIVED))
law("mission.finished", lambda c: c.move(MissionStep.FINISHED))
law("mission.cancelled", lambda c: c.move(MissionStep.CANCELLED))
law("call.ringing", lambda c: c.ring())
law("call.taken", lambda c: c.do(c.duty, take_call, c.call), lambda c: c.ring())
law("call.answered", lambda c: c.do(c.duty, answer_call, c.call), lambda c: c.ring())
law("call.missed", lambda c: (c.later(31), c.do(SYSTEM, mark_missed, c.call)), lambda c: c.ring())
law("call.ended", lambda c: c.do(c.phone, end_call, c.call), lambda c: c.ring())
law("call.centre_rang", lambda c: c.do(c.duty, ring_team, c.team))
law("call.live", lambda c: c.do(SYSTEM, media_began, c.call, c.officer_there()), lambda c: c.ring())
law("call.degraded", lambda c: c.do(SYSTEM, media_degraded, c.call, c.officer_there(), "AUDIO_ONLY"), lambda c: c.talk())
law("call.reconnecting", lambda c: c.do(SYSTEM, media_lost, c.call, c.officer_there()), lambda c: c.talk())
law("call.media_stopped", lambda c: c.do(SYSTEM, media_stopped, c.call, c.officer_there()), lambda c: c.talk())
law("call.picture_closed", lambda c: c.do(c.phone, close_picture, c.call, "privacy"), lambda c: c.talk())
law("call.notice_given", lambda c: c.do(c.phone, give_notice, c.call, "spoken"), lambda c: c.ring())
law(
    "call.picture_opened",
    lambda c: c.do(c.phone, open_picture, c.call),
    lambda c: (c.talk(), c.do(c.phone, close_picture, c.call, "privacy")),
)
law("call.joined", lambda c: c.do(c.commander, join_call, c.call), lambda c: c.talk())
law("call.left", lambda c: c.do(c.commander, leave_call, c.call), lambda c: (c.talk(), c.do(c.commander, take_command, c.call)))
law("call.leader_invited", lambda c: c.do(c.duty, invite_leader, c.call, c.leader), lambda c: c.talk())
law("call.leader_waiting", lambda c: c.do(NOBODY, enter_waiting_room, c.secret), lambda c: c.invite())
law("call.leader_verified", lambda c: c.do(c.guest_actor, type_digits, c.digits), lambda c: c.wait())
law("call.leader_joined", lambda c: c.do(c.duty, admit_leader, c.invited), lambda c: c.verify())
law("call.leader_refused", lambda c: c.do(c.duty, refuse_leader, c.invited), lambda c: c.verify())
law("call.party_invited", lambda c: c.invite_party())
law("call.party_consented", lambda c: c.consent())
law("call.party_declined", lambda c: c.do(NOBODY, answer_notice, c.secret, Answer(consents=False)), lambda c: c.invite_party())
law("call.party_verified", lambda c: c.do(c.guest_actor, type_digits, c.digits), lambda c: c.consent())
law("call.party_joined", lambda c: c.do(c.duty, admit_party, c.invited), lambda c: c.verify_party())
law("call.party_refused", lambda c: c.do(c.duty, refuse_party, c.invited), lambda c: c.party_in())
law("call.party_muted", lambda c: c.do(c.duty, mute_party, c.invited), lambda c: c.party_in())
law("call.party_unmuted", lambda c: c.do(c.duty, unmute_party, c.invited), lambda c: (c.party_in(), c.do(c.duty, mute_party, c.invited)))
law(
    "sheet.completed",
    lambda c: c.do(c.duty, complete_sheet, c.invited, "已说明腾退期限", "同意今日交钥匙"),
    lambda c: (c.party_in(), c.do(c.guest_actor, leave_as_guest)),
)
law("call.command_taken", lambda c: c.do(c.guest_actor, take_command, c.call), lambda c: c.admit())
law(
    "call.command_released",
    lambda c: c.do(c.duty, release_command, c.call),
    lambda c: (c.talk(), c.do(c.duty, take_command, c.call)),
)
law("call.concluded", lambda c: c.do(c.guest_actor, conclude_call, "已说明后果，被执行人同意腾退。"), lambda c: c.admit())


def spoke(scene: Scene) -> None:
    scene.talk()
    scene.whispered = scene.do(scene.duty, whisper, scene.call, "先稳住对方，支援十分钟到")


def with_earpiece(scene: Scene) -> None:
    scene.talk()
    scene.do(scene.phone, confirm_earpiece, scene.call)


def whispering(scene: Scene) -> None:
    with_earpiece(scene)
    scene.do(scene.duty, begin_whisper, scene.call)


law("call.whispered", spoke)
law("call.whisper_seen", lambda c: c.do(c.phone, see_whisper, c.whispered), spoke)
law("call.earpiece_confirmed", lambda c: c.do(c.phone, confirm_earpiece, c.call), lambda c: c.talk())
law("call.earpiece_withdrawn", lambda c: c.do(c.phone, withdraw_earpiece, c.call, "device_changed"), whispering)
law("call.voice_began", lambda c: c.do(c.duty, begin_speaking, c.call), lambda c: c.talk())
law("call.voice_ended", lambda c: c.do(c.duty, fall_silent, c.call), whispering)
law("order.sent", lambda c: c.send())
law("order.delivered", lambda c: c.answer("delivered"), lambda c: c.send())
law("order.accepted", lambda c: c.answer("accepted"), lambda c: c.send())
law("order.declined", lambda c: c.answer("declined", "vehicle"), lambda c: c.send())
law("order.overdue", lambda c: (c.later(61), c.do(SYSTEM, mark_overdue, c.order)), lambda c: c.send())
law("order.arrived", lambda c: c.answer("arrived"), lambda c: (c.send(), c.answer("accepted")))
law("order.withdrawn", lambda c: c.do(c.phone, end_call, c.call), lambda c: c.send())

law("sos.raised", lambda c: c.cry())
law("sos.acknowledged", lambda c: c.do(c.duty, acknowledge_sos, c.alarm), lambda c: c.cry())
law("sos.escalated", lambda c: c.do(SYSTEM, escalate_sos, c.alarm, 1), lambda c: c.cry())


law("sos.responding", lambda c: c.do(c.duty, respond_sos, c.alarm, c.other_team), owned)
law("sos.resolved", lambda c: c.do(c.duty, resolve_sos, c.alarm), owned)
law("sos.false_alarm", lambda c: c.do(c.duty, resolve_sos, c.alarm, false_alarm=True), owned)
law("wall.paired", lambda c: c.do(c.duty, add_wall, "会议室"))
law("wall.steered", lambda c: c.do(c.commander, steer_wall, c.first_wall, layout=8, focus=("mission", "M1"), visitors=True))
law("wall.staged", lambda c: c.do(c.duty, stage_wall, c.first_wall, c.screening), lambda c: c.plan())
law("wall.taken_back", lambda c: c.do(c.duty, take_back_wall, c.first_wall), lambda c: c.do(c.duty, stage_wall, c.first_wall, c.plan()))
law("wall.screens_changed", lambda c: c.do(c.wall_itself(), join_screen, c.first_wall, "map"))
law("part.changed", lambda c: c.do(SYSTEM, tell_part, "relay", "up", c.now), lambda c: c.do(SYSTEM, tell_part, "relay", "down", c.now))
law("fault.reported", lambda c: c.do(c.phone, report_fault, "field", {}))
law("fault.taken", lambda c: c.do(c.duty, take_fault, c.fault), lambda c: c.report_broken())
law("fault.closed", lambda c: c.do(c.duty, close_fault, c.fault), lambda c: (c.report_broken(), c.do(c.duty, take_fault, c.fault)))
law("wall.revoked", lambda c: c.do(c.duty, revoke_wall, c.first_wall))
law("device.enrolled", lambda c: c.do(c.technical, enrol_device, 1001))
law("device.revoked", lambda c: c.do(c.technical, revoke_device, 1))
law("setting.changed", lambda c: c.do(c.technical, change_setting, Settings.of(home=Path("/nowhere")), "session_hours", "8"))
law("role.proposed", asked_for_role)
law("role.confirmed", lambda c: c.do(replace(c.technical, officer_id=c.duty_officer), confirm_role, c.change), asked_for_role)
law("joint.proposed", asked_for_two)
law("joint.confirmed", lambda c: c.do(second_of(c), confirm_joint, c.joint, Joint.SESSIONS), asked_for_two)
law("joint.dropped", lambda c: c.do(c.technical, drop_joint, c.joint), asked_for_two)
law("key.changed", lambda c: c.do(second_of(c), confirm_sessions, c.joint), asked_for_two)
law("role.dropped", lambda c: c.do(c.technical, drop_role, c.change), asked_for_role)
law("audit.recorded", lambda c: c.do(c.duty, watch_unit, 1001))
law("account.opened", opened)
law("account.changed", lambda c: c.do(c.technical, disable, c.judge), opened)
law("session.opened", signed_in)
law("session.closed", lambda c: c.do(c.technical, close_session, c.session_id), signed_in)
law("link.made", linked)
law("link.lapsed", lambda c: (c.later(601), c.do(SYSTEM, lapse_pairing, c.pairing)), asked_to_pair)
law("link.used", lambda c: c.do(NOBODY, use_link, c.secret, Lasts()), linked)
law("recording.began", lambda c: c.do(SYSTEM, begin_recording, ulid(), "stream", c.call), lambda c: c.ring())
law("recording.broken", lambda c: c.do(SYSTEM, turn_lamp, c.recording, False, "disk"), lambda c: c.record())
law(
    "recording.mended",
    lambda c: c.do(SYSTEM, turn_lamp, c.recording, True),
    lambda c: (c.record(), c.do(SYSTEM, turn_lamp, c.recording, False, "disk")),
)
law("recording.ended", lambda c: c.do(SYSTEM, end_recording, c.recording, c.now, "over"), lambda c: c.record())
law(
    "recording.segment_kept",
    lambda c: c.do(SYSTEM, keep_segment, c.recording, Segment(1, "webm", c.now, 1, 1, "ab" * 32)),
    lambda c: c.record(),
)
law(
    "recording.uploaded",
    lambda c: c.do(c.phone, keep_piece, c.call, Piece(ulid(), "webm", c.now, 1_000, "ab" * 32), 1, lambda recording, number: None),
    lambda c: c.record(),
)
law(
    "positions.archived",
    lambda c: c.do(SYSTEM, keep_archive, SEAL, 3, 1, 900, "ab" * 32),
    lambda c: c.do(SYSTEM, begin_archiving, SEAL, DAY),
)
law("positions.archiving_ended", lambda c: c.do(c.duty, stop_archiving, SEAL), lambda c: c.do(SYSTEM, begin_archiving, SEAL, DAY))
law("positions.purged", lambda c: c.do(SYSTEM, end_removal, "20261001", DAY, 3), lambda c: c.do(SYSTEM, begin_removal, "20261001", DAY))
law(
    "mission.track_kept",
    lambda c: c.do(SYSTEM, keep_mission_tracks, "M1", SEAL, [Kept(1001, c.now, c.now, 3, 1, b"ECT1")]),
)
law("positions.held", lambda c: c.do(c.duty, hold_positions, "unit", "1001", DAY, DAY, "信访"))
law("positions.hold_lifted", lambda c: c.do(c.commander, lift_position_hold, c.hold, "已结"), lambda c: c.hold_day())
law("recording.gap", lambda c: c.do(SYSTEM, record_gap, c.recording, "audio", c.now, c.now, "lost"), lambda c: c.record())
law("recording.classed", lambda c: c.do(c.duty, class_recording, c.recording, "KEPT", "证据"), lambda c: c.record())
law("recording.held", lambda c: c.do(c.duty, hold_recording, c.recording, "信访"), lambda c: c.record())
law(
    "recording.hold_lifted",
    lambda c: c.do(c.commander, lift_hold, c.recording, "已结"),
    lambda c: (c.record(), c.do(c.duty, hold_recording, c.recording, "信访")),
)
law(
    "recording.purged",
    lambda c: c.do(SYSTEM, purge_recording, c.recording),
    lambda c: (c.record(), c.do(SYSTEM, end_recording, c.recording, c.now, "over"), c.later(200 * 86_400)),
)

law("backup.made", lambda c: c.do(SYSTEM, record_backup, "B1", 3, 1000, "0" * 64, 7))
law("backup.failed", lambda c: c.do(SYSTEM, record_failed_backup, "B1", "backup.full"))
law("backup.restored", lambda c: c.do(SYSTEM, record_restored, "B1", 7))
law("video.begun", lambda c: c.bring())
law(
    "video.kept",
    lambda c: c.do(c.duty, keep_video, c.video, Film("webm", "vp8", 64, 64, 1_000, 1), lambda form, at: None),
    lambda c: c.bring(),
)
law("video.ended", lambda c: c.do(c.duty, cancel_video, c.video), lambda c: c.bring())
law("clip.cut", lambda c: c.do(c.duty, cut_clip, c.recording, c.now, c.later(3), "门前", None, "OTHER"), lambda c: c.record())
law("clip.masked", lambda c: c.do(c.duty, mask_clip, c.clip, {}, True), lambda c: c.cut())
law("clip.rendering_asked", lambda c: c.do(c.duty, ask_rendering, c.clip), lambda c: c.cut())
law("clip.rendering_moved", lambda c: c.do(SYSTEM, tell_rendering, c.clip, 50), lambda c: c.begin_rendering())
law("clip.rendered", lambda c: c.do(SYSTEM, keep_rendered, c.clip, "ab" * 32, 1, 3_000, []), lambda c: c.begin_rendering())
law("clip.rendering_failed", lambda c: c.do(SYSTEM, fail_rendering, c.clip, "clip.disk"), lambda c: c.begin_rendering())
law("clip.rendering_cancelled", lambda c: c.do(c.duty, cancel_rendering, c.clip), lambda c: c.begin_rendering())
law(
    "clip.purged",
    lambda c: c.do(SYSTEM, purge_clip, c.clip),
    lambda c: (c.propose(2), c.do(c.duty, revoke_release, c.release, "不妥"), c.later(31 * 86_400)),
)
law("release.proposed", lambda c: c.do(c.duty, propose_release, c.clip, "SCREENING"), lambda c: c.cut())
law("release.masked", lambda c: c.propose())
law("release.certified", lambda c: c.do(c.duty, certify_release, c.release, "ab" * 32), lambda c: c.propose())
law("release.went_live", lambda c: c.do(c.president, certify_release, c.release, "ab" * 32), lambda c: c.propose(1))
law("release.revoked", lambda c: c.do(c.duty, revoke_release, c.release, "不妥"), lambda c: c.propose(2))
law("screening.planned", lambda c: c.do(c.duty, plan_screening, "一月"))
law("screening.programme_set", lambda c: c.do(c.duty, set_programme, c.screening, []), lambda c: c.plan())
law("screening.stage_invited", lambda c: c.do(c.duty, invite_stage, c.screening), lambda c: c.plan())
law("screening.stage_opened", lambda c: c.do(NOBODY, open_stage, c.do(c.duty, invite_stage, c.screening)), lambda c: c.plan())
law("screening.door_invited", lambda c: c.do(c.duty, invite_door, c.screening), lambda c: c.plan())
law("screening.door_opened", lambda c: c.do(NOBODY, open_door, c.do(c.duty, invite_door, c.screening).secret), lambda c: c.plan())
law("screening.door_locked", lambda c: c.do(c.tablet(), lock_door), lambda c: c.open_door())
law("screening.door_unlocked", lambda c: c.do(c.tablet(), unlock_door, c.code), lambda c: c.open_door())
law("screening.door_closed", lambda c: c.do(c.duty, revoke_door, c.screening), lambda c: c.open_door())
law("screening.began", lambda c: c.show())
law("screening.item_shown", lambda c: c.do(c.duty, show_item, c.screening, None), lambda c: c.show())
law("screening.item_moved", lambda c: c.do(c.duty, play_item, c.screening, False), lambda c: c.show())
law("screening.blacked_out", lambda c: c.do(c.duty, black_out, c.screening), lambda c: c.show())
law(
    "screening.blackout_lifted",
    lambda c: c.do(c.duty, lift_blackout, c.screening),
    lambda c: (c.show(), c.do(c.duty, black_out, c.screening)),
)
law("attendee.invited", lambda c: c.ask())
law("attendee.taken_off", lambda c: c.do(c.duty, take_off, c.attendee), lambda c: c.ask())
law("objection.raised", lambda c: c.do(NOBODY, object_from_seat, c.objecting()), lambda c: c.ask())
law(
    "objection.looked_at",
    lambda c: c.do(c.duty, look_at_objection, c.objection(), "UNFOUNDED"),
    lambda c: (c.ask(), c.do(NOBODY, object_from_seat, c.objecting())),
)
law("screening.interviews_began", lambda c: c.do(c.duty, begin_interviews, c.screening), lambda c: c.show())
law("screening.interview_held", lambda c: c.do(c.duty, hold_interview, c.attendee), lambda c: c.come())
law("promise.made", lambda c: c.do(c.duty, make_promise, c.attendee, 1_000, civil_day(c.now, 28_800)), lambda c: c.come())
law("promise.kept", lambda c: c.pay(1_000), lambda c: c.promise())
law("promise.broken", lambda c: c.do(SYSTEM, judge_overdue, c.case_id()), lambda c: (c.promise(), c.later(3 * 86_400)))
law("promise.reopened", lambda c: c.pay(0, node=2), lambda c: (c.promise(), c.pay(1_000)))
law("promise.withdrawn", lambda c: c.do(c.duty, take_back, "promise", c.promised, "写错"), lambda c: c.promise())
law("settlement.made", lambda c: c.do(c.duty, settle, c.attendee, 1_000, "付清", "PRESENT"), lambda c: c.come())
law(
    "settlement.confirmed",
    lambda c: c.do(c.duty, confirm_settlement, c.promised, "PHONE"),
    lambda c: c.agree("LATER"),
)
law(
    "settlement.withdrawn",
    lambda c: c.do(c.duty, take_back, "settlement", c.promised, "写错"),
    lambda c: c.agree("PRESENT"),
)
law("spot_payment.made", lambda c: c.do(c.duty, pay_on_the_spot, c.attendee, 1_000, "7"), lambda c: c.come())
law(
    "spot_payment.withdrawn",
    lambda c: c.do(c.duty, take_back, "spot_payment", c.promised, "写错"),
    lambda c: c.pay_at_once(),
)
law("screening.followed_up", lambda c: c.do(SYSTEM, follow_screening, c.screening), lambda c: c.end())
law(
    "screening.closed",
    lambda c: c.do(SYSTEM, follow_screening, c.screening),
    lambda c: (c.end(), [c.do(SYSTEM, follow_screening, c.screening) for _ in range(2)], c.later(86_400)),
)
law("attendee.checked_in", lambda c: c.enter())
law("attendee.check_in_undone", lambda c: c.do(c.duty, undo_check_in, c.screening, 1), lambda c: c.enter())
law("attendee.left", lambda c: c.do(c.duty, leave, c.screening, "1"), lambda c: c.enter())
law(
    "attendee.returned", lambda c: c.do(c.duty, check_in, c.screening, c.code), lambda c: (c.enter(), c.do(c.duty, leave, c.screening, "1"))
)
law("attendee.photo_consent_noted", lambda c: c.do(c.duty, note_photo_consent, c.attendee, False), lambda c: c.ask())
law("case.party_flagged", lambda c: c.do(c.duty, flag_party, c.debtor(), True, False), lambda c: c.ask())
law("help.asked", lambda c: c.cry_for_help())
law("help.taken", lambda c: c.do(c.duty, take_help, c.help), lambda c: setattr(c, "help", c.cry_for_help()))
law("screening.plan_changed", lambda c: c.do(c.duty, change_plan, c.screening, Plan(place="二楼")), lambda c: c.plan())
law("screening.materials_ticked", lambda c: c.do(c.duty, tick_materials, c.screening, ["SIGN"]), lambda c: c.plan())
law("screening.check_in_opened", lambda c: c.do(c.duty, open_check_in, c.screening), lambda c: c.plan())
law("screening.rested", lambda c: c.do(c.duty, rest, c.screening), lambda c: c.show())
law("screening.sign_ins_purged", lambda c: c.do(SYSTEM, purge_sign_ins, c.screening), lambda c: (c.ask(), c.later(731 * 86_400)))
law("live.proposed", lambda c: c.do(c.duty, propose_live, c.screening, "M1", 30), lambda c: c.plan())
law("live.certified", lambda c: c.do(c.duty, certify_live, c.permit, True), lambda c: c.permit_live(0))
law("live.permitted", lambda c: c.do(c.president, certify_live, c.permit, True), lambda c: c.permit_live(1))
law("live.ended", lambda c: c.do(c.duty, stop_live, c.permit, "MINOR"), lambda c: c.permit_live(2))
law("screening.ended", lambda c: c.do(c.duty, end_screening, c.screening), lambda c: c.show())

UNDRAWN = {"court.founded"}  # of a wall without a court there is nothing to compare: its own test below


# The same event by another way, where rows of other kinds go with it.
MORE: dict[str, tuple[str, Case, Case]] = {
    "a team that is rung, by one who accepts": (
        "call.answered",
        lambda c: c.do(c.second_phone(), accept_ring, c.call),
        lambda c: setattr(c, "call", c.do(c.duty, ring_team, c.team)),
    ),
    "a ring of the centre that is declined": (
        "call.ended",
        lambda c: c.do(c.phone, end_call, c.call),
        lambda c: setattr(c, "call", c.do(c.duty, ring_unit, 1001)),
    ),
    "a talk with leader, whisper and order that ends": (
        "call.ended",
        lambda c: c.do(c.duty, end_call, c.call),
        lambda c: (
            c.admit(),
            c.do(c.guest_actor, whisper, c.call, "请他坐下谈"),
            c.do(c.duty, send_support, c.call, {1001: (40.05, 101.85), 1003: (40.06, 101.85)}, c.other_team),
        ),
    ),
    "a party who leaves": ("call.left", lambda c: c.do(c.guest_actor, leave_as_guest), lambda c: c.party_in()),
    "a talk with a party that ends": ("call.ended", lambda c: c.do(c.duty, end_call, c.call), lambda c: c.party_in()),
    "a fault whose mender is called otherwise now": (
        "officer.changed",
        lambda c: c.do(SYSTEM, change_officer, c.duty_officer, name="欧阳样九"),
        lambda c: (c.report_broken(), c.do(c.duty, take_fault, c.fault)),
    ),
    "a leader who leaves": ("call.left", lambda c: c.do(c.guest_actor, leave_as_guest), lambda c: c.admit()),
    "somebody in a talk who is called otherwise now": (
        "officer.changed",
        lambda c: c.do(SYSTEM, change_officer, c.leader, name="欧阳样九"),
        lambda c: (c.admit(), c.do(c.guest_actor, take_command, c.call), c.do(c.guest_actor, whisper, c.call, "请他坐下谈")),
    ),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Scene]]:
    """The morning as an SQLite file, once one has been set, and what the first scene knows of it: setting it was a third of each case."""
    return tmp_path_factory.mktemp("morning") / "ecc.db", []


@pytest.fixture
def scene(database: Database, clock: Clock, kept: tuple[Path, list[Scene]]) -> Scene:
    file, first = kept
    if first and database.dialect == "sqlite":
        copy(file, database.url.removeprefix("sqlite:///"))
        return first[0].again(database)
    scene = Scene(database, clock.now())
    scene.set()
    if database.dialect == "sqlite":
        with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"))) as connection:
            connection.execute("VACUUM INTO ?", (str(file),))
        first.append(scene.again(database))
    return scene


def test_every_event_has_its_case() -> None:
    assert set(EVENTS) - set(CASES) - UNDRAWN == set()
    assert set(WAYS) >= ON_BOTH


WAYS = [*sorted(set(EVENTS) - UNDRAWN), *MORE]
# Whatever differs between the databases lies below the queries, and these touch every table that a wall is drawn from; all: --long.
ON_BOTH = {
    "area.drawn", "call.joined", "case.filed", "clip.rendered", "duty.began", "fence.entered", "mission.departed", "order.sent",
    "recording.began", "release.certified", "screening.began", "silence.declared", "sos.raised", "wall.steered", *MORE,
}  # fmt: skip
DATABASES = [
    *(("sqlite", way) for way in WAYS),
    *(pytest.param("postgresql", way, marks=[pytest.mark.postgres, *([] if way in ON_BOTH else [pytest.mark.long])]) for way in WAYS),
]


@pytest.mark.parametrize(("database", "way"), DATABASES, indirect=["database"])
def test_the_snapshot_before_and_the_touched_rows_are_a_fresh_snapshot(scene: Scene, way: str) -> None:
    kind, act, before = MORE[way] if way in MORE else (way, CASES[way][1], CASES[way][0])
    before(scene)
    scene.later(1)
    shown = pictures(scene)
    act(scene)
    with scene.database.reading() as session:
        assert kind in {entry.kind for entry in entries_after(session, shown["wall"][0])}
    fresh = pictures(scene)
    for name, sight in scene.sights().items():
        assert without_empty(merged(scene, sight, shown[name])) == without_empty(fresh[name][1]), name


def test_a_court_appears_when_it_is_founded(database: Database, clock: Clock) -> None:
    scene = Scene(database, clock.now())
    with database.reading() as session:
        founded = entries_after(session, 0)[0]
        assert founded.kind == "court.founded"
        drawn = rows(session, scene.sights()["wall"], founded.touched(), scene.now, say=say)
    assert drawn[0][2] == pictures(scene)["wall"][1]["court"]["岭0108"]
