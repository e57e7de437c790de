"""The frame of a panel: its title, its age, its body. What stands inside is drawn by the browser from rows that the server masked."""

from typing import Any

from dash import html

from dashboard.i18n import t


def panel(name: str, *inside: Any, head: bool = True) -> html.Section:
    """A panel that outsiders find by `data-panel`; its state and age are set by the page."""
    title = [html.Header([html.H2(t(f"wall.{name}")), html.Span(className="age")])] if head else []
    marks: Any = {"data-panel": name, "data-state": "empty"}
    return html.Section([*title, *(inside or [html.Div(id=f"{name}-body", className="body")])], **marks)
