"""Whose turn it is, by a clock in the test's hand: alone, and over the processes that share a hold."""

import asyncio
from dataclasses import dataclass

import pytest

from globewire.accept.turns import SPENT_WITHIN, OwnTurns, SharedTurns
from globewire.errors import THROTTLING_USER, Refused, Unavailable
from globewire.hold.port import Hold
from globewire.message import AccessKeyId, AccountId, Millis
from globewire.verdict.admit import Caller
from laws.conftest import Opener
from laws.making import NOW

SEND, QUERY = "SendMessageToGlobe", "QueryMessage"
Turns = OwnTurns | SharedTurns


@dataclass(slots=True)
class Clock:
    """What time it is."""

    at: int = NOW

    def __call__(self) -> Millis:
        return Millis(self.at)


def caller(rate: int, account: str = "shop") -> Caller:
    """A caller of an account that may make `rate` calls a second of each operation."""
    quota = {SEND: rate, QUERY: rate}
    return Caller(AccessKeyId("key"), AccountId(account), user="", secret="", policies=(), quota=quota)


async def refusal(turns: Turns, who: Caller, clock: Clock, operation: str = SEND) -> Refused | None:
    """The refusal, None where it was its turn."""
    try:
        turn = turns.take(who, operation)
        if turn is not None:
            await turn
    except Refused as refused:
        return refused
    return None


async def granted(turns: Turns, who: Caller, clock: Clock, calls: int, operation: str = SEND) -> int:
    """How many of so many calls at once had their turn."""
    return (await asyncio.gather(*(refusal(turns, who, clock, operation) for _ in range(calls)))).count(None)


def wait(refused: Refused | None) -> int:
    """After how many milliseconds it says to come again."""
    assert refused is not None
    assert refused.row is THROTTLING_USER
    (text,) = (value for name, value in refused.headers if name == "x-acs-retry-after")
    assert text.isdecimal()
    return int(text)


@pytest.mark.parametrize("rate", [1, 30, 999, 3000])
async def test_a_refusal_says_when_to_come_again(hold: Hold, rate: int) -> None:
    """In whole milliseconds, at least one: SDKs take nothing else. About one call's share of a second."""
    clock = Clock()
    for turns in (OwnTurns(clock), SharedTurns(hold, clock)):
        assert rate <= await granted(turns, caller(rate), clock, 2 * rate) <= 1.1 * rate + 1
        for _ in range(2):
            assert 1 <= wait(await refusal(turns, caller(rate), clock)) <= 1 + 1000 / rate


async def test_processes_have_one_quota_between_them(opener: Opener) -> None:
    """A second's worth for two who ask at once, whoever of them gets it."""
    clock = Clock()
    one, two = SharedTurns(await opener(), clock), SharedTurns(await opener(), clock)
    given = await asyncio.gather(granted(one, caller(30), clock, 40), granted(two, caller(30), clock, 10))
    assert sum(given) == 30


async def test_what_is_left_is_told(opener: Opener) -> None:
    """By a process that is alone, exactly; by one that shares, with what it has drawn, and without what the others have."""
    clock, shop = Clock(), AccountId("shop")
    own = OwnTurns(clock)
    one, two = SharedTurns(await opener(), clock), SharedTurns(await opener(), clock)
    for turns in (own, one, two):
        assert await turns.left(shop, SEND, 100) == 100
    for turns in (own, one):
        assert await granted(turns, caller(100), clock, 3) == 3
        assert await turns.left(shop, SEND, 100) == 97
    assert await two.left(shop, SEND, 100) == 95
    clock.at += 2000
    for turns in (own, one, two):
        assert await turns.left(shop, SEND, 100) == 100


async def test_under_demand_all_of_a_quota_is_given_and_no_more(opener: Opener) -> None:
    """Two processes that ask far more than they may, over four seconds: at least 95 % of the limit, at most one burst more."""
    clock = Clock()
    sharing = [SharedTurns(await opener(), clock) for _ in range(2)]
    given = []
    for clock.at in range(NOW, NOW + 5000, 20):
        given.append(sum([await granted(turns, caller(30), clock, 3) for turns in sharing]))
    assert sum(given) <= 5 * 30 + 30
    assert 0.95 * 4 * 30 <= sum(given[50:]) <= 4 * 30 + 30


async def test_what_was_drawn_is_spent_without_asking_again_for_a_while(hold: Hold) -> None:
    turns = SharedTurns(hold, clock := Clock())
    assert await granted(turns, caller(100), clock, 1) == 1
    await hold.close()
    clock.at += SPENT_WITHIN - 1
    assert await granted(turns, caller(100), clock, 2) == 2
    clock.at += 1
    with pytest.raises(Unavailable):
        await granted(turns, caller(100), clock, 1)


async def test_a_quota_without_a_limit_asks_nobody(hold: Hold) -> None:
    turns = SharedTurns(hold, clock := Clock())
    await hold.close()
    assert await granted(turns, caller(0), clock, 100) == 100


async def test_accounts_and_operations_have_quotas_of_their_own(hold: Hold) -> None:
    turns = SharedTurns(hold, clock := Clock())
    assert await granted(turns, caller(5), clock, 9) == 5
    assert await granted(turns, caller(5), clock, 9, QUERY) == 5
    assert await granted(turns, caller(5, "other"), clock, 9) == 5


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_leaps_bars_nobody(hold: Hold, hours: int) -> None:
    """Whoever was refused before it was set has his turn a second after at the latest, and no more than he may."""
    turns = SharedTurns(hold, clock := Clock())
    assert await granted(turns, caller(10), clock, 20) == 10
    clock.at += hours * 3_600_000
    at_once = await granted(turns, caller(10), clock, 20)
    clock.at += 1000
    assert at_once <= 10
    assert 1 <= await granted(turns, caller(10), clock, 20) <= 10
