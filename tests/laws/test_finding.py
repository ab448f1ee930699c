"""A page of messages is found within bounds, and says how far it looked; against every engine."""

import dataclasses

import pytest

from globewire.hold import finding
from globewire.hold.port import Became, Fact, Found, Hold, Question, Submission
from globewire.message import CarrierId, MessageId, Millis, State
from laws.making import CARRIER, NOW, account, message

HOUR = 3_600_000
SOUTH = CarrierId("south")
ENDS = {3: State.FAILED, 11: State.EXPIRED, 19: State.REJECTED, 27: State.FAILED}


def kept(n: int) -> Submission:
    """Message n of forty, over forty hours; every third has no TaskId, every fifth goes by south and to Singapore."""
    made = message(n, at=NOW + n * HOUR, text="Grüße, your ORDER is due" if n % 4 == 0 else 'a\nb "quoted" \\ 100% \x01')
    task = "" if n % 3 == 0 else f"task-{n % 6}"
    country, to = ("SG", f"659{n:07}") if n % 5 == 0 else ("HK", made.to)
    made = dataclasses.replace(made, task_id=task, country=country, to=to)
    return Submission(made, SOUTH if n % 5 == 0 else CARRIER, "{}")


@pytest.fixture
async def held(hold: Hold) -> Hold:
    """Forty messages: some failed, the newest five still accepted, the others delivered."""
    await hold.put_account(account())
    await hold.keep([kept(n) for n in range(40)], None)
    facts: list[Fact] = []
    for n in range(35):
        state = ENDS.get(n, State.DELIVERED)
        carrier = kept(n).carrier
        code = "DELIVERED" if state is State.DELIVERED else f"CODE:{n % 2}"
        before = State.UNKNOWN if state is State.REJECTED else State.SUBMITTED
        id, at = kept(n).message.id, Millis(NOW + n * HOUR)
        facts += [Became(id, before, at, carrier), Became(id, state, at, carrier, code, "it ended")]
    await hold.record(*facts)
    return hold


@pytest.fixture(params=["indices", "stretches"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """By what the indices name; or as if they named too many, in stretches of three rows. Nobody loses patience."""
    monkeypatch.setattr(finding, "PATIENCE", 60.0)
    if request.param == "stretches":
        monkeypatch.setattr(finding, "FEW", 0)
        monkeypatch.setattr(finding, "SHORTEST", 3)
        monkeypatch.setattr(finding, "LONGEST", 3)
    return str(request.param)


def numbers(found: Found) -> list[int]:
    return [(one.message.accepted_at - NOW) // HOUR for one in found.standings]


QUESTIONS: dict[str, tuple[Question, set[int]]] = {
    "everything": (Question(), set(range(40))),
    "a number": (Question(to=kept(7).message.to), {7}),
    "a number that nobody has": (Question(to="111111"), set()),
    "a number by its last digits": (Question(to_ends="0000020"), {20}),
    "a number by few last digits": (Question(to_ends="7"), {7, 17, 27, 37}),
    "a number's end in another country": (Question(to_ends="000020", country="HK"), set()),
    "a task": (Question(task_id="task-4"), {n for n in range(40) if n % 6 == 4}),
    "a task's failures": (Question(task_id="task-1", states=("failed", "rejected")), {19}),
    "a rare state": (Question(states=("failed",)), {3, 27}),
    "rare states": (Question(states=("rejected", "expired")), {11, 19}),
    "a state under way": (Question(states=("accepted",)), set(range(35, 40))),
    "a state that nothing is in": (Question(states=("unknown",)), set()),
    "a rare state and a common one": (Question(states=("failed", "accepted")), {3, 27, *range(35, 40)}),
    "an error": (Question(error_code="CODE:1"), {3, 11, 19, 27}),
    "an error that nobody has": (Question(error_code="CODE:0"), set()),
    "success as an error": (Question(error_code="DELIVERED", carrier=SOUTH), {0, 5, 10, 15, 20, 25, 30}),
    "a carrier": (Question(carrier=SOUTH), set(range(0, 40, 5))),
    "no carrier": (Question(carrier="west"), set()),
    "a country and a state": (Question(country="SG", states=("delivered",)), {0, 5, 10, 15, 20, 25, 30}),
    "an account": (Question(account="shop"), set(range(40))),
    "another account": (Question(account="other"), set()),
    "a text": (Question(text="your order"), set(range(0, 40, 4))),
    "a text in capitals": (Question(text="GRÜSSE"), set()),
    "a text with another letter": (Question(text="grüße"), set(range(0, 40, 4))),
    "a text that nothing has": (Question(text="your orders"), set()),
    "a text over two lines": (Question(text="A\nB"), {n for n in range(40) if n % 4}),
    "a text as it is written down": (Question(text="nb"), set()),
    "a quoted text": (Question(text='"QUOTED" \\ 100% \x01'), {n for n in range(40) if n % 4}),
    "what no column holds": (Question(task_id="\0", account="\0", text="\0"), set()),
    "a pattern": (Question(text="y_ur%"), set()),
    "a time": (Question(since=NOW + 10 * HOUR, until=NOW + 13 * HOUR), {10, 11, 12}),
    "a number within a time": (Question(to=kept(7).message.to, since=NOW + 8 * HOUR), set()),
    "before a message": (Question(states=("failed",), before=kept(27).message.id), {3}),
}


@pytest.mark.parametrize("what", QUESTIONS)
async def test_what_fits_is_found(held: Hold, way: str, what: str) -> None:
    """All of it, newest first, in one page or over several."""
    question, fits = QUESTIONS[what]
    found = await held.find(question)
    assert numbers(found) == sorted(fits, reverse=True)
    assert found.looked_to is None
    paged: list[int] = []
    page = await held.find(dataclasses.replace(question, limit=2))
    while page.looked_to is not None:
        assert len(page.standings) == 2
        paged += numbers(page)
        page = await held.find(dataclasses.replace(question, limit=2, before=page.looked_to))
    assert paged + numbers(page) == numbers(found)
    assert [one.message.id for one in await held.search(question)] == [one.message.id for one in found.standings]


async def test_a_page_that_took_long_says_how_far_it_looked(held: Hold, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page looks at one stretch at least; together they look at everything, once. A search goes on by itself."""
    monkeypatch.setattr(finding, "PATIENCE", -1.0)
    question, looked, pages = Question(carrier=SOUTH), list[int](), 0
    while True:
        page = await held.find(question)
        pages += 1
        looked += numbers(page)
        if page.looked_to is None:
            break
        assert len(page.standings) <= 3
        question = dataclasses.replace(question, before=page.looked_to)
    assert looked == list(range(35, -1, -5))
    assert pages == (14 if way == "stretches" else 1)
    assert len(await held.search(Question(carrier=SOUTH))) == 8
    assert len(await held.search(Question(carrier=SOUTH, limit=3))) == 3


async def test_a_full_page_leads_to_the_next(held: Hold) -> None:
    page = await held.find(Question(limit=40))
    assert page.looked_to is None
    page = await held.find(Question(limit=39))
    assert page.looked_to == kept(1).message.id
    assert [one.message.id for one in (await held.find(Question(before=page.looked_to))).standings] == [kept(0).message.id]


async def test_an_empty_hold_has_nothing(hold: Hold) -> None:
    for question, _ in QUESTIONS.values():
        assert await hold.find(question) == Found((), None)
    assert await hold.find(Question(before=MessageId(1))) == Found((), None)
