"""Whatever the file and the environment hold, reading gives a Config or a ConfigFault with sentences, and nothing else."""

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time

from hypothesis import given, settings
from hypothesis import strategies as st

from globewire import config
from globewire.config.fields import ROOT_FIELDS
from globewire.config.reader import Field

START = (
    config.example()
    + """
[api]
listen = "[::1]:8018"
trusted_proxies = ["10.0.0.0/8"]
[hold]
url = "sqlite:///var/lib/globewire/globewire.db"
[callbacks]
delays = [60, 300]
[[account]]
id = "bench"
quota = { SendMessageToGlobe = 100000 }
policy.own = { Version = "1", Statement = [{ Effect = "Allow", Action = ["dysms:*"], Resource = "*" }] }
  [[account.user]]
  name = "reader"
  policies = ["own", "AliyunDysmsReadOnlyAccess"]
    [[account.user.key]]
    id = "readerkeyid"
    secret = "file:secret"
[[route]]
countries = ["HK", "SG"]
types = ["OTP"]
carriers = ["north", "other"]
[simulator]
errors = { ESME_RTHROTTLED = 0.25 }
receipts = { DELIVRD = 9, UNDELIV = 1 }
latency = [0.1, 0.2]
"""
)


def read_file(path: str) -> str:
    """Stands for the disk: some paths are files, others are not."""
    if len(path) % 2:
        raise FileNotFoundError(2, "No such file or directory", path)
    return "secret\n"


def check(text: str, environment: Mapping[str, str]) -> None:
    """The promise."""
    try:
        found = config.read(text, "g.toml", environment, read_file)
    except config.ConfigFault as fault:
        assert fault.mistakes
        for mistake in fault.mistakes:
            assert mistake.sentence
            assert mistake.sentence.isprintable()
            assert len(mistake.sentence) < 2_000
            assert mistake.file in ("g.toml", "environment")
    else:
        assert found.simulator.enabled is not None
        known = {carrier.id for carrier in found.carriers} | {config.SIMULATOR}
        assert all(route.carriers and known.issuperset(route.carriers) and route.id for route in found.routes)


# --- any value at any key ------------------------------------------------------------------------------------------------


def _keys(fields: tuple[Field, ...]) -> Iterator[str]:
    for one in fields:
        yield one.key
        if one.kind.secret:
            yield f"{one.key}_file"
        if one.kind.section is not None:
            yield from _keys(one.kind.section.fields)


KEYS = sorted(set(_keys(ROOT_FIELDS)))
VARIABLES = [f"GLOBEWIRE_{outer.key}_{key}".upper() for outer in ROOT_FIELDS for key in KEYS if not outer.kind.several]
WORDS = ["sink", "simulator", "env:SET", "env:", "file:ab", "file:a", "HK", "OTP", "127.0.0.1:1", "https://x.example/", "own"]
WORDS += [
    "sqlite://x",
    "resend",
    "own",
    "",
    "DELIVRD",
    "8526",
    "http://[",
    "http://127.1/",
    "::1",
    "[::]:1",
    "=" * 44,
    "\ud800",
    "٣",
]

HUGE = "0xfff..."
"""Stands for a whole number of so many digits that str() refuses it."""

plain = st.one_of(
    st.integers(),
    st.integers(0, 100),
    st.sampled_from([2**64, -(10**4000), HUGE]),
    st.floats(),
    st.booleans(),
    st.text(max_size=40),
    st.sampled_from(WORDS),
    st.dates(),
    st.times(),
    st.datetimes(),
)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), inner, max_size=6),
    max_leaves=25,
)


def _section(one: Field) -> st.SearchStrategy[object]:
    if one.kind.section is None:
        return values
    inner = st.fixed_dictionaries({}, optional={field.key: _section(field) for field in one.kind.section.fields})
    return values | (st.lists(inner, max_size=3) if one.kind.several else inner)


documents = st.fixed_dictionaries({}, optional={one.key: _section(one) for one in ROOT_FIELDS})


def toml(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is HUGE:
        return "0x" + "f" * 5_000
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_quoted(str(key))} = {toml(inner)}" for key, inner in value.items()) + " }"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    return '"' + "".join(c if c.isalnum() or c in " :/.-_[]=+" else f"\\U{ord(c):08x}" for c in text) + '"'


@settings(max_examples=120)
@given(
    documents, st.dictionaries(st.sampled_from([*VARIABLES, "GLOBEWIRE_MASTER_KEY"]), st.text(max_size=20) | st.sampled_from(WORDS))
)
def test_any_value_at_any_key(document: dict[str, object], environment: dict[str, str]) -> None:
    """Values of every type stand at every key, and any text in every variable."""
    text = "".join(f"{key} = {toml(value)}\n" for key, value in document.items())
    check(text, {"SET": "x", **environment})


# --- a good file, spoiled ------------------------------------------------------------------------------------------------


def test_a_good_file_spoiled() -> None:
    """Characters of a whole file are replaced, doubled and dropped, and lines change places."""
    dice = random.Random(20180501)
    environment = {"SHOP_SECRET": "s", "NORTH_PASSWORD": "p"}
    check(START, environment)
    for _ in range(1_200):
        text = START
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(text) + 1)
            match dice.randrange(4):
                case 0:
                    text = text[:at] + dice.choice("\"'[]{}=,.#\n\\0-9aé\x00\ud800") + text[at + 1 :]
                case 1:
                    text = text[:at] + text[at : at + dice.randint(1, 30)] + text[at:]
                case 2:
                    text = text[:at] + text[at + dice.randint(1, 8) :]
                case _:
                    lines = text.split("\n")
                    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
                    lines[one], lines[other] = lines[other], lines[one]
                    text = "\n".join(lines)
        check(text, environment)


def test_tables_nested_without_end() -> None:
    """Deep dotted keys, deep lists and a deep policy document end in a sentence, not in a full stack."""
    for text in (
        "a" + ".a" * 5_000 + " = 1",
        "a = " + "[" * 5_000 + "]" * 5_000,
        "[[account]]\nid = 'a'\npolicy.p" + ".a" * 5_000 + " = 1",
        "[[account]]\nid = 'a'\npolicy.p = '''" + '{"a":' * 3_000 + "'''",
        "[api" + ".listen" * 5_000 + "]",
    ):
        check(text, {})
