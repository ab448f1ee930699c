"""A request out of what somebody pastes: raw HTTP as a log or `curl -v` shows it, a curl command, or a URL.

It is read as it would have gone over the wire, with the headers that curl adds by itself. Nothing is run and nothing is sent.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlsplit

from globewire.wire.request import FORM, Raw
from globewire.wire.shell import ShellFault, words

LONGEST = 1_000_000
"""Characters that are looked at."""


class PasteFault(Exception):
    """What was pasted is no request that can be read; its text says why."""


def pasted(text: str) -> Raw:
    """The request that `text` is. Raises PasteFault."""
    if len(text) > LONGEST:
        raise PasteFault(f"this is longer than {LONGEST} characters")
    plain = re.sub(r"\A(?:\s*#[^\n]*\n)+", "", text).lstrip().replace("\r\n", "\n")
    if not plain:
        raise PasteFault("there is nothing here")
    if re.match(r"(?:\$\s+)?curl\s", plain):
        return _curl(plain.removeprefix("$").lstrip())
    if re.match(r"https?://", plain, re.IGNORECASE):
        return _request("GET", _one_word(plain))
    if re.match(r"/?\?\S+\s*\Z|\S+=\S*&\S+\s*\Z", plain):
        return _request("GET", f"http://_/?{_one_word(plain).lstrip('/').removeprefix('?')}", host=False)
    return _http(plain)


def _one_word(text: str) -> str:
    found = text.split()
    if len(found) > 1:
        raise PasteFault("there is something after the URL; escape blanks in it as %20")
    return found[0]


# --- raw HTTP ---------------------------------------------------------------------------------------------------------------


def _http(text: str) -> Raw:
    if text.startswith("> "):  # as curl -v marks what it sent
        text = "\n".join(line[2:] for line in text.split("\n") if line.startswith(">") or not line.startswith(("<", "*", "{", "}")))
    head, _, body = text.partition("\n\n")
    first, *lines = head.split("\n")
    found = re.fullmatch(r"([A-Za-z]+) ((?:/|\?|https?://)\S*)(?: HTTP/[0-9.]+)?\s*", first)
    if not found:
        raise PasteFault("this begins neither with a request line (POST /?... HTTP/1.1), nor with curl, nor with http://")
    headers = [_header(line) for line in lines if line.strip()]
    target, absolute = found[2], "://" in found[2]
    url = target if absolute else f"http://_{'' if target.startswith('/') else '/'}{target}"
    return _request(found[1].upper(), url, headers, _body(body, headers), host=absolute)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name.strip()):
        raise PasteFault(f"this line is no header: {line.strip()[:60]!r}")
    return name.strip().lower(), value.strip()


def _body(text: str, headers: list[tuple[str, str]]) -> bytes:
    """As many octets as Content-Length says; without it, all but the line feed that pasting adds."""
    octets = text.encode("utf-8", "surrogatepass")
    length = next((value for name, value in headers if name == "content-length"), "")
    if re.fullmatch("[0-9]{1,9}", length):
        return octets[: int(length)]
    return octets.removesuffix(b"\n")


# --- curl -------------------------------------------------------------------------------------------------------------------

_WITH_VALUE = {
    "-X": "request", "--request": "request", "-H": "header", "--header": "header", "--url": "url",
    "-d": "data", "--data": "data", "--data-ascii": "data", "--data-raw": "raw", "--data-binary": "data",
    "--data-urlencode": "urlencode", "-A": "user-agent", "--user-agent": "user-agent", "-b": "cookie", "--cookie": "cookie",
    "-e": "referer", "--referer": "referer", "-u": "user", "--user": "user",
}  # fmt: skip
_PASSED_OVER = frozenset((
    "-o", "--output", "-m", "--max-time", "--connect-timeout", "-x", "--proxy", "--noproxy", "--cacert", "--cert", "--key", "-E",
    "-w", "--write-out", "--resolve", "--connect-to", "-c", "--cookie-jar", "--retry", "--retry-delay", "--interface",
    "--limit-rate", "--ciphers", "--tls-max", "-D", "--dump-header",
))  # fmt: skip
_REFUSED = frozenset({"-F", "--form", "--form-string", "--json", "-T", "--upload-file", "-K", "--config"})


@dataclass(slots=True)
class _Command:
    """What a curl command says, as it is read."""

    method: str = ""
    url: str = ""
    get: bool = False
    head: bool = False
    data: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)


def _curl(text: str) -> Raw:
    try:
        given = list(words(text))
    except ShellFault as fault:
        raise PasteFault(str(fault)) from fault
    command = _Command()
    for option, value in _options(given[1:]):
        _take(command, option, value)
    if not command.url:
        raise PasteFault("this curl command has no URL")
    if "://" not in command.url:
        command.url = f"http://{command.url}"
    data = "&".join(command.data)
    if command.get and data:
        command.url += f"{'&' if '?' in command.url else '?'}{data}"
        data = ""
    sends = bool(command.data) and not command.get
    method = command.method or ("HEAD" if command.head else "POST" if sends else "GET")
    usual = {"user-agent": "curl", "accept": "*/*", **({"content-type": FORM} if sends else {})}
    removed = {name for name, value in command.headers if not value}
    set_ = [(name, "" if value == ";" else value) for name, value in command.headers if value]
    headers = [(name, value) for name, value in usual.items() if name not in {*removed, *(n for n, _ in set_)}]
    return _request(method, command.url, [*headers, *set_], data.encode("utf-8", "surrogatepass"))


def _options(given: list[str]) -> Iterator[tuple[str, str]]:
    """Options with their values; an argument that is none of an option's as ("url", it)."""
    rest = iter(given)
    for word in rest:
        if word in _REFUSED:
            raise PasteFault(f"curl's {word} is not read here: give the request as raw HTTP")
        if word in _WITH_VALUE:
            yield _WITH_VALUE[word], _next(rest, word)
        elif word in _PASSED_OVER:
            _next(rest, word)
        elif word.startswith("--"):
            yield word.removeprefix("--"), ""
        elif word.startswith("-") and len(word) > 1:
            yield from _short(word, rest)
        else:
            yield "url", word


def _short(word: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Short options, several in a word: -sSXPOST."""
    for at in range(1, len(word)):
        option = f"-{word[at]}"
        if option in _REFUSED:
            raise PasteFault(f"curl's {option} is not read here: give the request as raw HTTP")
        if option in _WITH_VALUE or option in _PASSED_OVER:
            value = word[at + 1 :] or _next(rest, option)
            if option in _WITH_VALUE:
                yield _WITH_VALUE[option], value
            return
        yield {"-G": "get", "-I": "head"}.get(option, option), ""


def _next(rest: Iterator[str], option: str) -> str:
    value = next(rest, None)
    if value is None:
        raise PasteFault(f"curl's {option} has no value")
    return value


def _take(command: _Command, option: str, value: str) -> None:
    match option:
        case "request":
            command.method = value.upper()
        case "url":
            command.url = value
        case "get":
            command.get = True
        case "head":
            command.head = True
        case "header":
            name, colon, content = value.partition(":")
            command.headers.append((name.strip().lower(), content.strip()) if colon else (name.strip().rstrip(";").lower(), ";"))
        case "data" | "raw" | "urlencode":
            command.data.append(_data(option, value))
        case "user":
            command.headers.append(("authorization", f"Basic {b64encode(value.encode('utf-8', 'surrogatepass')).decode()}"))
        case "user-agent" | "cookie" | "referer":
            command.headers.append((option, value))
        case _:
            pass  # a flag that changes nothing about the request


def _data(option: str, value: str) -> str:
    if option != "raw" and value.startswith("@"):
        raise PasteFault(f"the body is in a file ({value}), which is not here")
    if option != "urlencode":
        return value
    name, equals, content = value.partition("=")
    return f"{name}={quote_plus(content)}" if equals and name else quote_plus(content if equals else value)


# --- either -----------------------------------------------------------------------------------------------------------------


def _request(method: str, url: str, headers: list[tuple[str, str]] | None = None, body: bytes = b"", *, host: bool = True) -> Raw:
    """The request for `url`. Without `host` the URL's was made up here, and none is added to the headers."""
    try:
        parts = urlsplit(url.partition("#")[0])
    except ValueError as fault:
        raise PasteFault(f"this URL cannot be read: {fault}") from fault
    named = list(headers or ())
    if host and not any(name == "host" for name, _ in named):
        named.insert(0, ("host", parts.netloc.rpartition("@")[2]))
    pairs = tuple((name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")) for name, value in named)
    query = parts.query.encode("utf-8", "surrogatepass")
    return Raw(method, parts.path or "/", query, pairs, body, "", parts.scheme.lower() == "https")
