"""Bytes of an outside video on our disk: the size of the file is the offset, whatever breaks off."""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.types import Message, Receive

from data.errors import BadInput, Locked, NoRoom, RuleBroken, TooLarge, WrongDigest
from streaming.incoming_videos import BLOCK, IncomingVideos, left_over, remove_files

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
CONTENT = bytes(range(256)) * 1_000


@pytest.fixture
def videos(tmp_path: Path) -> Iterator[IncomingVideos]:
    videos = IncomingVideos(tmp_path, reserve=0)
    yield videos
    videos.close()


def body(*parts: bytes, whole: bool = True) -> Receive:
    """What a server hands over; not whole: the line breaks behind the last part."""
    messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False} if whole else {"type": "http.disconnect"})
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    return receive


async def test_what_came_before_the_line_broke_is_kept_to_the_last_byte(videos: IncomingVideos, tmp_path: Path) -> None:
    async with videos.held(ID) as held:
        with pytest.raises(BadInput, match="gone"):
            await held.append(body(CONTENT[:90_000], CONTENT[90_000:90_007], whole=False), 0, len(CONTENT), None)
        assert await held.offset() == 90_007
        assert await held.append(body(CONTENT[90_007:]), 90_007, len(CONTENT), None) == len(CONTENT)
    assert (tmp_path / "incoming" / f"{ID}.video").read_bytes() == CONTENT


async def test_of_a_part_with_a_checksum_nothing_is_there_until_it_is_right(videos: IncomingVideos, tmp_path: Path) -> None:
    right = ("sha1", hashlib.sha1(CONTENT).digest())
    async with videos.held(ID) as held:
        for receive, error in ((body(CONTENT[:-1]), WrongDigest), (body(CONTENT, b"x"), TooLarge), (body(CONTENT, whole=False), BadInput)):
            with pytest.raises(error):
                await held.append(receive, 0, len(CONTENT), right)
            assert await held.offset() == 0
        assert await held.append(body(CONTENT), 0, len(CONTENT), right) == len(CONTENT)
    assert left_over(tmp_path) == [ID]
    assert [each.suffix for each in (tmp_path / "incoming").iterdir()] == [".video"]


@pytest.mark.parametrize("offset", [-1, 1, len(CONTENT)])
async def test_what_does_not_begin_where_the_file_ends_is_refused(videos: IncomingVideos, offset: int) -> None:
    async with videos.held(ID) as held:
        with pytest.raises(RuleBroken, match="offset"):
            await held.append(body(CONTENT), offset, len(CONTENT), None)
        assert await held.offset() == 0


async def test_one_at_a_time_touches_it(videos: IncomingVideos) -> None:
    async with videos.held(ID):
        with pytest.raises(Locked):
            async with videos.held(ID):
                pass
    async with videos.held(ID) as held:
        assert await held.offset() == 0


async def test_the_disk_keeps_room_for_what_was_promised_to_others(videos: IncomingVideos, tmp_path: Path) -> None:
    await videos.check_room(1_000, {})
    full = IncomingVideos(tmp_path, reserve=1 << 60)
    with pytest.raises(NoRoom):
        await full.check_room(1_000, {})
    full.close()
    with pytest.raises(NoRoom):
        await videos.check_room(1_000, {ID: 1 << 60})
    async with videos.held(ID) as held:
        await held.append(body(CONTENT), 0, len(CONTENT), None)
    await videos.check_room(1_000, {ID: len(CONTENT)})


async def test_a_whole_one_gets_its_name_and_is_read_only(videos: IncomingVideos, tmp_path: Path) -> None:
    async with videos.held(ID) as held:
        await held.append(body(CONTENT), 0, len(CONTENT), None)
        for _ in range(2):  # killed before the commit, and again
            held.place("webm", datetime(2026, 1, 12, tzinfo=UTC))
    remove_files(tmp_path, left_over(tmp_path))
    (path,) = (tmp_path / ID).iterdir()
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o777 == 0o400
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_many_small_parts_are_gathered(videos: IncomingVideos) -> None:
    async with videos.held(ID) as held:
        parts = [CONTENT[at : at + 1_000] for at in range(0, len(CONTENT), 1_000)]
        assert await held.append(body(*parts), 0, len(CONTENT), None) == len(CONTENT)
        assert len(CONTENT) > 3 * BLOCK
        await asyncio.sleep(0)
