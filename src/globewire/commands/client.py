"""The API's client side, for `globewire send`: signs calls as an SDK does (V3), and says what to do about each refusal."""

import http.client
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from globewire import errors
from globewire.commands.trouble import FAILED, Trouble
from globewire.wire.signature import sign_v3, stamp

TIMEOUT = 30.0
"""Seconds that a call may take."""
LONGEST_REPLY = 1_000_000


@dataclass(frozen=True, slots=True)
class Client:
    """Calls the API at `endpoint` (http or https, a host, perhaps a port) with one AccessKey."""

    endpoint: str
    key_id: str
    secret: str = field(repr=False)

    def call(self, operation: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The reply's members. `Trouble` where there is none, or where the server refuses the call."""
        status, reply = self._ask(operation, parameters)
        code = str(reply.get("ResponseCode") if status == 200 else reply.get("Code"))
        if code != "OK":
            sentence = reply.get("ResponseDescription") or reply.get("Message") or ""
            raise Trouble(f"refused: {code}: {sentence}", ADVICE.get(code, ""), code=FAILED)
        return reply

    def _ask(self, operation: str, parameters: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        url = urlsplit(self.endpoint)
        now = time.time_ns() // 1_000_000
        nonce = secrets.token_hex(16)
        target, headers = sign_v3("POST", url.netloc, parameters, b"", self.key_id, self.secret, operation, stamp(now), nonce)
        try:
            status, octets = _post(url.scheme, url.netloc, target, dict(headers))
        except (OSError, http.client.HTTPException) as fault:
            raise self._unreachable(fault) from fault
        try:
            reply = orjson.loads(octets)
        except orjson.JSONDecodeError:
            reply = None
        if not isinstance(reply, dict):
            raise Trouble(f"what answers at {self.endpoint} is not this API (HTTP {status})", "check --endpoint", code=FAILED)
        return status, reply

    def _unreachable(self, fault: Exception) -> Trouble:
        at = self.endpoint
        match fault:
            case ConnectionRefusedError():
                advice = "start it with `globewire serve`, or say where it is with --endpoint"
                return Trouble(f"nothing listens at {at}", advice, code=FAILED)
            case ssl.SSLCertVerificationError():
                advice = "call it by the name in its certificate, and trust its issuer (SSL_CERT_FILE)"
                return Trouble(f"the certificate of {at} is not valid: {fault.verify_message}", advice, code=FAILED)
            case ssl.SSLError():
                return Trouble(f"no TLS with {at}: {fault.reason or fault}", "is it http:// instead?", code=FAILED)
            case TimeoutError():
                return Trouble(f"{at} did not answer within {TIMEOUT:g} seconds", "it may have taken the message", code=FAILED)
            case _:
                what = (fault.strerror if isinstance(fault, OSError) else "") or str(fault) or type(fault).__name__
                return Trouble(f"{at} cannot be called: {what}", "check --endpoint", code=FAILED)


def check_endpoint(given: str) -> str:
    """`given` as an endpoint without the last slash; `Trouble` where it is none."""
    try:
        url = urlsplit(given)
        sound = url.scheme in ("http", "https") and url.hostname and url.port != 0 and url.path in ("", "/")
    except ValueError:
        sound = False
    if not sound or "@" in given or "?" in given or "#" in given or not given.isascii() or not given.isprintable() or " " in given:
        raise Trouble(f"--endpoint {given!r} is not an address", "give one such as http://127.0.0.1:8018")
    return given.rstrip("/")


def _post(scheme: str, netloc: str, target: str, headers: dict[str, str]) -> tuple[int, bytes]:
    make = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = make(netloc, timeout=TIMEOUT)
    try:
        connection.request("POST", target, body=b"", headers={**headers, "connection": "close"})
        response = connection.getresponse()
        return response.status, response.read(LONGEST_REPLY)
    finally:
        connection.close()


_SECRET = "give the secret that was printed with this AccessKey; `globewire key create` makes another pair"
_ALLOWED = "attach a policy that allows it: globewire policy attach AliyunDysmsFullAccess USER"
ADVICE: dict[str, str] = {
    errors.ACCESS_KEY_NOT_FOUND.code: "the server's database has no such AccessKey: `globewire key list`; is it this server's?",
    errors.ACCESS_KEY_INACTIVE.code: "globewire key enable ID",
    errors.SIGNATURE_V3.code: _SECRET,
    errors.TIMESTAMP_EXPIRED.code: "this machine's clock and the server's differ by more than 15 minutes: set them right",
    errors.MISSING_SECURITY_TOKEN.code: "this AccessKey is temporary; use a permanent one: globewire key create",
    errors.NEED_SSL.code: "call it by https://",
    errors.THROTTLING_USER.code: "wait a moment, or raise it: globewire account set ACCOUNT --quota SendMessageToGlobe=N",
    errors.NO_PERMISSION.code: _ALLOWED,
    errors.RAM_PERMISSION_DENY.code: _ALLOWED,
    errors.INTERNAL_ERROR.code: "see the server's log",
    errors.SERVICE_UNAVAILABLE.code: "the server cannot write now: see its log, and its disk",
    errors.SYSTEM_ERROR.code: "see the server's log",
    errors.MOBILE_NUMBER_ILLEGAL.code: "give digits only, with the dialling code and without + or 00, such as 6591234567",
    errors.NOT_SUPPORTED_COUNTRY.code: "no route leads there: see [[route]] in the configuration, `globewire config check`",
    errors.INVALID_SENDERID.code: "give at most 11 letters and digits, or at most 15 digits",
    errors.DATA_NOT_EXIST.code: "the server has no such message of this account",
}
"""What to do about a refusal, by its code. The others' sentences say it."""
