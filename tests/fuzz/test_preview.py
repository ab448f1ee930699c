"""Any parameters have a preview, and it can be written as JSON. Nothing else comes out."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from globewire.errors import OK
from globewire.message import AccountId, CarrierId
from globewire.plan import Carrier, Concatenation, GsmCoding, Route
from globewire.verdict.judge import Terms
from globewire.verdict.preview import preview
from globewire.verdict.route import Router

CARRIERS = {
    id: Carrier(id=id, host="x", port=1, system_id="x", password="x", concatenation=concatenation, gsm=gsm)
    for concatenation in Concatenation
    for gsm in GsmCoding
    for id in [CarrierId(f"{concatenation}-{gsm}")]
}
ROUTER = Router([Route(id="all", carriers=tuple(CARRIERS))], CARRIERS)
NAMES = ["To", "Message", "From", "Type", "TaskId", "ChannelId", "ValidityPeriod", "Other"]
words = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300),
    st.from_regex(r"(852|65|44|86|1|0|\+)[0-9]{3,14}", fullmatch=True),
    st.sampled_from(["OTP", "all", "udh8-packed", "é" * 2100, "👨‍👩‍👧" * 500, "１２３", "a\0"]),
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(NAMES), words, max_size=8))
def test_any_parameters(parameters: dict[str, str]) -> None:
    seen = preview(parameters, Terms(AccountId("a"), "", 60), {}, ROUTER, CARRIERS)
    assert orjson.loads(orjson.dumps(seen))["segments"] == seen.segments
    assert seen.answer.code and (seen.answer.http == 200 or seen.answer.code.startswith("Missing"))
    assert not (seen.faults and seen.answer.code == OK.code)
    if seen.text:
        assert "".join(piece.text for piece in seen.text.pieces) == parameters["Message"]
