"""What V1 makes of the query, and the method and path of both schemes."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from globewire.verdict.finding import Cause
from globewire.verdict.mistakes.mistake import Mistake
from globewire.verdict.way import Frame, Spelling, Way
from globewire.wire.request import Call, Scheme


def method_mistakes(call: Call) -> Iterator[Mistake]:
    """Another method than the request's, another path than /."""
    step = "String to sign" if call.scheme is Scheme.V1 else "Canonical request"
    sent = call.raw.method
    for method in ("GET", "POST", "PUT", sent.lower(), "get", "post", sent.capitalize()):
        if method != sent:
            yield Mistake(
                Cause.METHOD, step, f"the method was signed as {method}", f"{sent}, by which the request came",
                "Sign the method that is used; a redirect may change it too", _method(method),
            )  # fmt: skip
    for path, did in (("", "the path was left out"), ("//", "the path was signed as //")):
        yield Mistake(Cause.PATH, step, did, "/", "Sign the path /", _path(path))


def _method(method: str) -> Callable[[Way], Way]:
    return lambda way: replace(way, method=method)


def _path(path: str) -> Callable[[Way], Way]:
    return lambda way: replace(way, path=path)


def v1_mistakes() -> Iterator[Mistake]:
    """The string to sign put together otherwise (contract 2.3, step 5)."""
    step = "String to sign"
    again = "Escape the canonical query once more before it follows METHOD&%2F&"
    yield Mistake(
        Cause.ONCE, step, "the canonical query was not encoded again", "it percent-encoded a second time", again,
        lambda way: replace(way, second=Spelling(times=0)),
    )  # fmt: skip
    yield Mistake(
        Cause.TWICE, step, "the canonical query was encoded twice more", "it percent-encoded a second time only", again,
        lambda way: replace(way, second=Spelling(times=2)),
    )  # fmt: skip
    yield Mistake(
        Cause.FRAME, step, "the query was signed without METHOD&%2F& before it", "METHOD&%2F&query", again,
        lambda way: replace(way, frame=Frame.QUERY_ONLY),
    )  # fmt: skip
    yield Mistake(
        Cause.FRAME, step, "the canonical query was signed by itself, not encoded again", "METHOD&%2F&query", again,
        lambda way: replace(way, frame=Frame.QUERY_ONLY, second=Spelling(times=0)),
    )  # fmt: skip
    yield Mistake(
        Cause.PATH, step, "the path was encoded twice", "%2F", "Escape the path once", lambda way: replace(way, path="%2F")
    )
