"""The wall's page: the map below everything, columns left and right, header and system line always at the same place."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import dash_leaflet as dl
from dash import ClientsideFunction, Dash, Input, Output, html

from dashboard.i18n import t
from dashboard.panels import ids
from dashboard.panels.frames import panel
from data.journal import Journal
from data.lanes import Lanes

# wildcard attributes; typed as anything, for Dash writes its components' signatures with every attribute spelled out
MAP_MARKS: Any = {"data-panel": "map", "data-state": "empty"}
GANTT_MARKS: Any = {"data-panel": "gantt", "data-state": "empty"}
WALL_MARKS: Any = {"data-layout": "1"}
LEGEND = ("idle", "way", "site", "silent", "sos")


def layout() -> html.Div:
    """The bare wall: no data of the court, only places for it."""
    return html.Div(
        [
            _map(),
            _header(),
            html.Div([panel("today"), _missions()], className="column left"),
            html.Div(
                [panel("calls", html.Div(id="tile", hidden=True), html.Div(id="calls-body"), *_grid(), head=False)],
                className="column middle",
            ),
            html.Div([panel("events"), panel("cases"), panel("teams")], className="column right"),
            _board(),
            _legend(),
            panel("alarm", html.Div(id="alarm-body"), head=False),
            html.Section(id="near", hidden=True),
            html.Section(id="focus", hidden=True),
            html.P(t("wall.guests"), id="guests", hidden=True),
            panel("system", html.Div(id="system-body"), head=False),
            html.Div(id="toast", hidden=True),
            html.Div(id=ids.MOUNTED, hidden=True),
        ],
        id="wall",
        **WALL_MARKS,
    )


def connect(app: Dash, journal: Journal, lanes: Lanes, now: Callable[[], datetime]) -> None:
    """The wall only reads: its one callback tells the modules that it stands."""
    del journal, lanes, now
    app.clientside_callback(ClientsideFunction("ecc", "mounted"), Output(ids.MOUNTED, "children"), Input("wall", "id"))  # type: ignore[no-untyped-call]


def _map() -> html.Section:
    still = {"dragging": False, "zoomControl": False, "scrollWheelZoom": False, "doubleClickZoom": False, "keyboard": False}
    chart = dl.Map(id=ids.MAP, center=[40.075, 101.825], zoom=11, zoomSnap=0.05, attributionControl=False, className="map", **still)
    return html.Section([chart], className="ground-panel", **MAP_MARKS)


def _board() -> html.Section:
    """Layout 9 运行保障: a tile a part, below them what changed last and what was reported."""
    foot = html.Footer([html.Div(id="board-changes"), html.Div(id="board-faults")])
    return panel("board", html.Div(id="board-body", className="body"), foot, head=False)


def _header() -> html.Header:
    when = html.Div([html.Span(id="date"), html.Span(id="weekday")], className="when")
    title = html.H1([html.B(id="court"), html.Span(t("wall.centre"))])
    sound = html.Button(t("wall.sound_off"), id="sound-off", hidden=True)
    demo = html.Span(t("wall.demo"), id="demo", hidden=True)
    right = html.Div([sound, html.Span(id="steered"), html.Span(id="who"), demo], className="right-head")
    return html.Header([html.Div([html.Time(id="clock"), when], className="left-head"), title, right], className="top")


def _missions() -> html.Section:
    chart = html.Div(id=ids.GANTT_PLACE, className="gantt-place", **GANTT_MARKS)  # its figure is put in by `gantt.mjs`, after the map
    return panel("missions", html.Div([chart, html.Div(id="missions-body")], className="body missions"))


def _grid() -> list[html.Div]:
    """Places for the other pictures: stills beside the live one, or three more live ones."""

    def cell(number: int) -> html.Article:
        return html.Article(
            [html.Div(id=f"cell-{number}", className="picture", hidden=True), html.Div(id=f"cell-words-{number}", className="words")]
        )

    return [html.Div(id="thumbs", hidden=True), html.Div([cell(number) for number in (1, 2, 3)], id="cells", hidden=True)]


def _legend() -> html.Div:
    def one(name: str) -> list[Any]:
        marks: Any = {"data-sign": name}
        return [html.I(className="sign", **marks), html.Span(t(f"wall.legend_{name}"))]

    age: list[Any] = [html.Span(t("wall.positions"), className="positions"), html.Span(id="fix-age")]
    return html.Div([*(part for name in LEGEND for part in one(name)), *age], className="legend")
