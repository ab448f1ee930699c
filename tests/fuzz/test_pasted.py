"""Whatever is pasted: a request, or why it is none; and whatever the request, findings that can be written down."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.test_request import mutated
from globewire.verdict.diagnosis import Case, diagnose
from globewire.wire.exchange import request_text
from globewire.wire.pasted import PasteFault, pasted
from globewire.wire.shell import ShellFault, words
from globewire.wire.snippets import Language, snippet
from verdict.mistaken import NOW, SECRET
from wire.asking import VECTORS
from wire.test_signing import WANTED

PIECES = (
    "curl ", "http://", "https://", "h:1", "/?", "a=b", "&", "'", '"', "\\", "\n", " ", "$'", "-H ", "-d ", "--data-urlencode ",
    "-G ", "POST / HTTP/1.1\n", "Host: h\n", "Content-Length: 5\n", "\n\n", "> ", "Signature=", "[", "@", "-X", "\r\n",
    "Authorization: ACS3-HMAC-SHA256 ", "\x00", "\ud800", "\u4f60", "%", "#", ":",
)  # fmt: skip
texts = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
GOOD = [snippet(Language.CURL, WANTED, secure=False)]
GOOD += [
    f"{v['method']} {v['target']} HTTP/1.1\n" + "".join(f"{name}: {value}\n" for name, value in v["headers"]) + "\n" + v["body"]
    for v in VECTORS
]


def examined(text: str) -> None:
    """Read what was pasted, show it, and look into it."""
    try:
        raw = pasted(text)
    except PasteFault as fault:
        assert str(fault)
        return
    assert request_text(raw)
    for secret in (SECRET, None):
        for finding in diagnose(Case(raw=raw, now=NOW, secret=secret, hosts=("h:1",)), 1):
            assert finding.sentence.isascii()
            assert finding.sentence.isprintable()


@settings(max_examples=400)
@given(texts)
def test_anything(text: str) -> None:
    """Texts of no meaning, and pieces of commands and requests in no order."""
    examined(text)


@settings(max_examples=300)
@given(texts)
def test_any_command(text: str) -> None:
    """Its words, or that a quotation does not end."""
    try:
        assert all(isinstance(word, str) for word in words(text))
    except ShellFault as fault:
        assert str(fault)


def test_mutations_of_good_ones() -> None:
    """1,000 commands and requests with a few changes each."""
    dice = random.Random(20180501)
    for text in GOOD:
        examined(text)
    for _ in range(1000):
        examined(mutated(dice.choice(GOOD).encode(), dice).decode("latin-1"))
