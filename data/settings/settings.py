"""The settings of a start: what an operator chose, checked, and what follows from it."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from data.errors import Misconfigured
from data.rules import second_factor
from data.rules.permissions import Role
from data.settings.addresses import sqlite_url
from data.settings.checks import check
from data.settings.choices import Choices

FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Settings(Choices):
    """What an operator chose, passed down as an argument; made by `of`, `but` or `load`, which check it."""

    @classmethod
    def of(cls, **values: Any) -> "Settings":
        """Settings from typed values, checked and completed as if they had been read. Raises Misconfigured."""
        return _complete(cls(**values))

    def but(self, **changes: Any) -> "Settings":
        """These settings with some changed, checked again; what was derived from the home follows a new home."""
        if "home" in changes:
            changes.setdefault("layers", Path())
            if self.recordings == self.home / "recordings":
                changes.setdefault("recordings", Path())
            if self.database_url == sqlite_url(self.home / "ecc.db"):
                changes.setdefault("database_url", "")
        return _complete(replace(self, **changes))

    @property
    def origin(self) -> str:
        """Scheme, host and port as a browser sees them."""
        if self.public_origin:
            return self.public_origin
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"

    @property
    def media(self) -> str:
        """The same for the relay: its own port of the same host, with the same certificate, unless `media_origin` names another."""
        if self.media_origin:
            return self.media_origin
        said = urlsplit(self.origin)
        host = f"[{said.hostname}]" if ":" in (said.hostname or "") else said.hostname
        return f"{said.scheme}://{host}:{self.media_port}"

    @property
    def webs(self) -> range:
        """The numbers of the web processes of this home, from 1."""
        return range(1, self.web_processes + 1)

    def web_port(self, number: int) -> int:
        """Where the web process of this number listens: one beside the other."""
        return self.port + number - 1

    def web_here(self, number: int) -> str:
        """How a process of this machine reaches this web process, whatever proxy stands before it."""
        return self._here(self.web_port(number))

    @property
    def media_here(self) -> str:
        """The same for the relay."""
        return self._here(self.media_port)

    def _here(self, port: int) -> str:
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"{'https' if self.tls_cert else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"

    def owner_of(self, part: str) -> str:
        """Who is responsible for this part, as `owners` names him; "*" stands for all the others."""
        named = dict(each.split("=", 1) for each in self.owners)
        return named.get(part, named.get("*", ""))

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by TLS, here or at a proxy: cookies are then Secure."""
        return self.origin.startswith("https://")

    @property
    def second_factor_roles(self) -> frozenset[Role]:
        """Who cannot sign in without an authenticator; in the demonstration nobody, whose accounts are printed on the screen."""
        return frozenset() if self.demo else second_factor.roles(self.second_factor_for)

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def positions(self) -> Path:
        return self.home / "positions"

    @property
    def archive(self) -> Path:
        """Days of positions that are sealed; see `archive_days`."""
        return self.home / "archive"

    @property
    def maps(self) -> Path:
        """The operator's map files before they are built: put there by him, or uploaded on the administrator's page."""
        return self.home / "maps"

    @property
    def clips(self) -> Path:
        """Masked files for audiences; not where the originals are."""
        return self.home / "clips"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def run(self) -> Path:
        return self.home / "run"

    def make_folders(self) -> None:
        """The home and its folders, for us alone (0700). Raises Misconfigured when they cannot be made or written."""
        try:
            for folder in (
                self.home, self.keys, self.positions, self.log, self.run, self.layers, self.recordings, self.clips, self.archive, self.maps,
            ):  # fmt: skip
                folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            self.home.chmod(FOLDER_MODE)
        except OSError as error:
            raise Misconfigured(f"{error.strerror}", code="misconfigured.home", path=str(self.home)) from error
        if not os.access(self.home, os.W_OK | os.X_OK):
            raise Misconfigured("not writable", code="misconfigured.home", path=str(self.home))


def _complete(settings: Settings) -> Settings:
    """The settings with what follows from the home filled in. Raises Misconfigured."""
    home = settings.home.expanduser().absolute()
    settings = replace(
        settings,
        home=home,
        layers=home / "layers" if settings.layers == Path() else settings.layers,
        recordings=home / "recordings" if settings.recordings == Path() else settings.recordings,
        database_url=_driver(settings.database_url) or sqlite_url(home / "ecc.db"),
    )
    check(settings)
    return settings


def _driver(url: str) -> str:
    """`postgres://` and `postgresql://` mean the driver we use."""
    return re.sub(r"\Apostgres(ql)?://", "postgresql+psycopg://", url)
