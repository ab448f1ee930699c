"""Accounts, AccessKeys, users and policies: what commands write is what they show, and what the gateway reads."""

import asyncio
import stat
from pathlib import Path

from cli.conftest import Run
from globewire.hold.port import Book
from globewire.hold.sqlite import SqliteHold
from globewire.vault import open_vault
from globewire.verdict.admit import digest

POLICY = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"dysms:SendMessageToGlobe","Resource":"*"}]}'


def book(place: Path) -> Book:
    """The book of accounts as the gateway would read it."""

    async def read() -> Book:
        hold = await SqliteHold.open(place / "globewire.db", create=False)
        try:
            found = await hold.book()
        finally:
            await hold.close()
        assert found is not None
        return found

    return asyncio.run(read())


def test_migrate_makes_the_database_once(run: Run) -> None:
    assert run("migrate", "--json").json == {"database": "globewire.db", "new": True}
    assert run("migrate", "--json").json == {"database": "globewire.db", "new": False}


def test_an_account_is_opened_changed_and_listed(shop: Run, place: Path) -> None:
    shop("account", "create", "other", "--sender", "Other", "--quota", "SendMessageToGlobe=100", "--quota", "QueryMessage=5")
    assert shop("account", "set", "other", "--quota", "QueryMessage=").code == 0
    entry = next(one for one in book(place).accounts if one.id == "other")
    assert (entry.sender, entry.quota) == ("Other", {"SendMessageToGlobe": 100})
    rows = {row["id"]: row for row in shop("account", "list", "--json").json}
    assert set(rows) == {"shop", "other"}
    assert rows["other"]["quota"] == {"SendMessageToGlobe": 100}
    assert "SendMessageToGlobe 100/s" in shop("account", "list").out


def test_a_key_is_made_with_a_secret_that_the_gateway_can_open(shop: Run, place: Path) -> None:
    made = shop("key", "create", "--json").json
    (entry,) = book(place).keys
    assert (entry.id, entry.account, entry.user, entry.enabled, entry.token) == (made["access_key_id"], "shop", "", True, b"")
    vault = open_vault(b"", place / "globewire.db.key")
    assert vault.open(entry.id, entry.sealed) == made["access_key_secret"]
    assert stat.S_IMODE((place / "globewire.db.key").stat().st_mode) == 0o600


def test_a_secret_is_printed_when_made_and_never_again(shop: Run) -> None:
    secret = shop("key", "create", "--json").json["access_key_secret"]
    assert secret not in shop("key", "list").out + shop("key", "list", "--json").out
    assert "will not be shown again" in shop("key", "create").out


def test_a_temporary_key_has_a_token(shop: Run, place: Path) -> None:
    made = shop("key", "create", "--temporary", "--json").json
    (entry,) = book(place).keys
    assert entry.id.startswith("STS.")
    assert entry.token == digest(made["security_token"])
    assert shop("key", "list", "--json").json[0]["kind"] == "temporary"


def test_a_key_is_disabled_enabled_and_deleted(shop: Run, place: Path) -> None:
    id = shop("key", "create", "--json").json["access_key_id"]
    assert shop("key", "disable", id).code == 0
    assert [key.enabled for key in book(place).keys] == [False]
    assert shop("key", "list", "--json").json[0]["state"] == "disabled"
    assert shop("key", "enable", id).code == 0
    assert [key.enabled for key in book(place).keys] == [True]
    assert shop("key", "delete", id).code == 0
    assert not book(place).keys
    assert "There is no AccessKey yet" in shop("key", "list").out


def test_with_two_accounts_the_account_must_be_named(shop: Run) -> None:
    shop("account", "create", "other")
    ran = shop("key", "create")
    assert ran.code == 2
    assert "give --account; there are other, shop" in ran.err
    assert shop("key", "create", "--account", "other", "--json").json["account"] == "other"


def test_a_user_gets_a_policy_and_a_key_and_goes_with_them(shop: Run, place: Path) -> None:
    (place / "policy.json").write_text(POLICY)
    assert "globewire key create --user till --account shop" in shop("user", "create", "till").out
    assert shop("policy", "put", "sender", "policy.json").code == 0
    assert shop("policy", "show", "sender").out.strip() == POLICY
    shop("policy", "attach", "sender", "till")
    ran = shop("policy", "attach", "AliyunDysmsReadOnlyAccess", "till", "--json")
    assert ran.json["policies"] == ["sender", "AliyunDysmsReadOnlyAccess"]
    shop("key", "create", "--user", "till")
    assert shop("user", "list", "--json").json == [{"account": "shop", "name": "till", "policies": ran.json["policies"], "keys": 1}]
    rows = {row["name"]: row["users"] for row in shop("policy", "list", "--json").json}
    assert rows == {"sender": ["till"], "AliyunDysmsFullAccess": [], "AliyunDysmsReadOnlyAccess": ["shop/till"]}
    assert shop("policy", "detach", "AliyunDysmsReadOnlyAccess", "till", "--json").json["policies"] == ["sender"]
    assert shop("policy", "delete", "sender").code == 0
    assert book(place).users[0].policies == ()
    assert shop("user", "delete", "till", "--json").json["keys_deleted"] == 1
    assert not book(place).users
    assert not book(place).keys


def test_a_bad_policy_is_refused_with_its_place(shop: Run, place: Path) -> None:
    (place / "policy.json").write_text('{"Version":"1","Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}')
    ran = shop("policy", "put", "sender", "policy.json")
    assert ran.code == 2
    assert "the policy in policy.json cannot be taken" in ran.err
    assert "Statement[0].Effect" in ran.err
    assert not book(place).policies


def test_the_configuration_before_the_command_counts_too(shop: Run, place: Path) -> None:
    (place / "other.toml").write_text('[hold]\nurl = "sqlite://other.db"\n')
    assert shop("--config", "other.toml", "migrate", "--json").json == {"database": "other.db", "new": True}
    assert shop("--config", "other.toml", "account", "list", "--json").json == []
    assert [row["id"] for row in shop("account", "list", "--json").json] == ["shop"]
