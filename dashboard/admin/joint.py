"""What two administrators do together: the second one's two keys, on whichever page it waits, and what then happens and is shown once."""

from datetime import timedelta

import segno
from starlette.routing import Route

from dashboard.admin.doors import Doors
from dashboard.admin.people import told_account
from dashboard.said import Said, text_of
from data.actions import first_accounts, joint, keys, sign_in_links
from data.actions.settings import confirm_setting
from data.journal import Work
from data.rules.joint import Joint
from data.rules.links import LIFETIME, Purpose
from data.rules.permissions import Actor, Verb


class JointDoors(Doors):
    """Below `/centre/admin`."""

    def routes(self) -> list[Route]:
        return [
            self.told("/joint/confirm", Verb.CONFIRM_ROLE, self._confirm),
            self.told("/joint/drop", Verb.CONFIRM_ROLE, self._drop),
        ]

    async def _confirm(self, actor: Actor, said: Said) -> Said:
        """{"what", …}: of a link {"link", "picture", "until"}, of an account {"account", "password"}, of a token {"token"}, {"count"}."""
        joint_id = text_of(said, "joint")

        def done(work: Work) -> Said:
            what = joint.what_of(work, joint_id)
            return {"what": what.value} | self._carry_out(work, joint_id, what)

        made = await self.write(actor, done)
        if "link" in made:
            made["picture"] = segno.make(made["link"], error="m").svg_data_uri(border=2, scale=4)
        return made

    def _carry_out(self, work: Work, joint_id: str, what: Joint) -> Said:
        """In the writer's thread, within its work."""
        if what is Joint.SIGN_IN_LINK:
            _, secret = sign_in_links.confirm_link(work, joint_id)
            until: timedelta = LIFETIME[Purpose.SIGN_IN]
            return {"link": f"{self.settings.origin}/link/{secret}", "until": self.time(work.now + until)}
        if what is Joint.FIRST_ACCOUNT:
            return told_account(first_accounts.confirm_account(work, joint_id))
        if what is Joint.CASE_TOKEN:
            return {"token": keys.confirm_case_token(work, joint_id, self.settings.keys)}
        if what is Joint.MEDIA_KEY:
            keys.confirm_media_key(work, joint_id, self.settings.keys)
            return {}
        if what is Joint.SESSIONS:
            return {"count": keys.confirm_sessions(work, joint_id)}
        confirm_setting(work, self.settings, joint_id)
        return {}

    async def _drop(self, actor: Actor, said: Said) -> Said:
        await self.write(actor, joint.drop_joint, text_of(said, "joint"))
        return {}
