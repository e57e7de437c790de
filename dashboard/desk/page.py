"""The desk: calls and alarms with their verbs, walls with their layouts. Every verb has a key, and the key is drawn on its button."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from dash import Dash, Input, Output, dcc, html

from dashboard.i18n import t
from dashboard.panels import ids
from dashboard.panels.frames import panel
from dashboard.sign_in import actor_here
from data.actions.calls import answer_call, end_call, take_call
from data.actions.sos import acknowledge_sos, resolve_sos, respond_sos
from data.actions.walls import steer_wall
from data.errors import BadInput
from data.journal import Journal, Work
from data.lanes import Lanes


def layout() -> html.Div:
    """The bare desk: places for what `/live` brings, and the one store through which verbs reach the server."""
    return html.Div(
        [
            html.Header(
                [
                    html.Div(
                        [html.Time(id="clock"), html.Div([html.Span(id="date"), html.Span(id="weekday")], className="when")],
                        className="left-head",
                    ),
                    html.H1([html.B(id="court"), html.Span(t("desk.title"))]),
                    html.Div(
                        [
                            html.Button(t("wall.sound_off"), id="sound-off", hidden=True),
                            html.Span(id="who"),
                            html.Span(t("wall.demo"), id="demo", hidden=True),
                        ],
                        className="right-head",
                    ),
                ],
                className="top",
            ),
            html.Div([panel("queue")], className="column left"),
            html.Div([panel("verbs"), panel("find")], className="column middle"),
            html.Div([panel("walls"), panel("events")], className="column right"),
            panel("system", html.Div(id="system-body"), head=False),
            html.Div(id=ids.NOTICE, role="status"),
            dcc.Store(id=ids.VERB),
        ],
        id="desk",
    )


def connect(app: Dash, journal: Journal, lanes: Lanes, now: Callable[[], datetime]) -> None:
    """One callback: who presses, which verb, what is said. Errors reach the person through the one `on_error` of the app."""

    @app.callback(Output(ids.NOTICE, "children"), Input(ids.VERB, "data"), prevent_initial_call=True)
    async def act(asked: dict[str, Any]) -> str:
        actor = actor_here()
        await asyncio.shield(lanes.writer.run(journal.do, actor, now(), perform, asked))
        return t(f"desk.done_{asked['verb']}")


def perform(work: Work, asked: dict[str, Any]) -> None:
    """The verb that a desk asked for. Raises BadInput for one that does not exist; the actions themselves check who may."""
    verb, id_ = str(asked.get("verb")), str(asked.get("id"))
    if verb == "steer":
        steer_wall(work, id_, layout=int(asked["layout"]))
    elif verb == "visitors":
        steer_wall(work, id_, visitors=bool(asked["on"]))
    elif verb == "show":
        steer_wall(work, id_, focus=(str(asked["kind"]), str(asked["row"])))
    elif verb in VERBS:
        VERBS[verb](work, id_)
    else:
        raise BadInput(verb, code="input.bad")


VERBS: dict[str, Callable[[Work, str], object]] = {
    "take_call": take_call,
    "answer_call": answer_call,
    "end_call": lambda work, id_: end_call(work, id_, "finished"),
    "take_sos": acknowledge_sos,
    "respond_sos": lambda work, id_: respond_sos(work, id_),
    "resolve_sos": lambda work, id_: resolve_sos(work, id_, False),
    "false_sos": lambda work, id_: resolve_sos(work, id_, True),
}
