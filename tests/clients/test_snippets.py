"""Code for one call, run as it is given out: what the gateway received is what was asked for.

The SDKs whose languages are not installed here are held to their names and to their literals in tests/wire.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from clients.calling import SINGAPORE
from clients.people import OWNER, TEMPORARY
from clients.running import House, Key
from globewire.wire import snippets
from globewire.wire.exchange import Exchange
from globewire.wire.operation import OPERATIONS
from globewire.wire.request import Scheme, read
from globewire.wire.signing import Wanted
from globewire.wire.snippets import Language, snippet

PEERS = Path(__file__).parent.parent / "peers"
PATIENCE = 60.0
NASTY = "it's \"all\" \\n $HOME ${x} `id` $(id) 100% a+b&c=d #{x} {$y} ~*()!\r\n\t@f 你好 😀 \u200d\u2028 \\u0041 'end\\"
CALLS: Mapping[str, Mapping[str, str]] = {
    "SendMessageToGlobe": {
        "To": SINGAPORE,
        "Message": NASTY,
        "TaskId": NASTY,
        "From": "Shop",
        "Type": "OTP",
        "ValidityPeriod": "600",
    },
    "BatchSendMessageToGlobe": {"To": json.dumps([SINGAPORE, SINGAPORE]), "Message": json.dumps([NASTY, "'"], ensure_ascii=False)},
    "SendMessageWithTemplate": {"To": "8613800000000", "From": NASTY, "TemplateCode": "SMS_1", "TemplateParam": '{"a": "\'$\\\\"}'},
    "QueryMessage": {"MessageId": NASTY},
    "SmsConversion": {"MessageId": "1", "Delivered": "TRUE", "ConversionTime": "1349055900000"},
    "ConversionData": {"ConversionRate": "0.53", "ReportTime": "1349055900000"},
}
WRITTEN = {"Delivered": str.lower}
"""What an SDK may write in another way than it was given: a boolean (contract 1.5)."""


def wanted(house: House, operation: str, key: Key, scheme: Scheme = Scheme.V3, method: str = "POST") -> Wanted:
    return Wanted(
        operation=operation,
        parameters=CALLS[operation],
        access_key=key.id,
        secret=key.secret,
        token=key.token,
        nonce=str(uuid.uuid4()),
        at=time.time_ns() // 1_000_000,
        host=house.endpoint,
        scheme=scheme,
        method=method,
    )


def run(command: list[str], code: str, key: Key) -> None:
    """Give `code` to `command` on standard input, with the credentials where the snippets look for them."""
    known = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
    known |= {snippets.ID: key.id, snippets.SECRET: key.secret, snippets.TOKEN: key.token}
    done = subprocess.run(command, input=code, capture_output=True, text=True, timeout=PATIENCE, env=known, cwd=PEERS)
    assert done.returncode == 0, done.stderr + code


def received(house: House, operation: str, parameters: Mapping[str, str]) -> Exchange:
    """The newest exchange, if it is this call: all that was asked for, and nothing else of the operation's."""
    assert house.gateway.exchanges is not None
    (exchange,) = house.gateway.exchanges.latest(1)
    call = read(exchange.raw)
    assert call.operation == exchange.operation == operation
    own = {parameter.name for parameter in OPERATIONS[operation].parameters}
    came = {name: WRITTEN.get(name, str)(value) for name, value in call.parameters.items() if name in own}
    assert came == {name: WRITTEN.get(name, str)(value) for name, value in parameters.items()}
    assert exchange.status == 200, exchange.reply_text
    return exchange


def node() -> str:
    """Where node is; skips the test where it, or the SDK, is not."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("needs node (Debian's package nodejs)")
    if not (PEERS / "node_modules" / "@alicloud" / "dysmsapi20180501").is_dir():
        pytest.skip("needs npm's @alicloud/dysmsapi20180501: run npm ci --prefix tests/peers")
    return found


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("language", [Language.PYTHON, Language.PYTHON_CORE])
def test_python(house: House, language: Language, operation: str) -> None:
    """By both SDKs, in a process of its own."""
    run([sys.executable, "-"], snippet(language, wanted(house, operation, OWNER), secure=False), OWNER)
    received(house, operation, CALLS[operation])


@pytest.mark.parametrize("operation", CALLS)
def test_node(house: House, operation: str) -> None:
    run([node(), "-"], snippet(Language.NODE, wanted(house, operation, OWNER), secure=False), OWNER)
    received(house, operation, CALLS[operation])


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(("scheme", "method"), [(Scheme.V3, "POST"), (Scheme.V3, "GET"), (Scheme.V1, "POST"), (Scheme.V1, "GET")])
def test_curl(house: House, operation: str, scheme: Scheme, method: str) -> None:
    """By each scheme, through a real shell. It is refused the second time: its nonce is used up."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    code = snippet(Language.CURL, wanted(house, operation, OWNER, scheme, method), secure=False)
    run(["/bin/sh", "-s"], code, OWNER)
    exchange = received(house, operation, CALLS[operation])
    assert read(exchange.raw).scheme is scheme
    run(["/bin/sh", "-s"], code, OWNER)
    assert house.gateway.exchanges is not None
    assert house.gateway.exchanges.latest(1)[0].code == "SignatureNonceUsed"


@pytest.mark.parametrize("language", [Language.CURL, Language.PYTHON, Language.PYTHON_CORE, Language.NODE])
def test_a_temporary_key(house: House, language: Language) -> None:
    """Its token goes along."""
    if language is Language.NODE:
        command = [node(), "-"]
    else:
        command = ["/bin/sh", "-s"] if language is Language.CURL else [sys.executable, "-"]
    run(command, snippet(language, wanted(house, "QueryMessage", TEMPORARY), secure=False), TEMPORARY)
    exchange = received(house, "QueryMessage", CALLS["QueryMessage"])
    assert exchange.account == "acme"
    assert TEMPORARY.token not in exchange.request_text


@pytest.mark.parametrize("language", Language)
def test_no_secret_is_in_it(house: House, language: Language) -> None:
    """Not the secret; and the token only in curl, which has no other way."""
    code = snippet(language, wanted(house, "QueryMessage", TEMPORARY), secure=True)
    assert TEMPORARY.secret not in code
    assert (TEMPORARY.token in code) == (language is Language.CURL)
    assert "https" in code
    assert house.endpoint in code
