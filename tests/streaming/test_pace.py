import asyncio
import time

from streaming.pace import pause, to_next


def test_the_next_moment_lies_ahead_and_no_further_than_the_period() -> None:
    for period_s in (0.05, 0.25, 1.0):
        assert all(0 < to_next(period_s) <= period_s for _ in range(100))


async def test_loops_that_began_apart_wake_together() -> None:
    woken: list[float] = []

    async def loop(after_s: float) -> None:
        await asyncio.sleep(after_s)
        await pause(0.5)
        woken.append(time.monotonic() // 0.5)

    now = to_next(0.5)  # all begin within one period
    await asyncio.gather(*(loop(now + after_s) for after_s in (0.01, 0.05, 0.1)))
    assert len(set(woken)) == 1
