"""The first line of every verb: may this actor do this at all?"""

from data.errors import NotPermitted
from data.journal import Work
from data.rules.permissions import Verb, may


def allowed(work: Work, verb: Verb) -> None:
    """Raises NotPermitted: identity.locked when his desk is locked (the PIN opens it), else identity.not_permitted; params: verb."""
    if may(work.actor, verb):
        return
    if work.actor.locked:
        raise NotPermitted(verb, code="identity.locked", verb=verb.value)
    raise NotPermitted(verb, verb=verb.value)
