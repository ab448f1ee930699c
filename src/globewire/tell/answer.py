"""The answers that come on one connection: bytes in, status and body out, within bounds. It touches no socket.

llhttp (in httptools) reads the grammar, with the leniences that servers in the field need. What it refuses, and what ends before
it is whole, is an AnswerFault. Interim answers (1xx) are passed over.
"""

import httptools

ANSWER_LENGTH = 64 * 1024
"""Bytes of an answer's body that are read; a longer one does not acknowledge."""
ENOUGH = 1024
"""Bytes that are read of the body of an answer that refuses."""
MOST = 8 * ANSWER_LENGTH
"""Bytes of an answer in all, its head and its chunks' lines among them."""


class AnswerFault(Exception):
    """It is not HTTP, or broke off."""


class Answers:
    """One connection's reader. `begin`, then `feed` until it says that this is enough, or `end` where the other side closed.

    `status` is 0 until the head is whole. `reusable`: the answer came whole, nothing came after it, and the other side wants to
    hear more on this connection.
    """

    __slots__ = ("_body", "_fed", "_interim", "_length", "_measured", "_parser", "begun", "reusable", "status", "whole")

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self.begin()

    def begin(self) -> None:
        """The next answer is expected."""
        self.begun = self.whole = self.reusable = self._interim = self._measured = False
        self.status = self._fed = self._length = 0
        self._body: list[bytes] = []

    @property
    def body(self) -> bytes:
        """What came of the body."""
        return b"".join(self._body)

    def feed(self, data: bytes) -> bool:
        """Whether that is enough: it is whole, it refuses and is explained, or it is too long."""
        self._fed += len(data)
        self.begun = True
        try:
            if self._parser is not None:
                self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            raise AnswerFault("it changes the protocol") from upgrade
        except httptools.HttpParserError as fault:
            if not self.whole:
                raise AnswerFault("it is not HTTP") from fault
            self.reusable = False
        if self.whole or self._length > (ANSWER_LENGTH if self.status == 200 else ENOUGH):
            return True
        if self._fed > MOST:
            raise AnswerFault("it is longer than any answer")
        return False

    def end(self, broken: bool) -> None:
        """No more comes: that ends a body whose length nothing else says, unless the connection has `broken`, and whatever refuses.
        AnswerFault otherwise."""
        if self.status == 0 or (self.status == 200 and (self._measured or broken)):
            raise AnswerFault("it broke off")

    def close(self) -> None:
        """Let go of the parser, which holds this object in a circle."""
        self._parser = None

    # --- what the parser calls --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer's first byte. Where one is whole already, nobody asked for this one."""
        self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; after a chunked body a trailer, which says nothing that counts."""
        match name.lower():
            case b"content-length":
                self._measured = True
            case b"transfer-encoding":
                self._measured = b"chunked" in value.lower()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._parser is None or self.whole:
            return
        status = self._parser.get_status_code()
        self._interim = 100 <= status < 200
        self.status = 0 if self._interim else status

    def on_body(self, body: bytes) -> None:
        """A piece of the body, whatever its transfer coding was."""
        if not self.whole:
            self._length += len(body)
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._parser is None or self.whole:
            return
        self._measured = False if self._interim else self._measured
        self.whole = not self._interim
        self.reusable = self.whole and self._parser.should_keep_alive()
