"""SMPP against implementations that are not ours: our simulator driven by foreign clients, and a foreign SMSC by our session."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from aiohttp import web
from smpplib import client as smpplib_client
from smpplib import consts, exceptions

from globewire.plan import ReceiptIds
from globewire.send.simulator import Behaviour, Simulator
from globewire.wire.commands import Status
from globewire.wire.receipt import normalise, read
from globewire.wire.smpp import BindRefused, Bound, BoundAs
from laws.esme import esme
from peers.kannel import kannel
from peers.smsc import foreign_smsc

PATIENCE = 20.0
SECURE = Behaviour(system_id="globe", password="secret", receipt_delay=(0.0, 0.0))


@asynccontextmanager
async def simulated(behaviour: Behaviour) -> AsyncIterator[tuple[Simulator, tuple[str, int]]]:
    """A running simulator and its address."""
    simulator = Simulator(behaviour)
    address = await simulator.start()
    try:
        yield simulator, address
    finally:
        await simulator.stop()


# --- smpplib, a client -----------------------------------------------------------------------------------------------------


def converse(address: tuple[str, int], numbers: list[str]) -> tuple[list[Any], list[Any]]:
    """What smpplib, blocking in a thread, gets for a text to each number: the responses and the receipts."""
    sent: list[Any] = []
    received: list[Any] = []

    def hear(pdu: Any) -> int:
        received.append(pdu)
        return 0  # the status of its deliver_sm_resp

    client = smpplib_client.Client(*address, timeout=PATIENCE, allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda pdu: sent.append(pdu))
    client.set_message_received_handler(hear)
    client.connect()
    client.bind_transceiver(system_id="globe", password="secret")
    for number in numbers:
        client.send_message(
            source_addr_ton=consts.SMPP_TON_ALNUM,
            source_addr="Globe",
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            destination_addr=number,
            short_message=b"hello",
            registered_delivery=True,
        )
    while len(sent) < len(numbers) or len(received) < len(numbers):
        client.read_once()
    client.unbind()
    client.disconnect()
    return sent, received


async def test_smpplib_sends_and_hears() -> None:
    """smpplib binds, submits, gets ids and receipts for them, and unbinds."""
    async with simulated(SECURE) as (simulator, address):
        sent, received = await asyncio.to_thread(converse, address, ["491701230000", "491701239001"])
        assert [pdu.status for pdu in sent] == [0, 0]
        ids = [pdu.message_id.decode() for pdu in sent]
        texts = [pdu.short_message.decode() for pdu in received]
        assert [text.split()[0] for text in texts] == [f"id:{each}" for each in ids]
        assert ["stat:DELIVRD" in texts[0], "stat:UNDELIV" in texts[1]] == [True, True]
        assert [pdu.esm_class for pdu in received] == [0x04, 0x04]  # SMPP 3.4 section 5.2.12
        assert simulator.counts["receipts.acknowledged"] == 2


async def test_smpplib_with_a_wrong_password_is_refused() -> None:
    """The refusal reaches the client as ESME_RINVPASWD."""

    def attempt(address: tuple[str, int]) -> None:
        client = smpplib_client.Client(*address, timeout=PATIENCE, allow_unknown_opt_params=True)
        client.connect()
        try:
            client.bind_transceiver(system_id="globe", password="wrong")
        finally:
            client.disconnect()

    async with simulated(SECURE) as (simulator, address):
        with pytest.raises(exceptions.PDUError) as refused:
            await asyncio.to_thread(attempt, address)
        assert refused.value.args[1] == consts.SMPP_ESME_RINVPASWD
        assert simulator.counts["binds"] == 0


# --- Kannel, a client ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, asyncio.Queue[dict[str, str]]]]:
    """A local HTTP server for delivery reports: its address, and the parameters of each call."""
    calls: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        calls.put_nowait({name: values[0] for name, values in parse_qs(urlsplit(str(request.rel_url)).query).items()})
        return web.Response(text="ok")

    application = web.Application()
    application.router.add_get("/dlr", take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/dlr", calls
    finally:
        await runner.cleanup()


async def test_kannel_sends_and_its_report_comes_back(tmp_path: Path) -> None:
    """Kannel binds, submits what its HTTP service is given, and reports delivery and failure from our receipts."""
    async with (
        simulated(SECURE) as (simulator, (_, port)),
        kannel(tmp_path, port, "globe", "secret") as http,
        listening() as (url, calls),
        aiohttp.ClientSession() as session,
    ):
        for number in ("491701230000", "491701239001"):
            report = f"{url}?type=%d&to={number}"
            query = urlencode(
                {
                    "username": "test",
                    "password": "test",
                    "from": "Globe",
                    "to": number,
                    "text": "hi",
                    "dlr-mask": 3,
                    "dlr-url": report,
                }
            )
            async with session.get(f"http://127.0.0.1:{http}/cgi-bin/sendsms?{query}") as reply:
                assert reply.status == 202
        async with asyncio.timeout(PATIENCE):
            told = [await calls.get() for _ in range(2)]
        assert {call["to"]: call["type"] for call in told} == {"491701230000": "1", "491701239001": "2"}
        assert simulator.counts["taken"] == 2


# --- npm's smpp, a server --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "reading"),
    [
        ("decimal", ReceiptIds.SAME),
        ("hex", ReceiptIds.SAME),
        ("hex-decimal", ReceiptIds.HEX_TO_DEC),
        ("hex-decimal", ReceiptIds.AUTO),
    ],
)
async def test_our_session_with_a_foreign_smsc(ids: str, reading: ReceiptIds) -> None:
    """We bind to npm's smpp, submit, and find the receipt's id however it is spelt."""
    async with foreign_smsc(ids=ids, password="secret") as smsc, esme((smsc.host, smsc.port)) as client:
        assert await client.bind("globe", "secret") == Bound(BoundAs.TRANSCEIVER)
        response = await client.asked("491701230000")
        assert response.status == Status.ROK
        [delivery] = await client.deliveries(1)
        receipt = read(delivery, ids=reading)
        assert receipt is not None
        assert normalise(response.text("message_id")) in receipt.carrier_ids
        assert receipt.status == "DELIVRD"
        assert (await smsc.until("submit_sm"))["text"] == "hello"
        assert (await smsc.until("deliver_sm_resp"))["status"] == 0


async def test_a_foreign_smsc_refuses_a_wrong_password() -> None:
    """Its refusal is read as one."""
    async with foreign_smsc(password="secret") as smsc, esme((smsc.host, smsc.port)) as client:
        assert await client.bind("globe", "wrong") == BindRefused(Status.RINVPASWD)
        assert (await smsc.until("bind_transceiver"))["accepted"] is False
