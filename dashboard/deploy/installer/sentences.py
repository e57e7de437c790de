"""What the administrator reads: Chinese, and English below it."""

import re
import tomllib
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]  # `install` in a bundle, `deploy` in the source tree


class Refused(Exception):
    """Nothing was changed, or everything was put back; the sentence says why."""

    def __init__(self, key: str, **holes: object) -> None:
        super().__init__(key)
        self.key, self.holes = key, holes


@cache
def _texts(language: str) -> dict[str, str]:
    for folder in (HERE, HERE.parent / "texts"):  # in a bundle; in the source tree
        if (folder / f"{language}.toml").exists():
            read: dict[str, str] = tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))["install"]
            return read
    raise FileNotFoundError(f"{language}.toml")


def sentence(key: str, **holes: object) -> str:
    """Chinese, and English below it: the console of a server without a Chinese font is where this is read."""
    return "\n".join(
        re.sub(r"\{(\w+)\}", lambda hole: str(holes[hole[1]]), _texts(language)[key]) for language in ("zh", "en")
    )  # fmt: skip


def say(key: str, **holes: object) -> None:
    print(sentence(key, **holes), flush=True)
