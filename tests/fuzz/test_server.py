"""A running gateway is sent raw HTTP that somebody has meddled with: it answers in its own words or hangs up, and lives on."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import pytest

from globewire.wire.request import FORM, Format
from globewire.wire.signature import canonical_query, sign_v1, sign_v3, stamp
from stories.client import KEY
from stories.house import House, account, house, table

ROUNDS = 1_500
AT_ONCE = 8
PATIENCE = 10.0
NONCES = count()
SENDING = {"To": "85261230000", "Message": "Ваш код 4711 ~ * +", "TaskId": "t 1"}
OPERATIONS = (
    ("SendMessageToGlobe", SENDING),
    ("BatchSendMessageToGlobe", {"To": '["85261230000","6591234567"]', "Message": '["a","b"]', "Type": "MKT"}),
    ("SendMessageWithTemplate", {"To": "8613800000000", "TemplateCode": "SMS_1", "From": "Shop"}),
    ("QueryMessage", {"MessageId": "179547358331200000"}),
    ("SmsConversion", {"MessageId": "179547358331200000", "Delivered": "true", "ConversionTime": "1795473583312"}),
    ("ConversionData", {"ConversionRate": "0.5", "ReportTime": "1795473583312"}),
)
VALUES = (
    "", "0", "-1", "1e99", "9" * 400, "NaN", "null", "true", "[]", "{}", "[[]]", '["1"', "[1,2.5,null]", "'", '"', "\\", "%",
    "&=;", "\0", "\x1b[2J", "\u202e", "\U0001f600" * 80, "é" * 300, "x" * 3_000, "../../etc", "852" + "1" * 30, "+85261230000",
    "0085261230000", "8613800000000", "999", "<html>", "${jndi}", "' OR 1=1 --",
)  # fmt: skip
NAMES = (
    "To", "From", "Message", "Type", "TaskId", "ValidityPeriod", "ChannelId", "MessageId", "Delivered", "ConversionTime",
    "ConversionRate", "ReportTime", "Action", "Version", "Format", "Timestamp", "SignatureNonce", "SecurityToken", "AccessKeyId",
)  # fmt: skip
PIECES = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b"%", b"%zz", b"%00", b"&", b"=", b"?", b"/", b"//", b"\xff\xfe",
    b"HTTP/1.1", b"HTTP/9.9", b"HTTP/1.0", b"GET / HTTP/1.1\r\n\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Connection: Upgrade\r\nUpgrade: websocket\r\n", b"Upgrade: h2c\r\n",
    b"Host: \r\n", b"x-acs-action: QueryMessage\r\n", b"Accept: text/html\r\n", b"Authorization: Basic eDp5\r\n", b"0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"A" * 5_000, b"X-Many: 1\r\n" * 300, b"ffffffffffffffff\r\n",
)  # fmt: skip
METHODS = (b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PATCH", b"get", b"BREW", b"")


# --- requests ----------------------------------------------------------------------------------------------------------


def request(dice: random.Random, host: str, operation: str, parameters: dict[str, str]) -> bytes:
    """A good request, signed in one of the schemes and carried in one of the ways that SDKs use."""
    date, nonce = stamp(time.time_ns() // 1_000_000), f"fuzz-{next(NONCES)}"
    way = dice.randrange(6)
    if way < 2:  # V3, all in the query, or in a form body
        form = canonical_query(parameters).encode() if way else b""
        target, headers = sign_v3("POST", host, {} if way else parameters, form, *KEY, operation, date, nonce)
        return head("POST", target, [*headers, ("content-length", str(len(form)))]) + form
    format = dice.choice(list(Format))
    method = "GET" if way == 2 else "POST"
    signed = sign_v1(method, parameters, *KEY, operation, date, nonce, format=format)
    if way < 4:
        return head(method, f"/?{signed}", [("host", host)])
    body = signed.encode()
    headers = [("host", host), ("content-type", FORM)]
    if way == 4:
        return head(method, "/", [*headers, ("content-length", str(len(body)))]) + body
    chunks = [body[at : at + 50] for at in range(0, len(body), 50)]
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    return head(method, "/", [*headers, ("transfer-encoding", "chunked")]) + chunked


def head(method: str, target: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode()


def odd_parameters(dice: random.Random) -> tuple[str, dict[str, str]]:
    """An operation with parameters that are hardly meant; signed, they get past the door."""
    operation, usual = dice.choice(OPERATIONS)
    parameters = dict(usual)
    for _ in range(dice.randint(1, 3)):
        parameters[dice.choice(NAMES[:12] if dice.random() < 0.8 else NAMES)] = dice.choice(VALUES)
    return operation if dice.random() < 0.95 else dice.choice(VALUES[1:8]), parameters


def meddled(dice: random.Random, raw: bytes) -> bytes:
    """The request with octets changed, put in, left out, said twice, or swapped for another's."""
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(raw) + 1) if dice.random() < 0.5 else dice.randrange(min(len(raw), 400) + 1)
        match dice.randrange(8):
            case 0:
                raw = raw[:at] + bytes((dice.randrange(256),)) + raw[at + 1 :]
            case 1:
                raw = raw[:at] + dice.choice(PIECES) + raw[at:]
            case 2:
                raw = raw[:at] + raw[at + dice.randint(1, 40) :]
            case 3:
                raw = raw[:at]
            case 4:
                raw = raw[:at] + raw[max(0, at - 60) :]
            case 5:
                raw = dice.choice(METHODS) + raw[raw.find(b" ") :]
            case 6:  # between two headers
                line = raw.find(b"\r\n", at)
                raw = raw[: line + 2] + dice.choice(PIECES) + raw[line + 2 :] if line >= 0 else raw
            case _:
                raw = raw + raw[: dice.randint(1, len(raw) + 1)]
        raw = raw or b"\0"
    return raw


def attack(dice: random.Random, host: str) -> bytes:
    """A request of one kind or the other, or of both."""
    operation, parameters = dice.choice(OPERATIONS) if dice.random() < 0.5 else odd_parameters(dice)
    raw = request(dice, host, operation, parameters)
    return raw if (operation, parameters) not in OPERATIONS and dice.random() < 0.7 else meddled(dice, raw)


# --- replies -----------------------------------------------------------------------------------------------------------


async def converse(address: tuple[str, int], raw: bytes, dice: random.Random) -> bytes:
    """All that the server says to these octets, sent in a few pieces, until it hangs up."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        async with asyncio.timeout(PATIENCE):
            cuts = sorted(dice.randrange(len(raw) + 1) for _ in range(dice.randrange(3)))
            for begin, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
                writer.write(raw[begin:end])
                await asyncio.sleep(0)
            writer.write_eof()
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def replies(said: bytes) -> Iterator[str]:
    """The codes of the replies in what was said, each well-formed: nothing may be left over."""
    while said:
        front, blank, said = said.partition(b"\r\n\r\n")
        assert blank, front[:80]
        first, *lines = front.decode("latin-1").split("\r\n")
        version, status, _ = first.split(" ", 2)
        assert version == "HTTP/1.1"
        if status == "100":
            continue
        headers = dict(line.split(": ", 1) for line in lines)
        body, said = said[: int(headers["content-length"])], said[int(headers["content-length"]) :]
        assert len(body) == int(headers["content-length"])
        yield read(int(status), headers, body)


def read(status: int, headers: dict[str, str], body: bytes) -> str:
    """The code of a reply or an error envelope, in JSON or XML and nothing else, whose ids agree (contract 3.1)."""
    if headers["content-type"] == "application/json;charset=utf-8":
        fields = json.loads(body)
    else:
        assert headers["content-type"] == "text/xml;charset=utf-8"
        fields = {child.tag: child.text or "" for child in ElementTree.fromstring(body)}
    assert fields["RequestId"] == headers["x-acs-request-id"]
    assert ("Code" in fields) is (status != 200)
    assert ("ResponseCode" in fields) is (status == 200)
    if status != 200:
        assert {"Message", "HostId", "Recommend"} <= fields.keys()
    assert status < 500 or status == 503, fields
    return str(fields.get("ResponseCode") or fields["Code"])


# --- the test ----------------------------------------------------------------------------------------------------------


async def bombard(home: House, seed: int, rounds: int) -> Counter[str]:
    """Send `rounds` attacks one after another; how often each code came back."""
    dice, codes = random.Random(seed), Counter[str]()
    host = f"{home.address[0]}:{home.address[1]}"
    for _ in range(rounds):
        raw = attack(dice, host)
        try:
            found = list(replies(await converse(home.address, raw, dice)))
        except Exception as fault:
            raise AssertionError(f"{raw[:2000]!r}") from fault
        codes.update(found or ["(hung up)"])
    return codes


@pytest.mark.parametrize("seed", [20_261_124])
async def test_whatever_it_is_sent_it_answers_well_or_hangs_up(
    tmp_path: Path, seed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """Never HTML, never a fault of its own, no traceback; and a good call afterwards is served as ever."""
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: faults.append(context))
    quotas = dict.fromkeys([operation for operation, _ in OPERATIONS], 10_000)
    async with house(tmp_path, table("[api]", listen="127.0.0.1:0", header_limit=4096), account(quota=quotas)) as home:
        found = await asyncio.gather(*(bombard(home, seed + n, ROUNDS // AT_ONCE) for n in range(AT_ONCE)))
        codes = sum(found, Counter[str]())
        assert (await home.customer.try_send("85261230000", "still there")).code == "OK"
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "request_failed" not in said.out + said.err
    assert faults == []
    assert codes.keys() >= {"OK", "SignatureDoesNotMatch", "InvalidRequest", "MOBILE_NUMBER_ILLEGAL", "INVALID_PARAMETERS"}, codes
