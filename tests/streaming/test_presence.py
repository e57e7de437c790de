"""Who can be heard."""

from streaming.presence import Presence, counts, presence

NOW = 1_795_397_880_000
UNTIL = NOW + 60_000


def test_a_unit_is_online_until_its_fix_is_thirty_seconds_old() -> None:
    assert presence(NOW - 30_000, NOW) is Presence.ONLINE
    assert presence(NOW - 30_001, NOW) is Presence.STALE


def test_a_unit_is_lost_after_two_minutes() -> None:
    assert presence(NOW - 120_000, NOW) is Presence.STALE
    assert presence(NOW - 120_001, NOW) is Presence.LOST


def test_a_unit_that_never_sent_a_fix_is_lost() -> None:
    assert presence(None, NOW) is Presence.LOST


def test_declared_silence_is_no_loss_until_its_time_is_up() -> None:
    assert presence(NOW - 600_000, NOW, UNTIL) is Presence.SILENT
    assert presence(None, NOW, UNTIL) is Presence.SILENT
    assert presence(NOW - 600_000, UNTIL, UNTIL) is Presence.LOST


def test_whoever_is_heard_is_online_whatever_was_declared() -> None:
    assert presence(NOW - 1000, NOW, UNTIL) is Presence.ONLINE


def test_56_a_sender_that_stops_while_every_socket_stays_healthy_goes_stale_by_the_time_of_its_fix() -> None:
    sent_at = NOW
    assert [presence(sent_at, NOW + age * 1000) for age in (0, 29, 31, 119, 121)] == [
        Presence.ONLINE, Presence.ONLINE, Presence.STALE, Presence.STALE, Presence.LOST,
    ]  # fmt: skip


def test_the_system_line_counts_each_unit_once() -> None:
    fixes = {1: NOW, 2: NOW - 60_000, 3: NOW - 600_000, 4: NOW - 600_000}
    assert counts([1, 2, 3, 4, 5], fixes, {4: UNTIL}, NOW) == {
        Presence.ONLINE: 1, Presence.STALE: 1, Presence.LOST: 2, Presence.SILENT: 1,
    }  # fmt: skip
