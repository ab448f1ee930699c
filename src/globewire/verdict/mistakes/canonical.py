"""What V3 adds: headers, the digest of the body, and the canonical request."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from globewire.verdict.finding import Cause, shown
from globewire.verdict.mistakes.mistake import Mistake
from globewire.verdict.way import Frame, Pairs, Way, digest_of
from globewire.wire.request import FORM, Call


def v3_mistakes(call: Call, hosts: Sequence[str]) -> Iterator[Mistake]:
    """Host first: proxies rewrite it."""
    yield from _hosts(call, hosts)
    yield from _rewritten(call)
    yield from _payloads(call)
    yield from _frames(call)


def _hosts(call: Call, hosts: Sequence[str]) -> Iterator[Mistake]:
    came = call.headers.get("host", "")
    if "host" not in call.signed_headers:
        return
    forwarded = [call.headers[name] for name in ("x-forwarded-host", "x-original-host") if name in call.headers]
    bare = [host.rpartition(":")[0] for host in (came, *hosts, *forwarded) if ":" in host and not host.endswith("]")]
    known = [*forwarded, *hosts, *bare]
    for host in dict.fromkeys([*known, *(f"{name}:{port}" for name in (came, *known) for port in ("80", "443"))]):
        if host != came and ":" not in host.partition(":")[2].replace("]:", ""):
            yield Mistake(
                Cause.HOST, "Canonical headers", f"host was signed as {shown(host)}", f"{shown(came)}, which is the Host that came",
                "A proxy rewrote Host: let it pass the client's, or give the client the address by which the request arrives",
                _header("host", host),
            )  # fmt: skip


_USUAL = {
    "accept": ("application/json", "*/*", "", "application/xml"),
    "content-type": (
        FORM, f"{FORM}; charset=utf-8", f"{FORM};charset=UTF-8", "application/json", "application/json; charset=utf-8", "",
    ),
    "user-agent": ("",),
    "accept-encoding": ("identity", "gzip", "gzip, deflate", ""),
    "content-length": ("0", ""),
}  # fmt: skip


def _rewritten(call: Call) -> Iterator[Mistake]:
    """Headers that proxies and HTTP libraries set anew: tried with what clients usually send."""
    for name, values in _USUAL.items():
        if name not in call.signed_headers:
            continue
        came = call.headers.get(name)
        for value in values:
            if value != came:
                yield Mistake(
                    Cause.HEADER, "Canonical headers", f"{name} was signed as '{value}'",
                    "the value that came" if came is not None else f"{name} to come, which did not",
                    "Something on the way, or the HTTP library, changed it: sign what is sent, or do not sign it",
                    _header(name, value),
                )  # fmt: skip


def _header(name: str, value: str) -> Callable[[Way], Way]:
    return lambda way: replace(way, headers=tuple((n, value if n == name else old) for n, old in way.headers))


def _payloads(call: Call) -> Iterator[Mistake]:
    step = "Hashed payload"
    right = digest_of(call.scheme, call.raw.body)
    claimed = call.headers.get("x-acs-content-sha256") or call.headers.get("x-acs-content-sm3", "")
    fix = "Hash the very octets that are sent as the body; nothing, where there is none"
    form = "&".join(f"{name}={value}" for name, value in call.parameters.items()).encode()
    for wrong, did in (
        (claimed, "the digest that the headers claim is not that of the body that came"),
        (digest_of(call.scheme, b""), "the digest is that of an empty body"),
        (digest_of(call.scheme, call.raw.query), "the digest is that of the query"),
        (digest_of(call.scheme, form), "the digest is that of the parameters"),
        (digest_of(call.scheme, b"{}"), "the digest is that of {}"),
        (digest_of(call.scheme, b"null"), "the digest is that of null"),
        (right.upper(), "the digest is in upper case"),
        ("UNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAD stands for the digest"),
        ("", "there is no digest"),
        (call.raw.body.decode("latin-1"), "the body itself stands in the canonical request"),
    ):
        if wrong != right and (wrong or did == "there is no digest"):
            yield Mistake(Cause.PAYLOAD, step, did, "the lower-case hex digest of the body", fix, _payload(wrong))


def _payload(digest: str) -> Callable[[Way], Way]:
    return lambda way: replace(way, payload=digest)


def _frames(call: Call) -> Iterator[Mistake]:
    step = "String to sign"
    for frame, did in (
        (Frame.UNHASHED, "the canonical request itself follows the algorithm"),
        (Frame.UPPER, "the canonical request's digest is in upper case"),
        (Frame.NO_ALGORITHM, "the algorithm's line is missing"),
    ):
        yield Mistake(
            Cause.FRAME, step, did, "the algorithm, a line feed, the lower-case hex digest of the canonical request",
            "Put it together so", _frame(frame),
        )  # fmt: skip
    step, fix = "Canonical request", "Put it together from six parts, the headers' block with a line feed after each header"
    yield Mistake(
        Cause.CANONICAL, step, "there is no empty line after the headers", "one, as their block ends in a line feed", fix,
        lambda way: replace(way, gap=""),
    )  # fmt: skip
    yield Mistake(
        Cause.CANONICAL, step, "the query's line is empty", "the parameters of the query, sorted and escaped", fix,
        lambda way: replace(way, pairs=()),
    )  # fmt: skip
    yield from _header_order(call)


def _frame(frame: Frame) -> Callable[[Way], Way]:
    return lambda way: replace(way, frame=frame)


def _header_order(call: Call) -> Iterator[Mistake]:
    _, _, rest = call.headers.get("authorization", "").partition("SignedHeaders=")
    given = tuple(name for name in rest.partition(",")[0].split(";") if name)
    lower = tuple(name.lower() for name in given)
    fix = "Sort the signed headers by their lower-case names, in the block and in the list alike"
    for names, ordered, did in (
        (given, lower, "signed headers are not sorted"),
        (call.signed_headers, lower, "the headers' block is not sorted"),
        (given, call.signed_headers, "the list of signed headers is not sorted or not in lower case"),
    ):
        if (names, ordered) != (call.signed_headers, call.signed_headers):
            headers = tuple((name, call.headers.get(name, "")) for name in ordered)
            yield Mistake(
                Cause.HEADER_ORDER, "Signed headers", did, "both sorted by lower-case name", fix, _headers(names, headers)
            )


def _headers(names: tuple[str, ...], headers: Pairs) -> Callable[[Way], Way]:
    return lambda way: replace(way, names=names, headers=headers)
