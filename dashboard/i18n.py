"""Every sentence that a person reads, by key: `t("call.ringing", officer=…)`. Chinese; English stands beside it with the same keys.

Texts are whole sentences with named holes (`{officer}`), never glued from pieces. A key or a hole that is missing is found at start and
by the tests, not by a duty officer.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from data.errors import CommandCentreError, Misconfigured

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = ("zh", "en")
HOLE = re.compile(r"\{(\w+)\}")
SAFE_IN_SCRIPT = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


class Texts:
    """The sentences of one language."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self._sentences = dict(sentences)

    def __call__(self, key: str, /, **holes: object) -> str:
        """The sentence with its holes filled; more holes than it has are no error. Raises Misconfigured: unknown key, hole left empty."""
        try:
            return HOLE.sub(lambda hole: str(holes[hole[1]]), self._sentences[key])
        except KeyError as error:
            raise Misconfigured(f"text {key} lacks {error}", code="misconfigured.text", key=key) from error

    def __contains__(self, key: str) -> bool:
        return key in self._sentences

    def table(self, *names: str) -> dict[str, str]:
        """Every sentence of these tables under its whole key, for a page: {"wall.title": …}."""
        return {key: said for key, said in self._sentences.items() if key.partition(".")[0] in names}

    def alone(self, name: str) -> dict[str, str]:
        """Every sentence of one table without the table's name: {"title": …}."""
        return {key.partition(".")[2]: said for key, said in self.table(name).items()}

    def keys(self) -> set[str]:
        return set(self._sentences)

    def holes(self, key: str) -> frozenset[str]:
        return frozenset(HOLE.findall(self._sentences[key]))


def read(language: str, folder: Path = FOLDER) -> Texts:
    """The texts of one language. Raises Misconfigured when the file is missing or holds anything but sentences."""
    try:
        with (folder / f"{language}.toml").open("rb") as file:
            return Texts(_flat(tomllib.load(file)))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Misconfigured(f"{language}.toml: {error}", code="misconfigured.text", key=language) from error


def check(folder: Path = FOLDER) -> None:
    """Refuse to start when the languages differ in a key or a hole, or an error of ours has no sentence. Raises Misconfigured."""
    ours, *others = (t if (folder, language) == (FOLDER, LANGUAGES[0]) else read(language, folder) for language in LANGUAGES)
    for other in others:
        for key in sorted(ours.keys() ^ other.keys()):
            raise Misconfigured(f"{key} stands in one language only", code="misconfigured.text", key=key)
        for key in sorted(ours.keys()):
            if ours.holes(key) != other.holes(key):
                raise Misconfigured(f"{key} has other holes in another language", code="misconfigured.text", key=key)
    for code in _codes(CommandCentreError):
        if f"error.{code}" not in ours:
            raise Misconfigured(f"error.{code} has no sentence", code="misconfigured.text", key=f"error.{code}")


def in_script(value: Any) -> str:
    """As JSON for a page's <script>, which no text in it can end."""
    return orjson.dumps(value).decode().translate(SAFE_IN_SCRIPT)


def of_error(error: CommandCentreError) -> str:
    """What the person is told. An error whose own sentence is missing or incomplete falls back to that of its class."""
    for code in (error.code, *(each.code for each in type(error).__mro__ if issubclass(each, CommandCentreError))):
        key = f"error.{code}"
        if key in t and t.holes(key) <= error.params.keys():
            return t(key, **error.params)
    return t("error.internal")


def _codes(tree: type[CommandCentreError]) -> set[str]:
    return {tree.code}.union(*(_codes(branch) for branch in tree.__subclasses__()))


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in table.items():
        key = f"{before}{name}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{key}.")
        elif isinstance(value, str):
            flat[key] = value
        else:
            raise Misconfigured(f"{key} is no sentence", code="misconfigured.text", key=key)
    return flat


t = read(LANGUAGES[0])
