"""What a carrier took of late: such a message's receipt is settled when it is heard, and nothing is read back from the hold.

Only messages of one part are known here, in whose end no other part has a say; and only a receipt is settled that brings the end,
that names the number it went to, and that comes while the message is valid, when nothing else has ended it. All others are the
settle stage's, and so is what is not known here, or not any more.
"""

from globewire.hold.port import Fact, SettleJob
from globewire.hold.settling import decide, same_number
from globewire.message import Message, Millis, Part, Receipt, State
from globewire.verdict import outcome

MOST = 10_000
"""Messages that are known; past it the oldest is forgotten. About half a kilobyte each."""


class Awaited:
    """The parts of one carrier that wait for their receipt, by the carrier's id."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[Part, str, Millis]] = {}

    def __len__(self) -> int:
        return len(self._parts)

    def add(self, part: Part, message: Message) -> None:
        """The carrier took a part, the only one of its message, and the hold knows it."""
        if len(self._parts) >= MOST:
            del self._parts[next(iter(self._parts))]
        self._parts[part.carrier_id] = (part, message.to, message.expires_at)

    def forget(self, carrier_id: str) -> None:
        """Its end is known from elsewhere."""
        self._parts.pop(carrier_id, None)

    def settle(self, receipt: Receipt, at: Millis) -> tuple[Part, list[Fact]] | None:
        """The part that a receipt heard at `at` brings to its end, and the facts of that; None where the settle stage is to look. A
        part is settled once: what comes after is the settle stage's."""
        if outcome.receipt_state(receipt.status) is None:
            return None
        for carrier_id in receipt.carrier_ids:
            part, to, until = self._parts.get(carrier_id, _NOTHING)
            if part is not None and same_number(receipt.to, to):
                del self._parts[carrier_id]
                if at >= until:
                    return None
                job = SettleJob(0, part.carrier, receipt, at, 0, part, (part,), State.SUBMITTED)
                return part, decide([job], at)[0]
        return None


_NOTHING = (None, "", Millis(0))
