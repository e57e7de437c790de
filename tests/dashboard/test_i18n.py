"""Texts: the same keys and holes in both languages, and every key that the code says."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from dashboard import i18n
from dashboard.i18n import t
from data.errors import AlreadyOwned, CommandCentreError, TooMany, TransitionRefused

ROOT = Path(__file__).resolve().parents[2]
SAID = re.compile(r"""\b(?:t|say|texts)\(\s*"([a-z0-9_]+(?:\.[a-z0-9_]+)+)\"""")
SAID_IN_A_PAGE = re.compile(r"""(?<![\w.])t\(\s*["']([a-z0-9_]+(?:\.[a-z0-9_]+)+)["']""")
CODE = re.compile(r"""\bcode\s*=\s*"([a-z0-9_.]+)\"""")


def sources(*rooms: str, ending: str = "py") -> Iterator[Path]:
    for room in rooms:
        yield from (ROOT / room).rglob(f"*.{ending}")


def code_of(file: Path) -> str:
    """A Python file without its docstrings and comments."""
    return re.sub(r'""".*?"""|#[^\n]*', "", file.read_text(), flags=re.DOTALL)


def test_both_languages_have_the_same_keys_and_holes() -> None:
    i18n.check()


def test_every_sentence_that_the_code_says_exists() -> None:
    missing = [
        f"{file.relative_to(ROOT)}: {key}"
        for file in sources("data", "streaming", "dashboard")
        for key in SAID.findall(code_of(file))
        if key not in t
    ]
    assert missing == []


def test_every_sentence_that_a_template_says_exists() -> None:
    said = {key for file in sources("dashboard", ending="html") for key in re.findall(r'\bt\("([\w.]+)"[,)]', file.read_text("utf-8"))}
    assert "host.checked_in" in said
    assert {key for key in said if key not in i18n.t} == set()


def test_every_sentence_that_wall_and_desk_say_exists() -> None:
    pages = list(sources("dashboard/assets", ending="*js"))
    missing = [f"{file.name}: {key}" for file in pages for key in SAID_IN_A_PAGE.findall(file.read_text()) if key not in t]
    assert missing == []


def test_every_error_code_that_is_raised_has_its_sentence() -> None:
    codes = {(file.name, code) for file in sources("data", "streaming", "dashboard", "geo") for code in CODE.findall(file.read_text())}
    assert sorted(f"{name}: error.{code}" for name, code in codes if f"error.{code}" not in t) == []


def unsaid(keys: Iterable[str], written: str) -> list[str]:
    """Keys that nothing says: whole, by their end (a table is handed to a page alone), or by a beginning that a hole follows.

    A whole table before the hole says little: the word behind it, or each of its parts, must then be written somewhere.
    """
    whole = set(re.findall(r"""["'`@{]([A-Za-z_][\w.-]*)["'`@}]""", written)) | set(re.findall(r"\btexts\.(\w+)", written))
    heads = {head for head in re.findall(r"""([A-Za-z_.]+[_.])(?:["'`{]|\$\{)""", written) if len(head) > 2}
    begun, tables = (tuple(head for head in heads if head[-1] == last) for last in "_.")
    words = set(re.findall(r"[\w-]+", written))

    def is_said(end: str) -> bool:
        if end in whole or end.startswith(begun):
            return True
        last = end.rpartition(".")[2]
        return end.startswith(tables) and (last.isdigit() or last in words or words.issuperset(last.split("_")))

    return [key for key in keys if not any(is_said(key.split(".", n)[-1]) for n in range(key.count(".") + 1))]


def test_every_sentence_is_said_somewhere() -> None:
    rooms, endings = ("dashboard", "streaming", "data", "geo"), ("py", "html", "js", "mjs", "sh")
    written = "\n".join(file.read_text("utf-8") for room in rooms for ending in endings for file in sources(room, ending=ending))
    assert unsaid(t.keys(), written) == []
    assert unsaid(["wall.nobody_utters"], written) == ["wall.nobody_utters"]


def test_no_language_is_glued_into_the_code() -> None:
    """Chinese sentences stand in the texts alone; what rules write into rows (surnames, masks, forms) is data."""
    han = re.compile("[\u4e00-\u9fff]{5,}")
    glued = []
    for file in sources("dashboard"):
        if "demo" in file.parts:
            continue
        glued += [f"{file.relative_to(ROOT)}: {found}" for found in han.findall(code_of(file))]
    assert glued == []


def test_a_key_that_is_missing_is_no_silent_blank() -> None:
    with pytest.raises(CommandCentreError) as refused:
        t("no.such_key")
    assert refused.value.code == "misconfigured.text"


def test_a_language_that_lacks_a_key_refuses_the_start(tmp_path: Path) -> None:
    for language, more in (("zh", 'extra = "多"'), ("en", "")):
        (tmp_path / f"{language}.toml").write_text(f"[page]\n{more}\n")
    with pytest.raises(CommandCentreError, match=r"page\.extra"):
        i18n.check(tmp_path)


def test_a_hole_that_one_language_lacks_refuses_the_start(tmp_path: Path) -> None:
    for language, said in (("zh", "{who}来了"), ("en", "somebody came")):
        (tmp_path / f"{language}.toml").write_text(f'[page]\ncame = "{said}"\n')
    with pytest.raises(CommandCentreError, match="holes"):
        i18n.check(tmp_path)


def test_an_error_says_its_sentence_with_its_holes() -> None:
    assert i18n.of_error(AlreadyOwned(owner="值班员 王")) == t("error.already_owned", owner="值班员 王")
    assert "7" in i18n.of_error(TooMany(retry_after_s=7))


def test_an_error_whose_code_has_no_sentence_says_that_of_its_class() -> None:
    assert i18n.of_error(TransitionRefused(code="call.some_new_code")) == t("error.transition_refused")
    assert i18n.of_error(AlreadyOwned()) == t("error.rule.broken")
