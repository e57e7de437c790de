"""带入视频 on the running product (attacks 17 to 22): whole and right, a film, of those who clear clips; else nothing of it stays."""

import base64
import hashlib
import io
import stat
import struct
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from data.actions.organisation import add_officer
from data.actions.sessions import open_for_officer
from data.journal import Work
from data.rules.permissions import SYSTEM, Role
from data.rules.videos import EACH_MOST, MOST
from data.tables import AuditRow, BroughtVideoRow, EntryRow, RecordingRow, SegmentRow
from streaming.clip_files import is_unchanged
from tests.brought import TUS, VIDEOS, Bringer, code, film_of, metadata, short_film
from tests.running import Product
from tests.screenings import Court
from tests.servers import wait_until

pytestmark = pytest.mark.timeout(300)
HALF = 60_000


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product)
        yield court
        court.close()


@pytest.fixture
def bringer(court: Court) -> Iterator[Bringer]:
    bringer = Bringer(court.product.origin, court.product.seeded.desk)
    yield bringer
    for each in bringer.web.get(VIDEOS).json()["videos"]:
        bringer.delete(f"{VIDEOS}/{each['id']}")
    bringer.close()


def incoming(court: Court) -> list[str]:
    folder = court.product.settings.recordings / "incoming"
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


def kept(court: Court, video_id: str) -> tuple[RecordingRow, SegmentRow]:
    with court.database.reading() as session:
        recording, segment = session.get(RecordingRow, video_id), session.get(SegmentRow, (video_id, 1))
        assert recording is not None
        assert segment is not None
        return recording, segment


def cookie_of(court: Court, role: Role) -> str:
    def open_(work: Work) -> str:
        officer = add_officer(work, "赵某", "法官", role)
        return open_for_officer(work, officer, timedelta(hours=1), how="link").token

    token = court.journal.do(SYSTEM, datetime.now(UTC), open_)
    known = {"cookie": f"ecc_desk={token}"}
    wait_until(lambda: court.web.get("/centre/desk", headers=known).status_code != 303, "not known yet", 20)
    return token


# --- the protocol ---


def test_what_is_whole_and_right_is_a_recording_with_its_digest_in_the_chain(court: Court, bringer: Bringer) -> None:
    content = film_of(200_000, seed=1)
    at = bringer.begun(content, "现场.webm")
    assert at.startswith(f"{VIDEOS}/")
    assert (bringer.head(at).headers["upload-offset"], bringer.head(at).headers["upload-length"]) == ("0", "200000")
    assert "GMT" in bringer.head(at).headers["upload-expires"]
    first = bringer.patch(at, 0, content[:HALF])
    assert (first.status_code, first.headers["upload-offset"], first.headers["tus-resumable"]) == (204, str(HALF), "1.0.0")
    assert bringer.head(at).headers["upload-offset"] == str(HALF)
    last = bringer.patch(at, HALF, content[HALF:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, "200000")
    video_id = at.rsplit("/", 1)[-1]
    recording, segment = kept(court, video_id)
    assert (recording.origin, recording.state, recording.call_id, segment.sha256) == (
        "BROUGHT", "ENDED", None, hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    (path,) = (court.product.settings.recordings / video_id).iterdir()
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert incoming(court) == []
    again = bringer.head(at)
    assert (again.status_code, again.headers["upload-offset"]) == (200, "200000"), "the answer may have been lost"
    assert bringer.patch(at, 200_000, b"").status_code == 204
    with court.database.reading() as session:
        told = [
            entry.payload
            for entry in session.scalars(select(EntryRow).where(EntryRow.kind.like("video.%")).order_by(EntryRow.seq))
            if entry.payload["video_id"] == video_id
        ]
        acts = session.scalars(select(AuditRow.act).where(AuditRow.object_id == video_id)).all()
    assert [set(each) for each in told] == [{"video_id", "size"}, {"video_id", "size", "duration_ms", "sha256"}]
    assert "现场" not in str(told), "a file's name may be a person's"
    assert list(acts) == ["bring"]
    assert court.journal.verify() is None
    assert code(bringer.begin(content)) == (409, "video.known")


def test_the_server_says_what_it_speaks_and_refuses_other_versions(bringer: Bringer) -> None:
    about = bringer.web.options(VIDEOS)
    assert (about.status_code, about.headers["tus-version"], about.headers["tus-max-size"]) == (204, "1.0.0", str(MOST))
    assert set(about.headers["tus-extension"].split(",")) == {"creation", "creation-with-upload", "termination", "checksum", "expiration"}
    assert "sha1" in about.headers["tus-checksum-algorithm"]
    old = bringer.web.post(VIDEOS, headers={"tus-resumable": "0.2.2", "upload-length": "9"})
    assert (code(old), old.headers["tus-version"]) == ((412, "tus.version"), "1.0.0")


def test_what_was_sent_with_its_creation_counts(court: Court, bringer: Bringer) -> None:
    content = film_of(50_000, seed=2)
    said = {"upload-length": "50000", "upload-metadata": metadata(sha256=hashlib.sha256(content).hexdigest())}
    answer = bringer.web.post(VIDEOS, content=content[:20_000], headers=said | {"content-type": "application/offset+octet-stream"})
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "20000")
    at = answer.headers["location"]
    overridden = bringer.web.post(
        at, content=content[20_000:],
        headers={"x-http-method-override": "PATCH", "upload-offset": "20000", "content-type": "application/offset+octet-stream"},
    )  # fmt: skip
    assert overridden.status_code == 204
    assert kept(court, at.rsplit("/", 1)[-1])[1].size == 50_000


def test_a_part_that_was_changed_on_its_way_leaves_the_offset_where_it_was(court: Court, bringer: Bringer) -> None:
    content = film_of(90_000, seed=3)
    at = bringer.begun(content)

    def checked(offset: int, part: bytes, of: bytes, algorithm: str = "sha1") -> httpx.Response:
        digest = base64.b64encode(hashlib.new(algorithm, of).digest()).decode()
        return bringer.patch(at, offset, part, **{"upload-checksum": f"{algorithm} {digest}"})

    assert code(checked(0, content[:40_000], b"other")) == (460, "video.wrong_part")
    assert bringer.head(at).headers["upload-offset"] == "0"
    assert checked(0, content[:40_000], content[:40_000]).headers["upload-offset"] == "40000"
    assert code(bringer.patch(at, 40_000, b"x", **{"upload-checksum": "crc32 AAAA"})) == (400, "tus.checksum")
    assert checked(40_000, content[40_000:], content[40_000:], "sha256").status_code == 204
    assert incoming(court) == []


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ({"upload-length": "0"}, 400, "video.empty"),
        ({"upload-length": "-1"}, 400, "tus.header"),
        ({"upload-length": "1e9"}, 400, "tus.header"),
        ({"upload-length": ""}, 400, "tus.header"),
        ({"upload-length": str(MOST + 1)}, 413, "video.too_large"),
        ({"upload-metadata": ""}, 400, "recording.bad_digest"),
        ({"upload-metadata": "sha256 !!!"}, 400, "tus.header"),
        ({"upload-metadata": metadata(sha256="../../etc/passwd")}, 400, "recording.bad_digest"),
        ({"upload-metadata": "x" * 5_000}, 400, "tus.header"),
    ],
)
def test_a_beginning_that_says_nonsense_is_refused(court: Court, bringer: Bringer, said: dict[str, str], status: int, why: str) -> None:
    assert code(bringer.begin(b"x" * 50_000, **said)) == (status, why)
    assert incoming(court) == []


# --- 22: wrong offset, overlapping parts, changed hash, a thousand half open ---


def test_parts_that_do_not_fit_are_refused(bringer: Bringer) -> None:
    content = film_of(90_000, seed=4)
    at = bringer.begun(content)
    assert bringer.patch(at, 0, content[:HALF]).status_code == 204
    for offset in (0, HALF - 1, HALF + 1, 90_000):
        assert code(bringer.patch(at, offset, content[offset : offset + 10])) == (409, "video.wrong_offset")
    assert code(bringer.patch(at, HALF, content[HALF:] + b"more")) == (413, "video.beyond")
    assert code(bringer.patch(at, HALF, b"x", **{"content-type": "application/json"})) == (415, "tus.body")
    assert code(bringer.patch(at, HALF, b"x", **{"upload-offset": "x"})) == (400, "tus.header")
    assert int(bringer.head(at).headers["upload-offset"]) >= HALF


def test_of_two_that_send_the_same_one_waits(bringer: Bringer) -> None:
    content = film_of(90_000, seed=5)
    at, first, on = bringer.begun(content), threading.Event(), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield content[:70_000]
        first.set()
        on.wait(60)
        yield content[70_000:]

    done: list[int] = []
    sending = threading.Thread(target=lambda: done.append(bringer.patch(at, 0, slowly()).status_code))
    sending.start()
    first.wait(60)
    other = Bringer(str(bringer.web.base_url).rstrip("/"), bringer.web.headers["cookie"].removeprefix("ecc_desk="))
    wait_until(lambda: other.head(at).status_code == 423, "not locked", 30)
    assert code(other.patch(at, 0, content)) == (423, "video.locked")
    assert code(other.delete(at)) == (423, "video.locked")
    on.set()
    sending.join()
    other.close()
    assert done == [204]


def test_what_is_not_what_was_promised_is_refused_and_gone(court: Court, bringer: Bringer) -> None:
    content = film_of(50_000, seed=6)
    at = bringer.begun(content)
    changed = content[:-1] + bytes([content[-1] ^ 1])
    assert code(bringer.patch(at, 0, changed)) == (460, "video.wrong_digest")
    assert incoming(court) == []
    assert not (court.product.settings.recordings / at.rsplit("/", 1)[-1]).exists()
    assert bringer.head(at).status_code == 410
    assert code(bringer.patch(at, 0, content)) == (410, "video.gone")


def test_a_thousand_half_open_ones_are_not(court: Court, bringer: Bringer) -> None:
    opened = []
    for seed in range(EACH_MOST):
        at = bringer.begun(film_of(50_000, seed=1_000 + seed))
        opened.append(at)
        assert bringer.patch(at, 0, b"\x1a\x45\xdf\xa3").status_code == 204
    answers = [bringer.begin(film_of(50_000, seed=2_000 + seed)) for seed in range(20)]
    assert {code(each) for each in answers} == {(429, "video.too_many")}
    assert all("retry-after" in each.headers for each in answers)
    for at in opened:
        assert bringer.delete(at).status_code == 204
    assert code(bringer.patch(opened[0], 4, b"x")) == (410, "video.gone")
    assert incoming(court) == []
    with court.database.reading() as session:
        assert session.scalar(select(func.count()).where(BroughtVideoRow.state == "COMING")) == 0


def test_what_was_not_whole_in_time_goes(court: Court, bringer: Bringer) -> None:
    at = bringer.begun(film_of(50_000, seed=7))
    assert bringer.patch(at, 0, b"\x1a\x45\xdf\xa3").status_code == 204
    video_id = at.rsplit("/", 1)[-1]
    with court.database.writes.begin() as connection:
        connection.execute(update(BroughtVideoRow).where(BroughtVideoRow.id == video_id).values(expires_at=court.began))
    assert bringer.head(at).status_code == 410
    killed = court.product.kill("jobs")  # it looks at its start
    court.product.until_started_again("jobs", killed)
    wait_until(lambda: incoming(court) == [], "the bytes stay", 60)
    with court.database.reading() as session:
        assert session.get_one(BroughtVideoRow, video_id).state == "LAPSED"


# --- 17, 19: whose it is ---


def test_it_is_its_bringer_s_alone_while_it_comes_and_of_those_who_clear_clips(court: Court, bringer: Bringer) -> None:
    content, seeded = film_of(50_000, seed=8), court.product.seeded
    at = bringer.begun(content)
    commander = Bringer(court.product.origin, seeded.commander)
    for answer in (commander.patch(at, 0, content), commander.delete(at)):
        assert code(answer) == (404, "not_found.video")
    assert commander.head(at).status_code == 404
    assert commander.web.get(VIDEOS).json()["videos"] == [], "no list says what others bring"
    assert [each["id"] for each in bringer.web.get(VIDEOS).json()["videos"]] == [at.rsplit("/", 1)[-1]]
    for role in (Role.JUDGE, Role.FIELD, Role.FUND, Role.TECHNICAL, Role.INSPECTOR, Role.UPPER):
        other = Bringer(court.product.origin, cookie_of(court, role))
        for answer in (other.begin(content), other.patch(at, 0, content), other.delete(at), other.web.get(VIDEOS)):
            assert answer.status_code == 403, (role, answer.status_code)
        other.close()
    commander.close()
    assert bringer.head(at).headers["upload-offset"] == "0"


@pytest.mark.parametrize("whose", ["nobody", "wall", "phone", "stage"])
def test_no_other_face_reaches_it(court: Court, bringer: Bringer, whose: str) -> None:
    content, seeded = film_of(50_000, seed=9), court.product.seeded
    at = bringer.begun(content)
    headers = {
        "nobody": {}, "wall": {"cookie": f"ecc_wall={seeded.wall}"}, "phone": {"authorization": f"Bearer {seeded.devices[1001]}"},
        "stage": {"cookie": f"ecc_stage={court.stage_of(court.planned({'title': '字幕'}))}"},
    }[whose]  # fmt: skip
    with httpx.Client(base_url=court.product.origin, headers={"origin": court.product.origin} | TUS | headers) as stranger:
        for method, path in (("POST", VIDEOS), ("GET", VIDEOS), ("HEAD", at), ("PATCH", at), ("DELETE", at)):
            assert stranger.request(method, path, headers={"upload-offset": "0", "upload-length": "9"}).status_code == 401, (method, path)


def test_another_site_s_page_cannot_send(court: Court, bringer: Bringer) -> None:
    content = film_of(50_000, seed=10)
    at = bringer.begun(content)
    for answer in (
        bringer.web.post(VIDEOS, headers={"origin": "https://evil.example", "upload-length": "9"}),
        bringer.patch(at, 0, content, origin="https://evil.example"),
        bringer.web.delete(at, headers={"origin": "https://evil.example"}),
    ):
        assert code(answer) == (403, "identity.foreign_origin")
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("what", ["..%2f..%2fx", "%2e%2e%2fx", "x", "1" * 26 + "/..", "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_ids_that_are_none_of_ours_find_nothing(bringer: Bringer, what: str) -> None:
    for answer in (bringer.head(f"{VIDEOS}/{what}"), bringer.patch(f"{VIDEOS}/{what}", 0, b"x"), bringer.delete(f"{VIDEOS}/{what}")):
        assert answer.status_code in (400, 404, 405), what


# --- 18: names ---


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../x", "x"), ("..\\..\\x", "x"), ("%2e%2e%2f", "%2e%2e%2f"), ("/etc/passwd", "passwd"), ("C:\\x.mp4", "x.mp4"),
        ("a\0b", "ab"), ("CON", "CON"), ("长" * 300, "长" * 80), ("片\u202e4pm.exe", "片4pm.exe"),
        ("<img src=x onerror=1>", "<img src=x onerror=1>"), ("", None),
    ],
)  # fmt: skip
def test_a_name_is_text_and_never_a_path(court: Court, bringer: Bringer, name: str, shown: str | None) -> None:
    at = bringer.begun(film_of(50_000, seed=11), name)
    assert bringer.patch(at, 0, b"\x1a\x45").status_code == 204
    assert incoming(court) == [f"{at.rsplit('/', 1)[-1]}.video"]
    assert [each["name"] for each in bringer.web.get(VIDEOS).json()["videos"]] == [shown]


# --- 20, 21: what is no film ---


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", bytes(20_000_000))
    return packed.getvalue()


def absurd(content: bytes) -> bytes:
    """The same film, whose header says that it lasts 300 years."""
    at = content.index(b"\x44\x89\x88")
    return content[: at + 3] + struct.pack(">d", 1e13) + content[at + 11 :]


NO_FILMS = {
    "html": (b"<!doctype html><script>alert(1)</script>" * 9, "video.not_film"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "video.not_film"),
    "zip bomb": (bomb(), "video.not_film"),
    "playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "video.not_film"),
    "concat": (b"ffconcat version 1.0\nfile /etc/passwd\n", "video.not_film"),
    "head of a film, then html": (b"\x1a\x45\xdf\xa3" + b"<script>alert(1)</script>" * 99, "video.not_film"),
    "head of an mp4, then nothing": (b"\0\0\0\x18ftypisom" + bytes(500), "video.not_film"),
    "absurd duration": (absurd(short_film()), "video.too_long"),
    "cut off": (short_film()[:600], "video.not_film"),
}


@pytest.mark.parametrize("what", NO_FILMS)
def test_what_is_no_film_is_refused_by_what_is_in_it(court: Court, bringer: Bringer, what: str) -> None:
    content, why = NO_FILMS[what]
    at = bringer.begun(content, "film.mp4")
    assert code(bringer.patch(at, 0, content)) == (415, why)
    assert bringer.head(at).status_code == 410
    assert incoming(court) == []


def test_a_film_that_is_a_page_too_is_served_as_a_film_to_whoever_says_why(court: Court, bringer: Bringer) -> None:
    content = film_of(60_000, seed=12)[:-60] + b"<html><script>alert(1)</script></html>".ljust(60)
    video_id = bringer.brought(content, "page.html")
    clip = cut(court, video_id)
    (segment,) = court.told(f"/clips/{clip}/look", {})["segments"]
    answer = court.web.get(segment["src"], headers={"cookie": f"ecc_desk={court.product.seeded.desk}"})
    assert answer.content == content
    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == ("video/webm", "nosniff")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert court.web.get(segment["src"].partition("?")[0], headers={"cookie": f"ecc_desk={court.product.seeded.desk}"}).status_code == 403


# --- a clip of it, and kill -9 ---


def cut(court: Court, video_id: str, title: str = "带入的一段") -> str:
    recording, _ = kept(court, video_id)
    begin = round(recording.began_at.timestamp() * 1000)
    said: dict[str, Any] = {"recording": video_id, "from_ms": begin, "to_ms": begin + 1_500, "title": title, "words": None, "tag": "OTHER"}
    return str(court.told("/cut", said)["id"])


def rendered(court: Court, clip: str) -> Any:
    """The digest of the masked file; None when it could not be made."""
    court.told(f"/clips/{clip}/mask", {"mask": {"windows": [], "sounds": [], "why": None}, "minor": False})
    court.told(f"/clips/{clip}/render", {})
    wait_until(lambda: court.told(f"/clips/{clip}/state")["rendering"]["state"] in ("DONE", "FAILED"), "not rendered", 120)
    return court.told(f"/clips/{clip}/state")["sha256"]


def test_a_clip_is_cut_from_it_masked_and_rendered_and_a_changed_original_is_refused(court: Court, bringer: Bringer) -> None:
    video_id = bringer.brought(film_of(120_000, seed=13))
    clip = cut(court, video_id)
    masked = rendered(court, clip)
    assert is_unchanged(court.masked_file(clip), masked)
    (path,) = (court.product.settings.recordings / video_id).iterdir()
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(-1, io.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, io.SEEK_END)
        file.write(bytes([last ^ 1]))
    other = cut(court, video_id, "又一段")
    assert rendered(court, other) is None
    assert court.told(f"/clips/{other}/state")["rendering"]["why"] == "clip.original_changed"


@pytest.mark.long
def test_killed_at_any_moment_it_is_whole_or_the_client_knows_that_it_is_not(court: Court, bringer: Bringer) -> None:
    content = film_of(6_000_000, seed=14)
    at, video_id, offset, kills = bringer.begun(content), "", 0, 0
    while offset < len(content):
        pause_s = 0.02 * kills if kills < 4 else 0.0

        def slowly(since: int = offset, pause_s: float = pause_s) -> Iterator[bytes]:
            for begin in range(since, min(since + 1_000_000, len(content)), 50_000):
                yield content[begin : min(begin + 50_000, since + 1_000_000)]
                time.sleep(pause_s / 5)

        killer = None
        if kills < 4:
            killer = threading.Timer(0.05 + 0.1 * kills, court.product.kill, ("web",))
            old = court.product.pids()["web"]
            killer.start()
            kills += 1
        try:
            answer = bringer.patch(at, offset, slowly())
            assert answer.status_code == 204, answer.text
        except httpx.TransportError:
            pass
        if killer is not None:
            killer.join()
            court.product.until_started_again("web", old)
            court.product.until_ready()
        told = bringer.head(at)
        assert told.status_code == 200
        offset = int(told.headers["upload-offset"])
        there = court.product.settings.recordings / "incoming" / f"{at.rsplit('/', 1)[-1]}.video"
        if offset < len(content):
            assert there.read_bytes() == content[:offset], "what is acknowledged is what was sent"
    video_id = at.rsplit("/", 1)[-1]
    (path,) = (court.product.settings.recordings / video_id).iterdir()
    assert path.read_bytes() == content
    assert kills == 4


def test_killed_when_all_bytes_are_there_and_none_is_judged(court: Court, bringer: Bringer) -> None:
    """The moment between the last byte and the commit: the file is whole, the row says that it is coming."""
    content = film_of(70_000, seed=15)
    at = bringer.begun(content)
    there = court.product.settings.recordings / "incoming" / f"{at.rsplit('/', 1)[-1]}.video"
    there.write_bytes(content)
    told = bringer.head(at)
    assert (told.status_code, told.headers["upload-offset"]) == (200, "70000")
    assert kept(court, at.rsplit("/", 1)[-1])[1].size == 70_000
    wrong = bringer.begun(film_of(70_000, seed=16))
    (there.parent / f"{wrong.rsplit('/', 1)[-1]}.video").write_bytes(content)
    assert bringer.head(wrong).status_code == 460, "nobody hears the full length of what is not right"
    assert bringer.head(wrong).status_code == 410
