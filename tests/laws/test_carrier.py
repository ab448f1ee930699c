"""What our sending side promises, against carriers that are not of one make: npm's `smpp`, and our own simulator.

A law is a function of a `Far`; each is run against every carrier there is. Without node or the module, npm's are skipped.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from globewire.message import State
from globewire.verdict.script import IdForm
from peers.smsc import foreign_smsc
from stories.carriers import Address, shown, simulated
from stories.house import carrier, house

IDS = [("decimal", "same"), ("hex", "same"), ("hex-decimal", "hex-to-dec"), ("hex-decimal", "auto")]
"""How the carrier spells ids in answers and in receipts, and how we are told to read them."""
GSM, UCS2, LONG = "Your code is 4711 [€5]", "Ваш код 4711 🙂 验证码", "A long text in the GSM alphabet, in three parts. " * 8


@dataclass(frozen=True, slots=True)
class Far:
    """A carrier: where it is, and what it was given so far: each submit's number and, where it can say, its text."""

    address: Address
    given: Callable[[int], Awaitable[list[tuple[str, str]]]]


@asynccontextmanager
async def npm(ids: str) -> AsyncIterator[Far]:
    """npm's `smpp`. Its decoded texts are its own reading of what we sent."""
    async with foreign_smsc(ids=ids, password="secret") as smsc:

        async def given(count: int) -> list[tuple[str, str]]:
            await smsc.until("submit_sm", count)
            submits = [said for said in smsc.events if said["event"] == "submit_sm"]
            return [(said["destination_addr"], said["text"] or said["payload"]) for said in submits]

        yield Far((smsc.host, smsc.port), given)


@asynccontextmanager
async def simulator(ids: str) -> AsyncIterator[Far]:
    """Our own."""
    async with simulated(id_form=IdForm(ids), password="secret") as (simulator, address):

        async def given(count: int) -> list[tuple[str, str]]:
            return [(taken.destination, shown([taken.submit])) for taken in simulator.taken.values()]

        yield Far(address, given)


Make = Callable[[str], AbstractAsyncContextManager[Far]]
FAR = pytest.mark.parametrize("make", [npm, simulator])


@FAR
@pytest.mark.parametrize(("ids", "reading"), IDS)
async def test_twenty_messages_are_all_delivered(tmp_path: Path, make: Make, ids: str, reading: str) -> None:
    """GSM, UCS-2 and three-part texts, each delivered by the carrier's own receipts, and given to it letter by letter."""
    texts = {f"491701230{n:03}": (GSM, UCS2, LONG)[n % 3] for n in range(20)}
    parts = sum(3 if text == LONG else 1 for text in texts.values())
    async with make(ids) as far, house(tmp_path, carrier("far", far.address, receipt_ids=reading, window=4)) as home:
        sent = {to: await home.customer.send(to, text) for to, text in texts.items()}
        for message in sent.values():
            standing = await home.books.until(message, State.DELIVERED)
            assert standing.carrier == "far"
        given = await far.given(parts)
        assert len(given) == parts
        for to, text in texts.items():
            assert sorted(piece for number, piece in given if number == to) == sorted(pieces(text))


@FAR
async def test_a_wrong_password_sends_nothing(tmp_path: Path, make: Make) -> None:
    """The reason is the carrier's own, and the message waits."""
    async with make("decimal") as far, house(tmp_path, carrier("far", far.address, password="wrong")) as home:
        message = await home.customer.send("491701230000", GSM)
        assert "ESME_RINVPASWD" in await home.books.carrier_says("far", "refused")
        assert (await home.books.standing(message)).state is State.ACCEPTED


@FAR
@pytest.mark.parametrize("tying", ["udh16", "sar", "payload"])
async def test_long_texts_are_delivered_however_their_parts_are_tied(tmp_path: Path, make: Make, tying: str) -> None:
    """With a 16-bit header, with parameters, and whole."""
    async with make("decimal") as far, house(tmp_path, carrier("far", far.address, concatenation=tying)) as home:
        standing = await home.books.until(await home.customer.send("491701230000", LONG), State.DELIVERED)
        assert len(standing.parts) == (1 if tying == "payload" else 3)
        given = await far.given(len(standing.parts))
        assert {number for number, _ in given} == {"491701230000"}
        assert sorted(len(piece) for _, piece in given) == sorted(map(len, pieces(LONG, tying)))


@FAR
async def test_separate_binds_hear_what_they_sent(tmp_path: Path, make: Make) -> None:
    """Submits by the transmitters, receipts by the receivers."""
    async with make("decimal") as far, house(tmp_path, carrier("far", far.address, bind="separate", binds=2)) as home:
        messages = [await home.customer.send(f"49170123000{n}", GSM) for n in range(5)]
        for message in messages:
            await home.books.until(message, State.DELIVERED)


def pieces(text: str, tying: str = "udh8") -> list[str]:
    """How a text of ours is cut: 153 septets a part, or 152 beside a header that is an octet longer."""
    if text != LONG or tying == "payload":
        return [text]
    room = 152 if tying == "udh16" else 153
    return [text[at : at + room] for at in range(0, len(text), room)]
