"""`globewire preview`: for eyes and for programs, from the configuration alone."""

from pathlib import Path

from cli.conftest import Run

SHOPS = """
[[account]]
id = "shop"
sender = "Shop"
quota = { SendMessageToGlobe = 70, BatchSendMessageToGlobe = 1500 }
[[account]]
id = "other"
[[carrier]]
id = "north"
host = "smpp.north.example"
port = 2775
system_id = "shop"
password = "x"
gsm = "latin1"
[[route]]
id = "asia"
countries = ["SG", "HK"]
carriers = ["north"]
"""


def test_parts_are_drawn_and_strangers_named(run: Run, place: Path) -> None:
    ran = run("preview", "--to", "85261234567", "--text", "It’s late – " + "go home. " * 10)
    assert ran.code == 0
    assert "╭─ part 1 of 2: 67 of 67 ─" in ran.out and "╭─ part 2 of 2: 35 of 67 ─" in ran.out
    assert '’  U+2019 RIGHT SINGLE QUOTATION MARK, at 3; could be "\'"' in ran.out
    assert "GSM7: segments 2 -> 1" in ran.out
    assert "China, HongKong" in ran.out and "route route-1: taken" in ran.out
    assert list(place.iterdir()) == []


def test_a_refusal_is_named_and_is_the_exit_code(run: Run) -> None:
    ran = run("preview", "--to", "+6591234567", "--text", "Hello", "--type", "SALE")
    assert ran.code == 1
    assert "HTTP 200, MOBILE_NUMBER_ILLEGAL: The mobile number is not valid: write it without the +." in ran.out
    assert "\nType     INVALID_PARAMETERS: " in ran.out
    assert "the API would refuse it: MOBILE_NUMBER_ILLEGAL" in ran.err
    assert run("preview").code == 1


def test_for_programs(run: Run, place: Path) -> None:
    (place / "globewire.toml").write_text(SHOPS)
    seen = run("preview", "--to", "6591234567", "--text", "a" * 161, "--account", "shop", "--json").json
    assert seen["answer"] == {"http": 200, "code": "OK", "sentence": "The SMS Send Request was accepted"}
    assert (seen["segments"], seen["sender"], seen["validity"]) == (2, "Shop", 86_400)
    assert [(piece["used"], piece["room"]) for piece in seen["text"]["pieces"]] == [(153, 153), (8, 153)]
    assert seen["number"]["country"] == "SG"
    assert seen["way"]["carriers"][0] | {"sender": ""} == {
        "carrier": "north",
        "coding": "Latin-1",
        "submits": 2,
        "differs": True,
        "whole": False,
        "sender": "",
    }


def test_accounts_are_those_of_the_configuration(run: Run, place: Path) -> None:
    (place / "globewire.toml").write_text(SHOPS)
    call = ("preview", "--to", "6591234567", "--text", "Hello")
    assert "give --account; there are other, shop" in run(*call).err
    ran = run(*call, "--account", "shop")
    assert "SendMessageToGlobe 70 a second, BatchSendMessageToGlobe 1,500 a second" in ran.out
    stranger = run(*call, "--account", "made-by-command")
    assert stranger.code == 0 and "the configuration declares no account 'made-by-command'" in stranger.err
    assert run(*call, "--account", "a b").code == 2


def test_a_text_steers_no_terminal(run: Run) -> None:
    ran = run("preview", "--to", "6591234567", "--text", "red \x1b[31m\x07 [b]bold[/b] :smile:\nline\ttab")
    assert "\x1b" not in ran.out and "\x07" not in ran.out
    assert r"red \x1b[31m\x07 [b]bold[/b] :smile:↵" in ran.out


def test_a_number_that_no_route_takes(run: Run, place: Path) -> None:
    (place / "globewire.toml").write_text(SHOPS)
    ran = run("preview", "--to", "33612345678", "--text", "Hello", "--account", "shop")
    assert ran.code == 1
    assert "route asia: country is FR, wants HK, SG" in ran.out and "NOT_SUPPORTED_COUNTRY" in ran.out
