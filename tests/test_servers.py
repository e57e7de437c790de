"""The servers and faults that every other test stands on."""

import asyncio
import socket
import time

import psycopg
import pytest
from playwright.async_api import Browser, Page
from redis import Redis, RedisError
from sqlalchemy import text

from data.engines import Database
from data.tables import CounterRow
from tests.conftest import Clock, MakeProxy
from tests.databases import EveryTable
from tests.servers import PostgresServer, RedisServer, free_port

INK = """text => {
  const canvas = document.createElement('canvas'); canvas.width = canvas.height = 64;
  const pen = canvas.getContext('2d'); pen.font = '48px sans-serif'; pen.textBaseline = 'top'; pen.fillText(text, 8, 8);
  return Array.from(pen.getImageData(0, 0, 64, 64).data.filter((_, at) => at % 4 === 3));
}"""


def client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)


def test_redis_answers_on_its_socket_and_its_port(redis_server: RedisServer) -> None:
    with client(redis_server.url) as by_path, client(redis_server.tcp_url) as by_port:
        assert by_path.ping()
        by_path.set("a", "1")
        assert by_port.get("a") == b"1"


def test_redis_killed_comes_back_on_the_same_address(redis_server: RedisServer) -> None:
    before = redis_server.pid
    redis_server.kill()
    with pytest.raises(RedisError):
        client(redis_server.tcp_url).ping()
    redis_server.restart()
    assert redis_server.pid != before
    assert client(redis_server.url).ping()
    assert client(redis_server.tcp_url).ping()


def test_a_frozen_redis_lets_us_wait_and_answers_once_thawed(redis_server: RedisServer) -> None:
    redis_server.freeze()
    with pytest.raises(RedisError):
        client(redis_server.tcp_url).ping()
    redis_server.thaw()
    assert client(redis_server.tcp_url).ping()


def test_postgresql_answers_as_a_user_without_rights_on_the_machine(postgres: PostgresServer) -> None:
    with postgres.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        version = connection.execute("SHOW server_version_num").fetchone()
    assert version is not None
    assert version[0].startswith("15")


def test_postgresql_keeps_what_it_committed_through_kill_9(postgres: PostgresServer, postgres_url: str) -> None:
    name = postgres_url.rsplit("/", 1)[1]
    with postgres.connect(name) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (4711)")
        postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    postgres.restart()
    with postgres.connect(name) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(4711,)]


async def test_a_frozen_postgresql_answers_nobody_until_thawed(postgres: PostgresServer) -> None:
    with postgres.connect() as connection:
        postgres.freeze()
        waiting = asyncio.create_task(asyncio.to_thread(connection.execute, "SELECT 7"))
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        assert not done
        postgres.thaw()
        assert (await waiting).fetchone() == (7,)


def test_a_test_may_leave_postgresql_dead_behind(postgres: PostgresServer) -> None:
    postgres.kill()
    postgres.ensure()
    postgres.freeze()
    postgres.ensure()
    with postgres.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_every_test_gets_a_database_with_tables_and_without_rows(database: Database) -> None:
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM entry")).scalar() == 0


def test_what_one_test_leaves_in_postgresql_the_next_does_not_find(postgres: PostgresServer) -> None:
    tables = EveryTable(postgres)
    url = tables.empty()
    try:
        with postgres.connect(tables.name) as left_open:
            left_open.execute("INSERT INTO counter (name, last, digest) VALUES ('left', 1, '')")
            left_open.execute("BEGIN")
            left_open.execute("INSERT INTO counter (name, last, digest) VALUES ('not committed', 1, '')")
            assert tables.empty() == url
            with pytest.raises(psycopg.OperationalError):
                left_open.execute("COMMIT")
        assert counted(postgres, tables) == 0
        with postgres.connect(tables.name) as many:
            many.execute("INSERT INTO counter (name, last, digest) SELECT 'n' || n, 1, '' FROM generate_series(1, 5000) AS n")
        tables.empty()
        assert counted(postgres, tables) == 0
    finally:
        postgres.drop_database(tables.name)


@pytest.mark.parametrize("change", ["DROP TABLE counter", "ALTER TABLE counter ADD COLUMN more text", "DROP SCHEMA public CASCADE", ""])
def test_tables_that_a_test_has_changed_are_made_anew(postgres: PostgresServer, change: str) -> None:
    tables = EveryTable(postgres)
    tables.empty()
    try:
        if change:
            with postgres.connect(tables.name) as connection:
                connection.execute(change.encode())
        else:
            postgres.drop_database(tables.name)
        tables.empty()
        assert counted(postgres, tables) == 0
        with postgres.connect(tables.name) as connection:
            columns = connection.execute("SELECT count(*) FROM information_schema.columns WHERE table_name = 'counter'").fetchone()
        assert columns == (len(CounterRow.__table__.columns),)
    finally:
        postgres.drop_database(tables.name)


def counted(postgres: PostgresServer, tables: EveryTable) -> int:
    with postgres.connect(tables.name) as connection:
        row = connection.execute("SELECT count(*) FROM counter").fetchone()
    assert row is not None
    return int(row[0])


def test_a_port_is_free_and_none_that_the_kernel_gives_away() -> None:
    for _ in range(50):
        port = free_port()
        assert 1024 < port < 32_768
        with socket.socket() as door:
            door.bind(("127.0.0.1", port))


async def test_a_browser_that_died_is_started_again_for_the_next_test(page: Page) -> None:
    assert page.context.browser is not None
    await page.context.browser.close()


async def test_what_one_test_opened_is_closed_for_the_next(browser: Browser) -> None:
    assert browser.is_connected()
    assert browser.contexts == []


def test_the_clock_stands_until_it_is_advanced(clock: Clock) -> None:
    before = clock.now()
    time.sleep(0.01)
    assert clock.now() == before
    clock.advance(90)
    assert (clock() - before).total_seconds() == 90
    assert str(before.tzinfo) == "UTC"


async def test_the_browser_draws_chinese_with_ink_and_each_character_differently(page: Page) -> None:
    enforce, court, blank = [await page.evaluate(INK, one) for one in ("执", "法", " ")]
    assert sum(blank) == 0
    assert sum(map(bool, enforce)) > 300
    assert enforce != court, "the same box for both: no Chinese font"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


async def arrive(port: int) -> bytes:
    reader, _ = await asyncio.open_connection("127.0.0.1", port)
    return await reader.readexactly(1)


async def test_the_proxy_passes_delays_falls_silent_and_cuts(faulty_proxy: MakeProxy) -> None:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        proxy = await faulty_proxy(*server.sockets[0].getsockname())
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)

        writer.write(b"one\n")
        assert await reader.readline() == b"one\n"

        proxy.delay_s = 0.2
        began = time.monotonic()
        writer.write(b"two\n")
        assert await reader.readline() == b"two\n"
        assert time.monotonic() - began >= 0.2

        proxy.fall_silent()
        writer.write(b"three\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readline(), 0.3)
        proxy.mend()
        assert await reader.readline() == b"three\n"

        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await reader.readline()
        with pytest.raises(ConnectionResetError):
            await arrive(proxy.port)
        writer.close()
