"""`ecc demo`: seeds, starts everything, prints addresses with one-time links. Its children: `--only seed`, `devices`, `cameras`."""

import argparse
import gc
import io
import shutil
import subprocess
import sys
import time
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dashboard import logs
from dashboard.demo.begun import Begun, Phone, join_link, link, links_text, stage_link, take
from dashboard.demo.day import BEGINS, seconds
from dashboard.demo.plan import Plan, Unit, as_text, read_plan
from dashboard.i18n import t
from dashboard.supervise import Home, Program, choose_port, program, write_secret
from data.errors import Misconfigured
from data.invented_court import invented
from data.settings import Settings, as_environ, has_screen

if TYPE_CHECKING:
    from data.demo import Prepared

BEGUN, PLAN = "begun.json", "demo.json"
CAMERAS = ("三组", "一组", "五组")  # the teams whose first officer has a camera, by the order of their calls in the script
CAMERAS_AFTER_S = 10.0
OURS = ("ecc.db", "layers", "run")  # a folder without any of them is not a home of ours, and is not emptied


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Exit code. Raises Misconfigured: already_running, port_taken, home, migration."""
    if options.only == "devices":
        from dashboard.demo import devices

        logs.set_up("devices", settings.log, settings.log_level)
        return devices.run(read_plan(settings.run / PLAN))
    if options.only == "cameras":
        time.sleep(CAMERAS_AFTER_S)  # the centre's own start, and the units that move, come first
        from dashboard.demo import cameras

        logs.set_up("cameras", settings.log, settings.log_level)
        return cameras.run(read_plan(settings.run / PLAN))
    if options.only == "seed":
        gc.disable()  # it lives for a second: looking for garbage would take a tenth of it
        return _seed(settings)
    return _start(settings, options)


OWNERS = ("case_system=案件系统接口人 8010", "database=信息科 8001", "*=技术值守 8000")  # invented, as everybody else


def civil_offset_s(now: datetime) -> int:
    """What must be added to UTC so that the court's clock shows 09:38 now."""
    return seconds(BEGINS) - (now.hour * 3600 + now.minute * 60 + now.second)


def _start(settings: Settings, options: argparse.Namespace) -> int:
    lan = settings.home / "lan"  # beside the demonstration's home: --fresh leaves it, and a phone trusts it only once
    settings = invented(settings, civil_offset_s(datetime.now(UTC)))
    if options.port is not None:
        settings = settings.but(port=options.port)
    settings = settings.but(owners=settings.owners or OWNERS, web_processes=1)  # its visitors stand in one process's memory
    settings.make_folders()
    Home(settings).take()  # lets go at once: a second start is refused before anything of the first one is touched
    settings = choose_port(_beside(_opened(settings, lan) if options.lan else settings))
    if options.lan:
        from dashboard.demo.authority import own_address

        settings = settings.but(public_origin=f"https://{own_address()}:{settings.port}")
    if options.fresh:
        _empty(settings)
    if options.links is not None:
        options.links.unlink(missing_ok=True)  # of a former run: nobody shall take its addresses for these
    print(t("demo.beginning"), flush=True)
    return Demonstration(options).run(settings)


def _beside(settings: Settings) -> Settings:
    """With a port for the relay that is free: a second demonstration on this machine has another one."""
    try:
        choose_port(settings.but(port=0))
    except Misconfigured:
        return settings.but(media_port=0)
    return settings


def _opened(settings: Settings, folder: Path) -> Settings:
    """Open to the network, by HTTPS."""
    from dashboard.demo.authority import certified, own_address

    files = certified(folder, own_address())
    return settings.but(host="0.0.0.0", tls_cert=files.certificate, tls_key=files.key)


class Demonstration:
    """One run, from the seeding of its home to the last child's end."""

    _begun: Begun

    def __init__(self, options: argparse.Namespace) -> None:
        self._links: Path | None = options.links
        self._speed: float = options.speed
        self._browser = not options.no_browser
        self._settings: Settings | None = None
        self._pids: dict[str, int] = {}
        self._ready = False

    def run(self, settings: Settings) -> int:
        from dashboard.commands.running import supervise

        return supervise(settings, self.more, self.children_changed, self.ready, self.prepare)

    def prepare(self, settings: Settings) -> None:
        _seed_in_child(settings)
        self._begun = take(settings.run / BEGUN)

    def more(self, settings: Settings) -> Sequence[Program]:
        """The devices' process; now the address of the centre is known."""
        self._settings = settings
        verify = str(settings.tls_cert.with_name("authority.crt")) if settings.tls_cert else None
        plan = msgspec.structs.replace(self._begun.plan, origin=settings.origin, speed=self._speed, verify=verify)
        write_secret(settings.run / PLAN, as_text(plan))
        return [program(settings, name, "demo", "--only", name, beats=False) for name in ("devices", "cameras")]

    def children_changed(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        if self._ready:
            self._write_links()

    def ready(self, settings: Settings) -> None:
        self._ready = True
        self._write_links()
        print(addresses(settings, self._begun), flush=True)
        if self._browser and has_screen():
            webbrowser.open(link(settings, self._begun.wall))

    def _write_links(self) -> None:
        if self._links is not None and self._settings is not None:
            write_secret(self._links, links_text(self._begun, self._settings, self._pids))


def addresses(settings: Settings, begun: Begun) -> str:
    """What is printed: three links, the desk's PIN, the phones' links, and a QR of the first phone."""
    import segno

    phone = begun.phones[0]
    code = io.StringIO()
    segno.make(link(settings, phone.secret), error="l").terminal(code, compact=True, border=2)
    faces = [t(f"demo.link_{name}", link=link(settings, getattr(begun, name))) for name in ("wall", "desk", "director", "host")]
    faces.append(t("demo.link_stage", link=stage_link(settings, begun.stage)))
    faces.append(t("demo.link_leader", link=join_link(settings, begun.leader)))
    phones = [t("demo.link_phone", officer=each.officer, link=link(settings, each.secret)) for each in begun.phones]
    if settings.tls_cert:
        phones.insert(0, t("demo.link_ca", link=f"{settings.origin}/ca"))
    return "\n".join(
        [
            t("demo.ready", court=settings.court_name),
            *faces,
            t("demo.desk_pin", pin=begun.pin),
            *phones,
            t("demo.scan"),
            code.getvalue(),
            t("demo.end"),
        ]
    )


def _empty(settings: Settings) -> None:
    """Throw the former run away. Raises Misconfigured for a folder that is not ours."""
    if any(settings.home.iterdir()) and not any((settings.home / name).exists() for name in OURS):
        raise Misconfigured("not a home", code="misconfigured.home", path=str(settings.home))
    shutil.rmtree(settings.home)
    settings.make_folders()


def _seed_in_child(settings: Settings) -> None:
    """By a child that ends again, so that the process which watches over the others stays small. Raises Misconfigured."""
    command = [sys.executable, "-m", "dashboard", "demo", "--only", "seed"]
    if subprocess.run(command, env=as_environ(settings), check=False, stdin=subprocess.DEVNULL).returncode:
        raise Misconfigured("seeding failed", code="misconfigured.migration")


def _seed(settings: Settings) -> int:
    """Child: bring the database up, seed it, prepare this run, and leave what was made for the parent."""
    from dashboard.map_layers import MapLayers
    from dashboard.upgrade import upgrade
    from data.demo import prepare, seed
    from data.engines import open_database
    from data.journal import Journal
    from data.sealing import load_sealing

    upgrade(settings)
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
    seed(journal, settings, datetime.now(UTC))
    prepared = prepare(journal, settings, datetime.now(UTC))
    MapLayers(settings.layers).prepare()  # by the child that has the machinery at hand already
    database.close()
    write_secret(settings.run / BEGUN, msgspec.json.encode(_begun(settings, prepared)).decode())
    return 0


def _begun(settings: Settings, prepared: "Prepared") -> Begun:
    from dashboard.demo.ways import find_ways

    devices = [
        Unit(str(each.unit_no), each.token, each.osmand_id, each.place[0], each.place[1], each.driver, each.vehicle)
        for each in prepared.devices
    ]
    plan = Plan(
        origin="",
        run=str(settings.run),
        court_code=settings.court_code,
        civil_offset_s=settings.civil_offset_s,
        case_token=prepared.case_token,
        devices=devices,
        ways=find_ways(settings, prepared.court, prepared.goals),
        missions=prepared.missions,
        planned=prepared.planned,
        cases=prepared.cases,
        duty=prepared.auto_duty,
        leader=prepared.auto_leader,
        helper=next((unit for unit in devices if unit.driver is None and not unit.vehicle), None),
        cameras=[next(unit for unit in devices if unit.driver == team and not unit.vehicle) for team in CAMERAS],
    )
    phones = [Phone(officer, secret) for officer, _, secret in prepared.phones]
    return Begun(
        prepared.wall, prepared.desk, prepared.director, phones, plan, asdict(prepared.canaries), prepared.pin, prepared.leader,
        prepared.host, prepared.stage,
    )  # fmt: skip
