"""What else than the secret of the AccessKey may have been the key."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from globewire.verdict.finding import Cause
from globewire.verdict.mistakes.mistake import Mistake
from globewire.verdict.way import Way
from globewire.wire.request import Call, Scheme


def key_mistakes(call: Call, secret: str) -> Iterator[Mistake]:
    """Blanks around it, another thing, the & of the other scheme."""
    end = "&" if call.scheme is Scheme.V1 else ""
    step = "Signature"
    if end:
        yield Mistake(
            Cause.AMPERSAND, step, "the HMAC key is the secret alone", "the secret with & after it", "Append & to the secret",
            lambda way: replace(way, key=way.key.removesuffix("&")),
        )  # fmt: skip
    else:
        yield Mistake(
            Cause.AMPERSAND, step, "the HMAC key has & after the secret", "the secret alone, as this is not V1",
            "Leave the & out", lambda way: replace(way, key=f"{way.key}&"),
        )  # fmt: skip
    for what, wrong in _around(secret):
        yield Mistake(
            Cause.SECRET_SPACE, step, f"the secret was used with {what}", "the secret as it was given out",
            "Strip what surrounds it where it is read (a file, a variable)", _key(f"{wrong}{end}"),
        )  # fmt: skip
    for what, wrong in (("the AccessKey ID", call.access_key), ("nothing", ""), ("its SecurityToken", call.security_token)):
        if wrong or what == "nothing":
            yield Mistake(
                Cause.SECRET_OTHER, step, f"{what} was used as the secret", "the secret of the AccessKey",
                "Check where the client reads its secret", _key(f"{wrong}{end}"),
            )  # fmt: skip


def _around(secret: str) -> Iterator[tuple[str, str]]:
    yield "a line feed after it", f"{secret}\n"
    yield "a carriage return and a line feed after it", f"{secret}\r\n"
    yield "a carriage return after it", f"{secret}\r"
    yield "a blank after it", f"{secret} "
    yield "a blank before it", f" {secret}"
    yield "blanks around it", f" {secret} "
    yield "a tab after it", f"{secret}\t"
    yield "quotes around it", f'"{secret}"'
    yield "quotes around it", f"'{secret}'"
    yield "a byte order mark before it", f"\ufeff{secret}"


def _key(key: str) -> Callable[[Way], Way]:
    return lambda way: replace(way, key=key)
