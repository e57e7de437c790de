"""Every key of the settings with its unit and its default. What each means stands in `dashboard/ecc.example.toml`."""

from dataclasses import dataclass, field, fields
from pathlib import Path

from data.settings.environment import default_home

UNNAMED = "QX"  # the code of nobody's court: what stands there until somebody says whose centre this is
LIVE = {"live": True}  # may change while the centre runs, on the administrator's page: whoever uses it asks `live_settings.current`


@dataclass(frozen=True, slots=True)
class Choices:
    """What an operator may choose. Names, units and defaults; `ecc.example.toml` says the rest."""

    home: Path = field(default_factory=default_home)
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
    database_url: str = ""  # empty: SQLite in the home; filled by `Settings`
    redis_url: str | None = None
    redis_sentinels: tuple[str, ...] = ()
    redis_ca: Path | None = None
    redis_cert: Path | None = None
    redis_key: Path | None = None
    court_code: str = UNNAMED
    court_name: str = field(default="清溪区人民法院", metadata=LIVE)  # until there is a court of its own name: `live_settings.current`
    duty_phone: str = field(default="", metadata=LIVE)  # as the name
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
    live_on_stage: bool = field(default=True, metadata=LIVE)
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


def keys() -> tuple[str, ...]:
    """Every key, in the order of the example."""
    return tuple(each.name for each in fields(Choices))


def live_keys() -> tuple[str, ...]:
    """What may change while the centre runs; every other key is read at the start only."""
    return tuple(each.name for each in fields(Choices) if each.metadata.get("live"))


def is_secret(key: str) -> bool:
    """Whether its value may hold a password and is shown to nobody."""
    return key in ("database_url", "redis_url", "redis_sentinels")
