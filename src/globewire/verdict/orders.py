"""What tests ordered to happen to the next messages at the simulated carrier, and whose turn each order is.

Values and a memory of bounded size; it speaks no SMPP. What an outcome comes to for one submit is `script`'s.
"""

from collections import OrderedDict
from dataclasses import replace

from globewire.values import dataclass
from globewire.verdict.script import Outcome
from globewire.wire.tie import Tie

MOST = 10_000
"""Orders that may wait at a time."""
TIED = 10_000
"""Long texts remembered of which more parts may come."""


@dataclass(frozen=True, slots=True)
class Order:
    """An outcome for the next `times` messages to the number `to` ("" for any); `times` None for all until it is withdrawn."""

    outcome: Outcome
    to: str = ""
    times: int | None = 1


class Full(Exception):
    """No more orders can be kept."""


class Orders:
    """The orders that stand, in the order in which they were given.

    Those for a number go before those for any; of these, those for so many messages before those that stand until withdrawn,
    of which there is one for each number: the last. The parts of a long text count as one message. A message that is submitted
    again, since it was refused for a while, counts again.
    """

    def __init__(self) -> None:
        self._orders: list[Order] = []
        self._tied: OrderedDict[tuple[str, int, int], tuple[Outcome | None, set[int]]] = OrderedDict()

    def give(self, order: Order) -> None:
        """Add an order. Full where too many wait."""
        if order.times is None:
            self.withdraw(order.to, standing=True)
        if len(self._orders) >= MOST:
            raise Full
        self._orders.append(order)

    def all(self) -> list[Order]:
        """What is still to happen: `times` is how often."""
        return list(self._orders)

    def withdraw(self, to: str | None = None, *, standing: bool = False) -> None:
        """Forget the orders for `to`, all orders for None; only those that stand until withdrawn where `standing`."""
        self._orders = [o for o in self._orders if (to is not None and o.to != to) or (standing and o.times is not None)]
        self._tied.clear()

    def next(self, to: str, tie: Tie | None) -> Outcome | None:
        """What is ordered for a submit to `to` (digits), None for nothing. `tie` is what ties it to other parts of its text."""
        if not self._orders and not self._tied:
            return None
        if tie is None:
            return self._draw(to)
        key = (to, tie.reference, tie.total)
        outcome, seen = self._tied.pop(key, (None, {tie.sequence}))
        if tie.sequence in seen:  # the first of its text; or the same once more, or a text that happens to have the same reference
            outcome, seen = self._draw(to), set()
        seen.add(tie.sequence)
        if len(seen) < tie.total:
            self._tied[key] = outcome, seen
            if len(self._tied) > TIED:
                self._tied.popitem(last=False)
        return outcome

    def _draw(self, to: str) -> Outcome | None:
        fitting = [at for at, order in enumerate(self._orders) if order.to in (to, "")]
        if not fitting:
            return None
        at = min(fitting, key=lambda at: (not self._orders[at].to, self._orders[at].times is None))
        order = self._orders[at]
        if order.times == 1:
            del self._orders[at]
        elif order.times is not None:
            self._orders[at] = replace(order, times=order.times - 1)
        return order.outcome
