"""Turns of work: the last to come is next, and who leaves takes nobody's turn away."""

import asyncio
from collections.abc import Awaitable, Callable

from mailer.web.turns import Turns


def carry_out(work: Callable[[Turns, list[str]], Awaitable[None]]) -> list[str]:
    """Have something done with one turn at a time; returns the names of those who had one, in order."""
    done: list[str] = []

    async def run() -> None:
        async with asyncio.timeout(5):
            await work(Turns(1), done)

    asyncio.run(run())
    return done


async def take(turns: Turns, done: list[str], name: str) -> None:
    async with turns:
        await asyncio.sleep(0)
        done.append(name)


async def start(turns: Turns, done: list[str], *names: str) -> list[asyncio.Task[None]]:
    """Have each begin, one after the other."""
    tasks = []
    for name in names:
        tasks.append(asyncio.create_task(take(turns, done, name)))
        await asyncio.sleep(0)
    return tasks


def test_the_last_to_come_is_next() -> None:
    async def work(turns: Turns, done: list[str]) -> None:
        async with turns:
            tasks = await start(turns, done, "first", "second", "third")
        await asyncio.gather(*tasks)

    assert carry_out(work) == ["third", "second", "first"]


def test_who_leaves_while_waiting_or_at_its_turn_takes_no_turn_away() -> None:
    async def work(turns: Turns, done: list[str]) -> None:
        async with turns:
            tasks = await start(turns, done, "a", "b", "c", "d")
            tasks[1].cancel()
            await asyncio.sleep(0)
            tasks[3].cancel()  # passed over at the very moment
        tasks[2].cancel()  # whose turn has just come
        await asyncio.gather(*tasks, return_exceptions=True)
        await take(turns, done, "e")

    assert carry_out(work) == ["a", "e"]


def test_two_have_their_turn_at_a_time() -> None:
    async def run() -> list[str]:
        turns, done = Turns(2), list[str]()
        async with turns, turns:
            tasks = await start(turns, done, "third")
            before = list(done)
        await asyncio.gather(*tasks)
        return [*before, *done]

    assert asyncio.run(run()) == ["third"]
