"""The emulator's API for tests, over HTTP, at a whole gateway."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from globewire import config
from globewire.gateway import Gateway
from globewire.hold.postgres import PostgresHold
from globewire.message import MessageId, State
from globewire.show.asked import OUTCOMES
from globewire.show.emulator import PATHS
from globewire.show.sessions import hashed
from globewire.vault import open_vault
from globewire.verdict.script import MAGIC
from stories.callbacks import receiving, signed
from stories.client import customer
from stories.house import House, account, books, carrier, house, table, written
from tell.receiving import plain, take

HERE, THERE = "6591234567", "85261234567"
FAST = table("[simulator]", receipt_delay=[0.0, 0.0])


@dataclass(frozen=True, slots=True)
class Test:
    """A test that has an emulator."""

    __test__ = False
    house: House
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, given: object = None, **headers: str) -> tuple[int, Any]:
        """What the API answers."""
        async with self.http.request(method, f"/_emulator/{path}", json=given, headers=headers) as response:
            assert response.content_type == "application/json"
            return response.status, await response.json()

    async def good(self, method: str, path: str, given: object = None) -> Any:
        """What it answers where it does what was asked."""
        status, found = await self.ask(method, path, given)
        assert status == 200, found
        return found

    async def next(self, to: str = "", timeout: float = 10.0) -> Any:
        """The next message."""
        return await self.good("POST", "messages/next", {"to": to, "timeout": timeout})

    async def ended(self, id: object) -> Any:
        """A message once it has ended."""
        return await self.good("POST", f"messages/{id}/ended", {"timeout": 10})

    async def advance(self, by: str) -> Any:
        """Move the clock."""
        return await self.good("POST", "clock", {"advance": by})

    async def ordered(self, outcome: str, to: str = HERE, **more: object) -> MessageId:
        """A message that goes so."""
        await self.good("POST", "outcomes", {"outcome": outcome, "to": to, **more})
        return await self.house.customer.send(to, f"to be {outcome}")

    async def state(self, id: object) -> str:
        """Where a message stands."""
        return str((await self.good("GET", f"messages/{id}"))["state"])


@pytest.fixture
async def test(tmp_path: Path) -> AsyncIterator[Test]:
    async with house(tmp_path, FAST) as running, http(running) as session:
        yield Test(running, session)


def http(running: House) -> aiohttp.ClientSession:
    return aiohttp.ClientSession("http://{}:{}".format(*running.address))


# --- messages ------------------------------------------------------------------------------------------------------------


async def test_a_wait_brings_the_message_and_its_code(test: Test) -> None:
    """Whether it came before the call or comes after it; each message is given once."""
    before = await test.house.customer.send(HERE, "Your code is 482913.", From="Shop", Type="OTP", TaskId="task-1")
    found = await test.next(HERE)
    assert {name: found[name] for name in ("id", "to", "from", "text", "code", "type", "task_id", "segments", "encoding")} == {
        "id": str(before),
        "to": HERE,
        "from": "Shop",
        "text": "Your code is 482913.",
        "code": "482913",
        "type": "OTP",
        "task_id": "task-1",
        "segments": 1,
        "encoding": "GSM7",
    }
    waiting = asyncio.create_task(test.next(HERE))
    after = await test.house.customer.send(HERE, "no digits here")
    assert ((await waiting)["id"], (await waiting)["code"]) == (str(after), None)


async def test_parallel_waits_share_nothing(test: Test) -> None:
    """Waits for different numbers get their own, two for one number a message each, and one for any number the oldest."""
    waits = [asyncio.create_task(test.next(to)) for to in (HERE, THERE, HERE)]
    sent = [await test.house.customer.send(to, "hello") for to in (HERE, THERE, HERE)]
    found = [(await wait)["id"] for wait in waits]
    assert found[1] == str(sent[1])
    assert sorted(found) == sorted(str(id) for id in sent)
    oldest = [await test.house.customer.send(to, "hello") for to in (THERE, HERE)]
    assert [(await test.next())["id"], (await test.next())["id"]] == [str(id) for id in oldest]


async def test_a_wait_in_vain(test: Test) -> None:
    """Says so; and one whose caller has gone leaves the message to the next."""
    status, found = await test.ask("POST", "messages/next", {"to": HERE, "timeout": 0.05})
    assert (status, found) == (404, {"error": f"no message to {HERE} came within 0.05 s"})
    async with http(test.house) as impatient:
        with pytest.raises(TimeoutError):
            await impatient.post("/_emulator/messages/next", json={"to": HERE}, timeout=aiohttp.ClientTimeout(total=0.1))
    sent = await test.house.customer.send(HERE, "hello")
    assert (await test.next(HERE))["id"] == str(sent)


async def test_a_list_and_its_pages(test: Test) -> None:
    """Oldest first; to one number, after one that is known, and the newest of them."""
    sent = [str(await test.house.customer.send(to, "hello")) for to in (HERE, THERE, HERE, HERE)]

    async def ids(query: str) -> list[str]:
        return [message["id"] for message in (await test.good("GET", f"messages?{query}"))["messages"]]

    assert await ids("") == sent
    assert await ids(f"to=%2B65+9123-4567&after={sent[0]}") == sent[2:]
    assert await ids(f"to={HERE}&limit=1") == sent[3:]


async def test_a_message_shows_its_parts_and_its_history(test: Test) -> None:
    id = await test.house.customer.send(HERE, "a" * 300)
    found = await test.ended(id)
    assert [(part["sequence"], part["state"]) for part in found["parts"]] == [(1, "delivered"), (2, "delivered")]
    assert found["delivered_at"] == found["ended_at"] > found["accepted_at"]
    await test.good("POST", "receipts", {"message_id": str(id), "receipt": "UNDELIV", "part": 2})
    await test.house.books.noted(id, "UNDELIV")
    assert ["part 2 is UNDELIV" in line["detail"] for line in (await test.good("GET", f"messages/{id}"))["history"]] == [True]


async def test_a_clearing_empties_the_inbox(test: Test) -> None:
    """And what comes afterwards is there."""
    await test.ended(await test.house.customer.send(HERE, "one"))
    await test.good("DELETE", "messages")
    assert await test.good("GET", "messages") == {"messages": []}
    assert await test.house.books.everything() == []
    two = await test.house.customer.send(HERE, "two")
    assert (await test.next(HERE))["id"] == str(two)
    assert (await test.ended(two))["state"] == "delivered"


# --- outcomes ------------------------------------------------------------------------------------------------------------

BECOMES = {
    "delivered": ("delivered", "DELIVERED"),
    "failed": ("failed", "UNDELIV:001"),
    "expired": ("expired", "EXPIRED:002"),
    "rejected": ("failed", "REJECTD:003"),
    "refused": ("rejected", "REJECTD:0000000B"),
    "no-receipt": ("submitted", ""),
    "duplicate-receipt": ("delivered", "DELIVERED"),
    "receipt-first": ("delivered", "DELIVERED"),
    "disconnected": ("unknown", ""),
}


@pytest.mark.parametrize("outcome", BECOMES)
async def test_an_outcome_comes_true(test: Test, outcome: str) -> None:
    """Of the next message to that number; the one after it is delivered."""
    state, code = BECOMES[outcome]
    id = await test.ordered(outcome)
    standing = await test.house.books.until(id, State(state))
    assert standing.error_code == code
    assert await test.good("GET", "outcomes") == {"outcomes": []}
    assert (await test.ended(await test.house.customer.send(HERE, "the next")))["state"] == "delivered"


def test_every_outcome_was_tried() -> None:
    """But one, which shows after half a minute only: the carrier says nothing at all."""
    assert OUTCOMES.keys() - BECOMES.keys() == {"unanswered"}
    assert OUTCOMES["unanswered"] == MAGIC["9009"].outcome


async def test_outcomes_have_details(test: Test) -> None:
    """A word and an error of one's own, a status by name; a number's ending means nothing then."""
    assert (await test.ended(await test.ordered("failed", receipt="DELETED", error=77)))["error_code"] == "DELETED:077"
    magic = await test.ordered("delivered", to="6591239004", times=1)
    assert (await test.ended(magic))["state"] == "delivered"
    throttled = await test.ordered("refused", status="ESME_RTHROTTLED")
    await test.advance("1m")
    assert await test.state(throttled) == "delivered"


async def test_orders_stand_until_they_are_withdrawn(test: Test) -> None:
    """Those of a number, or all."""
    for to in (HERE, ""):
        await test.good("POST", "outcomes", {"outcome": "failed", "to": to, "times": None})
    assert [order["to"] for order in (await test.good("GET", "outcomes"))["outcomes"]] == [HERE, ""]
    for _ in range(2):
        assert (await test.ended(await test.house.customer.send(HERE, "x")))["state"] == "failed"
    assert [order["to"] for order in (await test.good("DELETE", f"outcomes?to={HERE}"))["outcomes"]] == [""]
    assert (await test.ended(await test.house.customer.send(HERE, "x")))["state"] == "failed"
    assert await test.good("DELETE", "outcomes") == {"outcomes": []}
    assert (await test.ended(await test.house.customer.send(HERE, "x")))["state"] == "delivered"


async def test_any_receipt_can_be_pushed(test: Test) -> None:
    """One that ends a message that nothing else would end, and one of nothing that was sent from here."""
    id = await test.ordered("no-receipt")
    await test.house.books.until(id, State.SUBMITTED)
    await test.good("POST", "receipts", {"message_id": str(id), "receipt": "UNDELIV", "error": 9})
    assert (await test.ended(id))["error_code"] == "UNDELIV:009"
    assert await test.good("POST", "receipts", {"carrier_id": "31337", "to": THERE, "times": 2}) == {"receipts": 2}
    await test.advance("1h")
    assert (await test.house.books.hold.counts())["lane.orphan"] == 2


@pytest.mark.parametrize("form", ["hex", "hex-decimal"])
async def test_a_receipt_is_matched_however_ids_are_spelt(tmp_path: Path, form: str) -> None:
    async with house(tmp_path, FAST + f'id_form = "{form}"\n') as running, http(running) as session:
        test = Test(running, session)
        id = await test.ordered("no-receipt")
        await running.books.until(id, State.SUBMITTED)
        await test.good("POST", "receipts", {"message_id": str(id), "receipt": "UNDELIV"})
        assert (await test.ended(id))["state"] == "failed"


async def test_a_receipt_of_what_no_carrier_has(test: Test) -> None:
    id = await test.ordered("refused")
    await test.ended(id)
    assert (await test.ask("POST", "receipts", {"message_id": str(id)}))[0] == 409
    assert (await test.ask("POST", "receipts", {"message_id": "1"}))[0] == 404


# --- the clock -----------------------------------------------------------------------------------------------------------


async def test_72_hours_end_what_would_end_by_then(test: Test) -> None:
    """A late receipt is there, a message without one has expired, and the clock shows it."""
    late, lost = await test.ordered("delivered", delay="20h"), await test.ordered("no-receipt")
    before = await test.good("GET", "clock")
    after = await test.advance("72h")
    assert (before["ahead"], after["ahead"]) == (0.0, 259_200.0)
    assert [await test.state(late), await test.state(lost)] == ["delivered", "expired"]


async def test_validity_ends_before_a_late_receipt(test: Test) -> None:
    """An OTP that is good for five minutes, at a phone that is off for ten."""
    await test.good("POST", "outcomes", {"delay": "10m"})
    id = await test.house.customer.send(HERE, "Your code is 482913.", ValidityPeriod="300")
    await test.advance("4m")
    assert await test.state(id) == "submitted"
    await test.advance("1m")
    assert await test.state(id) == "expired"


async def test_calls_are_fresh_whatever_the_clock_shows(test: Test) -> None:
    """An SDK's timestamp is by the real clock; so is the one that a nonce is barred by."""
    first = await test.house.customer.call("SendMessageToGlobe", {"To": HERE, "Message": "x"}, nonce="once")
    await test.advance("72h")
    again = await test.house.customer.call("SendMessageToGlobe", {"To": HERE, "Message": "x"}, nonce="once")
    assert [first.code, again.code] == ["OK", "SignatureNonceUsed"]
    assert (await test.house.customer.try_send(HERE, "x")).code == "OK"


async def test_temporary_refusals_are_tried_again_at_once(test: Test) -> None:
    """Three in a row would take 21 seconds."""
    id = await test.ordered("refused", status="ESME_RSYSERR", times=3)
    await test.advance("30s")
    assert await test.state(id) == "delivered"


async def test_callbacks_are_tried_again_and_given_up(tmp_path: Path) -> None:
    """After a minute and after five more; each is signed by the clock that its receiver has."""
    async with (
        receiving(plain(500)) as endpoint,
        house(tmp_path, FAST, table("[callbacks]", allow_private=True), account(callback=endpoint.url)) as running,
        http(running) as session,
    ):
        test = Test(running, session)
        id = await running.customer.send(HERE, "x")
        await test.ended(id)
        await test.advance("59s")
        assert len(endpoint.pushes) == 1
        await test.advance("72h")
        found = await test.good("GET", f"messages/{id}")
        assert (len(endpoint.pushes), found["callback"]) == (3, "given up")
        secret = await running.callback_secret()
        assert all(signed(push, secret) for push in endpoint.pushes)
        stamps = [int(push.headers["x-globewire-timestamp"]) for push in endpoint.pushes]
        assert max(stamps) - min(stamps) < 3600


async def test_a_quota_fills_up_again(tmp_path: Path) -> None:
    """Two calls a second, and then an hour later."""
    async with house(tmp_path, FAST, account(quota={"SendMessageToGlobe": 2})) as running, http(running) as session:
        test = Test(running, session)

        async def codes(count: int) -> set[str]:
            return {(await running.customer.try_send(HERE, "x")).code for _ in range(count)}

        assert "Throttling.User" in await codes(10)
        await test.advance("1h")
        assert (await running.customer.try_send(HERE, "x")).code == "OK"
        assert "Throttling.User" in await codes(10)
        await test.good("POST", "reset")
        assert (await running.customer.try_send(HERE, "x")).code == "OK"


async def test_a_reset_begins_anew(test: Test) -> None:
    """No message, no order, no idempotency key; the clock stays where it is, and a nonce used."""
    first = await test.house.customer.call("SendMessageToGlobe", {"To": HERE, "Message": "x"}, key="k", nonce="n")
    await test.good("POST", "outcomes", {"outcome": "failed", "times": None})
    ahead = (await test.advance("1h"))["ahead"]
    assert (await test.good("POST", "reset"))["ahead"] == ahead
    assert [await test.good("GET", "messages"), await test.good("GET", "outcomes")] == [{"messages": []}, {"outcomes": []}]
    other = await test.house.customer.call("SendMessageToGlobe", {"To": HERE, "Message": "y"}, key="k")
    assert (await test.ended(other.id))["state"] == "delivered"
    assert other.id != first.id
    replayed = await test.house.customer.call("SendMessageToGlobe", {"To": HERE, "Message": "x"}, nonce="n")
    assert replayed.code == "SignatureNonceUsed"


async def test_the_other_engine_emulates_as_well(tmp_path: Path, database: str) -> None:
    """PostgreSQL: days go by, a push is tried again, and a reset leaves the account's endpoint as it was."""
    async with receiving(plain(500)) as endpoint:
        pieces = FAST, table("[callbacks]", allow_private=True), account(callback=endpoint.url)
        await (await PostgresHold.open(database, migrate=True)).close()
        gateway = Gateway(config.read(written(tmp_path, *pieces, url=database), "test.toml", {}))
        await gateway.start()
        try:
            assert gateway.api is not None
            async with books(tmp_path, database) as looking, customer(gateway.api) as calling:
                running = House(gateway, looking, calling, open_vault(b"", tmp_path / "hold.db.key"))
                async with http(running) as session:
                    test = Test(running, session)
                    lost = await test.ordered("no-receipt")
                    await test.advance("72h")
                    await test.advance("72h")
                    found = await test.good("GET", f"messages/{lost}")
                    assert (found["state"], found["callback"], len(endpoint.pushes)) == ("expired", "given up", 3)
                    await test.good("POST", "reset")
                    endpoint.default = take
                    sent = await calling.send(HERE, "Your code is 482913.")
                    assert (await test.next(HERE))["code"] == "482913"
                    await endpoint.arrived(4)
                    assert endpoint.message_ids()[3:] == [str(sent)]
        finally:
            await gateway.stop()
        assert not gateway.failed.is_set()


# --- who may ask, and how ------------------------------------------------------------------------------------------------


async def test_web_pages_are_kept_out(test: Test) -> None:
    """A name of a stranger's that points here, and a page that lets a browser post here."""
    for header, value, told in (
        ("Host", "evil.example", "a name of this machine"),
        ("Sec-Fetch-Site", "cross-site", "another site"),
        ("Origin", "https://evil.example", "another site"),
    ):
        status, found = await test.ask("POST", "reset", {}, **{header: value})
        assert (status, told in found["error"]) == (403, True), header


MISTAKES: list[tuple[str, str, object, int, str]] = [
    ("GET", "nothing", None, 404, "there is no such path"),
    ("PATCH", "outcomes", {}, 405, "GET and POST and DELETE"),
    ("GET", "messages/1", None, 404, "there is no message 1"),
    ("GET", "messages/x", None, 400, "message ids are the digits"),
    ("POST", "outcomes", {"outcome": "lost"}, 400, "must be one of delivered, failed"),
    ("POST", "outcomes", {"result": "failed"}, 400, "'result' is unknown; known: to, times"),
    ("POST", "outcomes", {"outcome": "failed", "status": 8}, 400, "goes with the outcome refused"),
    ("POST", "outcomes", [], 400, "not a JSON object"),
    ("POST", "clock", {"advance": "-1h"}, 400, "a span of time such as 72h"),
    ("POST", "clock", {}, 400, "how far to move the clock"),
    ("POST", "receipts", {}, 400, "either message_id, or carrier_id"),
    ("POST", "messages/next", {"timeout": "1h"}, 400, "at most 600 seconds"),
    ("POST", "messages/next", {"to": "x" * 70_000}, 413, "larger than"),
    ("GET", "messages?limit=0", None, 400, "from 1 to 200"),
]


async def test_a_mistake_is_told(test: Test) -> None:
    for method, path, given, status, told in MISTAKES:
        answered, found = await test.ask(method, path, given)
        assert (answered, told in found["error"]) == (status, True), (path, given, found)


async def test_the_clock_does_not_leave_the_calendar(test: Test) -> None:
    for _ in range(10):
        await test.good("POST", "clock", {"advance": "3650d"})
    status, found = await test.ask("POST", "clock", {"advance": "1s"})
    assert (status, "further ahead" in found["error"]) == (409, True)
    assert (await test.ended(await test.house.customer.send(HERE, "in a hundred years")))["state"] == "delivered"


async def test_people_s_passwords_are_no_matter(tmp_path: Path) -> None:
    """Where people sign in to the console, a program on this machine need not; where there is no console, it may as well."""
    for piece in (table("[console]", password_hash=hashed("a long password")), table("[console]", enabled=False)):
        async with house(tmp_path, piece) as running, http(running) as session:
            assert (await Test(running, session).ask("GET", "clock"))[0] == 200


@pytest.mark.parametrize(
    "pieces",
    [
        [table("[api]", listen="127.0.0.1:0", trusted_proxies=["127.0.0.1"])],
        [carrier("north", ("127.0.0.1", 9)), table("[simulator]", enabled=True)],
    ],
    ids=["behind a proxy", "with a carrier"],
)
async def test_it_is_off_where_messages_count(tmp_path: Path, pieces: list[str]) -> None:
    """Where others may reach the API, or a carrier is configured, the paths are the API's own, which knows none of them."""
    async with house(tmp_path, *pieces) as running, http(running) as session:

        async def said(method: str, path: str) -> tuple[int, bool]:
            async with session.request(method, path) as response:
                return response.status, "<RequestId>" in await response.text()

        for path, methods in PATHS.items():
            for method in methods:
                assert await said(method, f"/_emulator/{path}") == await said(method, "/nowhere")
