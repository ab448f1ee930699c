"""A user's mistake ends in a sentence that says what to do, on stderr, with exit code 2; never in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Run

NEEDS_A_DATABASE = (
    ("message", "list"),
    ("message", "show", "179547374334600000"),
    ("carrier", "list"),
    ("account", "list"),
    ("account", "create", "shop"),
    ("key", "list"),
    ("key", "create"),
    ("user", "list"),
    ("policy", "list"),
    ("callback", "show"),
    ("callback", "replay", "shop"),
)


@pytest.mark.parametrize("words", NEEDS_A_DATABASE, ids=" ".join)
def test_without_a_database(run: Run, words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "there is no database at globewire.db: start `globewire serve` once" in ran.err


@pytest.mark.parametrize(
    "words", [("serve",), ("simulate",), ("migrate",), ("key", "list"), ("send", "--to", "1", "--text", "x")], ids=" ".join
)
def test_a_bad_configuration_is_told_with_every_mistake(run: Run, place: Path, words: tuple[str, ...]) -> None:
    (place / "globewire.toml").write_text('[api]\nlisten = "nowhere"\nlisen = 1\n[hold]\nurl = "postgresql://x"\n')
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "the configuration cannot be used" in ran.err
    for mistake in ("api.listen: 'nowhere' is not an address", "lisen", "the address names no database"):
        assert mistake in ran.err


def test_a_configuration_that_is_not_there(run: Run) -> None:
    ran = run("key", "list", "--config", "nowhere.toml")
    assert ran.code == 2
    assert "nowhere.toml: the file cannot be read" in ran.err


def test_a_database_that_is_none(run: Run, place: Path) -> None:
    (place / "globewire.db").write_text("this is no database, whatever its name says" * 50)
    ran = run("key", "list")
    assert ran.code == 2
    assert "the database globewire.db cannot be opened" in ran.err


MISTAKES = (
    (("account", "create", "a b"), "the account's id: 'a b' is not a name"),
    (("account", "create", "shop"), "there is an account 'shop' already"),
    (("account", "create", "x", "--sender", "far too long a name"), "the sender ID: 'far too long a name' is not a sender ID"),
    (("account", "create", "x", "--quota", "SendMessage=1"), "the operations are SendMessageToGlobe"),
    (("account", "create", "x", "--quota", "SendMessageToGlobe=many"), "SendMessageToGlobe: 'many'"),
    (("account", "set", "shop"), "give --sender or --quota"),
    (("account", "set", "nobody", "--sender", "x"), "there is no account 'nobody'"),
    (("key", "create", "--account", "nobody"), "there are shop"),
    (("key", "create", "--user", "nobody"), "has no user 'nobody'"),
    (("key", "disable", "nokey"), "`globewire key list` shows those that there are"),
    (("key", "delete", "nokey"), "there is no AccessKey 'nokey'"),
    (("user", "delete", "nobody"), "has no user 'nobody'"),
    (("user", "create", "a/b"), "the user's name: 'a/b' is not a name"),
    (("policy", "put", "p", "nowhere.json"), "the file nowhere.json cannot be read"),
    (("policy", "put", "AliyunDysmsFullAccess", "-"), "is a system policy and stays as it is"),
    (("policy", "show", "nothing"), "there is no policy 'nothing'"),
    (("policy", "delete", "AliyunDysmsFullAccess"), "is a system policy"),
    (("policy", "attach", "AliyunDysmsFullAccess", "nobody"), "has no user 'nobody'"),
    (("callback", "set", "shop"), "give either a URL or --off"),
    (("callback", "set", "shop", "ftp://x"), "begins neither with https:// nor with http://"),
    (("callback", "set", "shop", "http://127.0.0.1/x"), "allow_private = true"),
    (("callback", "set", "shop", "https://user:word@x.example/"), "has a user name or password in it"),
    (("callback", "set", "nobody", "https://x.example/"), "there is no account 'nobody'"),
    (("callback", "test", "shop"), "has no endpoint"),
    (("callback", "replay", "nobody"), "there is no account 'nobody'"),
    (("message", "show", "12x"), "'12x' is not a MessageId"),
    (("message", "list", "--since", "yesterday"), "--since 'yesterday' is not an age"),
    (("message", "list", "--state", "lost"), "'lost' is not one of"),
    (("send", "--to", "1", "--text", "x", "--endpoint", "ftp://x"), "is not an address"),
    (("send", "--to", "1", "--text", "x", "--endpoint", "http://x/path"), "is not an address"),
    (("send", "--to", "1", "--text", "x", "--key-id", "a"), "give --key-id and --secret, or neither"),
    (("send", "--to", "1", "--text", "x"), "the database globewire.db has no enabled AccessKey"),
    (("send", "--to", "1", "--text", "x", "--key-id", "a\nb", "--secret", "x"), "--key-id: 'a?b' is not a name"),
    (("send", "--to", "1", "--text", "\udcff"), "an argument is not text in UTF-8"),
    (("serve", "--listen", "8018"), "--listen: '8018' is not an address to listen on"),
    (("serve", "--only", "deliver"), "'deliver' is not one of 'accept', 'send', 'settle', 'tell', 'tend'"),
    (("simulate", "--listen", "x:y"), "--listen: 'x:y' is not an address"),
)


@pytest.mark.parametrize(("words", "told"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_a_mistake_says_what_to_do(shop: Run, words: tuple[str, ...], told: str) -> None:
    ran = shop(*words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_an_unknown_message_is_a_failure(shop: Run) -> None:
    ran = shop("message", "show", "179547374334600000")
    assert ran.code == 1
    assert "there is no message 179547374334600000" in ran.err


def test_a_lost_master_key_is_not_made_anew(shop: Run, place: Path) -> None:
    """Another key would seal new secrets so that neither key opened all."""
    assert shop("key", "create").code == 0
    (place / "globewire.db.key").rename(place / "elsewhere")
    ran = shop("key", "create")
    assert ran.code == 2
    assert "the master key file globewire.db.key is missing" in ran.err
    assert not (place / "globewire.db.key").exists()


def test_another_master_key_is_noticed(shop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop("key", "create").code == 0
    monkeypatch.setenv("GLOBEWIRE_MASTER_KEY", "A" * 43 + "=")
    ran = shop("key", "create")
    assert ran.code == 2
    assert "sealed under another master key" in ran.err


def test_a_master_key_that_others_can_read_is_refused(shop: Run, place: Path) -> None:
    assert shop("key", "create").code == 0
    os.chmod(place / "globewire.db.key", 0o644)
    ran = shop("key", "create")
    assert ran.code == 2
    assert "chmod 600 globewire.db.key" in ran.err


DECLARED = """
[[account]]
id = "till"
callback = "https://till.example/receipts"
key = [{ id = "tillkey", secret = "tillsecret" }]
user = [{ name = "clerk", policies = ["some"], key = [{ id = "clerkkey", secret = "clerksecret" }] }]
[account.policy]
some = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"dysms:*","Resource":"*"}]}'
"""


def test_what_the_configuration_declares_is_changed_there(shop: Run, place: Path) -> None:
    """A command's change would be undone at the next start."""
    (place / "globewire.toml").write_text(DECLARED)
    (place / "policy.json").write_text('{"Version":"1","Statement":[{"Effect":"Allow","Action":"dysms:*","Resource":"*"}]}')
    other = ("--config", str(place / "none.toml"))
    (place / "none.toml").write_text("")
    assert shop("account", "create", "till", *other).code == 0
    assert shop("user", "create", "clerk", "--account", "till", *other).code == 0
    for words in (
        ("account", "set", "till", "--sender", "Till"),
        ("callback", "set", "till", "https://other.example/"),
        ("user", "delete", "clerk", "--account", "till"),
        ("policy", "put", "some", "policy.json", "--account", "till"),
        ("policy", "attach", "AliyunDysmsFullAccess", "clerk", "--account", "till"),
    ):
        ran = shop(*words)
        assert ran.code == 2
        assert "is declared in the configuration" in ran.err


@pytest.mark.parametrize(
    "words", [("--help",), ("config", "example"), ("account", "list"), ("account", "list", "--json")], ids=" ".join
)
def test_a_full_disk_under_what_is_printed(shop: Run, place: Path, words: tuple[str, ...]) -> None:
    """As `> FILE` has it: a sentence, exit code 1, and nothing more at the end of the process."""
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "globewire", *words], cwd=place, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ran.returncode, ran.stderr) == (1, "globewire: what it prints cannot be written: no space left on device\n")


def test_a_standard_output_that_is_closed(shop: Run, place: Path) -> None:
    command = f"{sys.executable} -m globewire account list >&-"
    ran = subprocess.run(command, shell=True, cwd=place, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
