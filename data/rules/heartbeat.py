"""Parts of the product that go down and come back: which words they have."""

import re

from data.errors import BadInput

CHANGES_KEPT = 8  # of one part, for the wall's line of last changes
_NAME = re.compile(r"[a-z_]{1,24}")


def part_name(value: str) -> str:
    """Raises BadInput."""
    if not _NAME.fullmatch(value):
        raise BadInput("part", code="input.bad")
    return value


def part_state(value: str) -> str:
    """Raises BadInput."""
    if value not in ("up", "down"):
        raise BadInput("state", code="input.bad")
    return value
