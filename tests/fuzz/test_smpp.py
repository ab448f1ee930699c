"""A session never raises, whatever it is fed, and its count of requests in flight stays true."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.test_pdu import SEEDS, mutated
from globewire.wire.pdu import Command, Frames, Pdu, decode, encode
from globewire.wire.smpp import Answered, Asked, Closed, Session, Side, Unanswered
from wire.pdus import pdus


def bound(side: Side) -> Session:
    """A session bound as transceiver."""
    session = Session(side, enquire_link=5.0, response_timeout=5.0, now=0.0)
    if side is Side.ESME:
        session.request(Command.BIND_TRANSCEIVER, {}, now=0.0)
        session.receive(encode(Pdu(Command.BIND_TRANSCEIVER_RESP, 0, 1)), 0.0)
    else:
        (asked,) = session.receive(encode(Pdu(Command.BIND_TRANSCEIVER, 0, 1)), 0.0)
        assert isinstance(asked, Asked)
        session.respond(asked.pdu)
    return session


def play(session: Session, pieces: list[bytes]) -> None:
    """Feed all, with requests of our own and time between; then every request of ours came back exactly once."""
    sent, back, now = 0, 0, 0.0
    own = Command.SUBMIT_SM if session.side is Side.ESME else Command.DELIVER_SM
    for piece in pieces:
        now += 0.5
        if not session.closed:
            session.request(own, {}, now=now, ref=sent)
            sent += 1
        for event in [*session.receive(piece, now), *session.tick(now)]:
            back += isinstance(event, Answered | Unanswered)
            if isinstance(event, Asked):
                assert decode(session.respond(event.pdu)).sequence == event.pdu.sequence
        Frames().feed(session.outgoing())
        assert session.in_flight == sent - back
    ended = session.close("enough", now)
    assert session.closed and sent == back + sum(isinstance(event, Unanswered) for event in ended)
    assert not ended or isinstance(ended[-1], Closed)


@settings(max_examples=200)
@given(st.sampled_from(Side), st.lists(st.binary(max_size=80), max_size=12))
def test_random_octets(side: Side, pieces: list[bytes]) -> None:
    """Most break the stream at once."""
    play(bound(side), pieces)


@settings(max_examples=200)
@given(st.sampled_from(Side), st.lists(pdus(), max_size=12))
def test_random_pdus(side: Side, several: list[Pdu]) -> None:
    """Valid PDUs in no order that makes sense, responses with sequences that may fit."""
    play(bound(side), [encode(Pdu(p.command, p.status, p.sequence % 12, p.fields, p.tlvs)) for p in several])


def test_mutated_pdus() -> None:
    """Spoiled PDUs, many sessions."""
    chance = random.Random(3)
    for _ in range(150):
        play(bound(chance.choice(list(Side))), [mutated(chance.choice(SEEDS), chance) for _ in range(20)])
