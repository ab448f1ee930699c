"""Which parameters may have been signed, and in which order."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from globewire.errors import Refused
from globewire.verdict.finding import Cause, shown
from globewire.verdict.mistakes.mistake import MOST_NAMES, Mistake
from globewire.verdict.way import Order, Pairs, Way
from globewire.wire.request import Call, Scheme, decode


def parameter_mistakes(call: Call) -> Iterator[Mistake]:
    """Not sorted, left out, or sent otherwise than they were signed."""
    step = "Sorted parameters" if call.scheme is Scheme.V1 else "Canonical query"
    sort = "Sort by name, by the octets"
    yield Mistake(Cause.ORDER, step, "not sorted, but in the order sent", "sorted by name", sort, _ordered(Order.SENT))
    if call.scheme is Scheme.V1:
        body_first = {**call.parameters}
        yield Mistake(
            Cause.ORDER, step, "not sorted, the body's before the query's", "sorted by name", sort,
            lambda way: replace(way, order=Order.SENT, pairs=tuple(body_first.items())),
        )  # fmt: skip
    yield Mistake(
        Cause.ORDER, step, "sorted without regard to case", "sorted by the octets, A-Z before a-z", sort, _ordered(Order.FOLDED)
    )
    yield Mistake(
        Cause.BLANKS, step, "parameters with an empty value were left out", "all that are sent, as name=",
        "Sign them too, or do not send them", _pairs(lambda pairs: tuple(pair for pair in pairs if pair[1])),
    )  # fmt: skip
    yield from _sent_otherwise(call, step)
    body = {name for name in call.parameters if name not in call.query}
    if call.scheme is Scheme.V1:
        yield from _either_place(call, body, step)
        yield Mistake(
            Cause.SIGNATURE_INCLUDED, step, "an empty Signature was among the parameters", "all but Signature",
            "Add Signature only after signing", _pairs(lambda pairs: (*pairs, ("Signature", ""))),
        )  # fmt: skip
        yield Mistake(
            Cause.SENT_OTHERWISE, step, "an empty SignatureType was signed and did not arrive", "what is signed to be sent",
            "Do not sign it, or see what drops empty parameters on the way", _pairs(lambda pairs: (*pairs, ("SignatureType", ""))),
        )  # fmt: skip
    elif body:
        yield Mistake(
            Cause.LEFT_OUT, step, "the form body's parameters were signed in the query", "those of the query alone",
            "The body counts by its digest only", _pairs(lambda pairs: (*pairs, *((n, call.parameters[n]) for n in body))),
        )  # fmt: skip


def _either_place(call: Call, body: set[str], step: str) -> Iterator[Mistake]:
    for names, what in ((body, "the body"), (set(call.query), "the query")):
        if names and names != set(call.parameters):
            yield Mistake(
                Cause.LEFT_OUT, step, f"the parameters in {what} were left out", "those of query and form body together",
                f"Sign the parameters in {what} too", _without(names),
            )  # fmt: skip


def _without(names: set[str]) -> Callable[[Way], Way]:
    return _pairs(lambda pairs: tuple(pair for pair in pairs if pair[0] not in names))


def _sent_otherwise(call: Call, step: str) -> Iterator[Mistake]:
    """What was signed right may have been sent wrong: it is read here as it was meant."""
    ways: tuple[tuple[str, str, str, Callable[[bytes], bytes]], ...] = (
        ("a + was sent bare, and is read as a space", "%2B on the wire", "Escape what is sent as well as what is signed",
         lambda raw: raw.replace(b"+", b"%2B")),
        ("what was sent is escaped twice", "what was signed, escaped once", "Do not let the HTTP library escape the query again",
         lambda raw: raw.replace(b"%25", b"%")),
        ("an & was sent bare, and begins another parameter", "%26 on the wire", "Escape what is sent as well as what is signed",
         _rejoined),
    )  # fmt: skip
    for did, expected, fix, meant in ways:
        pairs = _as_meant(call, meant)
        if pairs is not None:
            yield Mistake(Cause.SENT_OTHERWISE, step, did, expected, fix, _pairs(_constant(pairs)))
    if any("\r\n" in value for value in call.parameters.values()):
        yield Mistake(
            Cause.SENT_OTHERWISE, step, "a line feed was signed and sent as CR LF", "what was signed to be sent",
            "See what rewrites line ends on the way",
            _pairs(lambda pairs: tuple((name, value.replace("\r\n", "\n")) for name, value in pairs)),
        )  # fmt: skip


def _as_meant(call: Call, meant: Callable[[bytes], bytes]) -> Pairs | None:
    """The parameters as they would be read if they had been sent right; None where that makes no difference."""
    form = call.raw.body if call.scheme is Scheme.V1 and len(call.parameters) > len(call.query) else b""
    query, body = meant(call.raw.query), meant(form)
    if (query, body) == (call.raw.query, form):
        return None
    try:
        found = {**decode(body), **decode(query)}
    except Refused:
        return None
    return tuple(pair for pair in found.items() if pair[0] != "Signature")


def _rejoined(raw: bytes) -> bytes:
    """Pieces without = belong to the value before them."""
    found: list[bytes] = []
    for piece in raw.split(b"&"):
        if found and piece and b"=" not in piece:
            found[-1] += b"%26" + piece
        else:
            found.append(piece)
    return b"&".join(found)


def left_out(call: Call) -> Iterator[Mistake]:
    """One parameter or one header at a time."""
    names = call.parameters if call.scheme is Scheme.V1 else call.query
    for name in [name for name in names if name != "Signature"][:MOST_NAMES]:
        yield Mistake(
            Cause.LEFT_OUT, "Sorted parameters" if call.scheme is Scheme.V1 else "Canonical query",
            f"the parameter {shown(name)} was not signed", "all that are sent", "Add it before signing", _without({name}),
        )  # fmt: skip
    for name in call.signed_headers[:MOST_NAMES]:
        yield Mistake(
            Cause.HEADER, "Canonical headers", f"{shown(name)} is listed in SignedHeaders and was not signed",
            "a line for each that is listed", "Add its line, or take it off the list",
            _headerless(name),
        )  # fmt: skip


def _headerless(name: str) -> Callable[[Way], Way]:
    return lambda way: replace(way, headers=tuple(pair for pair in way.headers if pair[0] != name))


def _ordered(order: Order) -> Callable[[Way], Way]:
    return lambda way: replace(way, order=order)


def _pairs(change: Callable[[Pairs], Pairs]) -> Callable[[Way], Way]:
    return lambda way: replace(way, pairs=change(way.pairs))


def _constant(pairs: Pairs) -> Callable[[Pairs], Pairs]:
    return lambda _: pairs
