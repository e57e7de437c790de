"""带入视频: the door for outside videos, tus 1.0. Whoever clears clips brings them; each sees only his own while it is on its way.

Killed at any moment: the offset is what the disk has. `HEAD` answers the full length only when the video is kept; what is whole and not
yet judged is judged then. So a client that hears the full length knows that it is finished, and one that does not knows that it is not.
"""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.said import as_json
from dashboard.screening.doors import Doors, check_clears, ms
from dashboard.tus_door import Handler, spoken
from data.actions import videos
from data.errors import NotFound, NotMedia, WrongDigest
from data.queries import videos as read
from data.queries.videos import VideoView
from data.rules import words
from data.rules.permissions import Actor, Sight
from data.rules.videos import MOST, VideoState, check_coming, check_length
from streaming import tus
from streaming.incoming_videos import Held, IncomingVideos
from streaming.uploads import Body

ABOUT = {
    "tus-version": tus.VERSION, "tus-extension": tus.EXTENSIONS, "tus-max-size": str(MOST),
    "tus-checksum-algorithm": ",".join(tus.CHECKSUMS),
}  # fmt: skip
HERE = "/centre/screening/videos"
MISSING = "not_found.video"


@dataclass
class Bringing(Doors):
    """Below `/centre/screening/videos`."""

    incoming: IncomingVideos = field(kw_only=True)

    def routes(self) -> list[Route]:
        one: dict[str, Handler] = {"HEAD": self._head, "PATCH": self._patch, "DELETE": self._delete}
        return [
            Route(
                "/videos",
                spoken({"POST": self._begin, "OPTIONS": self._about, "GET": self._coming}, check_clears, MISSING),
                methods=["GET", "POST", "OPTIONS"],
            ),
            Route("/videos/{id}", spoken(one, check_clears, MISSING), methods=["HEAD", "PATCH", "DELETE", "POST"]),
        ]

    # --- the doors ---

    async def _about(self, _: Request, __: Actor, ___: Body) -> Response:
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=ABOUT)

    async def _coming(self, _: Request, actor: Actor, __: Body) -> Response:
        """What this person has on its way: a page that was loaded anew goes on by it."""
        found = await self.read(actor, lambda session, sight: read.coming(session, sight, actor, self.now()))
        return as_json(
            {
                "videos": [
                    {"id": each.id, "size": each.size, "sha256": each.sha256, "name": each.name, "until_ms": ms(each.expires_at)}
                    for each in found
                ]
            }
        )

    async def _begin(self, request: Request, actor: Actor, body: Body) -> Response:
        """Upload-Metadata: `sha256` of the whole in hexadecimal, and `filename`, which is only shown."""
        size, said = check_length(tus.number(request.headers, "upload-length")), tus.metadata(request.headers)
        with_body = request.headers.get("content-type") == tus.BODY
        checksum = tus.checksum(request.headers) if with_body else None
        await self.incoming.check_room(size, await self.read(actor, lambda session, _: read.promised(session, self.now())))
        video_id, expires_at = await self.write(actor, videos.begin_video, size, said.get("sha256", ""), said.get("filename", ""))
        headers = {"location": f"{HERE}/{video_id}", "upload-expires": tus.moment(expires_at)}
        if with_body:
            view = await self._own(actor, video_id)
            headers["upload-offset"] = str(await self._append(actor, view, body, 0, checksum))
        return Response(status_code=HTTPStatus.CREATED, headers=headers)

    async def _head(self, request: Request, actor: Actor, _: Body) -> Response:
        view = await self._own(actor, _id(request))
        offset = view.size
        if view.state is not VideoState.KEPT:
            check_coming(view.state, view.expires_at, self.now())
            async with self.incoming.held(view.id) as held:
                offset = await self._finished(actor, view, held, await held.offset())
        return Response(headers=self._where(view, offset) | {"upload-length": str(view.size)})

    async def _patch(self, request: Request, actor: Actor, body: Body) -> Response:
        tus.check_body(request.headers)
        offset, checksum = tus.number(request.headers, "upload-offset"), tus.checksum(request.headers)
        view = await self._own(actor, _id(request))
        if view.state is VideoState.KEPT and offset == view.size:
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=self._where(view, view.size))
        check_coming(view.state, view.expires_at, self.now())
        offset = await self._append(actor, view, body, offset, checksum)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=self._where(view, offset))

    async def _delete(self, request: Request, actor: Actor, _: Body) -> Response:
        """First the journal, then the bytes; who is sending at this moment is not cut off in the middle of a block."""
        view = await self._own(actor, _id(request))
        check_coming(view.state, view.expires_at, self.now())
        async with self.incoming.held(view.id):
            await self.write(actor, videos.cancel_video, view.id)
            await self.incoming.remove(view.id)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    # --- one video ---

    async def _own(self, actor: Actor, video_id: str) -> VideoView:
        def found(session: Any, sight: Sight) -> VideoView:
            return read.video(session, sight, actor, video_id)

        return await self.read(actor, found)

    async def _append(self, actor: Actor, view: VideoView, body: Body, offset: int, checksum: tuple[str, bytes] | None) -> int:
        async with self.incoming.held(view.id) as held:
            return await self._finished(actor, view, held, await held.append(body, offset, view.size, checksum))

    async def _finished(self, actor: Actor, view: VideoView, held: Held, offset: int) -> int:
        """Whole: judged and kept before anybody hears that it is. Refused: nothing of it stays. Returns the offset."""
        if offset < view.size:
            return offset
        try:
            film = await held.judge(view.sha256)
            await self.write(actor, videos.keep_video, view.id, film, held.place)
        except (NotMedia, WrongDigest) as error:
            await self.write(actor, videos.refuse_video, view.id, error.code)
            await self.incoming.remove(view.id)
            raise
        await self.incoming.remove(view.id)  # by its other name it stays
        return offset

    def _where(self, view: VideoView, offset: int) -> dict[str, str]:
        expires: dict[str, str] = (
            {} if view.state is VideoState.KEPT or offset == view.size else {"upload-expires": tus.moment(view.expires_at)}
        )
        return {"upload-offset": str(offset)} | expires


def _id(request: Request) -> str:
    """Raises NotFound: what is no id never reaches a path."""
    said = str(request.path_params.get("id", ""))
    if not words.ULID.fullmatch(said):
        raise NotFound("id", code=MISSING)
    return said
