"""Hypothesis strategies for PDUs of every command, from the tables themselves. Used by the tests of wire and by the fuzzers."""

from hypothesis import strategies as st

from globewire.wire.commands import BODIES, Field, Kind
from globewire.wire.pdu import RESP, Pdu

OCTET = st.integers(0, 255)


def text(most: int) -> st.SearchStrategy[str]:
    """Latin-1 without NUL, room left for the NUL at the end."""
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=most - 1)


def value(field: Field) -> st.SearchStrategy[object]:
    """Any value that `field` can hold."""
    match field.kind:
        case Kind.CSTRING:
            return text(field.most)
        case Kind.MESSAGE:
            return st.binary(max_size=field.most)
        case Kind.DESTINATIONS:
            address = st.tuples(st.just(1), OCTET, OCTET, text(21))
            listed = st.tuples(st.just(2), text(21))
            return st.lists(address | listed, max_size=5).map(tuple)
        case Kind.FAILURES:
            return st.lists(st.tuples(OCTET, OCTET, text(21), st.integers(0, 2**32 - 1)), max_size=5).map(tuple)
        case _:
            return OCTET


def pdus(*commands: int) -> st.SearchStrategy[Pdu]:
    """Valid PDUs of these commands, all of them where none is given, with all fields and any optional parameters."""
    return st.sampled_from(commands or tuple(BODIES)).map(int).flatmap(_pdus_of)


def _pdus_of(command: int) -> st.SearchStrategy[Pdu]:
    body = BODIES[command]
    optional = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=40), max_size=4)
    return st.builds(
        Pdu,
        st.just(command),
        st.integers(0, 0xFFFF_FFFF) if command & RESP else st.just(0),
        st.integers(0, 0xFFFF_FFFF),
        st.fixed_dictionaries({field.name: value(field) for field in body}),
        optional,
    )
