"""Endpoints that are down, that hang, and that come back."""

from pathlib import Path

from globewire.hold.port import Outbox
from globewire.message import AccountId, State
from stories.callbacks import hanging, receiving
from stories.carriers import simulated
from stories.house import account, carrier, eventually, house, now, table
from tell.receiving import plain, take

QUICK = table("[callbacks]", allow_private=True, delays=[1], timeout=0.5)


async def test_an_endpoint_that_is_down_is_tried_again_given_up_and_revived(tmp_path: Path) -> None:
    """Pushed as often as configured, then kept as given up, for all to see; after a revival it arrives."""
    async with (
        simulated() as (_, address),
        receiving(plain(503)) as endpoint,
        house(tmp_path, QUICK, carrier("north", address), account(callback=endpoint.url)) as home,
    ):
        message = await home.customer.send("85261230000", "tell me")
        hold = home.books.hold

        async def given_up() -> Outbox | None:
            return next((outbox for outbox in await hold.outboxes() if outbox.dead), None)

        outbox = await eventually(given_up)
        assert (outbox.account, outbox.url, outbox.waiting, outbox.dead) == ("shop", endpoint.url, 0, 1)
        note = await home.books.noted(message, "callback")
        assert note.detail == "given up after 2 pushes: HTTP 503"
        assert endpoint.message_ids() == [str(message)] * 2
        endpoint.default = take
        assert await hold.revive(AccountId("shop"), now()) == 1
        await endpoint.arrived(3)

        async def told() -> bool | None:
            return not any(outbox.waiting or outbox.dead for outbox in await hold.outboxes()) or None

        assert await eventually(told)
        assert endpoint.message_ids() == [str(message)] * 3


async def test_an_endpoint_that_hangs_slows_nobody_else(tmp_path: Path) -> None:
    """While one account's endpoint keeps its pushes waiting, the other's are told one after another."""
    hang, released = hanging()
    async with (
        simulated() as (_, address),
        receiving(hang) as stuck,
        receiving() as prompt,
        house(
            tmp_path,
            table("[callbacks]", allow_private=True, timeout=60),
            carrier("north", address),
            account(callback=stuck.url),
            account("other", ("otherkey", "othersecret"), callback=prompt.url),
        ) as home,
    ):
        waiting = await home.customer.send("85261230000", "stuck")
        await stuck.arrived(1)
        other = home.customer.with_key("otherkey", "othersecret")
        told = []
        for n in range(5):
            told.append(await other.send(f"8526123001{n}", "prompt"))
            await prompt.arrived(n + 1)
        assert prompt.message_ids() == [str(message) for message in told]
        assert stuck.message_ids() == [str(waiting)]
        await home.books.until(waiting, State.DELIVERED)
        released.set()
