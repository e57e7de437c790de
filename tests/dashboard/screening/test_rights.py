"""Every door of screenings, whatever is added: who does not belong to the centre gets nothing, whatever id he knows (attack 17)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from starlette.routing import Route

from dashboard.screening.host import Host
from dashboard.screening.stages import Stages
from data.actions.organisation import add_officer
from data.actions.sessions import open_for_officer
from data.journal import Work
from data.lanes import Lanes
from data.rules.permissions import SYSTEM, Role
from tests.running import Product
from tests.screenings import Court
from tests.servers import wait_until

STRANGERS = (Role.TECHNICAL, Role.INSPECTOR, Role.UPPER, Role.FIELD, Role.JUDGE)
REFUSED = {400, 403, 404, 405, 412}  # 400, 405, 412: asked in another form than the door takes
WORDS = ("一间厂房的腾退", "月度警示", "教〔", "放〔")  # what a door would give away


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product)
        yield court
        court.close()


@pytest.fixture(scope="module")
def ids(court: Court) -> list[str]:
    """Real ones of every kind that a door may ask for."""
    clip = court.cut()
    court.told(f"/clips/{clip}/propose", {})
    screening = str(court.told("/plan", {"title": "月度警示"})["id"])
    return [clip, screening, court.recording_id, court.told(f"/clips/{clip}/state")["release"]["id"]]


@pytest.fixture(scope="module")
def routes(court: Court) -> Iterator[list[Route]]:
    lanes = Lanes()
    app = Host(court.product.settings, court.journal, lanes, Stages(), lambda: datetime.now(UTC)).app()
    yield [cast(Route, route) for route in app.routes if "static" not in cast(Route, route).path]
    lanes.close()


def session_of(court: Court, role: Role) -> str:
    def opened(work: Work) -> str:
        officer = add_officer(work, f"张{role.value[0]}", "某", role)
        return open_for_officer(work, officer, timedelta(hours=1), how="link").token

    token = court.journal.do(SYSTEM, datetime.now(UTC), opened)
    cookie = {"cookie": f"ecc_desk={token}"}
    wait_until(lambda: court.web.get("/centre/desk", headers=cookie).status_code != 303, "not known yet", 20)
    return token


@pytest.mark.parametrize("role", STRANGERS)
def test_no_door_opens_for_who_does_not_belong_to_the_centre(court: Court, ids: list[str], routes: list[Route], role: Role) -> None:
    token = session_of(court, role)
    assert len(routes) > 20
    for route in routes:
        for id_ in ids if "{" in route.path else ids[:1]:
            path = re.sub(r"\{[^}]+\}", id_, route.path)
            answer = court.ask(path, {} if "POST" in (route.methods or ()) else None, by=token)
            assert answer.status_code in REFUSED, (role, path, answer.status_code)
            assert not [word for word in WORDS if word in answer.text], (role, path)


def test_the_centre_itself_is_let_in(court: Court, ids: list[str], routes: list[Route]) -> None:
    """The control: with the desk's cookie the same words are found."""
    seen = "".join(court.ask(path).text for path in ("/", f"/{ids[1]}", f"/clips/{ids[0]}"))
    assert [word for word in WORDS if word not in seen] == []
