"""Binds that stand, fall, are refused, and come back; by one connection, by several, by TLS."""

import asyncio
import ssl
from pathlib import Path

import pytest

from globewire.message import State
from globewire.wire.pdu import Command, Fields, Pdu, Status
from stories.carriers import behind_tls, simulated, smsc, willing
from stories.certificates import authority, certified
from stories.house import carrier, house, route

GRACE = 0.2


async def test_an_absent_carrier_is_passed_over_until_it_comes(tmp_path: Path) -> None:
    """Messages go to the next carrier of the route; when the first is there, to it."""
    async with simulated() as (_, north):
        pass  # its address is free now, and nobody is there
    async with (
        simulated() as (second, south),
        house(tmp_path, carrier("north", north, unbound_grace=GRACE), carrier("south", south), route("north", "south")) as home,
    ):
        message = await home.customer.send("85261230000", "while it is away")
        standing = await home.books.until(message, State.DELIVERED)
        assert standing.carrier == "south"
        assert "no connection" in await home.books.carrier_says("north", "")
        async with simulated(port=north[1]) as (first, _):
            await home.books.carrier_says("north", "bound")
            message = await home.customer.send("85261230001", "now that it is here")
            standing = await home.books.until(message, State.DELIVERED)
            assert (standing.carrier, first.counts["taken"], second.counts["taken"]) == ("north", 1, 1)


async def test_of_two_absent_carriers_the_one_that_comes_first_gets_the_messages(tmp_path: Path) -> None:
    """Whichever of the route it is, and however often the messages were passed on before."""
    async with simulated() as (_, north), simulated() as (_, south):
        pass
    quick = {"unbound_grace": 0}
    carriers = [carrier("north", north, **quick), carrier("south", south, **quick), route("north", "south")]
    async with house(tmp_path, *carriers) as home:
        for port, name in ((north[1], "north"), (south[1], "south")):
            message = await home.customer.send("85261230000", "whoever")
            for id in ("north", "south"):
                await home.books.carrier_says(id, "no connection")
            async with simulated(port=port):
                standing = await home.books.until(message, State.DELIVERED)
            assert standing.carrier == name


async def test_what_waits_for_an_only_carrier_leaves_when_it_comes(tmp_path: Path) -> None:
    """Nothing is lost and nothing is refused meanwhile."""
    async with simulated() as (_, north):
        pass
    async with house(tmp_path, carrier("north", north, unbound_grace=0)) as home:
        messages = [await home.customer.send(f"8526123000{n}", "patience") for n in range(3)]
        await home.books.carrier_says("north", "no connection")
        async with simulated(port=north[1]):
            for message in messages:
                await home.books.until(message, State.DELIVERED)


@pytest.mark.parametrize(("bind", "binds", "expected"), [("transceiver", 1, 1), ("transceiver", 3, 3), ("separate", 2, 4)])
async def test_all_binds_are_used(tmp_path: Path, bind: str, binds: int, expected: int) -> None:
    """As many connections as asked for, all of them busy, and unbound when the gateway stops."""
    async with smsc() as (carrier_side, address):
        async with house(tmp_path, carrier("north", address, bind=bind, binds=binds, window=2)) as home:
            await carrier_side.bound(expected)
            await asyncio.gather(*(home.customer.send(f"852612300{n:02}", "all of you") for n in range(40)))
            submits = await carrier_side.requests(Command.SUBMIT_SM, 40)
            used = {id(pump) for pump, pdu in carrier_side.heard if pdu.command == Command.SUBMIT_SM}
            assert (len(carrier_side.sessions), len(used)) == (expected, binds)
            for submit in submits:
                to = submit.text("destination_addr")
                carrier_side.deliver(f"id:{to} stat:DELIVRD", to)
            counts = await home.books.settled(State.ACCEPTED, State.SUBMITTED, State.UNKNOWN, at_least=40)
            assert counts["state.delivered"] == 40
        assert carrier_side.endings == ["unbound by the peer"] * expected


async def test_a_wrong_password_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    """The carrier's state says why; messages wait, over a restart too, until the password is right."""
    async with simulated(password="right") as (simulator, address):
        async with house(tmp_path, carrier("north", address, password="wrong")) as home:
            message = await home.customer.send("85261230000", "patience")
            said = await home.books.carrier_says("north", "refused")
            assert said == "bind refused: ESME_RINVPASWD (0x0000000E): invalid password"
            assert (await home.books.standing(message)).state is State.ACCEPTED
        async with house(tmp_path, carrier("north", address, password="right")) as home:
            await home.books.until(message, State.DELIVERED)
        assert simulator.counts["taken"] == 1


async def test_a_carrier_that_lets_only_the_receiver_in_takes_no_messages(tmp_path: Path) -> None:
    """With separate binds it is the transmitter that counts: messages go to the next carrier."""

    def only_receivers(pdu: Pdu) -> tuple[int, Fields]:
        return (Status.RBINDFAIL, {}) if pdu.command == Command.BIND_TRANSMITTER else willing(pdu)

    async with (
        smsc(only_receivers) as (_, north),
        simulated() as (_, south),
        house(
            tmp_path,
            carrier("north", north, bind="separate", unbound_grace=GRACE),
            carrier("south", south),
            route("north", "south"),
        ) as home,
    ):
        message = await home.customer.send("85261230000", "over there")
        standing = await home.books.until(message, State.DELIVERED)
        assert standing.carrier == "south"


async def test_a_connection_that_breaks_comes_back(tmp_path: Path) -> None:
    """What was in flight is unknown; what waited leaves with the next bind, and is not sent twice."""
    async with simulated() as (simulator, address), house(tmp_path, carrier("north", address)) as home:
        before = await home.customer.send("85261239010", "in flight")
        await home.books.until(before, State.UNKNOWN)
        after = await home.customer.send("85261230000", "after")
        await home.books.until(after, State.DELIVERED)
        assert simulator.counts["binds"] == 2


async def test_tls_with_the_right_authority(tmp_path: Path) -> None:
    """The carrier's certificate is checked against the configured authority and name, and messages go through."""
    trusted = authority(tmp_path / "ca.pem")
    async with (
        simulated() as (_, inner),
        behind_tls(inner, certified(trusted, "smpp.north.test", tmp_path)) as address,
        house(tmp_path, carrier("north", address, tls=True, ca=str(tmp_path / "ca.pem"), server_name="smpp.north.test")) as home,
    ):
        message = await home.customer.send("85261230000", "sealed")
        await home.books.until(message, State.DELIVERED)


@pytest.mark.parametrize(("ca", "name"), [("other.pem", "smpp.north.test"), ("ca.pem", "smpp.south.test")])
async def test_tls_with_a_wrong_authority_or_name_does_not_bind(tmp_path: Path, ca: str, name: str) -> None:
    """The carrier's state says that the certificate is at fault, and the message waits."""
    trusted = authority(tmp_path / "ca.pem")
    authority(tmp_path / "other.pem")
    context: ssl.SSLContext = certified(trusted, "smpp.north.test", tmp_path)
    async with (
        simulated() as (simulator, inner),
        behind_tls(inner, context) as address,
        house(tmp_path, carrier("north", address, tls=True, ca=str(tmp_path / ca), server_name=name)) as home,
    ):
        message = await home.customer.send("85261230000", "sealed")
        said = await home.books.carrier_says("north", "certificate verify failed")
        assert said.startswith("no connection")
        assert (simulator.counts["binds"], (await home.books.standing(message)).state) == (0, State.ACCEPTED)
