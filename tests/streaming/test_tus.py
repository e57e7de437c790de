"""The headers of tus 1.0."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import CommandCentreError
from streaming import tus


@given(said=st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.text(max_size=40), max_size=4))
def test_metadata_comes_out_as_it_was_put_in(said: dict[str, str]) -> None:
    written = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
    assert tus.metadata({"upload-metadata": written}) == said


@given(said=st.text(max_size=60))
def test_whatever_is_said_is_understood_or_refused(said: str) -> None:
    headers = dict.fromkeys(("upload-metadata", "upload-checksum", "upload-offset", "tus-resumable", "content-type"), said)
    reads: list[Callable[[], object]] = [
        lambda: tus.metadata(headers), lambda: tus.checksum(headers), lambda: tus.number(headers, "upload-offset"),
        lambda: tus.check_version(headers), lambda: tus.check_body(headers),
    ]  # fmt: skip
    assert {status(read) for read in reads} <= {200, 400, 412, 415, 460}


def status(read: Callable[[], object]) -> int:
    try:
        read()
    except CommandCentreError as error:
        return error.status
    return 200


@pytest.mark.parametrize("said", ["", "-1", "+1", "1.0", " 1", "1e3", "0x1", "１", "9" * 16])
def test_a_number_is_written_in_one_way(said: str) -> None:
    with pytest.raises(CommandCentreError):
        tus.number({"upload-offset": said}, "upload-offset")
    assert tus.number({"upload-offset": "0012"}, "upload-offset") == 12
