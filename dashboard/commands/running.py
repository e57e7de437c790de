"""Running: `serve`, `demo`, and the supervisor of both."""

import argparse
import gc
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dashboard import logs
from dashboard.i18n import t
from dashboard.schema import file_is_newest
from data.errors import Misconfigured
from data.settings import Settings, as_environ

if TYPE_CHECKING:  # the supervisor must start at once and stay small
    from dashboard.supervise import Pids, Program


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """Everything until it is told to end; or one part alone, which then finds the others through database and Redis."""
    settings.make_folders()
    if options.only is None:
        return supervise(settings)
    from dashboard.supervise import web_name

    if options.process not in settings.webs:
        raise Misconfigured("process", code="misconfigured.bad_value", key="--process", why=f"1 … {settings.web_processes}")
    name = web_name(options.process) if options.only == "web" else options.only
    logs.set_up(name, settings.log, settings.log_level)
    if settings.redis_url is None and options.only != "relay":
        raise Misconfigured("no bus", code="misconfigured.bus_missing")
    gc.disable()  # what is imported stays: looking it through again and again took a quarter of the time until the first answer
    run: Callable[[Settings], int]
    if options.only == "web":
        from dashboard import app

        run = partial(app.run, number=options.process)
    elif options.only == "relay":
        from dashboard.supervise import stand_back

        stand_back(settings)
        from dashboard import media

        run = media.run
    else:
        from dashboard import jobs

        run = jobs.run
    gc.freeze()
    gc.enable()
    return run(settings)


def supervise(
    settings: Settings,
    more: Callable[[Settings], Sequence["Program"]] = lambda _: (),
    on_children_changed: "Callable[[Pids], None]" = lambda _: None,
    on_ready: Callable[[Settings], None] | None = None,
    prepare: Callable[[Settings], None] | None = None,
) -> int:
    """The supervisor of one home. more: further children, made from the settings that hold the bus's address and the port.

    prepare: brings the schema up to date, and whatever else must be there before a child opens the home.
    """
    from dashboard.supervise import Home, Supervisor, choose_port, forget_ready, held_back, parts_of

    settings.make_folders()
    logs.set_up("supervisor", settings.log, settings.log_level)
    home = Home(settings)
    home.take()
    settings = choose_port(settings)
    forget_ready(settings)
    parts, settings = parts_of(settings)
    with held_back(settings, parts):
        (prepare or _migrate)(settings)
    parts += more(settings)
    ready = on_ready or (lambda settings: print(t("command.ready", court=settings.court_name, origin=settings.origin), flush=True))
    return Supervisor(settings, parts, on_children_changed, lambda: ready(settings)).run()


def _migrate(settings: Settings) -> None:
    """The schema brought up to date by a child that ends again, so that the supervisor stays small. Raises Misconfigured.

    Without a child where nothing is to be done: beside the first import of the web process it cost half a second of processor.
    """
    if file_is_newest(settings.database_url):
        return
    done = subprocess.run([sys.executable, "-m", "dashboard", "migrate"], env=as_environ(settings), check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Misconfigured("migration failed", code="misconfigured.migration")


def demo(settings: Settings, options: argparse.Namespace) -> int:
    """The demonstration: an invented court with its simulated day."""
    from dashboard.demo.start import run

    return run(settings, options)
