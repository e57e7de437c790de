"""The two pages that Dash serves, wall and desk, on our own application."""

import inspect
import logging
from collections.abc import Callable
from importlib import import_module
from time import time_ns
from typing import Any

from dash import Dash
from dash.backends._fastapi import FastAPIDashServer, set_current_request
from dash.exceptions import PreventUpdate
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from dashboard import i18n
from dashboard.building import HERE
from dashboard.i18n import t
from dashboard.sign_in import note_refusal
from data.errors import CommandCentreError, NotPermitted

PREFIX = "/centre/"
FACES = {name: import_module(f"dashboard.{name}.page") for name in ("wall", "desk") if (HERE / name / "page.py").exists()}
TEXTS_OF = {"wall": ("wall", "video", "row"), "desk": ("desk", "wall", "video", "row")}

INDEX = """<!DOCTYPE html>
<html lang="zh-CN" data-face="@face@" data-build="@build@">
<head>{%metas%}<title>@title@</title>{%favicon%}
{%css%}
@modules@
</head>
<body>
{%app_entry%}
<script type="application/json" id="ecc-texts">@texts@</script>
<footer>{%config%}
{%scripts%}
{%renderer%}</footer>
</body>
</html>"""

log = logging.getLogger(__name__)


def dash_on(root: FastAPI) -> Dash:
    dash = Dash(
        __name__,
        backend=_backend(root),
        routes_pathname_prefix=PREFIX,
        requests_pathname_prefix=PREFIX,
        assets_folder=str(HERE / "assets"),
        assets_path_ignore=["modules"],
        index_string=INDEX,
        suppress_callback_exceptions=True,
        websocket_callbacks=False,
        update_title="",
        title=t("name"),
        on_error=_say_error,
        add_log_handler=False,
    )
    dash.layout = _layout
    # Dash would answer every unknown path with the wall and 200; our two pages are plain routes
    setattr(dash.backend, "_setup_catchall", lambda: None)  # noqa: B010
    # its own socket is refused to all; told of it, each page would knock for ever, and Chromium then slows every socket to this host
    dash.backend.websocket_capability = False
    return dash


def page_of(dash: Dash, build: str, face: str) -> Callable[[Request], Any]:
    texts = i18n.in_script(t.table(*TEXTS_OF[face]))
    title = t(f"{face}.title" if f"{face}.title" in t else "name")
    filled = {"@face@": face, "@build@": build, "@title@": title, "@texts@": texts, "@modules@": _preloads(face)}
    others = [f"{PREFIX}assets/{name}." for name in FACES if name != face]

    async def page(request: Request) -> Response:
        set_current_request(request)  # type: ignore[no-untyped-call]
        html: str = dash.index()  # type: ignore[no-untyped-call]
        kept = [line for line in html.splitlines() if not any(other in line for other in others)]
        html = "\n".join(kept)
        for hole, text in filled.items():
            html = html.replace(hole, text)
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    return page


async def wake(dash: Dash) -> None:
    """Without this the first page after a start comes without any file of `assets/`: Dash sets itself up on some of its paths only."""
    for function in dash.backend._before_request_funcs:  # type: ignore[attr-defined]
        done = function()
        if inspect.isawaitable(done):
            await done


def _backend(root: FastAPI) -> type[FastAPIDashServer]:
    """Dash's own, before our application. Handed the application itself, Dash first loads all of Flask to see whether it is one."""

    class OnRoot(FastAPIDashServer):
        @staticmethod
        def create_app(name: str = "", config: dict[str, Any] | None = None) -> FastAPI:
            return root

    return OnRoot


def _layout() -> Any:
    """The page that asks is known by where the asking came from; the gate decides by the same sign whose cookie counts."""
    from dash.backends._fastapi import get_current_request

    try:
        path = get_current_request().headers.get("referer", "")
    except RuntimeError:  # Dash asks once at the start, for nobody
        path = ""
    if not FACES:
        from dash import html

        return html.Div(id="root")
    return FACES["desk" if f"{PREFIX}desk" in path else "wall"].layout()


def _say_error(error: Exception) -> None:
    """Our errors reach the person as one sentence; the rest is logged and said as «internal»."""
    from dash import set_props

    if isinstance(error, PreventUpdate):
        raise error
    if not isinstance(error, CommandCentreError):
        log.error("a callback failed", exc_info=error)
        error = CommandCentreError()
    if isinstance(error, NotPermitted):
        note_refusal(error)
    said = {"children": i18n.of_error(error), "data-code": error.code, "data-since": error.params.get("since"), "data-at": f"{time_ns()}"}
    set_props("notice", said)


def _preloads(face: str) -> str:
    """So that the modules are fetched beside Dash's own scripts, not one after the other behind them."""
    left_out = ("check",) if face == "desk" else ("check", "desk", "publish", "seat")
    names = sorted(path.name for path in (HERE / "assets/modules").glob("*.mjs") if not path.name.startswith(left_out))
    return "\n".join(f'<link rel="modulepreload" href="{PREFIX}assets/modules/{name}">' for name in names)
