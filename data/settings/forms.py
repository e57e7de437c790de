"""The form of each value: from a TOML file, a variable or somebody's typing to a typed value, and back to words."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from data.errors import Misconfigured
from data.settings.choices import Choices

_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def from_text(key: str, raw: Any) -> Any:
    """The value of a key from what the file or a variable says, or somebody typed. Raises Misconfigured bad_value."""
    form = _FORMS[str(next(each.type for each in fields(Choices) if each.name == key))]
    try:
        return form(raw)
    except (ValueError, TypeError) as error:
        raise bad(key, str(error)) from error


def bad(key: str, why: str) -> Misconfigured:
    return Misconfigured(f"{key}: {why}", code="misconfigured.bad_value", key=key, why=why)


def forms() -> dict[str, str]:
    """Of every key what its value is: text, number, truth, list, path."""
    named: dict[Callable[[Any], Any], str] = {_number: "number", _truth: "truth", _words: "list", as_path: "path"}
    return {each.name: named.get(_FORMS[str(each.type)], "text") for each in fields(Choices)}


def as_texts(choices: Choices) -> dict[str, str]:
    """Every setting that has a value, as a variable would say it."""
    said = {each.name: _as_text(getattr(choices, each.name)) for each in fields(Choices)}
    return {key: text for key, text in said.items() if text is not None}


def as_words(value: Any) -> str:
    """A value in the words of the file, for a person."""
    return _as_text(value) or ""


def _as_text(value: Any) -> str | None:
    if value is None or value == ():
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError("a text in quotes is expected")
    return raw.strip()


def _number(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise TypeError("a whole number is expected")
    try:
        return int(raw)
    except ValueError as error:
        raise ValueError("a whole number is expected") from error


def _truth(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    said = str(raw).strip().lower()
    if said not in _TRUE | _FALSE:
        raise ValueError("true or false is expected")
    return said in _TRUE


def as_path(raw: Any) -> Path:
    said = _text(raw)
    if not said:
        raise ValueError("a path is expected")
    return Path(said).expanduser().absolute()


def _words(raw: Any) -> tuple[str, ...]:
    listed = raw if isinstance(raw, list | tuple) else _text(raw).split(",")
    return tuple(_text(word) for word in listed if _text(word))


def _or_nothing(form: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda raw: None if raw == "" else form(raw)


_FORMS: dict[str, Callable[[Any], Any]] = {
    str(str): _text,
    str(int): _number,
    str(bool): _truth,
    str(Path): as_path,
    str(str | None): _or_nothing(_text),
    str(Path | None): _or_nothing(as_path),
    str(tuple[str, ...]): _words,
}
