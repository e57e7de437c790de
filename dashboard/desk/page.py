"""The desk: calls, alarms, missions and cases with their verbs, the walls it steers. Every verb has a key, drawn on its button."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import dash_leaflet as dl
from dash import Dash, Input, Output, dcc, html

from dashboard.desk.verbs import WITH_PLACES, Places, Times, perform, steps
from dashboard.i18n import t
from dashboard.panels import ids
from dashboard.sign_in import actor_here
from data.journal import Journal
from data.lanes import Lanes
from data.queries.live import can_unlock
from data.rules.permissions import Actor

LOCKS_AFTER_S = 600  # a desk that nobody touches
MAP = "desk-map"
ZONES = {"queue": "Q", "missions": "M", "cases": "C", "walls": "W"}
HEAD_KEYS = {"fault": "0", "lock": "L", "pair": "P", "help": "?"}


def layout() -> html.Div:
    """The bare desk: places for what `/live` brings, and the one store through which verbs reach the server."""
    marks: Any = {"data-zone": "queue", "data-locks-after-s": str(LOCKS_AFTER_S), "data-steps": json.dumps(steps())}
    lists = html.Div([_panel("missions"), _panel("cases")], className="lists")
    return html.Div(
        [
            _header(),
            html.Div(
                [
                    _panel(
                        "queue",
                        html.Div(id="queue-told"),
                        html.Div(id="helps", role="alert", hidden=True),
                        html.A(
                            t("desk.screening"), id="screening", href="/centre/screening/", target="_blank", rel="noopener", hidden=True
                        ),
                        html.A(t("desk.admin"), id="admin", href="/centre/admin/", target="_blank", rel="noopener", hidden=True),
                        html.A(t("desk.sheets"), id="sheets", href="/sheet/", target="_blank", rel="noopener"),
                        html.A(t("desk.faults"), id="faults", href="/faults/", target="_blank", rel="noopener", hidden=True),
                        html.A(t("desk.rings"), id="rings", href="/inspector/", target="_blank", rel="noopener", hidden=True),
                    )
                ],
                className="column left",
            ),
            html.Div(
                [_panel("verbs", html.Div(id="desk-tile", hidden=True), html.Div(id="room"), html.Div(id="parties")), lists],
                className="column middle",
            ),
            html.Div([_map(), _panel("walls"), _panel("events")], className="column right"),
            html.Section([html.Div(id="system-body")], **_marks("system")),
            html.Div([html.Div(id=ids.NOTICE), html.Div(id="notice-more")], id="said", role="status", hidden=True),
            html.Div(id=ids.LOCK, hidden=True),
            dcc.Store(id=ids.VERB),
        ],
        id="desk",
        **marks,
    )


async def no_roads(_: Actor, __: str) -> Times:
    """Where no ways are known."""
    return {}


def connect(
    app: Dash,
    journal: Journal,
    lanes: Lanes,
    now: Callable[[], datetime],
    places: Callable[[], Places] = dict,
    by_road_s: Callable[[Actor, str], Awaitable[Times]] = no_roads,
    visitors: bool = False,
) -> None:
    """Two callbacks: what is pressed, and whether this desk is locked. Errors reach the person through the one `on_error` of the app.

    visitors: a wall that is paired here begins without names.
    """

    @app.callback(
        Output(ids.NOTICE, "children"),
        Output(ids.NOTICE, "data-code"),
        Output(ids.NOTICE, "data-since"),
        Output(ids.NOTICE, "data-at"),
        Input(ids.VERB, "data"),
        prevent_initial_call=True,
    )
    async def act(asked: dict[str, Any]) -> tuple[str, str, str, str]:
        actor = actor_here()
        placed = asked.get("verb") in WITH_PLACES
        where = places() if placed else None
        times = await by_road_s(actor, str(asked.get("id"))) if placed else None
        changed = await asyncio.shield(lanes.writer.run(journal.do, actor, now(), perform, asked, where, times, visitors))
        return t(f"desk.done_{asked['verb']}" if changed else "desk.done_nothing"), "", "", str(asked.get("nonce"))

    @app.callback(Output(ids.LOCK, "data-lock"), Input(ids.LOCK, "id"))
    async def lock(_: str) -> str:
        actor = actor_here()
        if actor.locked:
            return "locked"

        def known() -> bool:
            with journal.database.reading() as session:
                return can_unlock(session, actor)

        return "open" if await lanes.readers.run(known) else "none"


def _marks(name: str) -> Any:
    """Wildcard attributes; typed as anything, for Dash writes its components' signatures with every attribute spelled out."""
    return {"data-panel": name, "data-state": "empty"}


def _panel(name: str, *below: Any) -> html.Section:
    """A panel whose key, if it has one, stands in its head: arrows and digits then go there."""
    key = ZONES.get(name)
    title = html.H2(t(f"wall.{name}")) if key is None else html.H2(_button(f"zone:{name}", key, t(f"wall.{name}")))
    head = html.Header([title, html.Span(className="age")])
    return html.Section([head, html.Div(id=f"{name}-body", className="body"), *below], **_marks(name))


def _button(act: str, key: str, said: str) -> html.Button:
    marks: Any = {"data-act": act, "data-key": key.lower()}
    return html.Button([html.Kbd(key), html.Span(said)], type="button", **marks)


def _header() -> html.Header:
    when = html.Div([html.Span(id="date"), html.Span(id="weekday")], className="when")
    right = [
        html.Button(t("wall.sound_off"), id="sound-off", hidden=True),
        *(_button(act, key, t(f"desk.{act}")) for act, key in HEAD_KEYS.items()),
        html.Span(id="who"),
        html.Span(t("wall.demo"), id="demo", hidden=True),
    ]
    return html.Header(
        [
            html.Div([html.Time(id="clock"), when, html.Span(t("desk.on_stage"), id="on-stage", hidden=True)], className="left-head"),
            html.H1([html.B(id="court"), html.Span(t("desk.title"))]),
            html.Div(right, className="right-head"),
        ],
        className="top",
    )


def _map() -> html.Section:
    """Where the chosen one is; the place to look for a unit by its number."""
    still = {"zoomControl": False, "doubleClickZoom": False, "keyboard": False, "attributionControl": False}
    chart = dl.Map(id=MAP, center=[40.075, 101.825], zoom=11, maxZoom=16, zoomSnap=0.05, className="map", **still)
    head = html.Header([html.H2(_button("find", "F", t("wall.find"))), html.Div(id="find-place"), html.Span(id="fix-age", className="age")])
    return html.Section(
        [head, html.Div([chart, html.Div(id="find-hits", role="listbox", hidden=True)], className="ground-panel")], **_marks("map")
    )
