"""A preview says what the real send would: parts as an independent count has them, answer and way as the judge has them."""

from collections.abc import Mapping

import orjson
import pytest
from gsm0338 import Codec
from hypothesis import given
from hypothesis import strategies as st

from globewire.errors import Refused
from globewire.message import AccountId, CarrierId, Encoding
from globewire.plan import Carrier, Concatenation, GsmCoding, Route
from globewire.verdict import judge
from globewire.verdict.judge import Terms
from globewire.verdict.preview import Preview, preview
from globewire.verdict.route import Router

ORACLE = Codec()
NORTH = Carrier(id=CarrierId("north"), host="n", port=1, system_id="n", password="n", sender="North")
LATIN = Carrier(id=CarrierId("latin"), host="l", port=1, system_id="l", password="l", gsm=GsmCoding.LATIN1)
WHOLE = Carrier(id=CarrierId("whole"), host="w", port=1, system_id="w", password="w", concatenation=Concatenation.PAYLOAD)
CARRIERS = {carrier.id: carrier for carrier in (NORTH, LATIN, WHOLE)}
ROUTER = Router(
    (
        Route(id="codes", carriers=(NORTH.id,), types=frozenset({"OTP"})),
        Route(id="asia", carriers=(NORTH.id, LATIN.id), countries=frozenset({"HK", "SG"})),
        Route(id="france", carriers=(WHOLE.id,), countries=frozenset({"FR"}), accounts=frozenset({"shop"})),
    ),
    CARRIERS,
)
SHOP = Terms(AccountId("shop"), "Shop", 86_400)
OTHER = Terms(AccountId("other"), "", 3_600)


def seen(parameters: Mapping[str, str], terms: Terms = SHOP, quota: Mapping[str, int] | None = None) -> Preview:
    return preview(parameters, terms, quota or {}, ROUTER, CARRIERS)


def told(text: str) -> Preview:
    return seen({"To": "6591234567", "Message": text})


def oracle(text: str) -> tuple[Encoding, list[int]]:
    """Encoding and sizes by other code: each character's own length by gsm0338 or UTF-16, laid greedily into parts."""
    try:
        if "\x1b" in text:  # the escape to the extension table: gsm0338 writes it as it is, a handset shows no such character
            raise UnicodeError
        sizes, encoding, alone, each = [len(ORACLE.encode(one)[0]) for one in text], Encoding.GSM7, 160, 153
    except UnicodeError:
        sizes, encoding, alone, each = [len(one.encode("utf-16-le")) // 2 for one in text], Encoding.UCS2, 70, 67
    if sum(sizes) <= alone:
        return encoding, [sum(sizes)]
    parts = [0]
    for size in sizes:
        if parts[-1] + size > each:
            parts.append(0)
        parts[-1] += size
    return encoding, parts


texts = st.one_of(
    st.text(alphabet="abc €[]{}~^|\\@éñ\n" * 3 + "ΔΦ", min_size=1, max_size=120),
    st.text(alphabet="abc €“”–…验🙂é", min_size=1, max_size=120),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
).flatmap(lambda text: st.integers(1, 8).map(lambda times: (text * times)[:2000]))


@given(texts)
def test_parts_are_those_of_an_independent_count(text: str) -> None:
    view = told(text).text
    assert view is not None
    encoding, sizes = oracle(text)
    assert (view.encoding, [piece.used for piece in view.pieces]) == (encoding, sizes)
    assert "".join(piece.text for piece in view.pieces) == text
    rooms = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}[encoding]
    assert {piece.room for piece in view.pieces} == {rooms[len(sizes) > 1]}
    assert bool(view.foreign) == (encoding is Encoding.UCS2)
    if view.swapped:
        assert (view.swapped.encoding, view.swapped.segments) == (oracle(view.swapped.text)[0], len(oracle(view.swapped.text)[1]))


some = {
    "To": st.sampled_from(["6591234567", "85261234567", "33612345678", "8613800138000", "447911123456", "+659", "12", "", "x"]),
    "Message": st.one_of(st.sampled_from(["", "Hello", "a\0b", "x" * 2001, "验" * 300]), texts),
    "From": st.sampled_from(["", "Shop", "123456", "far too long a name", "a b", "1" * 16]),
    "Type": st.sampled_from(["", "OTP", "NOTIFY", "otp"]),
    "TaskId": st.sampled_from(["", "t", "t" * 256, "\0"]),
    "ChannelId": st.sampled_from(["", "north", "latin", "france", "nowhere"]),
    "ValidityPeriod": st.sampled_from(["", "60", "0", "604801", "1.5", "x"]),
}
calls = st.dictionaries(st.sampled_from(list(some)), st.none(), max_size=7).flatmap(
    lambda names: st.fixed_dictionaries({"To": some["To"], "Message": some["Message"]} | {name: some[name] for name in names})
)


@given(calls, st.sampled_from([SHOP, OTHER]))
def test_the_answer_is_the_judge_s(parameters: dict[str, str], terms: Terms) -> None:
    """Whatever is judged good is previewed with the same parts, sender and way; whatever is refused, with the same refusal."""
    found = seen(parameters, terms)
    try:
        common, judged = judge.single(parameters, terms, ROUTER)
    except Refused as refused:
        assert (found.answer.http, found.answer.code, found.answer.sentence) == (
            refused.row.http,
            refused.row.code,
            refused.sentence,
        )
        named = {(fault.code, fault.sentence) for fault in found.faults}
        unreached = found.way is not None and not found.way.carriers
        assert (refused.row.code, refused.sentence) in named or (unreached and not found.faults)
        return
    assert found.answer.code == "OK" and found.faults == ()
    assert found.text is not None and found.way is not None and found.number is not None
    assert (found.text.encoding, tuple(piece.text for piece in found.text.pieces)) == (judged.cut.encoding, judged.cut.pieces)
    assert found.segments == len(judged.cut.pieces)
    assert (found.way.route, tuple(at.carrier for at in found.way.carriers)) == (judged.decision.route, judged.decision.carriers)
    assert (found.way.why, found.way.on_unknown) == (judged.decision.why, judged.decision.on_unknown)
    assert found.number.detail == judged.number.detail
    assert found.sender == judge.shown_sender(common, judged.decision, CARRIERS)
    assert found.validity == common.validity


@given(calls)
def test_it_can_be_written_as_json(parameters: dict[str, str]) -> None:
    found = orjson.loads(orjson.dumps(seen(parameters)))
    assert found["answer"].keys() == {"http", "code", "sentence"}
    assert {quota["operation"]: quota["calls_a_second"] for quota in found["quotas"]}["QueryMessage"] == 300


def test_every_parameter_s_fault_is_named_and_the_first_is_the_answer() -> None:
    found = seen({"To": "+6591234567", "Message": "a\0", "From": "a b", "Type": "x", "ChannelId": "nowhere", "ValidityPeriod": "0"})
    assert [(fault.parameter, fault.code) for fault in found.faults] == [
        ("To", "MOBILE_NUMBER_ILLEGAL"),
        ("Message", "INVALID_PARAMETERS"),
        ("From", "INVALID_SENDERID"),
        ("Type", "INVALID_PARAMETERS"),
        ("ChannelId", "INVALID_PARAMETERS"),
        ("ValidityPeriod", "INVALID_PARAMETERS"),
    ]
    assert found.answer.code == "MOBILE_NUMBER_ILLEGAL"
    assert found.number is None and found.way is None and found.validity is None
    assert found.text is not None


def test_what_is_missing_is_the_gateway_s_refusal() -> None:
    assert (seen({}).answer.http, seen({}).answer.code) == (400, "MissingTo")
    assert seen({"To": "x"}).answer.code == "MissingMessage"


def test_the_way_says_why_not_the_others() -> None:
    found = seen({"To": "6591234567", "Message": "Hello"})
    assert found.way is not None
    assert found.way.why[0] == "route codes: type is not given, wants OTP"
    assert found.way.why[1].startswith("route asia: taken")
    nowhere = seen({"To": "447911123456", "Message": "Hello"})
    assert nowhere.way is not None and nowhere.way.carriers == ()
    assert nowhere.answer.code == "NOT_SUPPORTED_COUNTRY"
    assert nowhere.way.why[-1] == "no route matches"


def test_the_way_is_shown_where_what_is_wrong_does_not_route() -> None:
    found = seen({"To": "6591234567", "Message": "", "ValidityPeriod": "0", "TaskId": "\0"})
    assert found.way is not None and [at.submits for at in found.way.carriers] == [0, 0]


@pytest.mark.parametrize(
    ("to", "text", "told"),
    [
        ("6591234567", "a" * 161, [("GSM 7-bit", 2, False, False), ("Latin-1", 2, True, False)]),
        ("6591234567", "a" * 150, [("GSM 7-bit", 1, False, False), ("Latin-1", 2, True, False)]),
        ("6591234567", "验", [("UCS-2", 1, False, False), ("UCS-2", 1, False, False)]),
        ("33612345678", "a" * 161, [("GSM 7-bit", 1, True, True)]),
        ("33612345678", "a", [("GSM 7-bit", 1, False, False)]),
    ],
)
def test_a_carrier_s_own_coding(to: str, text: str, told: list[tuple[str, int, bool, bool]]) -> None:
    way = seen({"To": to, "Message": text}).way
    assert way is not None
    assert [(at.coding, at.submits, at.differs, at.whole) for at in way.carriers] == told


def test_the_sender_is_the_call_s_the_account_s_or_the_carrier_s() -> None:
    call = {"To": "6591234567", "Message": "Hello"}
    assert seen({**call, "From": "Mine"}).sender == "Mine"
    assert seen(call).sender == "Shop"
    assert seen(call, OTHER).sender == "North"
    way = seen(call, OTHER).way
    assert way is not None and [at.sender for at in way.carriers] == ["North", ""]


def test_quotas_are_the_account_s_or_the_operation_s() -> None:
    quotas = {one.operation: one.calls_a_second for one in seen({}, quota={"SendMessageToGlobe": 7}).quotas}
    assert (quotas["SendMessageToGlobe"], quotas["BatchSendMessageToGlobe"]) == (7, 1)


def test_swapping_saves_parts() -> None:
    view = told("“" + "a" * 100 + "…”").text
    assert view is not None and view.swapped is not None
    assert (len(view.pieces), view.swapped.segments, view.swapped.left) == (2, 1, ())
    smiling = told("“Hello” 🙂").text
    assert smiling is not None and smiling.swapped is not None
    assert [one.name for one in smiling.swapped.left] == ["SLIGHTLY SMILING FACE"]


def test_a_text_that_is_too_long_is_still_cut_for_the_eye() -> None:
    found = told("a" * 2001)
    assert found.answer.code == "PARAM_LENGTH_LIMIT"
    assert found.text is not None and len(found.text.pieces) == 14
    assert told("验" * 20_000).text is None
