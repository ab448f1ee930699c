"""The routes as the send stage asks them: of a message that is to go another way, or may have been sent."""

from collections.abc import Sequence

from globewire.message import CarrierId, Message
from globewire.plan import OnUnknown, Route
from globewire.verdict.route import Asked, Decision, Router, next_carrier


class Routing:
    """Answers from today's routes; a message that was routed under yesterday's goes on under these.

    All carriers' workers share one, and say in it which carriers are to be passed over for now.
    """

    def __init__(self, router: Router, routes: Sequence[Route]) -> None:
        self._router = router
        self._beside = {
            carrier: frozenset(c for route in routes if carrier in route.carriers for c in route.carriers) - {carrier}
            for carrier in {c for route in routes for c in route.carriers}
        }
        self._away: set[CarrierId] = set()

    def pass_over(self, carrier: CarrierId, away: bool) -> None:
        """From now on pass the carrier over, or do so no more."""
        if away:
            self._away.add(carrier)
        else:
            self._away.discard(carrier)

    def following(self, message: Message, tried: Sequence[CarrierId]) -> CarrierId | None:
        """The first carrier of the message's route that is not among those tried."""
        return next_carrier(self._decide(message).carriers, tried)

    def on_unknown(self, message: Message) -> OnUnknown:
        """What the message's route says of an unanswered submit."""
        return self._decide(message).on_unknown

    def alternatives(self, carrier: CarrierId) -> bool:
        """Whether any route that names the carrier names another that is not passed over."""
        return bool(self._beside.get(carrier, frozenset()) - self._away)

    def instead(self, message: Message, carrier: CarrierId, tried: Sequence[CarrierId]) -> CarrierId | None:
        """Another carrier of the message's route that is not passed over; one that was tried before where there is no other."""
        present = [c for c in self._decide(message).carriers if c != carrier and c not in self._away]
        return next_carrier(present, tried) or next_carrier(present, ())

    def _decide(self, m: Message) -> Decision:
        return self._router.decide(Asked(m.country, m.to, m.account, m.type, m.channel, m.sender))
