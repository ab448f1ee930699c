"""What is previewed is what a running gateway then answers and keeps: the same calls, made for real."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from clients.calling import fetch, signed
from clients.people import configuration
from clients.running import House
from globewire import config
from globewire.gateway import carriers_of
from globewire.verdict.judge import Terms
from globewire.verdict.preview import Preview, preview
from globewire.verdict.route import Router

texts = st.one_of(
    st.text(alphabet="abc €[]~\\@é\n", min_size=1, max_size=400),
    st.text(alphabet="ab€“–验🙂\xa0", min_size=1, max_size=200),
    st.sampled_from(["", "x" * 2000, "x" * 2001, "a\0b", "€" * 80, "€" * 81, "a" * 152 + "€" + "b" * 10]),
)
numbers = st.sampled_from(["6591234567", "85261234567", "8613800138000", "+6591234567", "12", "447911123456", "882161234567"])
calls = st.fixed_dictionaries(
    {"To": numbers, "Message": texts},
    optional={
        "From": st.sampled_from(["Shop", "12345", "a b", "1" * 16]),
        "Type": st.sampled_from(["OTP", "MKT", "otp"]),
        "ChannelId": st.sampled_from(["3790", "usual", "simulator", "nowhere"]),
        "ValidityPeriod": st.sampled_from(["60", "0", "604801"]),
        "TaskId": st.sampled_from(["order-7", "t" * 256]),
    },
)


def previewed(parameters: dict[str, str], house: House) -> Preview:
    """As a page or command would show it, from the configuration that the house runs under."""
    settings = config.read(configuration(Path(".")), "test", {})
    account = next(account for account in settings.accounts if account.id == "acme")
    carriers = carriers_of(settings)
    terms = Terms(account.id, account.sender, settings.send.validity)
    return preview(parameters, terms, account.quota, Router(settings.routes, carriers), carriers)


@settings(max_examples=60)
@given(parameters=calls)
def test_the_gateway_answers_as_previewed(house: House, parameters: dict[str, str]) -> None:
    answer = fetch(house, *signed(house, "SendMessageToGlobe", parameters))
    seen = previewed(parameters, house)
    assert answer.status == seen.answer.http
    said = answer.json
    assert (said.get("ResponseCode") or said["Code"]) == seen.answer.code
    assert (said.get("ResponseDescription") or said["Message"]) == seen.answer.sentence
    if seen.answer.code != "OK":
        return
    assert seen.number is not None and seen.text is not None and seen.way is not None
    assert (said["Segments"], said["From"]) == (str(seen.segments), seen.sender)
    assert said["NumberDetail"] == {
        "Carrier": seen.number.detail.carrier,
        "Region": seen.number.detail.region,
        "Country": seen.number.detail.country,
    }
    kept = house.look(said["MessageId"]).message
    assert (kept.encoding, kept.segments, kept.country) == (seen.text.encoding, seen.segments, seen.number.country)
