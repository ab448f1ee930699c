"""What would become of a SendMessageToGlobe: the API's answer, the text in its parts, the number, the way and why. Nothing is sent.

The answer is `judge.single`'s, the parts are `segment.cut`'s, the way is the router's: what a call would meet. What cannot be
told from parameters is not said: whether the signature is right, RAM permits it, the account's turn has come or the disk is full.
"""

from collections.abc import Callable, Mapping

from globewire.errors import OK, Refused
from globewire.message import CarrierId, Encoding, NumberDetail
from globewire.plan import Carrier, OnUnknown
from globewire.values import dataclass
from globewire.verdict import judge
from globewire.verdict.admit import limit
from globewire.verdict.judge import Parameters, Terms
from globewire.verdict.route import Router
from globewire.wire import letters, number
from globewire.wire import parameters as given
from globewire.wire.letters import Letter
from globewire.wire.number import Number
from globewire.wire.operation import OPERATIONS
from globewire.wire.segment import MESSAGE_PAYLOAD, cut, frames, room, size

CODINGS = {0: "GSM 7-bit", 3: "Latin-1", 8: "UCS-2"}
"""Codings by data_coding (SMPP 3.4 section 5.2.19)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API would say: HTTP 200 and a ResponseCode, or another status and the envelope's Code."""

    http: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one parameter, whatever is wrong with others."""

    parameter: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of one part, what it takes and what it could: septets of GSM7, 16-bit units of UCS2."""

    text: str
    used: int
    room: int


@dataclass(frozen=True, slots=True)
class Swapped:
    """The text with everything swapped that can be, and what it would need then. `left` still force UCS-2."""

    text: str
    encoding: Encoding
    segments: int
    left: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class TextView:
    """How a text travels. `foreign` are the characters that force UCS-2; `doubled` those that count twice in GSM7."""

    characters: int
    encoding: Encoding
    pieces: tuple[Piece, ...]
    foreign: tuple[Letter, ...]
    doubled: tuple[Letter, ...]
    swapped: Swapped | None


@dataclass(frozen=True, slots=True)
class NumberView:
    """What the numbering plan says of the number; `country` is ISO 3166 alpha-2, "" where the code is no country's."""

    digits: str
    calling_code: int
    country: str
    detail: NumberDetail


@dataclass(frozen=True, slots=True)
class AtCarrier:
    """What a carrier would be given: how many submits, and how the text is coded ("" without a text). `differs` where that is not
    what the customer is told; `whole` where it is the carrier that cuts the text. `sender` is "" where the carrier chooses it."""

    carrier: CarrierId
    coding: str
    submits: int
    differs: bool
    whole: bool
    sender: str


@dataclass(frozen=True, slots=True)
class Way:
    """The route and its carriers, in the order in which they are tried; `why` says why not the others."""

    route: str | None
    carriers: tuple[AtCarrier, ...]
    on_unknown: OnUnknown
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quota:
    """How often the account may call an operation."""

    operation: str
    calls_a_second: int


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it. `text`, `number` and `way` are None where a parameter that they need is missing or wrong."""

    answer: Answer
    faults: tuple[Fault, ...]
    segments: int
    sender: str
    validity: int | None
    text: TextView | None
    number: NumberView | None
    way: Way | None
    quotas: tuple[Quota, ...]


def preview(
    parameters: Parameters, terms: Terms, quota: Mapping[str, int], router: Router, carriers: Mapping[CarrierId, Carrier]
) -> Preview:
    """Preview SendMessageToGlobe with these parameters, for an account with these terms and quotas."""
    faults = _faults(parameters, terms, router)
    wrong = {fault.parameter for fault in faults}
    text = parameters.get("Message", "")
    view = _view(text)
    target = None if "To" in wrong else number.read(parameters["To"])
    way, sender = None, ""
    if target is not None and not wrong & _ROUTED_BY:
        common = judge.common({name: value for name, value in parameters.items() if name not in wrong}, terms, router)
        decision = router.decide(judge.asked(target, common, terms))
        told = None if "Message" in wrong else view
        at = tuple(_at(carriers[id], text, told, common.sender) for id in decision.carriers)
        way = Way(decision.route, at, decision.on_unknown, decision.why)
        sender = judge.shown_sender(common, decision, carriers) if at else common.sender
    return Preview(
        _answer(parameters, terms, router),
        faults,
        len(view.pieces) if view else 0,
        sender,
        None if "ValidityPeriod" in wrong else given.validity(parameters, terms.validity),
        view,
        _number(target) if target else None,
        way,
        tuple(Quota(name, limit(quota, name)) for name in OPERATIONS),
    )


_ROUTED_BY = frozenset({"From", "Type", "ChannelId"})


def _answer(parameters: Parameters, terms: Terms, router: Router) -> Answer:
    try:
        judge.single(parameters, terms, router)
    except Refused as refused:
        return Answer(refused.row.http, refused.row.code, refused.sentence)
    return Answer(OK.http, OK.code, OK.sentence)


def _faults(parameters: Parameters, terms: Terms, router: Router) -> tuple[Fault, ...]:
    """Each parameter judged for itself, by what `judge.single` asks of it."""
    asked: tuple[tuple[str, Callable[[], object]], ...] = (
        ("To", lambda: number.read(given.required(parameters, "To"))),
        ("Message", lambda: cut(given.text(given.required(parameters, "Message")))),
        ("From", lambda: judge.sender_of(parameters, terms)),
        ("Type", lambda: given.message_type(parameters)),
        ("TaskId", lambda: given.task_id(parameters)),
        ("ChannelId", lambda: judge.channel(parameters, router)),
        ("ValidityPeriod", lambda: given.validity(parameters, terms.validity)),
    )
    found = []
    for name, ask in asked:
        try:
            ask()
        except Refused as refused:
            found.append(Fault(name, refused.row.code, refused.sentence))
    return tuple(found)


def _view(text: str) -> TextView | None:
    """The text in its parts, also where it is longer than the API takes; None where it has none, or far too many."""
    if not text:
        return None
    try:
        made, swapped = cut(text), letters.swapped(text)
        again = cut(swapped)
    except Refused:
        return None
    room_of_each = room(made.encoding, len(made.pieces))
    pieces = tuple(Piece(piece, size(piece, made.encoding), room_of_each) for piece in made.pieces)
    foreign = letters.foreign(text)
    doubled = () if foreign else letters.doubled(text)
    better = Swapped(swapped, again.encoding, len(again.pieces), letters.foreign(swapped)) if swapped != text else None
    return TextView(len(text), made.encoding, pieces, foreign, doubled, better if foreign else None)


def _number(target: Number) -> NumberView:
    return NumberView(target.digits, target.calling_code, target.country, target.detail)


def _at(carrier: Carrier, text: str, told: TextView | None, sender: str) -> AtCarrier:
    """What `wire.submission` would make of it. The reference that ties parts together changes no count."""
    shown = sender or carrier.sender
    if told is None:
        return AtCarrier(carrier.id, "", 0, False, False, shown)
    sent = frames(text, concatenation=carrier.concatenation, gsm=carrier.gsm, reference=0)
    coding, whole = CODINGS[sent[0].data_coding], MESSAGE_PAYLOAD in sent[0].tlvs
    differs = coding != _TOLD[told.encoding] or len(sent) != len(told.pieces)
    return AtCarrier(carrier.id, coding, len(sent), differs, whole, shown)


_TOLD = {Encoding.GSM7: CODINGS[0], Encoding.UCS2: CODINGS[8]}
