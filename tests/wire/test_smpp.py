"""Sessions, both sides, fed by hand: states, numbers, timers, and what peers do that they should not."""

from struct import pack

import pytest

from globewire.wire.pdu import RESP, Command, Frames, Pdu, PduFault, Status, decode, encode
from globewire.wire.smpp import (
    BINDS,
    MAY_SEND,
    Answered,
    Asked,
    BindRefused,
    Bound,
    BoundAs,
    Closed,
    Event,
    Session,
    Side,
    Unanswered,
)

BIND_OF = {state: command for command, state in BINDS.items()}
UNANSWERABLE = (Command.OUTBIND, Command.ALERT_NOTIFICATION)


def session(side: Side) -> Session:
    """A fresh one: asks after 30 s of silence, waits 10 s for responses."""
    return Session(side, enquire_link=30.0, response_timeout=10.0, now=0.0)


def bound(state: BoundAs = BoundAs.TRANSCEIVER) -> tuple[Session, Session]:
    """An ESME and an SMSC, bound to each other."""
    esme, smsc = session(Side.ESME), session(Side.SMSC)
    if state is not BoundAs.OPEN:
        (asked,) = smsc.receive(esme.request(BIND_OF[state], {"system_id": "a"}, now=0.0), 0.0)
        assert isinstance(asked, Asked)
        assert esme.receive(smsc.respond(asked.pdu, 0, {"system_id": "b"}), 0.0) == [Bound(state)]
    return esme, smsc


def said(by: Session) -> list[tuple[int, int, int]]:
    """Command, status and sequence of each PDU that a session wants written by itself."""
    pdus = [decode(frame) for frame in Frames().feed(by.outgoing())]
    return [(pdu.command, pdu.status, pdu.sequence) for pdu in pdus]


def frame(command: int, sequence: int = 5, status: int = 0, body: bytes = b"") -> bytes:
    """A PDU from the peer."""
    return pack(">IIII", 16 + len(body), command, status, sequence) + body


@pytest.mark.parametrize("state", list(BIND_OF))
def test_a_bind_binds_both_sides(state: BoundAs) -> None:
    """The SMSC's state moves with its answer, the ESME's when it hears it."""
    esme, smsc = bound(state)
    assert esme.bound_as is smsc.bound_as is state
    assert esme.in_flight == smsc.in_flight == 0


def test_a_refused_bind_leaves_both_open() -> None:
    """And it may be tried again."""
    esme, smsc = session(Side.ESME), session(Side.SMSC)
    for status in (Status.RINVPASWD, 0x401):
        (asked,) = smsc.receive(esme.request(Command.BIND_RECEIVER, {}, now=0.0), 0.0)
        assert isinstance(asked, Asked)
        assert esme.receive(smsc.respond(asked.pdu, status), 0.0) == [BindRefused(status)]
    assert esme.bound_as is smsc.bound_as is BoundAs.OPEN


def test_a_bind_refused_by_generic_nack() -> None:
    """Some SMSCs know no other way."""
    esme = session(Side.ESME)
    esme.request(Command.BIND_TRANSCEIVER, {}, now=0.0)
    assert esme.receive(frame(Command.GENERIC_NACK, 1, Status.RINVCMDID), 0.0) == [BindRefused(Status.RINVCMDID)]


@pytest.mark.parametrize("state", [s for s in BoundAs if s is not BoundAs.CLOSED])
@pytest.mark.parametrize("sender", list(Side))
@pytest.mark.parametrize("command", list(MAY_SEND))
def test_the_table_of_states(command: Command, sender: Side, state: BoundAs) -> None:
    """What a side may send reaches the other's application; what it may not is neither sent nor heard, but refused."""
    esme, smsc = bound(state)
    ours, theirs = (esme, smsc) if sender is Side.ESME else (smsc, esme)
    allowed = state in MAY_SEND[command][sender]
    if allowed:
        ours.request(command, {}, now=1.0)
    else:
        with pytest.raises(PduFault):
            ours.request(command, {}, now=1.0)
    events = theirs.receive(encode(Pdu(command, 0, 99)), 1.0)
    answers = said(theirs)
    if command in UNANSWERABLE:
        assert (events, answers) == ([], [])
    elif command is Command.ENQUIRE_LINK:
        assert (events, answers) == ([], [(command | RESP, Status.ROK, 99)])
    elif not allowed:
        rebind = command in BINDS and sender is Side.ESME
        assert (events, answers) == ([], [(command | RESP, Status.RALYBND if rebind else Status.RINVBNDSTS, 99)])
    elif command is Command.UNBIND:
        assert (events, answers) == ([Closed("unbound by the peer")], [(command | RESP, Status.ROK, 99)])
    else:
        assert [type(event) for event in events] == [Asked] and answers == []


def test_an_answer_finds_its_request() -> None:
    """Out of order, with the time it took."""
    esme, smsc = bound()
    first = esme.request(Command.SUBMIT_SM, {}, now=1.0, ref="first")
    second = esme.request(Command.SUBMIT_SM, {}, now=2.0, ref="second")
    assert esme.in_flight == 2
    asked = [event.pdu for event in smsc.receive(first + second, 2.0) if isinstance(event, Asked)]
    answers = b"".join(smsc.respond(pdu, 0, {"message_id": f"id{pdu.sequence}"}) for pdu in reversed(asked))
    events = esme.receive(answers, 4.0)
    assert [(e.ref, e.took, e.pdu.text("message_id")) for e in events if isinstance(e, Answered)] == [
        ("second", 2.0, "id3"),
        ("first", 3.0, "id2"),
    ]
    assert esme.in_flight == 0


@pytest.mark.parametrize("status", [Status.RTHROTTLED, 0x400, 0x455, 0x4FF, 0xFFFF_FFFF])
@pytest.mark.parametrize("body", [b"", b"\0", b"junk", b"\0\x04"])
def test_any_status_with_any_body_is_an_answer(status: int, body: bytes) -> None:
    """A vendor's status, a body or none, cut parameters: the submit is answered all the same."""
    esme, _ = bound()
    esme.request(Command.SUBMIT_SM, {}, now=1.0, ref="r")
    (event,) = esme.receive(frame(Command.SUBMIT_SM_RESP, 2, status, body), 1.0)
    assert isinstance(event, Answered) and (event.ref, event.pdu.status) == ("r", status)


def test_a_generic_nack_answers_a_request() -> None:
    """Its status tells."""
    esme, _ = bound()
    esme.request(Command.SUBMIT_SM, {}, now=1.0, ref="r")
    (event,) = esme.receive(frame(Command.GENERIC_NACK, 2, Status.RINVCMDLEN), 1.0)
    assert isinstance(event, Answered) and event.pdu.command == Command.GENERIC_NACK and event.pdu.status == Status.RINVCMDLEN


@pytest.mark.parametrize(
    "response",
    [
        frame(Command.SUBMIT_SM_RESP, 77),
        frame(Command.DATA_SM_RESP, 2),
        frame(Command.GENERIC_NACK, 0, Status.RINVCMDID),
        frame(0x8001_0200, 2),
    ],
)
def test_a_response_to_nothing_is_ignored(response: bytes) -> None:
    """Unknown, of another command, of no sequence, a vendor's: no event, no answer, and the request still waits."""
    esme, _ = bound()
    esme.request(Command.SUBMIT_SM, {}, now=1.0, ref="r")
    assert (esme.receive(response, 1.0), said(esme), esme.in_flight) == ([], [], 1)


def test_sequence_numbers_go_round_and_skip_those_in_flight() -> None:
    """1 to 0x7FFFFFFF (SMPP 3.4 section 5.1.4)."""
    esme, _ = bound()
    esme.request(Command.SUBMIT_SM, {}, now=1.0)
    esme.request(Command.SUBMIT_SM, {}, now=1.0)
    esme._sequence = 0x7FFF_FFFE  # two thousand million requests later
    numbers = [decode(esme.request(Command.SUBMIT_SM, {}, now=1.0)).sequence for _ in range(3)]
    assert numbers == [0x7FFF_FFFF, 1, 4]


def test_a_request_that_cannot_be_written_is_not_in_flight() -> None:
    """It raises, and nothing has happened."""
    esme, _ = bound()
    with pytest.raises(PduFault):
        esme.request(Command.SUBMIT_SM, {"source_addr": "x" * 30}, now=1.0)
    assert (esme.in_flight, esme.due) == (0, 30.0)


def test_requests_without_an_answer_come_back_once() -> None:
    """After the timeout, each; a response after that is ignored."""
    esme, _ = bound()
    esme.request(Command.SUBMIT_SM, {}, now=1.0, ref="a")
    esme.request(Command.SUBMIT_SM, {}, now=5.0, ref="b")
    assert esme.due == 11.0
    assert esme.tick(10.9) == []
    assert esme.tick(11.0) == [Unanswered("a")]
    assert (esme.due, esme.in_flight) == (15.0, 1)
    assert esme.receive(frame(Command.SUBMIT_SM_RESP, 2), 12.0) == []
    assert esme.tick(15.0) == [Unanswered("b")]


def test_a_silent_peer_is_asked_and_then_given_up() -> None:
    """enquire_link after 30 s of nothing; closed when 10 s more bring nothing."""
    esme, smsc = bound()
    assert esme.due == 30.0
    assert esme.tick(29.9) == [] and said(esme) == []
    assert esme.tick(30.0) == []
    asked = esme.outgoing()
    assert decode(asked).command == Command.ENQUIRE_LINK and esme.in_flight == 0
    assert esme.tick(35.0) == [] and said(esme) == []
    smsc.receive(asked, 30.0)
    assert esme.receive(smsc.outgoing(), 36.0) == []
    assert (esme.tick(40.0), esme.due) == ([], 66.0)
    esme.tick(66.0)
    assert esme.tick(76.0) == [Closed("no response to enquire_link")]
    assert esme.tick(200.0) == []


def test_anything_heard_is_a_sign_of_life() -> None:
    """A peer that sends receipts but never answers enquire_link is not cut off; it is asked again."""
    esme, smsc = bound()
    esme.tick(30.0)
    assert [c for c, _, _ in said(esme)] == [Command.ENQUIRE_LINK]
    esme.receive(smsc.request(Command.DELIVER_SM, {}, now=35.0), 35.0)
    assert esme.tick(40.0) == []
    assert esme.tick(65.0) == []
    assert [c for c, _, _ in said(esme)] == [Command.ENQUIRE_LINK]


def test_a_link_that_dies_returns_what_was_in_flight() -> None:
    """Unanswered for each, then Closed."""
    esme, _ = bound()
    for ref in ("a", "b"):
        esme.request(Command.SUBMIT_SM, {}, now=35.0, ref=ref)
    esme.request(Command.ENQUIRE_LINK, {}, now=35.0)
    assert esme.close("gone", 36.0) == [Unanswered("a"), Unanswered("b"), Closed("gone")]
    assert esme.close("again", 37.0) == []
    assert (esme.in_flight, esme.closed, esme.receive(frame(Command.ENQUIRE_LINK), 38.0)) == (0, True, [])
    with pytest.raises(PduFault):
        esme.request(Command.SUBMIT_SM, {}, now=39.0)


def test_a_bind_without_an_answer_closes() -> None:
    """There is nothing else to do with the connection."""
    esme = session(Side.ESME)
    esme.request(Command.BIND_TRANSCEIVER, {}, now=0.0)
    assert esme.tick(10.0) == [Closed("no response to bind_transceiver")]


def test_a_peer_that_never_binds_is_cut_off() -> None:
    """The SMSC waits as long as for a response; a bind that its application ponders does not count."""
    idle, pondering = session(Side.SMSC), session(Side.SMSC)
    assert idle.due == 10.0
    pondering.receive(encode(Pdu(Command.BIND_RECEIVER, 0, 1)), 1.0)
    assert idle.tick(10.0) == [Closed("the peer did not bind")]
    assert pondering.tick(10.0) == []


def test_enquire_link_before_the_bind_is_answered() -> None:
    """Answered."""
    esme = session(Side.ESME)
    esme.request(Command.BIND_TRANSCEIVER, {}, now=0.0)
    assert esme.receive(frame(Command.ENQUIRE_LINK), 0.0) == []
    assert said(esme) == [(Command.ENQUIRE_LINK_RESP, 0, 5)]


def test_a_second_bind_is_refused_while_the_first_waits() -> None:
    """ESME_RALYBND, and the first can still be answered."""
    smsc = session(Side.SMSC)
    (asked,) = smsc.receive(frame(Command.BIND_TRANSCEIVER, 1, body=bytes(7)), 0.0)
    assert smsc.receive(frame(Command.BIND_RECEIVER, 2, body=bytes(7)), 0.0) == []
    assert said(smsc) == [(Command.BIND_RECEIVER_RESP, Status.RALYBND, 2)]
    assert isinstance(asked, Asked)
    smsc.respond(asked.pdu)
    assert smsc.bound_as is BoundAs.TRANSCEIVER


def test_our_unbind_closes_when_it_is_answered() -> None:
    """What still comes before that is heard."""
    esme, smsc = bound()
    esme.request(Command.SUBMIT_SM, {}, now=1.0, ref="a")
    late = smsc.request(Command.DELIVER_SM, {}, now=1.0)
    assert [type(e) for e in smsc.receive(esme.request(Command.UNBIND, {}, now=1.0), 1.0)] == [Unanswered, Closed]
    events = esme.receive(late + smsc.outgoing(), 1.0)
    assert [type(e) for e in events] == [Asked, Unanswered, Closed]


def test_our_unbind_without_an_answer_closes_too() -> None:
    """Some peers just hang up; some do not even that."""
    esme, _ = bound()
    esme.request(Command.UNBIND, {}, now=1.0)
    assert esme.tick(11.0) == [Closed("no response to unbind")]


def test_the_peers_unbind_is_answered() -> None:
    """And returns what was in flight."""
    esme, _ = bound()
    esme.request(Command.SUBMIT_SM, {}, now=1.0, ref="a")
    assert esme.receive(frame(Command.UNBIND), 1.0) == [Unanswered("a"), Closed("unbound by the peer")]
    assert said(esme) == [(Command.UNBIND_RESP, 0, 5)]


@pytest.mark.parametrize(
    ("name", "octets", "answer"),
    [
        ("a vendor's command", frame(0x0001_0200, body=b"what"), (Command.GENERIC_NACK, Status.RINVCMDID)),
        ("a deliver_sm without a body", frame(Command.DELIVER_SM), (Command.DELIVER_SM_RESP, Status.RINVPARLEN)),
        ("a text past the end", frame(Command.DELIVER_SM, body=bytes(16) + b"\xff"), (Command.DELIVER_SM_RESP, Status.RINVMSGLEN)),
        ("a cut tag", frame(Command.DELIVER_SM, body=bytes(18)), (Command.DELIVER_SM_RESP, Status.RINVOPTPARSTREAM)),
        ("a cut alert", frame(Command.ALERT_NOTIFICATION), (Command.GENERIC_NACK, Status.RINVPARLEN)),
    ],
)
def test_what_cannot_be_understood_is_refused_and_the_bind_stays(name: str, octets: bytes, answer: tuple[int, int]) -> None:
    """One answer each; the next request is served."""
    esme, smsc = bound()
    events = esme.receive(octets + smsc.request(Command.DATA_SM, {"data_coding": 0xF5}, now=1.0), 1.0)
    assert [type(event) for event in events] == [Asked], name
    assert said(esme) == [(*answer, 5)]


@pytest.mark.parametrize("length", [0, 15, 65_537, 2**31])
def test_a_bad_length_ends_the_session(length: int) -> None:
    """After what came before it: generic_nack ESME_RINVCMDLEN, then nothing more."""
    esme, smsc = bound()
    esme.request(Command.SUBMIT_SM, {}, now=1.0, ref="a")
    events: list[Event] = esme.receive(smsc.request(Command.DELIVER_SM, {}, now=1.0) + pack(">IIII", length, 5, 0, 6), 1.0)
    assert [type(event) for event in events] == [Asked, Unanswered, Closed]
    assert said(esme) == [(Command.GENERIC_NACK, Status.RINVCMDLEN, 6)]


def test_the_window_counts_what_the_smsc_sends_too() -> None:
    """deliver_sm is the SMSC's own."""
    esme, smsc = bound()
    (asked,) = esme.receive(smsc.request(Command.DELIVER_SM, {"short_message": b"x"}, now=1.0, ref="m"), 1.0)
    assert isinstance(asked, Asked) and smsc.in_flight == 1
    (answered,) = smsc.receive(esme.respond(asked.pdu), 1.5)
    assert isinstance(answered, Answered) and (answered.ref, smsc.in_flight) == ("m", 0)
