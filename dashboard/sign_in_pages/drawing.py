"""A page of ours from its template and the texts; everything filled in is escaped."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.i18n import t

_templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)


def draw(template: str, **holes: object) -> str:
    """The whole page as HTML. In a template `t("sign_in.title")` is the sentence of that key."""
    return _templates.get_template(template).render(t=t, **({"demo": False, "refresh_s": None} | holes))
