"""`message list` and `message show`: filters, masks, the timeline; and nothing that a text holds can steer the terminal."""

import asyncio
import csv
import dataclasses
import io
import time
from pathlib import Path

import pytest

from cli.conftest import Run
from globewire.hold.port import Became, Noted, PartBecame, Submission, Submitted
from globewire.hold.sqlite import SqliteHold
from globewire.message import Millis, PartState, State
from globewire.show import sheet as show_sheet
from laws.making import CARRIER, NOW, message, part, submission

DECISION = '{"route":"asia","carriers":["north","south"],"why":["route asia: country HK"]}'
NASTY = "\x1b[31mred\x1b[0m [bold]x[/bold]\r\n\u202eend"


@pytest.fixture
def held(run: Run, place: Path) -> Run:
    """Three messages: one delivered, one rejected, one under way and an hour old."""
    recent = Millis(time.time_ns() // 1_000_000 - 3_600_000)

    async def keep() -> None:
        hold = await SqliteHold.open(place / "globewire.db")
        try:
            nasty = dataclasses.replace(message(1), text=NASTY)
            await hold.keep([Submission(nasty, CARRIER, DECISION), submission(2), submission(3, at=recent)], None)
            await hold.record(
                Submitted(part(1, carrier_id="0A1B")),
                Became(message(1).id, State.SUBMITTED, Millis(NOW + 10), CARRIER),
                Noted(message(1).id, Millis(NOW + 20), "refused", "north said ESME_RTHROTTLED; again later"),
                PartBecame(message(1).id, 1, PartState.DELIVERED, "", Millis(NOW + 30)),
                Became(message(1).id, State.DELIVERED, Millis(NOW + 30), CARRIER, "DELIVERED", "success"),
                Became(message(2).id, State.REJECTED, Millis(NOW + 40), None, "NO_ROUTE", "no carrier took it"),
            )
        finally:
            await hold.close()

    asyncio.run(keep())
    return run


def test_a_list_masks_numbers(held: Run) -> None:
    ran = held("message", "list")
    assert "8529100****" in ran.out
    assert "85291000001" not in ran.out
    assert "85291000001" in held("message", "list", "--full").out
    assert {row["to"] for row in held("message", "list", "--json").json} == {"8529100****"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ((), [1, 2, 3]),
        (("--to", "+85291000002"), [2]),
        (("--state", "delivered"), [1]),
        (("--carrier", "north"), [1, 2, 3]),
        (("--carrier", "south"), []),
        (("--country", "hk"), [1, 2, 3]),
        (("--country", "SG"), []),
        (("--task-id", "task-3"), [3]),
        (("--account", "other"), []),
        (("--limit", "1"), [2]),
        (("--state", "accepted", "--to", "85291000003"), [3]),
        (("--to", "+852 91-0000 (03)"), [3]),
        (("--to", "*000002"), [2]),
        (("--to", "*0"), []),
        (("--state", "accepted", "--state", "rejected"), [2, 3]),
        (("--error-code", "NO_ROUTE"), [2]),
        (("--text", "[BOLD]"), [1]),
        (("--text", "nothing"), []),
    ],
)
def test_filters(held: Run, filters: tuple[str, ...], expected: list[int]) -> None:
    rows = held("message", "list", "--json", *filters).json
    assert sorted(int(row["task_id"].removeprefix("task-")) for row in rows) == expected


@pytest.mark.parametrize(("age", "found"), [("30m", False), ("2h", True), ("1d", True), ("999999w", True), ("3599s", False)])
def test_since(held: Run, age: str, found: bool) -> None:
    rows = held("message", "list", "--since", age, "--json").json
    assert ("task-3" in [row["task_id"] for row in rows]) is found


@pytest.mark.parametrize(("age", "found"), [("30m", True), ("2h", False), ("3599s", True)])
def test_until(held: Run, age: str, found: bool) -> None:
    rows = held("message", "list", "--until", age, "--json").json
    assert ("task-3" in [row["task_id"] for row in rows]) is found


def exported(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_messages_are_exported(held: Run, place: Path) -> None:
    """To a file that is its owner's and nobody's before, masked; or in full to the standard output."""
    ran = held("message", "export", "--output", "out.csv")
    assert ran.code == 0
    assert ran.out == ""
    assert "3 messages written to out.csv" in ran.err
    assert (place / "out.csv").stat().st_mode & 0o777 == 0o600
    rows = exported((place / "out.csv").read_bytes().decode())
    assert [row["TaskId"] for row in rows] == ["task-2", "task-1", "task-3"]
    assert rows[0]["To"] == "8529100****"
    assert rows[0]["MessageId"] == str(message(2).id)
    assert "Text" not in rows[0]
    again = held("message", "export", "--output", "out.csv")
    assert (again.code, "--force" in again.err) == (2, True)
    assert held("message", "export", "--output", "out.csv", "--force", "--state", "delivered").code == 0
    assert len(exported((place / "out.csv").read_text())) == 1
    full = exported(held("message", "export", "--full").out)
    assert [row["To"] for row in full] == ["85291000002", "85291000001", "85291000003"]
    assert full[1]["Text"] == NASTY


def test_an_export_goes_over_many_pages(held: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show_sheet, "PAGE", 1)
    assert [row["TaskId"] for row in exported(held("message", "export").out)] == ["task-2", "task-1", "task-3"]
    assert [row["TaskId"] for row in exported(held("message", "export", "--limit", "2").out)] == ["task-2", "task-1"]


def test_the_life_of_a_message(held: Run) -> None:
    ran = held("message", "show", str(message(1).id), "--json").json
    assert (ran["state"], ran["to"], ran["text"]) == ("delivered", "85291000001", NASTY)
    assert ran["decision"]["carriers"] == ["north", "south"]
    assert ran["parts"][0]["carrier_id"] == "0A1B"
    events = [(event["what"], event["how"]) for event in ran["life"]]
    whats = ["accepted", "routed", "part submitted", "refused", "part delivered", "delivered", "callback"]
    assert [what for what, _ in events] == whats
    assert events[1][1] == "north, then south (by asia): route asia: country HK"
    assert events[3][1] == "north said ESME_RTHROTTLED; again later"
    assert events[4][1] == "the message, by north as 0A1B"


def test_the_page_of_a_message_shows_its_text_harmlessly(held: Run) -> None:
    out = held("message", "show", str(message(1).id)).out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert r"\x1b[31mred\x1b[0m [bold]x[/bold]\r\n\u202eend" in out
    assert "85291000001" in out
    assert "routed" in out


def test_a_rejected_message_says_why(held: Run) -> None:
    out = held("message", "show", str(message(2).id)).out
    assert "NO_ROUTE no carrier took it" in out
