"""Which pages the administration has, and who sees which: a page that somebody may not use is not shown to him."""

from dataclasses import dataclass

from data.rules.permissions import Actor, Verb, may


@dataclass(frozen=True, slots=True)
class Tab:
    """One page below `/centre/admin/`. name: its path, and its sentence `admin.tab_<name>`; verb: the right that opens it."""

    name: str
    verb: Verb


TABS = (
    Tab("people", Verb.MANAGE_PEOPLE),
    Tab("devices", Verb.REVOKE_DEVICE),
    Tab("walls", Verb.REVOKE_WALL),
    Tab("workbook", Verb.EXPORT_COURT),
    Tab("fences", Verb.DRAW_FENCE),
    Tab("map", Verb.CHANGE_SETTING),
    Tab("factors", Verb.MANAGE_PEOPLE),
    Tab("keys", Verb.CHANGE_KEY),
    Tab("settings", Verb.CHANGE_SETTING),
    Tab("storage", Verb.SEE_STORAGE),
    Tab("audit", Verb.SEE_AUDIT),
)


def tabs_of(actor: Actor) -> list[str]:
    """The names of the pages that this person may open, in their order."""
    return [tab.name for tab in TABS if may(actor, tab.verb)]
