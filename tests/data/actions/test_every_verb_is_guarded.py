"""Attack 12, over every function that writes: the first thing it does is ask who it is, before it looks at a word of what was said.

Nobody has to remember a new verb here: a function of `data.actions` that is neither guarded nor named below fails by its name.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

import data.actions
from data.engines import open_database
from data.errors import NotPermitted
from data.rules.permissions import ALLOWED, NOBODY, Role, Verb
from data.tables import EntryRow, Table
from tests.small_court import ROLES, SmallCourt, found, somebody

Action = Callable[..., Any]

# Parts of other verbs: no door calls them, and the verb that does has asked.
PARTS = {
    "accounts.close_account", "accounts.end_ways_in", "accounts.give_role", "accounts.has_administrator", "allowed.allowed",
    "attendees.follow_closing", "attendees.follow_parties", "attendees.invite_all", "attendees.of_screening", "attendees.taken_off",
    "audit.record_audit", "calls.close_call", "calls.lose_calls", "calls.refuse_owned", "cases.apply_report", "cases.party_rows",
    "clips.somebody", "devices.enrol", "first_accounts.awaits_role", "invitations.keep_out", "invitations.let_in", "invitations.of_link",
    "invitations.open_call", "invitations.turn_away", "joint.what_of", "keeping.came_before", "keeping.first_time", "keeping.found",
    "keeping.held", "keeping.held_or_none", "keeping.next_number", "links.add_link", "links.close_links", "links.has_work",
    "links.lapse_pairing", "links.makes_alone", "links.take_link", "live_permits.end_with_call", "live_permits.end_with_mission",
    "live_permits.end_with_picture", "live_permits.end_with_screening", "live_permits.stop_objected", "missions.under_way",
    "orders.withdraw_orders", "organisation.begin_fence", "participants.add_desk", "participants.add_officer_on_the_spot",
    "participants.everybody_leaves", "participants.lose_places", "participants.mine", "participants.new_participant",
    "participants.of_call", "participants.own_open_call", "participants.talking_and_mine", "promises.judge_case", "recordings.near_alarm",
    "releases.begin_anew", "releases.masked", "releases.stop_objected", "screening_doors.end_door", "screenings.blacked_out",
    "screenings.programme", "second_factor.ask", "second_factor.codes_left", "second_factor.is_enrolled", "second_factor.is_needed",
    "sessions.close_every_desk", "sessions.close_sessions", "sessions.close_stages_of_wall", "sessions.close_visit",
    "sessions.open_for_director", "sessions.open_for_door", "sessions.open_for_guest", "sessions.open_for_officer",
    "sessions.open_for_party", "sessions.open_for_stage", "sessions.open_for_wall", "units.close_duty", "units.lose_duty",
}  # fmt: skip
# Whoever is not signed in yet: a password, a code, a link, a seat's link or a door's link is what they are asked for. Attacks 1-9, 30, 58.
BY_SECRET = {
    "invitations.enter_waiting_room", "links.start_pairing", "links.take_pairing", "links.use_link", "objections.object_from_seat",
    "parties.answer_notice", "screening_doors.open_door", "screenings.open_stage", "second_factor.begin_anew",
    "second_factor.begin_from_provider", "second_factor.begin_sign_in", "second_factor.factor_failed", "second_factor.pass_factor",
    "second_factor.spend", "second_factor.use_link", "sessions.sign_in", "sessions.sign_in_failed", "sign_in_links.tell_owner",
}  # fmt: skip
# One's own session, whoever one is: without one nothing happens.
OWN = {"sessions.lock", "sessions.sign_out", "sessions.unlock", "sessions.unlock_failed"}
# They must look at what it is about before they can ask: each has a test of its own beside its noun.
LOOK_FIRST = {
    "call_media.media_degraded", "cases.file_case", "joint.confirm_joint", "joint.drop_joint", "joint.propose_joint",
    "missions.report_mission", "objections.object_late", "outcomes.confirm_settlement", "outcomes.take_back", "participants.claim_media",
    "role_changes.let_back", "sessions.close_session", "workbook.bring_in",
}  # fmt: skip
ALSO = {("units.end_silence", Role.SYSTEM)}  # a silence ends by itself, too
UNGUARDED = PARTS | BY_SECRET | OWN | LOOK_FIRST


def actions() -> Iterator[tuple[str, Action]]:
    for module in pkgutil.iter_modules(data.actions.__path__):
        room = importlib.import_module(f"data.actions.{module.name}")
        for name, action in vars(room).items():
            if not inspect.isfunction(action) or action.__module__ != room.__name__ or name.startswith("_"):
                continue
            if next(iter(inspect.signature(action).parameters), "") == "work":
                yield f"{module.name}.{name}", action


ACTIONS = dict(actions())


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCourt]:
    folder = tmp_path_factory.mktemp("court")
    database = open_database(f"sqlite:///{folder}/ecc.db")
    Table.metadata.create_all(database.writes)
    yield found(database, folder / "keys")
    database.close()


def refused(court: SmallCourt, actor: Any, action: Action) -> NotPermitted | None:
    """The refusal; None for whatever else happens. What is said are things that nobody can read: they must not be looked at."""
    asked = list(inspect.signature(action).parameters.values())[1:]
    needed = [each for each in asked if each.default is each.empty and each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    said = [object() for each in needed if each.kind is each.POSITIONAL_OR_KEYWORD]
    named = {each.name: object() for each in needed if each.kind is each.KEYWORD_ONLY}
    try:
        court.journal.do(actor, court.now(), action, *said, **named)
    except NotPermitted as error:
        return error
    except Exception:
        return None
    return None


@pytest.fixture(scope="module")
def verbs(court: SmallCourt) -> dict[str, Verb | None]:
    """Of every guarded action the verb that it asks for, as its refusal says."""
    said = {}
    for name, action in ACTIONS.items():
        if name not in UNGUARDED:
            error = refused(court, NOBODY, action)
            assert error is not None, f"{name} does not ask who it is before anything else"
            verb = str(error.params.get("verb", ""))
            said[name] = Verb(verb) if verb in set(Verb) else None
    return said


def entries(court: SmallCourt) -> int:
    with court.database.reading() as session:
        return session.scalar(select(func.count()).select_from(EntryRow)) or 0


def test_every_exception_exists_and_stands_once() -> None:
    assert set(ACTIONS) >= UNGUARDED
    assert len(UNGUARDED) == len(PARTS) + len(BY_SECRET) + len(OWN) + len(LOOK_FIRST)


def test_every_verb_that_is_no_look_is_asked_for_by_some_action(verbs: dict[str, Verb | None]) -> None:
    """A verb that no action asks for guards nothing."""
    asked = {verb for verb in verbs.values() if verb is not None}
    looks = {verb for verb in Verb if verb.value.startswith("see.")}
    elsewhere = {  # asked for at a door, in a query or after a look at what it is about
        Verb.REPORT_POSITION, Verb.WATCH_CALL, Verb.SEND_MEDIA, Verb.DIRECT_DEMO, Verb.CHANGE_CASE, Verb.ASSIGN_MISSION, Verb.MOVE_MISSION,
        Verb.READ_SHEET, Verb.REPORT_MEDIA, Verb.OBJECT, Verb.EXPORT_CASES,
    }  # fmt: skip
    assert set(Verb) - asked - looks - elsewhere == set()


@pytest.mark.parametrize("role", sorted(Role))
def test_attack_12_every_verb_is_refused_to_whoever_may_not(court: SmallCourt, verbs: dict[str, Verb | None], role: Role) -> None:
    actor = somebody(role) if role in ROLES else replace(NOBODY, kind="OTHER", id="other", role=role)
    before, let_in = entries(court), []
    for name, verb in verbs.items():
        may = verb is None or role in ALLOWED[verb] or (name, role) in ALSO
        if not may and refused(court, actor, ACTIONS[name]) is None:
            let_in.append(f"{name} ({verb})")
    assert let_in == []
    assert entries(court) == before


def test_attack_12_a_locked_desk_may_only_black_out(court: SmallCourt, verbs: dict[str, Verb | None]) -> None:
    let_in = set()
    for role in ROLES:
        for name, verb in verbs.items():
            if verb is not None and refused(court, somebody(role, locked=True), ACTIONS[name]) is None:
                let_in.add(verb)
    assert let_in <= {Verb.BLACK_OUT}
