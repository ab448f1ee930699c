"""Access, over HTTP: what the pages change is what the running gateway does with the next call."""

import html
import json
import re
from urllib.parse import urlencode

import pytest

from globewire.message import AccountId
from show.conftest import Console, Opening
from stories.client import KEY
from stories.house import eventually, table

HOME = "/console/access/account/till"
SENDER = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"dysms:SendMessageToGlobe","Resource":"*"}]}'


@pytest.fixture
async def opened(console: Console) -> Console:
    """A console with an account that a page has opened."""
    made = await console.post("/console/access", {"name": "till", "sender": "Till"})
    assert (made.status, made.headers["location"]) == (303, HOME)
    return console


async def key(console: Console, **form: str) -> tuple[str, str]:
    """A new AccessKey's id and secret, as the page shows them."""
    made = await console.post(HOME, {"do": "make-key", **form})
    assert (made.status, made.headers["cache-control"]) == (200, "no-store")
    found = dict(re.findall(r'<code id="made-(\w+)">([^<]+)</code>', made.text))
    return found["id"], found["secret"]


async def said(console: Console, key: tuple[str, str]) -> str:
    """What the API answers to a call with this key."""
    return (await console.house.customer.with_key(*key).try_send("6591234567", "Hello")).code


async def test_an_account_is_opened_and_its_first_key_works_at_once(opened: Console) -> None:
    """Without a wait: the page has answered, so the gateway knows. The secret is shown in that answer alone."""
    made = await key(opened)
    assert await said(opened, made) == "OK"
    assert made[1] not in (await opened.get(HOME)).text
    assert made[0] in (await opened.get(HOME)).text


async def test_a_key_is_disabled_enabled_and_deleted(opened: Console) -> None:
    """Each is so for the very next call."""
    made = await key(opened)
    for deed, code in (("disable", "InvalidAccessKeyId.Inactive"), ("enable", "OK"), ("delete-key", "InvalidAccessKeyId.NotFound")):
        assert (await opened.post(HOME, {"do": deed, "key": made[0]})).status == 303
        assert await said(opened, made) == code


async def test_a_user_may_do_what_its_policies_allow(opened: Console) -> None:
    """Nothing at first; then what was attached; nothing again once that is detached or deleted."""
    await opened.post(HOME, {"do": "add-user", "user": "cashier"})
    made = await key(opened, user="cashier")
    assert await said(opened, made) == "RAM_PERMISSION_DENY"
    stored = await opened.post(f"{HOME}/policy", {"do": "store", "name": "sender", "document": SENDER})
    assert stored.status == 303
    await opened.post(HOME, {"do": "attach", "user": "cashier", "policy": "sender"})
    assert await said(opened, made) == "OK"
    await opened.post(HOME, {"do": "detach", "user": "cashier", "policy": "sender"})
    assert await said(opened, made) == "RAM_PERMISSION_DENY"
    await opened.post(HOME, {"do": "delete-user", "user": "cashier"})
    assert await said(opened, made) == "InvalidAccessKeyId.NotFound"


async def test_what_the_configuration_declares_is_not_changed_here(console: Console) -> None:
    """Its page says so, offers nothing, and refuses what is asked all the same."""
    page = await console.get("/console/access/account/shop")
    assert "The configuration declares this account" in page.text
    for form in ({"do": "settings", "sender": "Other"}, {"do": "disable", "key": KEY[0]}, {"do": "delete-key", "key": KEY[0]}):
        refused = await console.post("/console/access/account/shop", form)
        assert (refused.status, "is declared in the configuration" in refused.text) == (409, True)
    assert (await console.house.customer.try_send("6591234567", "Hello")).code == "OK"


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"do": "add-user", "user": "<b>"}, "is not a name"),
        ({"do": "attach", "user": "nobody", "policy": "sender"}, "has no user"),
        ({"do": "settings", "sender": "far too long a name"}, "is not a sender ID"),
        ({"do": "settings", "sender": "", "QueryMessage": "0"}, "is not a number of calls a second"),
        ({"do": "delete-policy", "policy": "AliyunDysmsFullAccess"}, "is a system policy"),
        ({"do": "disable", "key": "LTAI-none"}, "no AccessKey 'LTAI-none'"),
        ({"do": "dance"}, "none of the forms"),
    ],
)
async def test_what_cannot_be_done_is_said_on_the_page(opened: Console, form: dict[str, str], why: str) -> None:
    """In a sentence, escaped."""
    refused = await opened.post(HOME, form)
    assert refused.status == 409
    assert why in html.unescape(refused.text)
    assert "<b>" not in refused.text.partition('role="alert"')[2].partition("</p>")[0].replace('<span dir="auto">', "")


async def test_quotas_are_changed_and_what_is_left_of_them_is_shown(opened: Console) -> None:
    """The figure is the gateway's own: calls lessen it."""
    await opened.post(HOME, {"do": "settings", "sender": "Till", "SendMessageToGlobe": "1"})
    made = await key(opened)
    assert await left(opened) == 1

    async def spent() -> bool | None:
        await said(opened, made)
        return await left(opened) == 0 or None

    await eventually(spent)
    await opened.post(HOME, {"do": "settings", "sender": "Till", "SendMessageToGlobe": ""})
    assert await left(opened) == 30


async def left(console: Console) -> int:
    """What the page says is left of the quota for sends."""
    row = (await console.get(HOME)).text.partition('<th scope="row">SendMessageToGlobe</th>')[2]
    return int(re.findall(r'<td class="number">(\d+)', row)[1])


async def test_a_policy_is_checked_and_written_from_fields(opened: Console) -> None:
    """A mistake is shown with its place; fields add statements to the document, and nothing is stored before it is asked for."""
    bad = await opened.post(f"{HOME}/policy", {"do": "check", "name": "p", "document": SENDER.replace("Allow", "Maybe")})
    assert (bad.status, "Statement[0].Effect" in bad.text) == (409, True)
    fields = {"effect": "Deny", "applies": "NotAction", "action": "dysms:QueryMessage", "resource": "*", "operator": "IpAddress"}
    fields |= {"key": "acs:SourceIp", "values": "10.0.0.0/8, 192.0.2.1"}
    added = await opened.post(f"{HOME}/policy", {"do": "add", "name": "p", "document": SENDER, **fields})
    document = html.unescape(re.findall(r"<textarea[^>]*>(.*?)</textarea>", added.text, re.DOTALL)[0])
    assert json.loads(document)["Statement"][1] == {
        "Effect": "Deny",
        "NotAction": ["dysms:QueryMessage"],
        "Resource": "*",
        "Condition": {"IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "192.0.2.1"]}},
    }
    assert "it has 2 statements" in added.text
    assert "policy-p" not in (await opened.get(HOME)).text
    await opened.post(f"{HOME}/policy", {"do": "store", "name": "p", "document": document})
    assert "policy-p" in (await opened.get(HOME)).text


async def ask(console: Console, who: str, **changed: str) -> str:
    """The page about what would happen to a call."""
    call = {"who": who, "operation": "SendMessageToGlobe", "address": "203.0.113.7", "time": "2026-01-31T09:00", **changed}
    return (await console.get(f"/console/access/what-if?{urlencode(call)}")).text


async def test_what_would_happen_is_what_happens(opened: Console) -> None:
    """The same verdict as the call gets, and the statement that gave it; circumstances count."""
    document = json.loads(SENDER)
    document["Statement"][0]["Condition"] = {"IpAddress": {"acs:SourceIp": ["127.0.0.1", "203.0.113.0/24"]}}
    document["Statement"].append(
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"acs:SecureTransport": "true"}}}
    )
    await opened.post(f"{HOME}/policy", {"do": "store", "name": "near", "document": json.dumps(document)})
    await opened.post(HOME, {"do": "add-user", "user": "cashier"})
    await opened.post(HOME, {"do": "attach", "user": "cashier", "policy": "near"})
    made = await key(opened, user="cashier")
    assert await said(opened, made) == "OK"
    for who in (f"key:{made[0]}", "user:till/cashier"):
        assert "Statement[0] of the policy <b>near</b> allows it" in await ask(opened, who)
        assert "Statement[1] of the policy <b>near</b> denies it" in await ask(opened, who, tls="yes")
        away = await ask(opened, who, address="198.51.100.9")
        assert "No statement of cashier's policies allows it" in away
        assert "RAM_PERMISSION_DENY" in away
        assert "its condition does not hold" in away
    await opened.post(HOME, {"do": "disable", "key": made[0]})
    assert "InvalidAccessKeyId.Inactive" in await ask(opened, f"key:{made[0]}")


async def test_what_would_happen_needs_a_call_that_there_can_be(opened: Console) -> None:
    """What is no address, no time, no operation or nobody is said, and not guessed at."""
    for changed in ({"address": "here"}, {"time": "soon"}, {"operation": "Dance"}):
        assert 'role="alert"' in await ask(opened, f"key:{KEY[0]}", **changed)
    assert "choose one of the list" in await ask(opened, "user:till/nobody")
    assert "no policy restricts it" in await ask(opened, f"key:{KEY[0]}")


async def test_tls_is_asked_for_first_where_the_gateway_needs_it(opening: Opening) -> None:
    """As a call would be answered, whoever makes it."""
    console = await opening(table("[api]", listen="127.0.0.1:0", require_tls=True))
    assert "InvalidProtocol.NeedSsl" in await ask(console, f"key:{KEY[0]}")
    assert "It would be let in" in await ask(console, f"key:{KEY[0]}", tls="yes")


async def test_another_process_s_changes_are_shown_too(opened: Console) -> None:
    """A command of another process writes to the same file."""
    book = await opened.house.books.hold.book()
    assert book is not None
    entry = next(entry for entry in book.accounts if entry.id == AccountId("till"))
    await opened.house.books.hold.put_account(type(entry)(entry.id, "Elsewhere", "", {}, entry.created_at))
    assert "Elsewhere" in (await opened.get("/console/access")).text


async def test_an_account_that_is_not_there(console: Console) -> None:
    """Its page says so."""
    assert (await console.get("/console/access/account/none")).status == 404
    assert (await console.get("/console/access/account/none/policy")).status == 404
