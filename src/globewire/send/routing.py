"""The routes as the send stage asks them: of a message that is to go another way, or may have been sent."""

from collections.abc import Sequence

from globewire.message import CarrierId, Message
from globewire.plan import OnUnknown, Route
from globewire.verdict.route import Asked, Decision, Router, next_carrier


class Routing:
    """Answers from today's routes; a message that was routed under yesterday's goes on under these."""

    def __init__(self, router: Router, routes: Sequence[Route]) -> None:
        self._router = router
        self._shared = frozenset(c for route in routes if len(route.carriers) > 1 for c in route.carriers)

    def following(self, message: Message, tried: Sequence[CarrierId]) -> CarrierId | None:
        """The first carrier of the message's route that is not among those tried."""
        return next_carrier(self._decide(message).carriers, tried)

    def on_unknown(self, message: Message) -> OnUnknown:
        """What the message's route says of an unanswered submit."""
        return self._decide(message).on_unknown

    def alternatives(self, carrier: CarrierId) -> bool:
        """Whether any route that names the carrier names another."""
        return carrier in self._shared

    def _decide(self, m: Message) -> Decision:
        return self._router.decide(Asked(m.country, m.to, m.account, m.type, m.channel, m.sender))
