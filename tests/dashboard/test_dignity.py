"""No sentence of ours takes anybody's dignity: debtors sit before these screens, and their names stand on them."""

import pytest

from dashboard.i18n import t

UNDIGNIFIED = ("老赖", "曝光", "抓", "赖账", "示众", "嘴脸", "败类", "丢人", "颜面扫地", "无处可逃", "落网", "就范")


def found(sentences: dict[str, str]) -> list[tuple[str, str]]:
    return [(key, word) for key, said in sentences.items() for word in UNDIGNIFIED if word in said]


def test_no_sentence_holds_an_undignified_word() -> None:
    tables = {key.partition(".")[0] for key in t._sentences}
    sentences = t.table(*tables)
    assert len(sentences) == len(t._sentences) > 1_000
    assert found(sentences) == []


@pytest.mark.parametrize("word", UNDIGNIFIED)
def test_one_that_did_would_be_found(word: str) -> None:
    assert found({"a.b": f"法院{word}了"}) == [("a.b", word)]
