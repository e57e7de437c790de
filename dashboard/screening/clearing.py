"""The doors of those who clear a clip: mask, render, propose, certify, revoke; looking at the original leaves its trace."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dashboard.i18n import in_script, t
from dashboard.said import Said, actor_of, as_json, text_of
from dashboard.screening.doors import Doors, Handler, ms, one_id, told_segment
from dashboard.sign_in import in_sentences
from data.actions import clips, releases
from data.actions.recordings import replay_recording
from data.errors import BadInput, NotFound
from data.queries import screenings as read
from data.queries.recordings import SegmentView, files
from data.queries.screenings import ClipView, ReleaseView
from data.rules.permissions import Actor, Sight, Verb, may
from data.rules.release import ReleaseState
from streaming.clip_files import masked_file


class Clearing(Doors):
    """Below `/centre/screening/clips`."""

    def routes(self) -> list[Route]:
        said: dict[str, Handler] = {
            "look": self._look, "mask": self._mask, "render": self._render, "cancel": self._cancel, "propose": self._propose,
            "certify": self._certify, "revoke": self._revoke,
        }  # fmt: skip
        return [
            Route("/clips/{id}", in_sentences(self._clip_page, self.settings.demo), methods=["GET"]),
            Route("/clips/{id}/state", self.asked(self._clip_state), methods=["GET"]),
            Route("/clips/{id}/masked", self.asked(self._masked), methods=["GET"]),
            *(Route(f"/clips/{{id}}/{name}", self.told(handler), methods=["POST"]) for name, handler in said.items()),
        ]

    async def _clip_page(self, request: Request) -> Response:
        actor = actor_of(request)
        view = await self._clip(actor, one_id(request))
        return self.page("masking.html", clip=in_script(self._clip_told(actor, view)), texts=in_script(t.alone("masking")))

    async def _look(self, actor: Actor, clip_id: str, _: Said) -> Said:
        """Looking at the original leaves the same trace as any replay."""
        view = await self._clip(actor, clip_id)
        look = await self.write(actor, replay_recording, view.recording_id, t("host.look_reason", title=view.title))

        def found(session: Any, _: Sight) -> list[SegmentView]:
            return files(session, actor, view.recording_id, look, self.now())[0]

        segments = [each for each in await self.read(actor, found) if _within(each, view)]
        return {"segments": [told_segment(each, view.recording_id, look) for each in segments]}

    async def _mask(self, actor: Actor, clip_id: str, said: Said) -> Said:
        mask, minor = said.get("mask"), said.get("minor")
        if not isinstance(mask, dict) or not (minor is None or isinstance(minor, bool)):
            raise BadInput("mask", code="mask.bad")
        await self.write(actor, clips.mask_clip, clip_id, mask, minor)
        return await self._clip_answer(actor, clip_id)

    async def _render(self, actor: Actor, clip_id: str, _: Said) -> Said:
        await self.write(actor, clips.ask_rendering, clip_id)
        return await self._clip_answer(actor, clip_id)

    async def _cancel(self, actor: Actor, clip_id: str, _: Said) -> Said:
        await self.write(actor, clips.cancel_rendering, clip_id)
        return await self._clip_answer(actor, clip_id)

    async def _propose(self, actor: Actor, clip_id: str, _: Said) -> Said:
        await self.write(actor, releases.propose_release, clip_id, "SCREENING")
        return await self._clip_answer(actor, clip_id)

    async def _certify(self, actor: Actor, clip_id: str, said: Said) -> Said:
        """{"sha256": of the file that was watched}; the file on disk is compared with it first."""
        release, watched = await self._release(actor, clip_id), text_of(said, "sha256")
        if release.sha256 is not None:
            await self.check_file(release.id, clip_id, release.sha256)
        await self.write(actor, releases.certify_release, release.id, watched)
        return await self._clip_answer(actor, clip_id)

    async def _revoke(self, actor: Actor, clip_id: str, said: Said) -> Said:
        release = await self._release(actor, clip_id)
        await self.write(actor, releases.revoke_release, release.id, text_of(said, "reason"), said.get("objection") is True)
        return await self._clip_answer(actor, clip_id)

    async def _clip_state(self, request: Request) -> Response:
        actor = actor_of(request)
        return as_json(await self._clip_answer(actor, one_id(request)))

    async def _masked(self, request: Request) -> Response:
        """The rendered file, for those who certify it."""
        actor = actor_of(request)
        view = await self._clip(actor, one_id(request))
        path = masked_file(self.settings.clips, view.id, view.sha256) if view.sha256 else None
        if path is None or not path.is_file() or request.query_params.get("d", view.sha256) != view.sha256:
            raise NotFound("file", code="not_found.clip")
        return FileResponse(path, media_type="video/webm", headers={"cache-control": "no-store"})

    # --- answers ---

    async def _clip(self, actor: Actor, clip_id: str) -> ClipView:
        return await self.read(actor, read.clip, clip_id)

    async def _release(self, actor: Actor, clip_id: str) -> ReleaseView:
        view = await self._clip(actor, clip_id)
        if view.release is None:
            raise NotFound("release", code="not_found.release")
        return view.release

    async def _clip_answer(self, actor: Actor, clip_id: str) -> Said:
        return self._clip_told(actor, await self._clip(actor, clip_id))

    def _clip_told(self, actor: Actor, view: ClipView) -> Said:
        release = view.release
        return {
            "id": view.id,
            "title": view.title,
            "words": view.words or "",
            "length_ms": ms(view.to_at) - ms(view.from_at),
            "from_ms": ms(view.from_at),
            "to_ms": ms(view.to_at),
            "mask": view.mask,
            "minor": view.minor,
            "rendering": {"state": view.rendering, "share": view.share_pct / 100, "why": view.failed_why},
            "sha256": view.sha256,
            "release": None if release is None else _release_told(release),
            "may": {
                "mask": may(actor, Verb.CLEAR_CLIP),
                "certify": may(actor, Verb.CERTIFY_RELEASE),
                "revoke": may(actor, Verb.REVOKE_RELEASE) and release is not None and release.state != ReleaseState.REVOKED,
            },
            "signed": release is not None and actor.officer_id in release.certifiers,
            "civil_offset_s": self.settings.civil_offset_s,
        }


def _within(segment: SegmentView, view: ClipView) -> bool:
    ends = segment.began_at + timedelta(milliseconds=segment.duration_ms)
    return segment.began_at < view.to_at and ends > view.from_at


def _release_told(release: ReleaseView) -> Said:
    return {
        "id": release.id,
        "number": release.number,
        "audience": release.audience,
        "state": release.state,
        "certified": [{"title": title, "at": ms(at)} for title, at in release.certified],
        "revoked_cause": release.revoked_cause,
        "revoked_why": release.revoked_why,
    }
