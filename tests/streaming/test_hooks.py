"""The one file on private parts refuses to start when such a part has changed, and names it."""

import aiortc
import pytest
from aioice import Connection

from data.errors import Misconfigured
from streaming import hooks


async def test_it_starts_on_the_locked_version() -> None:
    hooks.check()


async def test_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiortc, "__version__", "1.17.0")
    with pytest.raises(Misconfigured) as refused:
        hooks.check()
    assert refused.value.params == {"part": "aiortc 1.17.0"}


async def test_a_part_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Connection, "get_component_candidates")
    with pytest.raises(Misconfigured) as refused:
        hooks.check()
    assert refused.value.params == {"part": "Connection.get_component_candidates"}
