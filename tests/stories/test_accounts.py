"""Accounts, users and policies while the gateway runs: changes are honoured within a second, and what is shared is shared."""

import asyncio
import time
from pathlib import Path

from globewire.hold.port import KeyEntry, PolicyEntry, UserEntry
from globewire.message import AccessKeyId, AccountId
from stories.carriers import simulated
from stories.client import Customer, Reply
from stories.house import House, account, carrier, eventually, house, now

PACE = 10
SHOP = AccountId("shop")
ONLY_SENDING = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"dysms:SendMessageToGlobe","Resource":"*"}]}'
NOTHING = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"dysms:*","Resource":"*"}]}'


async def add_user(home: House, name: str, *policies: str) -> Customer:
    """A new RAM user with a key of its own, written into the book as a command does."""
    await home.books.hold.put_user(UserEntry(SHOP, name, policies))
    secret = f"secret of {name}"
    await home.books.hold.put_key(KeyEntry(AccessKeyId(name), SHOP, name, home.sealed(name, secret), True, now()))
    return home.customer.with_key(name, secret)


async def until_code(caller: Customer, code: str) -> Reply:
    """The first reply with this code."""

    async def look() -> Reply | None:
        reply = await caller.try_send("85261230000", "may I")
        return reply if reply.code == code else None

    return await eventually(look)


async def test_a_new_user_and_its_policy_count_at_once(tmp_path: Path) -> None:
    """Added while running, it may send and not look up; when the policy changes it may nothing; when its key goes it is nobody."""
    async with simulated() as (_, address), house(tmp_path, carrier("north", address)) as home:
        await home.books.hold.put_policy(PolicyEntry(SHOP, "mine", ONLY_SENDING))
        user = await add_user(home, "alice", "mine")
        assert (await user.try_send("85261230000", "may I")).code in ("OK", "InvalidAccessKeyId.NotFound")
        sent = await until_code(user, "OK")
        looked = await user.call("QueryMessage", {"MessageId": str(sent.id)})
        assert (looked.status, looked.code) == (200, "RAM_PERMISSION_DENY")
        await home.books.hold.put_policy(PolicyEntry(SHOP, "mine", NOTHING))
        assert (await until_code(user, "RAM_PERMISSION_DENY")).status == 200
        assert await home.books.hold.delete_key(AccessKeyId("alice"))
        assert (await until_code(user, "InvalidAccessKeyId.NotFound")).status == 404
        assert (await home.customer.try_send("85261230000", "still I")).code == "OK"


async def test_an_accounts_users_share_its_pace(tmp_path: Path) -> None:
    """What the account's own key used up is missing to its users; another account does not notice."""
    other = account("other", ("otherkey", "othersecret"))
    async with (
        simulated() as (_, address),
        house(tmp_path, carrier("north", address), account(quota={"SendMessageToGlobe": PACE}), other) as home,
    ):
        users = [await add_user(home, name, "AliyunDysmsFullAccess") for name in ("alice", "bob")]
        for user in users:
            await until_code(user, "OK")
        everyone = [home.customer, *users] * 30
        began = time.monotonic()
        replies = await asyncio.gather(*(caller.try_send("85261230000", "now") for caller in everyone))
        took = time.monotonic() - began
        accepted = sum(reply.code == "OK" for reply in replies)
        assert accepted <= PACE * (1 + took) + 2  # one account's burst and pace; each of three alone would have thrice that
        assert {(reply.status, reply.code) for reply in replies} == {(200, "OK"), (400, "Throttling.User")}
        assert (await home.customer.with_key("otherkey", "othersecret").try_send("85261230000", "I")).code == "OK"


async def test_a_replay_is_refused_also_after_a_restart(tmp_path: Path) -> None:
    """The nonce of what was accepted stays used: the same signed request does not become a second message."""
    async with simulated() as (_, address):
        north = carrier("north", address)
        call = ("SendMessageToGlobe", {"To": "85261230000", "Message": "once"}, "the-nonce")
        async with house(tmp_path, north) as home:
            assert (await home.customer.call(*call)).code == "OK"
            assert (await home.customer.call(*call)).code == "SignatureNonceUsed"
        async with house(tmp_path, north) as home:
            again = await home.customer.call(*call)
            assert (again.status, again.code) == (400, "SignatureNonceUsed")
            assert len(await home.books.everything()) == 1
