"""What a gateway says of itself: its metrics are exactly what happened, and its probes tell the truth."""

import asyncio
import resource
from pathlib import Path

import aiohttp
import pytest

from globewire import __version__, config
from globewire.gateway import Gateway
from globewire.message import State
from globewire.meter.rows import METRICS, Kind
from globewire.wire.pdu import Command
from stories.callbacks import receiving
from stories.carriers import simulated, smsc, willing
from stories.client import customer
from stories.house import account, carrier, eventually, house, now, table, written
from stories.process import Process, serving
from stories.scraping import Address, Answer, Scraped, get, scrape
from tell.receiving import plain

DELIVERED, FAILED, REFUSED, THROTTLED, SILENT, DUMB = (
    *("85261230000", "85261239001", "85261239004", "85261239005", "85261239009", "85261239006"),
)
"""Numbers that the simulator meets with their outcomes (docs/simulator.md)."""


async def until(address: Address, name: str, value: float, **labels: str) -> Scraped:
    """The first scrape in which a sample has this value."""
    seen: list[Scraped] = []

    async def look() -> Scraped | None:
        seen[:] = [await scrape(address)]
        return seen[0] if seen[0].samples.get((name, frozenset(labels.items()))) == value else None

    return await eventually(look, lambda: f"{name} {labels} = {value} awaited; {seen[0].samples if seen else None}")


async def test_the_metrics_are_what_happened(tmp_path: Path) -> None:
    """Accepted, refused, throttled; delivered, failed, rejected, unknown; acknowledged: each is counted once, where it belongs."""
    quota = {"SendMessageToGlobe": 2000, "QueryMessage": 1}
    async with (
        simulated() as (_, address),
        receiving() as endpoint,
        house(
            tmp_path,
            table("[callbacks]", allow_private=True),
            carrier("north", address, response_timeout=0.3),
            account(callback=endpoint.url, quota=quota),
        ) as home,
    ):
        ended = [await home.customer.send(number, "a") for number in (DELIVERED, "85261230001", FAILED, REFUSED)]
        ended.append(await home.customer.send(DELIVERED, "я" * 100))
        unknown = await home.customer.send(SILENT, "a")
        await home.customer.send(DUMB, "a")
        await home.customer.send(THROTTLED, "a")
        assert (await home.customer.try_send("123", "a")).code == "MOBILE_NUMBER_ILLEGAL"
        assert (await home.customer.with_key("nobody", "x").try_send(DELIVERED, "a")).code == "InvalidAccessKeyId.NotFound"
        listed = {"To": f'["{DELIVERED}", "5", "{DELIVERED}"]', "Message": '["b", "b", "c"]'}
        assert (await home.customer.call("BatchSendMessageToGlobe", listed)).code == "OK"
        codes = [(await home.customer.call("QueryMessage", {"MessageId": str(ended[0])})).code for _ in range(3)]
        for message, state in zip(ended[:4], (State.DELIVERED, State.DELIVERED, State.FAILED, State.REJECTED), strict=True):
            await home.books.until(message, state)
        await home.books.until(unknown, State.UNKNOWN)
        seen = await until(home.address, "globewire_callback_reports_total", 8, outcome="acknowledged")
        assert seen.series("globewire_calls_total", "operation", "code") == {
            ("SendMessageToGlobe", "OK"): 8,
            ("SendMessageToGlobe", "MOBILE_NUMBER_ILLEGAL"): 1,
            ("SendMessageToGlobe", "InvalidAccessKeyId.NotFound"): 1,
            ("BatchSendMessageToGlobe", "OK"): 1,
            ("QueryMessage", "OK"): codes.count("OK"),
            ("QueryMessage", "Throttling.User"): codes.count("Throttling.User"),
        }
        assert seen.value("globewire_call_duration_seconds_count", operation="SendMessageToGlobe") == 10
        assert seen.series("globewire_batch_numbers_refused_total", "code") == {("MOBILE_NUMBER_ILLEGAL",): 1}
        assert seen.series("globewire_segments_total", "encoding") == {("GSM7",): 9, ("UCS2",): 2}
        assert seen.series("globewire_messages_total", "state") == {
            ("accepted",): 10,
            ("submitted",): 8,
            ("delivered",): 6,
            ("failed",): 1,
            ("rejected",): 1,
            ("unknown",): 1,
        }
        assert seen.series("globewire_messages_open", "state") == {("submitted",): 1, ("unknown",): 1}
        assert seen.series("globewire_receipts_total", "carrier", "outcome") == {("north", "delivered"): 7, ("north", "failed"): 1}
        assert seen.value("globewire_receipt_delay_seconds_count", carrier="north") == 8
        assert seen.value("globewire_submit_delay_seconds_count", carrier="north") == 8
        answers = {("north", "taken"): 9, ("north", "throttled"): 1, ("north", "permanent"): 1, ("north", "none"): 1}
        assert seen.series("globewire_submits_total", "carrier", "answer") == answers
        pushes = seen.value("globewire_callback_pushes_total", outcome="acknowledged")
        assert pushes == len(endpoint.pushes) == seen.value("globewire_callback_duration_seconds_count", outcome="acknowledged")
        assert seen.value("globewire_carrier_bound", carrier="north") == seen.value("globewire_carrier_binds", carrier="north") == 1
        assert seen.value("globewire_lane_jobs", lane="send", of="north") == 0
        commits = seen.value("globewire_commit_duration_seconds_count", line="all")
        assert commits == seen.value("globewire_commit_requests_count", line="all") > 10
        assert seen.value("globewire_commits_failed_total", line="all") == 0
        assert set(seen.series("globewire_stage_running", "stage")) == {(s,) for s in ("accept", "send", "settle", "tell", "tend")}
        assert seen.value("globewire_build_info", version=__version__) == 1
        assert seen.series("globewire_scrape_errors", "what") == {}
        assert seen.value("globewire_api_connections") >= 1


async def test_every_metric_is_exposed_in_both_formats(tmp_path: Path) -> None:
    """All rows of the table and the process's own, as text and as OpenMetrics, with their types."""
    async with house(tmp_path, table("[simulator]", enabled=True)) as home:
        seen = await scrape(home.address)
        names = {row.name.removesuffix("_total") for row in METRICS}
        assert names <= seen.families
        assert {name for name in seen.families if name.startswith("globewire_")} == names
        assert "process_cpu_seconds" in seen.families
        answer = await get(home.address, "/metrics", accept="application/openmetrics-text; version=1.0.0")
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")
        for row in METRICS:
            kind = {"globewire_build_info": "gauge"}.get(row.name, row.kind.value)
            assert f"# TYPE {row.name.removesuffix('_total')} {kind}" in answer.text
        assert all(row.name.endswith("_total") is (row.kind is Kind.COUNTER) for row in METRICS)


async def test_gateways_in_one_process_count_apart(tmp_path: Path) -> None:
    """Two of them, and what one did is not in the other's metrics."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    async with house(one, table("[simulator]", enabled=True)) as first, house(other, table("[simulator]", enabled=True)) as second:
        await first.customer.send(DELIVERED, "a")
        assert (await scrape(first.address)).value("globewire_messages_total", state="accepted") == 1
        assert (await scrape(second.address)).value("globewire_messages_total", state="accepted") == 0


async def test_what_waits_is_seen_with_its_age(tmp_path: Path) -> None:
    """A carrier that cannot be reached: its messages wait, and the oldest of them grows older."""
    async with house(tmp_path, carrier("away", ("127.0.0.1", 1))) as home:
        begun = now()
        for _ in range(3):
            await home.customer.send(DELIVERED, "a")
        seen = await until(home.address, "globewire_carrier_binds", 1, carrier="away")
        assert seen.value("globewire_lane_jobs", lane="send", of="away") == 3
        assert 0 <= seen.value("globewire_lane_oldest_seconds", lane="send", of="away") <= (now() - begun) / 1000
        assert seen.value("globewire_carrier_bound", carrier="away") == 0
        assert seen.series("globewire_messages_open", "state") == {("accepted",): 3}


async def test_reports_that_are_refused_and_given_up_are_counted(tmp_path: Path) -> None:
    """The endpoint says no: each push is counted by what follows, and what was given up stays to be seen."""
    async with (
        simulated() as (_, address),
        receiving(plain(500)) as endpoint,
        house(
            tmp_path,
            table("[callbacks]", allow_private=True, delays=[0]),
            carrier("north", address),
            account(callback=endpoint.url),
        ) as home,
    ):
        await home.books.until(await home.customer.send(DELIVERED, "a"), State.DELIVERED)
        seen = await until(home.address, "globewire_lane_jobs", 1, lane="dead", of="shop")
        assert seen.series("globewire_callback_pushes_total", "outcome") == {("again",): 1, ("buried",): 1}
        assert ("tell", "shop") not in seen.series("globewire_lane_jobs", "lane", "of")
        assert seen.value("globewire_callback_duration_seconds_count", outcome="buried") == 1


# --- where they are served ---------------------------------------------------------------------------------------------


async def test_metrics_have_an_address_of_their_own(tmp_path: Path) -> None:
    """There and, on loopback, at the API's; where it is said so, not at the API's. The probes are at both."""
    own = table("[metrics]", listen="127.0.0.1:0", at_api=False)
    async with house(tmp_path, own, table("[simulator]", enabled=True)) as home:
        assert home.gateway.metrics is not None
        assert "globewire_messages" in (await scrape(home.gateway.metrics)).families
        assert (await get(home.address, "/metrics")).status == 404
        for address in (home.address, home.gateway.metrics):
            assert (await get(address, "/healthz")).json == {"alive": True}
            assert (await get(address, "/readyz")).json == {"ready": True}


async def test_who_calls_by_another_name_gets_no_metrics(tmp_path: Path) -> None:
    """A stranger's name that points to this machine (DNS rebinding) is answered health, and no more."""
    async with house(tmp_path, table("[simulator]", enabled=True)) as home:
        assert (await get(home.address, "/metrics", host="stranger.example")).status == 403
        assert (await get(home.address, "/readyz", host="stranger.example")).status == 200
        assert (await get(home.address, "/metrics", host="localhost:1")).status == 200


async def test_other_machines_get_metrics_where_it_is_said_so(tmp_path: Path) -> None:
    """Listening for all, health is there and metrics are not, unless at_api says so."""
    for said, status in (((), 404), ((table("[metrics]", at_api=True),), 200)):
        pieces = (table("[api]", listen="0.0.0.0:0"), table("[simulator]", enabled=True), *said)
        gateway = Gateway(config.read(written(tmp_path, *pieces), "story.toml", {}))
        await gateway.start()
        try:
            assert gateway.api is not None
            address = ("127.0.0.1", gateway.api[1])
            assert (await get(address, "/metrics", host="gateway.example")).status == status
            assert (await get(address, "/readyz")).status == 200
        finally:
            await gateway.stop()


# --- the truth -----------------------------------------------------------------------------------------------------------


async def test_a_gateway_that_cannot_write_is_not_ready_until_it_can(tmp_path: Path) -> None:
    """No file may grow, as on a full disk: 503 and a sentence, while it is alive; and 200 again by itself once there is room."""
    async with simulated() as (_, address):
        text = written(tmp_path, carrier("north", address), account())
        async with serving(tmp_path, text, file_limit=2**30) as process, customer(process.address) as caller:

            async def answers(status: int) -> Answer | None:
                answer = await get(process.address, "/readyz")
                return answer if answer.status == status else None

            assert await answers(200)
            assert (await caller.try_send(DELIVERED, "a")).code == "OK"
            room(process, 1)
            assert (await caller.try_send(DELIVERED, "a")).code == "ServiceUnavailable"
            refused = await eventually(lambda: answers(503))
            assert refused.json == {"ready": False, "why": "the store cannot write: the log says why"}
            assert (await get(process.address, "/healthz")).status == 200
            seen = await scrape(process.address)
            assert seen.value("globewire_commits_failed_total", line="all") >= 2
            assert seen.value("globewire_calls_total", operation="SendMessageToGlobe", code="ServiceUnavailable") == 1
            assert seen.value("globewire_messages_total", state="accepted") == 1
            room(process, resource.RLIM_INFINITY)
            assert (await eventually(lambda: answers(200))).json == {"ready": True}
            assert (await caller.try_send(DELIVERED, "a")).code == "OK"
            assert await process.stop() == 0


def room(process: Process, most: int) -> None:
    """No file that it writes can grow beyond so many bytes from now on."""
    resource.prlimit(process.writer, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


async def test_a_gateway_that_stops_is_not_ready(tmp_path: Path) -> None:
    """It says so while it waits for a carrier's answer, at the metrics' own address; afterwards nobody listens there."""
    async with smsc(lambda pdu: None if pdu.command == Command.SUBMIT_SM else willing(pdu)) as (slow, address):
        own = table("[metrics]", listen="127.0.0.1:0")
        gateway = Gateway(config.read(written(tmp_path, own, carrier("north", address)), "story.toml", {}))
        await gateway.start()
        assert gateway.api is not None
        assert gateway.metrics is not None
        async with customer(gateway.api) as caller:
            await caller.send(DELIVERED, "a")
            await slow.requests(Command.SUBMIT_SM, 1)
        stopping = asyncio.create_task(gateway.stop())
        await asyncio.sleep(0)  # it has begun
        answer = await get(gateway.metrics, "/readyz")
        assert (answer.status, answer.json) == (503, {"ready": False, "why": "the gateway is stopping"})
        assert set((await scrape(gateway.metrics)).series("globewire_stage_running", "stage")) == set()
        [(pump, submit)] = [heard for heard in slow.heard if heard[1].command == Command.SUBMIT_SM]
        assert not stopping.done()
        pump.write(pump.session.respond(submit, *willing(submit)))
        await stopping
        with pytest.raises(aiohttp.ClientConnectorError):
            await get(gateway.metrics, "/readyz")
