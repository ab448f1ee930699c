"""Requests as people paste them: what curl would send, what a log shows, and what is none."""

import shutil
import socket
import subprocess
import threading
from dataclasses import replace
from typing import Any

import pytest

from globewire.wire.pasted import PasteFault, pasted
from globewire.wire.request import FORM, Raw, Scheme, read
from globewire.wire.shell import ShellFault, words
from globewire.wire.signature import verify
from globewire.wire.signing import sign
from globewire.wire.snippets import Language, snippet
from wire.asking import SECRET, VECTORS
from wire.test_signing import WANTED


def headers_of(raw: Raw) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in raw.headers}


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["expected"] == "valid"], ids=lambda v: str(v["label"]))
@pytest.mark.parametrize(
    "form", ["{line}\n{headers}\n\n{body}", "{line}\r\n{headers}\r\n\r\n{body}\n", "\n  {line}\n{headers}\n\n{body}"]
)
def test_raw_http(vector: dict[str, Any], form: str) -> None:
    """A captured request, pasted as text, is still signed right."""
    lines = "\n".join(f"{name}: {value}" for name, value in vector["headers"])
    text = form.format(line=f"{vector['method']} {vector['target']} {vector['http_version']}", headers=lines, body=vector["body"])
    verify(read(pasted(text)), vector["secret"])


@pytest.mark.parametrize(("scheme", "method"), [(Scheme.V3, "POST"), (Scheme.V3, "GET"), (Scheme.V1, "POST"), (Scheme.V1, "GET")])
def test_our_own_curl(scheme: Scheme, method: str) -> None:
    """The snippet that we give out is read back as the call that it makes."""

    for operation, parameters in (("SendMessageToGlobe", WANTED.parameters), ("ConversionData", {"ConversionRate": "0.5"})):
        wanted = replace(WANTED, scheme=scheme, method=method, operation=operation, parameters=parameters)
        raw = pasted(snippet(Language.CURL, wanted, secure=True))
        call = read(raw)
        verify(call, SECRET)
        assert call.parameters == read(sign(wanted).raw).parameters
        assert (call.operation, raw.secure, raw.method) == (operation, True, method)


def test_curl_as_it_shows_what_it_sent() -> None:
    """`curl -v` marks its own lines with >."""
    text = (
        "*   Trying 127.0.0.1:1...\n> GET /?a=b HTTP/1.1\n> Host: h:1\n> Accept: */*\n> \n< HTTP/1.1 400 Bad Request\n< date: x\n"
    )
    text = text.partition("\n")[2]
    raw = pasted(text)
    assert (raw.method, raw.query, headers_of(raw)) == ("GET", b"a=b", {"host": "h:1", "accept": "*/*"})


def test_a_url() -> None:
    """It is called by GET at its host."""
    raw = pasted("  https://sms.example:8443/?Action=QueryMessage&To=1%2B1#part \n")
    assert (raw.method, raw.path, raw.query, raw.secure) == ("GET", "/", b"Action=QueryMessage&To=1%2B1", True)
    assert headers_of(raw) == {"host": "sms.example:8443"}


@pytest.mark.parametrize("text", ["/?Action=QueryMessage&To=1", "?Action=QueryMessage&To=1", "Action=QueryMessage&To=1"])
def test_a_query(text: str) -> None:
    """Alone it has no host."""
    raw = pasted(text)
    assert (raw.method, raw.path, raw.query, raw.headers) == ("GET", "/", b"Action=QueryMessage&To=1", ())


def test_a_request_line_with_a_whole_url() -> None:
    """As proxies log it; its host is the Host, where there is no other."""
    raw = pasted("POST http://h:1/?a=b HTTP/1.1\nContent-Length: 3\n\nc=defgh")
    assert (raw.method, raw.query, raw.body, headers_of(raw)["host"]) == ("POST", b"a=b", b"c=d", "h:1")


COMMANDS = {
    "curl http://h:1/?a=b": ("GET", b"a=b", b""),
    "curl -X POST 'http://h:1/?a=b&c=%20d'": ("POST", b"a=b&c=%20d", b""),
    "curl -sSXPUT http://h:1/": ("PUT", b"", b""),
    "curl --data 'a=b' -d c=d http://h:1/": ("POST", b"", b"a=b&c=d"),
    "curl -G --data-urlencode 'a=b c&d' --data-raw e=f http://h:1/?x=y": ("GET", b"x=y&a=b+c%26d&e=f", b""),
    "curl --data-urlencode '=a b' --data-urlencode 'a b' http://h:1/": ("POST", b"", b"a+b&a+b"),
    "curl \\\n  --url http://h:1/ \\\n  -H 'X-A: b'": ("GET", b"", b""),
    "curl $'http://h:1/?a=\\'\\u4f60\\x41\\101\\n' -o /dev/null -m5": ("GET", "a='\u4f60AA".encode(), b""),
    'curl "http://h:1/?a=\\"\\$b\\\\"': ("GET", b'a="$b\\', b""),
    "$ curl h:1/?a=b": ("GET", b"a=b", b""),
    "# a comment\ncurl h:1 -I": ("HEAD", b"", b""),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_curl_commands(command: str) -> None:
    """Their method, query and body."""
    raw = pasted(command)
    assert (raw.method, raw.query, raw.body) == COMMANDS[command]
    assert headers_of(raw)["host"] == "h:1"


def test_headers_that_curl_adds() -> None:
    """By itself, unless they are set or taken away."""
    assert headers_of(pasted("curl http://h/")) == {"host": "h", "user-agent": "curl", "accept": "*/*"}
    assert headers_of(pasted("curl -d a=b http://h/"))["content-type"] == FORM
    found = headers_of(pasted("curl -d a=b -H 'Content-Type:' -H 'accept: x' -H 'host: other' -H 'Empty;' -A me -u a:b http://h/"))
    assert found == {"host": "other", "user-agent": "me", "accept": "x", "empty": "", "authorization": "Basic YTpi"}


@pytest.mark.parametrize("command", [command for command in COMMANDS if "\\u4f60" not in command and "example" not in command])
def test_as_curl_itself_sends_it(command: str) -> None:
    """The real curl, told to call us, sends what we read: request line, headers but for its own name, and body."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    listener = socket.create_server(("127.0.0.1", 0))
    came: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            data = b""
            while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < length(data):
                data += connection.recv(65536)
            came.append(data)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    def length(data: bytes) -> int:
        found = [line for line in data.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return int(found[0].partition(b":")[2]) if found else 0

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    with listener:
        real = command.removeprefix("$ ").replace("h:1", f"127.0.0.1:{port}").replace("curl", "curl --noproxy '*' -g -s", 1)
        subprocess.run(["bash", "-c", real], check=True, timeout=20, capture_output=True)
        thread.join(20)
    raw, sent = pasted(command), pasted(came[0].decode())
    assert (sent.method, sent.path, sent.query, sent.body) == (raw.method, raw.path, raw.query, raw.body)
    ours, theirs = headers_of(raw), headers_of(sent)
    assert {**ours, "host": "", "user-agent": ""} == {
        name: "" if name in ("host", "user-agent") else value for name, value in theirs.items() if name != "content-length"
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing"),
        ("  \n# only a comment\n", "nothing"),
        ("hello there", "begins neither"),
        ("curl", "begins neither"),
        ("curl -s", "no URL"),
        ("curl 'http://h", "does not end"),
        ("curl -H", "no value"),
        ("curl -d @body http://h/", "in a file"),
        ("curl -F a=b http://h/", "-F is not read"),
        ("curl --json '{}' http://h/", "--json is not read"),
        ("GET / HTTP/1.1\nno header", "no header"),
        ("http://h/?a=b c", "after the URL"),
        ("http://[::1/", "cannot be read"),
        ("x" * 1_000_001, "longer"),
    ],
)
def test_what_is_none(text: str, why: str) -> None:
    """It says why."""
    with pytest.raises(PasteFault, match=why):
        pasted(text)


def test_words() -> None:
    """As a shell splits them; the first line that is not continued ends the command."""
    assert list(words("a 'b c'\"d\"e\\ f \\\n g\\\nh ''\ni j")) == ["a", "b cde f", "gh", ""]
    with pytest.raises(ShellFault):
        list(words('a "b'))
