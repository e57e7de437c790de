"""The page on which a part of a recording, or of a brought video, is chosen between in and out; looking at it leaves its trace."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.i18n import in_script, t
from dashboard.said import Said, actor_of, text_of
from dashboard.screening.doors import Doors, check_clears, moment_of, ms, told_segment
from dashboard.sign_in import in_sentences
from data.actions.clips import cut_clip
from data.actions.recordings import replay_recording
from data.errors import NotFound
from data.queries import videos
from data.queries.recordings import RecordingView, SegmentView, files, listed
from data.queries.videos import KeptView
from data.rules import words
from data.rules.clips import TAGS
from data.rules.masks import LEAST_MS, MOST_MS
from data.rules.permissions import Actor, Sight, Verb, may
from data.rules.recordings import Origin

ORDER = ("EVICTION", "MACHINE", "SHED", "GOODS", "SUMMONS", "CLEARING", "DETENTION", "OTHER")
assert set(ORDER) == TAGS


@dataclass(frozen=True, slots=True)
class Sources:
    """What clips can be cut from, the newest first."""

    recordings: list[RecordingView]
    brought: list[KeptView]


def sources(session: Any, sight: Sight, actor: Actor) -> Sources:
    """Nothing for whoever may only look."""
    if not may(actor, Verb.CLEAR_CLIP):
        return Sources([], [])
    whole = [each for each in listed(session, sight, actor) if each.purged_at is None and each.segments and each.ended_at is not None]
    return Sources([each for each in whole if each.origin != Origin.BROUGHT], videos.kept(session, sight, actor))


@dataclass
class Cutting(Doors):
    """`/centre/screening/cut`."""

    def routes(self) -> list[Route]:
        return [
            Route("/cut", in_sentences(self._page, self.settings.demo), methods=["GET"]),
            Route("/cut", self.told(self._cut), methods=["POST"]),
            Route("/cut/look", self.told(self._look), methods=["POST"]),
        ]

    async def _page(self, request: Request) -> Response:
        """`?recording=`."""
        actor, recording_id = actor_of(request), request.query_params.get("recording", "")
        check_clears(actor)
        found = await self.read(actor, lambda session, sight: sources(session, sight, actor))
        name, began_at, length = self._named(found, recording_id)
        source = {
            "recording": recording_id, "began_ms": ms(began_at), "length_ms": length // timedelta(milliseconds=1),
            "least_ms": LEAST_MS, "most_ms": MOST_MS,
        }  # fmt: skip
        began = f"{began_at + timedelta(seconds=self.settings.civil_offset_s):%Y-%m-%d %H:%M}"
        texts = in_script(t.alone("cut"))
        return self.page("cut.html", source=in_script(source), name=name, began=began, tags=ORDER, texts=texts)

    def _named(self, found: Sources, recording_id: str) -> tuple[str, datetime, timedelta]:
        """How the page calls it, when it began, how long it is. Raises NotFound."""
        for video in found.brought:
            if video.id == recording_id:
                return video.name or t("bring.no_name"), video.began_at, timedelta(milliseconds=video.duration_ms)
        for each in found.recordings:
            if each.id == recording_id and each.ended_at is not None:
                return each.call_number or t("host.no_call"), each.began_at, each.ended_at - each.began_at
        raise NotFound("recording", code="not_found.recording")

    async def _cut(self, actor: Actor, _: str, said: Said) -> Said:
        """{"recording", "from_ms", "to_ms" (UTC), "title", "words", "tag"}."""
        span = moment_of(said, "from_ms"), moment_of(said, "to_ms")
        about = text_of(said, "words") if said.get("words") else None
        given = (text_of(said, "recording"), *span, text_of(said, "title"), about, text_of(said, "tag"))
        return {"id": await self.write(actor, cut_clip, *given)}

    async def _look(self, actor: Actor, _: str, said: Said) -> Said:
        """{"recording"}. The same trace as any replay; the reason is what the page is for."""
        recording_id = words.ulid(text_of(said, "recording"))
        check_clears(actor)
        look = await self.write(actor, replay_recording, recording_id, t("cut.look_reason"))

        def found(session: Any, _: Sight) -> list[SegmentView]:
            return files(session, actor, recording_id, look, self.now())[0]

        return {"segments": [told_segment(each, recording_id, look) for each in await self.read(actor, found)]}
