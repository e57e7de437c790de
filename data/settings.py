"""Every setting of the product, read once from a TOML file and from `ECC_*` variables; frozen, and passed down as an argument.

The only reader of the environment. What each key means stands in `dashboard/ecc.example.toml`. A variable wins over the file.
"""

import ipaddress
import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from data.errors import Misconfigured
from data.rules import second_factor
from data.rules.backups import OF_DAY, RECIPIENT
from data.rules.permissions import Role

PREFIX = "ECC_"
TOML_NAME = "ecc.toml"  # looked for in the home when no file is named
LOG_LEVELS = ("debug", "info", "warning", "error")
FOLDER_MODE = 0o700

# Passwords that scanners try first. Whoever runs the centre with one of them has an open door and does not know it.
WEAK = {
    "password", "passwd", "pass", "changeme", "change-me", "secret", "admin", "administrator", "root", "test", "demo", "default", "guest",
    "postgres", "postgresql", "redis", "valkey", "foobared", "ecc", "enforcement", "123456", "12345678", "123456789", "111111", "000000",
    "qwerty", "letmein", "welcome",
}  # fmt: skip

_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def _default_home() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "ecc"


UNNAMED = "QX"  # the code of nobody's court: what stands there until somebody says whose centre this is
LIVE = {"live": True}  # may change while the centre runs, on the administrator's page: whoever uses it asks `live_settings.current`


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose. Names, units and defaults; `ecc.example.toml` says the rest."""

    home: Path = field(default_factory=_default_home)
    host: str = "127.0.0.1"
    port: int = 8050
    media_port: int = 8051
    web_processes: int = 1
    media_origin: str | None = None
    media_addresses: tuple[str, ...] = ()
    public_origin: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    database_url: str = ""  # empty: SQLite in the home; filled by `_complete`
    redis_url: str | None = None
    redis_sentinels: tuple[str, ...] = ()
    redis_ca: Path | None = None
    redis_cert: Path | None = None
    redis_key: Path | None = None
    court_code: str = UNNAMED
    court_name: str = "清溪区人民法院"
    duty_phone: str = field(default="", metadata=LIVE)
    civil_offset_s: int = 28_800
    layers: Path = Path()
    history_days: int = field(default=8, metadata=LIVE)
    archive_days: int = field(default=30, metadata=LIVE)
    map_approval: str = field(default="", metadata=LIVE)
    recordings: Path = Path()
    recording_days: int = field(default=184, metadata=LIVE)
    session_hours: int = field(default=12, metadata=LIVE)
    second_factor_for: tuple[str, ...] = field(default=("technical", "inspector"), metadata=LIVE)
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret_file: Path | None = None
    oidc_claim: str = "preferred_username"
    oidc_label: str = "统一身份认证"
    oidc_second_factor: tuple[str, ...] = ()
    wall_session_days: int = field(default=400, metadata=LIVE)
    stale_s: int = field(default=30, metadata=LIVE)
    lost_s: int = field(default=120, metadata=LIVE)
    case_system_stale_s: int = field(default=3_600, metadata=LIVE)
    case_system_lost_s: int = field(default=86_400, metadata=LIVE)
    visitors_default: bool = False
    live_on_stage: bool = True
    turn_urls: tuple[str, ...] = ()
    turn_addresses: tuple[str, ...] = ()
    ntp_server: str = ""
    owners: tuple[str, ...] = ()
    metrics_port: int = 0
    backup_at: str = field(default="", metadata=LIVE)
    backup_to: Path | None = None
    backup_keys_to: Path | None = None
    backup_recipients: tuple[str, ...] = ()
    backup_keep: int = 7
    log_level: str = "info"
    demo: bool = False

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
            if self.database_url == _sqlite_in(self.home):
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
    def media(self) -> str:
        """The same for the relay: its own port of the same host, with the same certificate, unless `media_origin` names another."""
        if self.media_origin:
            return self.media_origin
        said = urlsplit(self.origin)
        host = f"[{said.hostname}]" if ":" in (said.hostname or "") else said.hostname
        return f"{said.scheme}://{host}:{self.media_port}"

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
                self.home,
                self.keys,
                self.positions,
                self.log,
                self.run,
                self.layers,
                self.recordings,
                self.clips,
                self.archive,
                self.maps,
            ):
                folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            self.home.chmod(FOLDER_MODE)
        except OSError as error:
            raise Misconfigured(f"{error.strerror}", code="misconfigured.home", path=str(self.home)) from error
        if not os.access(self.home, os.W_OK | os.X_OK):
            raise Misconfigured("not writable", code="misconfigured.home", path=str(self.home))


def load(environ: Mapping[str, str] | None = None, toml_path: Path | None = None) -> Settings:
    """The settings of this start: defaults, then the TOML file, then `ECC_*` variables.

    toml_path: None means `ecc.toml` in the home, if there is one. Raises Misconfigured: unknown_key (names the nearest known key),
    bad_value, weak_secret, file.
    """
    environ = os.environ if environ is None else environ
    from_environ = _known({name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if name.startswith(PREFIX)}, PREFIX)
    if toml_path is None:
        home = _path(from_environ["home"]) if "home" in from_environ else _default_home()
        toml_path = home / TOML_NAME if (home / TOML_NAME).exists() else None
    from_file = _known(_read_toml(toml_path), "") if toml_path else {}
    values = {key: _value(key, raw) for key, raw in (from_file | from_environ).items()}
    return Settings.of(**values)


def as_environ(settings: Settings) -> dict[str, str]:
    """The environment of a child process that shall load exactly these settings, whatever file or variable they came from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {f"{PREFIX}{key.upper()}": text for key, text in as_texts(settings).items()}


def foreign_environ(**said: str) -> dict[str, str]:
    """The environment of somebody else's program: what this process was given but our settings, and what is said here."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | said


def as_texts(settings: Settings) -> dict[str, str]:
    """Every setting that has a value, as a variable would say it."""
    said = {each.name: _as_text(getattr(settings, each.name)) for each in fields(settings)}
    return {key: text for key, text in said.items() if text is not None}


def forms() -> dict[str, str]:
    """Of every key what its value is: text, number, truth, list, path."""
    named: dict[Callable[[Any], Any], str] = {_number: "number", _truth: "truth", _words: "list", _path: "path"}
    return {each.name: named.get(_FORMS[str(each.type)], "text") for each in fields(Settings)}


def plain_environ() -> dict[str, str]:
    """The environment of a foreign program: what the machine gives, and nothing of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def systemd_socket() -> str:
    """Where systemd wants to hear that we are ready and alive; empty when it did not start us, or does not ask."""
    return os.environ.get("NOTIFY_SOCKET", "")


def has_screen(environ: Mapping[str, str] | None = None) -> bool:
    """Whether a browser of this user would be seen by anybody."""
    environ = os.environ if environ is None else environ
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def live_keys() -> tuple[str, ...]:
    """What may change while the centre runs; every other key is read at the start only."""
    return tuple(each.name for each in fields(Settings) if each.metadata.get("live"))


def as_words(value: Any) -> str:
    """A value in the words of the file, for a person."""
    return _as_text(value) or ""


def is_secret(key: str) -> bool:
    """Whether its value may hold a password and is shown to nobody."""
    return key in ("database_url", "redis_url", "redis_sentinels")


def from_text(key: str, typed: str) -> Any:
    """The value of a key from what somebody typed, in the form of the file. Raises Misconfigured bad_value."""
    return _value(key, typed)


def keys() -> tuple[str, ...]:
    """Every key, in the order of the example."""
    return tuple(each.name for each in fields(Settings))


def _as_text(value: Any) -> str | None:
    if value is None or value == ():
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(value) if isinstance(value, tuple) else str(value)


# --- reading ----------------------------------------------------------------------------------------------------------------------


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise Misconfigured(str(error.strerror), code="misconfigured.file", path=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(str(error), code="misconfigured.file", path=str(path)) from error


def _known(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The same values. A key that nobody reads would be believed to work: it is an error, with the nearest known one."""
    known = keys()
    for key in values:
        if key not in known:
            nearest = next(iter(get_close_matches(key, known, 1, 0.4)), None)
            said, meant = (f"{prefix}{name.upper()}" if prefix and name else name or "" for name in (key, nearest))
            raise Misconfigured(
                f"unknown setting {said}, did you mean {meant or '?'}",
                code="misconfigured.unknown_key" if nearest else "misconfigured.unknown_key_alone",
                key=said,
                nearest=meant,
            )
    return dict(values)


def _value(key: str, raw: Any) -> Any:
    form = _FORMS[str(next(each.type for each in fields(Settings) if each.name == key))]
    try:
        return form(raw)
    except (ValueError, TypeError) as error:
        raise _bad(key, str(error)) from error


def _bad(key: str, why: str) -> Misconfigured:
    return Misconfigured(f"{key}: {why}", code="misconfigured.bad_value", key=key, why=why)


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


def _path(raw: Any) -> Path:
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
    str(Path): _path,
    str(str | None): _or_nothing(_text),
    str(Path | None): _or_nothing(_path),
    str(tuple[str, ...]): _words,
}


# --- checking ---------------------------------------------------------------------------------------------------------------------

_LIMITS = {
    "port": (0, 65_535),  # 0: a free one, for tests
    "media_port": (0, 65_535),
    "web_processes": (1, 4),
    "metrics_port": (0, 65_535),  # 0: none
    "civil_offset_s": (-86_400, 86_400),  # the demonstration may shift its day by up to a whole one
    "history_days": (1, 3_650),
    "archive_days": (0, 36_500),  # 0: no archive
    "recording_days": (184, 36_500),  # never less than the six months that the rules ask for
    "session_hours": (1, 24),
    "wall_session_days": (1, 3_650),
    "stale_s": (5, 3_600),
    "lost_s": (10, 86_400),
    "case_system_stale_s": (2, 604_800),
    "case_system_lost_s": (4, 2_592_000),
    "backup_keep": (1, 3_650),
}
_CODE = re.compile(r"[\w-]{1,16}")  # also 岭0108, as it stands in case numbers


def _complete(settings: Settings) -> Settings:
    """The settings with what follows from the home filled in. Raises Misconfigured."""
    home = settings.home.expanduser().absolute()
    settings = replace(
        settings,
        home=home,
        layers=home / "layers" if settings.layers == Path() else settings.layers,
        recordings=home / "recordings" if settings.recordings == Path() else settings.recordings,
        database_url=_driver(settings.database_url) or _sqlite_in(home),
    )
    checks = (
        _check_numbers,
        _check_ports,
        _check_words,
        _check_tls,
        _check_addresses,
        _check_bus,
        _check_turn,
        _check_owners,
        _check_backups,
        _check_oidc,
    )
    for check in checks:
        check(settings)
    for key in ("database_url", "redis_url"):
        _check_secret(key, getattr(settings, key))
    for sentinel in settings.redis_sentinels:
        _check_secret("redis_sentinels", sentinel if "://" in sentinel else f"redis://{sentinel}")
    return settings


def _sqlite_in(home: Path) -> str:
    return f"sqlite:///{home / 'ecc.db'}"


def _driver(url: str) -> str:
    """`postgres://` and `postgresql://` mean the driver we use."""
    return re.sub(r"\Apostgres(ql)?://", "postgresql+psycopg://", url)


def _check_numbers(settings: Settings) -> None:
    for key, (least, most) in _LIMITS.items():
        if not least <= getattr(settings, key) <= most:
            raise _bad(key, f"{least} … {most}")
    for lost, stale in (("lost_s", "stale_s"), ("case_system_lost_s", "case_system_stale_s")):
        if getattr(settings, lost) <= getattr(settings, stale):
            raise _bad(lost, f"> {stale} ({getattr(settings, stale)})")


def _check_ports(settings: Settings) -> None:
    """Several web processes listen at ports side by side, and so do their figures: none of these may be another's."""
    if settings.web_processes == 1:
        return
    webs = [settings.web_port(number) for number in settings.webs]
    if settings.port == 0 or webs[-1] > 65_535:
        raise _bad("port", f"web_processes = {settings.web_processes}: 1 … {65_536 - settings.web_processes}")
    if settings.media_port in webs:
        raise _bad("media_port", f"{webs[0]} … {webs[-1]}: web_processes")
    figures = [settings.metrics_port + number - 1 for number in settings.webs] if settings.metrics_port else []
    if set(figures) & {*webs, settings.media_port}:
        raise _bad("metrics_port", f"{figures[0]} … {figures[-1]}: port, media_port, web_processes")


def _check_words(settings: Settings) -> None:
    if settings.log_level not in LOG_LEVELS:
        raise _bad("log_level", " | ".join(LOG_LEVELS))
    if not _CODE.fullmatch(settings.court_code):
        raise _bad("court_code", "岭0108; A-Z a-z 0-9 _ -, 1 … 16")
    if not settings.court_name:
        raise _bad("court_name", "1 …")
    for said in settings.second_factor_for:
        try:
            second_factor.roles([said])
        except ValueError as error:
            people = sorted(role.value for role in Role if role not in second_factor.NOT_PEOPLE)
            raise _bad("second_factor_for", f"{said}: {' | '.join(people)}") from error


def _check_tls(settings: Settings) -> None:
    for both in (("tls_cert", "tls_key"), ("redis_cert", "redis_key")):
        for key in both:
            if getattr(settings, key) is None and any(getattr(settings, other) is not None for other in both):
                raise _bad(key, " + ".join(both))
    for key in ("tls_cert", "tls_key", "redis_ca", "redis_cert", "redis_key"):
        path: Path | None = getattr(settings, key)
        if path is not None and not path.is_file():
            raise _bad(key, f"no file {path}")


def _check_addresses(settings: Settings) -> None:
    if not settings.database_url.startswith(("sqlite:////", "postgresql+psycopg://")):
        raise _bad("database_url", "sqlite:////… | postgresql+psycopg://…")
    for key in ("public_origin", "media_origin"):
        if (origin := getattr(settings, key)) is not None and not re.fullmatch(r"https?://[^/\s?#@]+", origin):
            raise _bad(key, "https://host[:port]")
    for said in settings.media_addresses:
        for address in said.split("=", 1):
            try:
                ipaddress.ip_address(address)
            except ValueError as error:
                raise _bad("media_addresses", f"{said}: IP | IP=IP") from error
    for proxy in settings.trusted_proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError as error:
            raise _bad("trusted_proxies", f"{proxy}: IP | IP/bits") from error


SENTINELS_MOST = 9
_AT_BUS = re.compile(r"(?:(?P<scheme>rediss?)://(?:[^@/?#\s]*@)?)?(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?(?:/\d{0,2})?")


def _check_bus(settings: Settings) -> None:
    """The error names the form and never the value, which may hold a password. No options in an address: one could turn checks off."""
    url, sentinels = settings.redis_url, settings.redis_sentinels
    found = _AT_BUS.fullmatch(url or "")
    if url is not None and not (url.startswith("unix:///") or re.match(r"unix://[^@/]*@/", url) or (found and found["scheme"])):
        raise _bad("redis_url", "redis://user:password@host:port | rediss://… | unix://…")
    named = [_AT_BUS.fullmatch(each) for each in sentinels]
    if not all(named) or len(sentinels) > SENTINELS_MOST or any("," in each for each in sentinels):
        raise _bad("redis_sentinels", f"host:port | redis://user:password@host:port | rediss://…; %2C; ≤ {SENTINELS_MOST}")
    if sentinels and not (found and found["scheme"] and not found["port"]):
        raise _bad("redis_url", "redis_sentinels + redis://user:password@MASTER | rediss://…")
    by_tls = any(each and each["scheme"] == "rediss" for each in (found, *named))
    for key in ("redis_ca", "redis_cert", "redis_key"):
        if getattr(settings, key) is not None and not by_tls:
            raise _bad(key, "redis_url = rediss://…")


_TURN = re.compile(r"(turns?):(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?(?:\?transport=(?:udp|tcp))?")


def turn_url(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a TURN address (RFC 7065). Raises ValueError."""
    found = _TURN.fullmatch(url)
    port = int(found[3] or (5349 if found[1] == "turns" else 3478)) if found else 0
    if found is None or not 0 < port < 65_536:
        raise ValueError("turn:host[:port][?transport=udp|tcp] | turns:…")
    return found[1], found[2].strip("[]"), port


def _check_turn(settings: Settings) -> None:
    for url in settings.turn_urls:
        try:
            turn_url(url)
        except ValueError as error:
            raise _bad("turn_urls", f"{url}: {error}") from error
    for key in ("turn_addresses",):
        for address in getattr(settings, key):
            try:
                ipaddress.ip_address(address)
            except ValueError as error:
                raise _bad(key, f"{address}: IP") from error


def _check_owners(settings: Settings) -> None:
    for said in settings.owners:
        if not re.fullmatch(r"([a-z_]{1,24}|\*)=[^,\n]{1,40}", said):
            raise _bad("owners", f"{said}: database=信息科 8001 | *=…")


def _check_backups(settings: Settings) -> None:
    """A schedule that could make none is an error now, not at half past two."""
    for recipient in settings.backup_recipients:
        if not RECIPIENT.fullmatch(recipient):
            raise _bad("backup_recipients", "age1…")
    if not settings.backup_at:
        return
    if not OF_DAY.fullmatch(settings.backup_at):
        raise _bad("backup_at", "HH:MM")
    for key in ("backup_to", "backup_keys_to", "backup_recipients"):
        if not getattr(settings, key):
            raise _bad(key, "backup_at + backup_to + backup_keys_to + backup_recipients")
    if settings.backup_to == settings.backup_keys_to:
        raise _bad("backup_keys_to", "≠ backup_to")


def _check_oidc(settings: Settings) -> None:
    """An issuer by https only, or of this very machine; a secret that others of this machine can read is none."""
    if not settings.oidc_issuer:
        if settings.oidc_client_id or settings.oidc_client_secret_file or settings.oidc_second_factor:
            raise _bad("oidc_issuer", "https://…")
        return
    said = urlsplit(settings.oidc_issuer)
    if said.scheme != "https" and not (said.scheme == "http" and _is_loopback(said.hostname or "")):
        raise _bad("oidc_issuer", "https://…")
    if not said.hostname or said.username or said.query or said.fragment or re.search(r"\s", settings.oidc_issuer):
        raise _bad("oidc_issuer", "https://host[:port][/path]")
    for key in ("oidc_client_id", "oidc_claim", "oidc_label"):
        if not getattr(settings, key):
            raise _bad(key, "1 …")
    secret = settings.oidc_client_secret_file
    if secret is not None and not secret.is_file():
        raise _bad("oidc_client_secret_file", f"no file {secret}")
    if secret is not None and secret.stat().st_mode & 0o077:
        raise _bad("oidc_client_secret_file", "chmod 600")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_secret(key: str, url: str | None) -> None:
    """A well-known password is refused; it is never repeated in the error."""
    try:
        secret = unquote(urlsplit(url or "").password or "")
    except ValueError as error:
        raise _bad(key, "no URL") from error
    if secret.lower() in WEAK or (secret and len(set(secret)) < 3):
        raise Misconfigured(f"{key} holds a well-known password", code="misconfigured.weak_secret", key=key)
