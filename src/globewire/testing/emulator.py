"""A client of the emulator's API, and an emulator of one's own in a child process. docs/emulator.md describes both."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from globewire.testing.child import Child
from globewire.testing.message import Message, message, moment

USUAL_WAIT = 10.0
PATIENCE = 30.0
"""Seconds for an answer, beyond what is waited for on purpose."""

Span = timedelta | float | str
"""A span of time: a timedelta, seconds, or text such as "72h" or "1h30m"."""


class EmulatorFault(Exception):
    """The emulator cannot be reached, or does not do what was asked; the sentence is its own."""


class NoMessage(AssertionError):
    """No message came in time: a test that waits for one has failed."""


class Emulator:
    """An emulator at `endpoint` (host:port), which an SDK is given as it stands, with protocol http.

    `start` runs a new one in a child process; made with an address it speaks to one that runs already. May be used by several
    threads at a time. Numbers are digits with the dialling code; "" stands for any.
    """

    def __init__(self, endpoint: str, access_key_id: str = "", access_key_secret: str = "") -> None:
        self.endpoint = endpoint
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self._child: Child | None = None

    @classmethod
    def start(cls, *, callback: str = "", quota: Mapping[str, int] | None = None, configuration: str = "") -> Self:
        """Run an emulator on a free port, with a database of its own that is gone when it ends.

        `callback` is where delivery receipts are pushed, `quota` how many calls a second by operation, `configuration` further TOML
        (docs/configuration.md), such as `[simulator]`. It ends with `close`, at the end of a `with`, or when this process ends.
        EmulatorFault where it does not start.
        """
        try:
            child = Child.start(callback, quota or {}, configuration)
        except ChildProcessError as fault:
            raise EmulatorFault(str(fault)) from None
        emulator = cls(child.endpoint, child.access_key_id, child.access_key_secret)
        emulator._child = child
        return emulator

    def close(self) -> None:
        """End it, where `start` made it."""
        if self._child is not None:
            self._child.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    # --- messages --------------------------------------------------------------------------------------------------------

    def wait_for(self, to: str = "", timeout: float = USUAL_WAIT) -> Message:
        """The first message to a number that no earlier wait was given, as soon as it is there; NoMessage after `timeout` s.

        It may have come before the call. Each message is given once, so tests that use different numbers may run at a time.
        """
        status, found = self._ask("POST", "messages/next", {"to": to, "timeout": timeout}, timeout)
        if status == 404:
            raise NoMessage(self._told(status, found))
        return message(self._good(status, found))

    def wait_until_ended(self, of: Message | str, timeout: float = USUAL_WAIT) -> Message:
        """The message of this id (or a new look at a message) once its state is final, or as it stands after `timeout` s."""
        return message(self._good(*self._ask("POST", f"messages/{_id(of)}/ended", {"timeout": timeout}, timeout)))

    def message(self, of: Message | str) -> Message:
        """The message of this id, or a new look at a message."""
        return message(self._good(*self._ask("GET", f"messages/{_id(of)}")))

    def messages(self, to: str = "", *, after: Message | str = "", limit: int = 200) -> list[Message]:
        """The newest messages, oldest first: to a number, and after another message, where that is given."""
        query = urlencode({"to": to, "after": _id(after), "limit": limit})
        return [message(each) for each in self._good(*self._ask("GET", f"messages?{query}"))["messages"]]

    def clear(self) -> None:
        """Forget all messages."""
        self._good(*self._ask("DELETE", "messages"))

    # --- what is to become of them ---------------------------------------------------------------------------------------

    def order(
        self,
        outcome: str,
        to: str = "",
        *,
        times: int | None = 1,
        receipt: str | None = None,
        error: int | None = None,
        status: str | int | None = None,
        delay: Span | None = None,
        latency: Span | None = None,
        receipts: int | None = None,
    ) -> None:
        """What is to happen to the next `times` messages (None: to all, until withdrawn). docs/emulator.md lists the outcomes."""
        given: dict[str, Any] = {
            "receipt": receipt,
            "error": error,
            "status": status,
            "delay": None if delay is None else _span(delay),
            "latency": None if latency is None else _span(latency),
            "receipts": receipts,
        }
        said = {name: value for name, value in given.items() if value is not None}
        self._good(*self._ask("POST", "outcomes", {"outcome": outcome, "to": to, "times": times, **said}))

    def deliver_next(self, to: str = "", *, times: int | None = 1, delay: Span | None = None) -> None:
        """Delivered, whatever the number's ending says; `delay` after the carrier took it, where given."""
        self.order("delivered", to, times=times, delay=delay)

    def fail_next(
        self, to: str = "", *, times: int | None = 1, receipt: str = "UNDELIV", error: int | None = None, delay: Span | None = None
    ) -> None:
        """Taken, then not delivered: a receipt with this word and error code."""
        self.order("failed", to, times=times, receipt=receipt, error=error, delay=delay)

    def refuse_next(self, to: str = "", *, times: int | None = 1, status: str | int = "ESME_RINVDSTADR") -> None:
        """Not taken by the carrier, which answers with this SMPP status. After a temporary one the gateway tries again."""
        self.order("refused", to, times=times, status=status)

    def no_receipt(self, to: str = "", *, times: int | None = 1) -> None:
        """Taken, and never heard of again."""
        self.order("no-receipt", to, times=times)

    def duplicate_receipt(self, to: str = "", *, times: int | None = 1) -> None:
        """Delivered, with the receipt twice."""
        self.order("duplicate-receipt", to, times=times)

    def receipt_first(self, to: str = "", *, times: int | None = 1) -> None:
        """Delivered, and the receipt overtakes the carrier's answer to the submit."""
        self.order("receipt-first", to, times=times)

    def outcomes(self) -> list[dict[str, Any]]:
        """What is ordered and has not happened yet, as the API has it."""
        found: list[dict[str, Any]] = self._good(*self._ask("GET", "outcomes"))["outcomes"]
        return found

    def withdraw(self, to: str | None = None) -> None:
        """Forget what was ordered for a number ("": for any), or everything."""
        self._good(*self._ask("DELETE", "outcomes" if to is None else f"outcomes?{urlencode({'to': to})}"))

    def push_receipt(
        self, of: Message | str, receipt: str = "DELIVRD", *, error: int | None = None, part: int | None = None, times: int = 1
    ) -> None:
        """Have the carrier send a receipt of a message that it took: of each part of it, or of one."""
        given = {"message_id": _id(of), "receipt": receipt, "error": error, "times": times}
        self._good(*self._ask("POST", "receipts", given if part is None else {**given, "part": part}))

    def push_foreign_receipt(self, carrier_id: str, to: str, receipt: str = "DELIVRD", *, error: int | None = None) -> None:
        """Have the carrier send a receipt of something that it calls so, which may be nothing that was sent from here."""
        self._good(*self._ask("POST", "receipts", {"carrier_id": carrier_id, "to": to, "receipt": receipt, "error": error}))

    # --- time ------------------------------------------------------------------------------------------------------------

    def advance(self, by: Span = 0.0, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move the emulator's clock on, and return when what was due by then is done; what it shows then.

        Validity, quotas, the carrier's receipts and all tries follow. The clock never goes back.
        """
        if not isinstance(by, str):
            by = _span(by) + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        return moment(self._good(*self._ask("POST", "clock", {"advance": by}))["now"])

    def now(self) -> datetime:
        """What the emulator's clock shows."""
        return moment(self._good(*self._ask("GET", "clock"))["now"])

    def reset(self) -> None:
        """Begin anew: no messages, nothing ordered, no call counted, no idempotency key. The clock stays where it is."""
        self._good(*self._ask("POST", "reset"))

    # --- within ----------------------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, given: Mapping[str, Any] | None = None, waited: float = 0.0) -> tuple[int, Any]:
        # A connection for each request, straight there: a proxy of the environment could not reach this machine.
        host, _, port = self.endpoint.rpartition(":")
        connection = HTTPConnection(host.strip("[]"), int(port), timeout=waited + PATIENCE)
        try:
            body = None if given is None else json.dumps(given)
            connection.request(method, f"/_emulator/{path}", body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            status, said = response.status, response.read()
        except (OSError, HTTPException) as fault:
            raise EmulatorFault(f"the emulator at {self.endpoint} does not answer: {fault}") from fault
        finally:
            connection.close()
        try:
            return status, json.loads(said)
        except ValueError:
            raise EmulatorFault(f"{self.endpoint} is no emulator: it answered {status}") from None

    def _good(self, status: int, found: Any) -> Any:
        if status >= 400:
            raise EmulatorFault(self._told(status, found))
        return found

    def _told(self, status: int, found: Any) -> str:
        said = found.get("error") if isinstance(found, dict) else None
        return said if isinstance(said, str) else f"{self.endpoint} is no emulator: it answered {status}"


def _id(of: Message | str) -> str:
    return of.id if isinstance(of, Message) else of


def _span(span: Span) -> Any:
    return span.total_seconds() if isinstance(span, timedelta) else span
