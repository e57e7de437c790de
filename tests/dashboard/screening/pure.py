"""The masking page's pure modules, asked by node."""

from pathlib import Path
from typing import Any

from tests.node import answer as of_module

STATIC = Path(__file__).resolve().parents[3] / "dashboard/screening/static"


def answer(module: str, names: str, expression: str, asked: object) -> Any:
    """What this expression makes of `asked`. names: what it uses of the module."""
    return of_module(str(STATIC / module), names, expression, asked)
