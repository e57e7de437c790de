"""人员与角色: who belongs to the court, with which right; every role is proposed by one person and confirmed by another."""

from datetime import timedelta
from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked
from dashboard.said import Said, actor_of, text_of, text_or_none
from dashboard.sign_in import in_sentences
from dashboard.workbook.phones import codes, sheet_of_codes
from data.actions import accounts, organisation, role_changes
from data.actions.audit import record_audit
from data.actions.first_accounts import ask_for_account
from data.actions.sign_in_links import ask_for_link
from data.errors import BadInput, RuleBroken
from data.journal import Work
from data.queries import administration as read
from data.queries.joint import waiting as joint_waiting
from data.rules import words
from data.rules.identity import Act
from data.rules.joint import Joint
from data.rules.links import LIFETIME, Purpose
from data.rules.permissions import Actor, Role, Verb
from data.rules.role_changes import LEAST, OF_PEOPLE, role_of_a_person
from data.rules.units import UnitKind

ROLES = [role.value for role in Role if role in OF_PEOPLE]  # in the table's order
CODES_LAST = timedelta(hours=24)


class People(Doors):
    """Below `/centre/admin`."""

    def routes(self) -> list[Route]:
        manage, confirm = Verb.MANAGE_PEOPLE, Verb.CONFIRM_ROLE
        return [
            self.shown("/people", self._page),
            Route("/codes", in_sentences(self._codes, self.settings.demo), methods=["POST"]),
            self.told("/people/add", manage, self._add),
            self.told("/people/change", manage, self._change),
            self.told("/people/role", manage, self._propose),
            self.told("/people/confirm", confirm, self._confirm),
            self.told("/people/drop", confirm, self._drop),
            self.told("/people/account", manage, self._account),
            self.told("/people/sign-in", manage, self._sign_in),
            self.told("/people/disable", manage, self._disable),
            self.told("/people/enable", manage, self._enable),
            self.told("/people/team", manage, self._team),
        ]

    async def _page(self, request: Request) -> Response:
        """`?q=`: a part of a name, badge number, account or team."""
        actor = checked(actor_of(request), Verb.MANAGE_PEOPLE)
        wanted = words.word_or_none(request.query_params.get("q") or None, "q", 32) or ""

        def found(session: Any, actor: Actor) -> tuple[Any, Any, Any]:
            return read.people(session, actor, wanted), read.proposals(session, actor, self.now()), read.teams(session, actor)

        everybody, waiting, teams = await self.read(actor, found)
        joint = await self.read(actor, joint_waiting, self.now(), Joint.SIGN_IN_LINK, Joint.FIRST_ACCOUNT)
        shown = everybody[: read.MOST]
        return self.page(
            "people.html", actor, "people", people=shown, more=len(everybody) > len(shown), wanted=wanted, waiting=waiting, teams=teams,
            skipped=everybody.skipped,
            joint=joint, roles=ROLES, me=actor.officer_id, asked_for={each.officer_id: each.wanted for each in waiting},
        )  # fmt: skip

    # --- people ---

    async def _add(self, actor: Actor, said: Said) -> Said:
        """{"name", "title", "role", "badge", "phone", "team", "unit", "account"}, empty ones may be null.

        A role beyond the least waits for a second person, and so does the account of who gets one.
        """
        name, title, role = text_of(said, "name"), text_of(said, "title"), role_of_a_person(text_of(said, "role"))
        team, unit, account = (text_or_none(said, key) for key in ("team", "unit", "account"))
        number = _unit_number(unit)

        def added(work: Work) -> Said:
            badge, phone = text_or_none(said, "badge"), text_or_none(said, "phone")
            officer_id = organisation.add_officer(work, name, title, LEAST, team_id=team, badge_no=badge, phone=phone)
            if number is not None:
                organisation.add_unit(work, number, UnitKind.OFFICER, officer_id=officer_id)
            if role != LEAST:
                role_changes.propose_role(work, officer_id, role)
            if role != LEAST and account is not None:
                ask_for_account(work, officer_id, account)
                return {"id": officer_id, "waits": True, "account_waits": True}
            made = None if account is None else accounts.first_account(work, officer_id, account)
            return {"id": officer_id, "waits": role != LEAST} | ({} if made is None else told_account(made))

        return await self.write(actor, added)

    async def _change(self, actor: Actor, said: Said) -> Said:
        """{"person", "name", "title", "badge", "phone", "team"}: what is null or empty stays as it is."""
        news = {"name": "name", "title": "title", "badge_no": "badge", "phone": "phone", "team_id": "team"}
        given = {key: value for key, name in news.items() if (value := text_or_none(said, name)) is not None}

        def changed(work: Work) -> None:
            organisation.change_officer(work, text_of(said, "person"), **given)
            record_audit(work, Act.CHANGE_ACCOUNT, "officer", text_of(said, "person"), fields=given)

        await self.write(actor, changed)
        return {}

    async def _disable(self, actor: Actor, said: Said) -> Said:
        await self.write(actor, accounts.disable, text_of(said, "person"))
        return {}

    async def _enable(self, actor: Actor, said: Said) -> Said:
        await self.write(actor, role_changes.let_back, text_of(said, "person"))
        return {}

    async def _team(self, actor: Actor, said: Said) -> Said:
        return {"id": await self.write(actor, organisation.form_team, text_of(said, "name"))}

    # --- roles: two people ---

    async def _propose(self, actor: Actor, said: Said) -> Said:
        return {"change": await self.write(actor, role_changes.propose_role, text_of(said, "person"), text_of(said, "role"))}

    async def _confirm(self, actor: Actor, said: Said) -> Said:
        await self.write(actor, role_changes.confirm_role, text_of(said, "change"))
        return {}

    async def _drop(self, actor: Actor, said: Said) -> Said:
        await self.write(actor, role_changes.drop_role, text_of(said, "change"))
        return {}

    # --- how they come in ---

    async def _account(self, actor: Actor, said: Said) -> Said:
        """{"person", "account"}: its first password, said once; or it waits for a second person, who is the one to whom it is said."""
        made = await self.write(actor, ask_for_account, text_of(said, "person"), text_of(said, "account"))
        return {"waits": True} if made is None else told_account(made)

    async def _sign_in(self, actor: Actor, said: Said) -> Said:
        """A link that opens a desk for this person, once, as text and as a code; or it waits for a second person."""
        officer_id = text_of(said, "person")

        secret = await self.write(actor, ask_for_link, officer_id)
        if secret is None:
            return {"waits": True}
        link = f"{self.settings.origin}/link/{secret}"
        picture = segno.make(link, error="m").svg_data_uri(border=2, scale=4)
        return {"link": link, "picture": picture, "until": self.time(self.now() + LIFETIME[Purpose.SIGN_IN])}

    async def _codes(self, request: Request) -> Response:
        """A printable sheet: a code for each officer who has no phone yet. A page, so that the browser prints it."""
        actor = checked(actor_of(request), Verb.ENROL_DEVICE)

        def made(work: Work) -> list[Any]:
            found = codes(work, self.settings.origin, CODES_LAST, None, everybody=False)
            if not found:
                raise RuleBroken("nobody", code="workbook.no_codes")
            record_audit(work, Act.ISSUE_TOKEN, "workbook", fields=(Purpose.ENROL, f"count:{len(found)}"))
            return found

        cut = await self.write(actor, made)
        until = self.now() + CODES_LAST + timedelta(seconds=self.settings.civil_offset_s)
        return HTMLResponse(sheet_of_codes(self.journal.court_name, cut, until))


def told_account(made: accounts.FirstAccount) -> Said:
    return {"account": made.username, "password": made.password}


def _unit_number(typed: str | None) -> int | None:
    """Raises BadInput unit.bad_number."""
    if typed is None:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
        raise BadInput("unit", code="unit.bad_number")
    return int(typed)
