"""Settings: every key documented, every mistake named before anything starts."""

import re
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from data import settings as subject
from data.engines import open_database
from data.errors import Misconfigured
from data.settings import Settings, as_environ, is_secret, load, sqlite_file

EXAMPLE = Path(__file__).resolve().parents[2] / "dashboard/ecc.example.toml"


def documented() -> dict[str, object]:
    """The example with its keys uncommented."""
    return tomllib.loads("\n".join(re.findall(r"(?m)^# ([a-z_]+ = .*)$", EXAMPLE.read_text())))


def test_the_example_loads_as_it_stands(tmp_path: Path) -> None:
    assert load({"ECC_HOME": str(tmp_path)}, EXAMPLE) == Settings.of(home=tmp_path)


def test_every_key_is_documented_and_no_other() -> None:
    assert set(documented()) == set(subject.keys())


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    shown = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in documented().items()
        if value not in ("", []) and key != "home"
    }
    said = Settings.of(home=tmp_path)
    assert shown == {key: getattr(said, key) for key in shown}


def test_the_example_uncommented_loads(tmp_path: Path) -> None:
    file = tmp_path / "ecc.toml"
    lines = [line for line in re.findall(r"(?m)^# ([a-z_]+ = .*)$", EXAMPLE.read_text()) if not line.endswith('= ""')]
    file.write_text("\n".join(lines))
    assert load({"ECC_HOME": str(tmp_path)}, file) == Settings.of(home=tmp_path)


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        load({"ECC_HOME": str(tmp_path), "ECC_PROT": "9000"})
    assert refused.value.code == "misconfigured.unknown_key"
    assert refused.value.params == {"key": "ECC_PROT", "nearest": "ECC_PORT"}


def test_an_unknown_key_of_the_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "ecc.toml").write_text('databse_url = "x"')
    with pytest.raises(Misconfigured) as refused:
        load({"ECC_HOME": str(tmp_path)})
    assert refused.value.params == {"key": "databse_url", "nearest": "database_url"}


def test_a_key_like_no_other_says_where_all_of_them_stand(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        load({"ECC_HOME": str(tmp_path), "ECC_ZZZZZZZZZZ": "1"})
    assert refused.value.code == "misconfigured.unknown_key_alone"


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "ecc.toml").write_text('port = 9000\ncourt_name = "乙区人民法院"')
    settings = load({"ECC_HOME": str(tmp_path), "ECC_PORT": "9001"})
    assert (settings.port, settings.court_name) == (9001, "乙区人民法院")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("DEMO", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_URL", "rediss://ecc:Ieph3ohx@bus.court/0?ssl_cert_reqs=none"),  # an option that would believe any certificate
        ("REDIS_URL", "rediss://ecc:Ieph/3ohx@bus.court/0"),
        ("REDIS_CA", "missing.pem"),
        ("REDIS_SENTINELS", "http://10.0.0.5"),
        ("REDIS_SENTINELS", ",".join(f"10.0.0.{host}" for host in range(10))),
        ("DATABASE_URL", "mysql://127.0.0.1/ecc"),
        ("DATABASE_URL", "sqlite:///relative.db"),
        ("PUBLIC_ORIGIN", "https://court.example/path"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("TLS_CERT", "missing.pem"),
        ("LOST_S", "20"),
        ("COURT_CODE", "a b"),
        ("OIDC_ISSUER", "http://id.court.test"),
        ("OIDC_ISSUER", "https://id.court.test?x=1"),
        ("OIDC_ISSUER", "https://somebody@id.court.test"),
        ("OIDC_ISSUER", "file:///etc/passwd"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_key(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        load({"ECC_HOME": str(tmp_path), f"ECC_{name}": value})
    assert refused.value.code == "misconfigured.bad_value"
    assert str(refused.value.params["key"]) in {name.lower(), "tls_key", "tls_cert"}


def test_a_provider_is_named_whole_and_its_secret_is_for_us_alone(tmp_path: Path) -> None:
    secret = tmp_path / "oidc.secret"
    secret.write_text("x")
    secret.chmod(0o640)
    whole = {"ECC_HOME": str(tmp_path), "ECC_OIDC_ISSUER": "https://id.court.test/realms/court", "ECC_OIDC_CLIENT_ID": "ecc"}
    assert load(whole).oidc_claim == "preferred_username"
    assert load(whole | {"ECC_OIDC_ISSUER": "http://localhost:9000"}).oidc_issuer
    wrong = {
        "oidc_client_id": whole | {"ECC_OIDC_CLIENT_ID": ""},
        "oidc_issuer": {"ECC_HOME": str(tmp_path), "ECC_OIDC_CLIENT_ID": "ecc"},
        "oidc_client_secret_file": whole | {"ECC_OIDC_CLIENT_SECRET_FILE": str(secret)},
    }
    for key, environ in wrong.items():
        with pytest.raises(Misconfigured) as refused:
            load(environ)
        assert refused.value.params["key"] == key
    secret.chmod(0o600)
    assert load(wrong["oidc_client_secret_file"]).oidc_client_secret_file == secret


@pytest.mark.parametrize("url", ["redis://:foobared@10.0.0.5/0", "redis://ecc:%70assword@10.0.0.5/0", "redis://:aaaaaa@10.0.0.5"])
def test_a_well_known_password_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        load({"ECC_HOME": str(tmp_path), "ECC_REDIS_URL": url})
    assert refused.value.code == "misconfigured.weak_secret"
    assert refused.value.params == {"key": "redis_url"}
    assert "foobared" not in str(refused.value)


MASTER = "rediss://ecc:Ieph3ohx@ecc/0"


def test_sentinels_take_the_place_of_the_host(tmp_path: Path) -> None:
    sentinels = ("10.0.0.5", "redis://10.0.0.6:26379", "rediss://watch:Chie%2C8oo@[fd00::7]:26379")
    settings = Settings.of(home=tmp_path, redis_url=MASTER, redis_sentinels=sentinels)
    kept = {name: value for name, value in as_environ(settings).items() if name.startswith("ECC_")}
    assert load(kept) == settings
    assert is_secret("redis_sentinels")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("redis_url", {"redis_sentinels": ("10.0.0.5",)}),
        ("redis_url", {"redis_sentinels": ("10.0.0.5",), "redis_url": "redis://ecc:6379/0"}),
        ("redis_url", {"redis_sentinels": ("10.0.0.5",), "redis_url": "unix:///run/bus.sock"}),
        ("redis_sentinels", {"redis_sentinels": ("redis://w:Ieph,3ohx@10.0.0.5",), "redis_url": MASTER}),
        ("redis_ca", {"redis_url": "redis://10.0.0.5", "redis_ca": True}),
        ("redis_ca", {"redis_ca": True}),
        ("redis_key", {"redis_url": MASTER, "redis_cert": True}),
    ],
)
def test_what_says_nothing_about_this_bus_is_refused_and_no_password_repeated(tmp_path: Path, key: str, said: dict[str, Any]) -> None:
    """A file of TLS for a bus without, Sentinels without a master's name, half a pair."""
    pem = tmp_path / "a.pem"
    pem.touch()
    with pytest.raises(Misconfigured) as refused:
        Settings.of(home=tmp_path, **{name: pem if value is True else value for name, value in said.items()})
    assert (refused.value.code, refused.value.params["key"]) == ("misconfigured.bad_value", key)
    assert "3ohx" not in f"{refused.value} {refused.value.params}"


def test_the_database_lies_in_its_home_whatever_that_is_called(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "执行 指挥?#1%41;b" / "ecc")
    settings.make_folders()
    assert sqlite_file(settings.database_url) == settings.home / "ecc.db"
    with closing(open_database(settings.database_url)) as database, database.writes.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE it (lies INTEGER)")
    assert (settings.home / "ecc.db").is_file()
    assert [each.name for each in tmp_path.iterdir()] == [settings.home.parent.name], "nothing beside it"
    assert sqlite_file("postgresql+psycopg://db/ecc") is None


def test_a_well_known_password_of_a_sentinel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        Settings.of(home=tmp_path, redis_url=MASTER, redis_sentinels=("redis://watch:redis@10.0.0.5",))
    assert (refused.value.code, refused.value.params) == ("misconfigured.weak_secret", {"key": "redis_sentinels"})


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("port = ")
    with pytest.raises(Misconfigured) as refused:
        load({"ECC_HOME": str(tmp_path)}, file)
    assert (refused.value.code, refused.value.params["path"]) == ("misconfigured.file", str(file))


def test_a_child_loads_exactly_the_same(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    settings = Settings.of(
        home=tmp_path / "a", port=0, trusted_proxies=("10.0.0.1", "fd00::/8"), demo=True, redis_url="unix:///x/bus.sock", civil_offset_s=-5
    )
    (tmp_path / "a/ecc.toml").write_text("port = 9999\nhistory_days = 7")
    kept = {name: value for name, value in as_environ(settings).items() if name.startswith("ECC_")} | {"ECC_HISTORY_DAYS": "8"}
    assert load(kept) == settings


def test_what_follows_from_the_home_follows_a_new_home(tmp_path: Path) -> None:
    moved = Settings.of(home=tmp_path / "a").but(home=tmp_path / "b", demo=True)
    assert moved == Settings.of(home=tmp_path / "b", demo=True)


def test_the_origin_is_what_a_browser_sees(tmp_path: Path) -> None:
    pem = tmp_path / "c.pem"
    pem.touch()
    assert Settings.of(home=tmp_path).origin == "http://127.0.0.1:8050"
    assert Settings.of(home=tmp_path, host="0.0.0.0", tls_cert=pem, tls_key=pem).origin == "https://127.0.0.1:8050"
    assert Settings.of(home=tmp_path, public_origin="https://centre.court").origin == "https://centre.court"
    assert Settings.of(home=tmp_path, host="::1").origin == "http://[::1]:8050"


def test_the_home_is_for_us_alone(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "deep/home")
    settings.make_folders()
    for folder in (settings.home, settings.keys, settings.positions, settings.log, settings.run, settings.layers):
        assert folder.stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured) as refused:
        Settings.of(home=tmp_path / "file/home").make_folders()
    assert refused.value.code == "misconfigured.home"


def test_web_processes_stand_side_by_side_and_nobody_else_there(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path, web_processes=3, port=8052, metrics_port=9000)
    assert [settings.web_port(number) for number in settings.webs] == [8052, 8053, 8054]
    assert Settings.of(home=tmp_path, port=0).webs == range(1, 2)
    for bad in (
        {"web_processes": 0}, {"web_processes": 5}, {"web_processes": 2}, {"web_processes": 2, "port": 0},
        {"web_processes": 2, "port": 65_535},
        {"web_processes": 2, "port": 8052, "metrics_port": 8053}, {"web_processes": 2, "port": 8052, "metrics_port": 8050},
    ):  # fmt: skip
        with pytest.raises(Misconfigured) as refused:
            Settings.of(home=tmp_path, **bad)
        assert refused.value.code == "misconfigured.bad_value", bad
