"""What the operations work with: the hold, the routes, the accounts' defaults, a clock and a mint of ids; and who is asking."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import orjson

from globewire.accept.once import once
from globewire.hold.port import AccountEntry, Conversion, Hold, Nonce, Submission
from globewire.message import AccountId, CarrierId, Message, MessageId, Millis
from globewire.meter.dials import Count, Meter
from globewire.plan import Carrier
from globewire.values import dataclass
from globewire.verdict.admit import Caller
from globewire.verdict.judge import Common, Judged, Terms
from globewire.verdict.route import Router
from globewire.wire.reply import Fields
from globewire.wire.request import Call


@dataclass(frozen=True, slots=True)
class Asking:
    """An admitted call: who, what, and the nonce that its effects are kept with. `now` is one moment for all of it."""

    caller: Caller
    call: Call
    request_id: str
    now: Millis
    nonce: Nonce | None


@dataclass(frozen=True, slots=True)
class Desk:
    """Values and ports of the accept stage."""

    hold: Hold
    router: Router
    carriers: Mapping[CarrierId, Carrier]
    accounts: Callable[[], Mapping[AccountId, AccountEntry]]
    now: Callable[[], Millis]
    mint: Callable[[int], list[MessageId]]
    validity: int
    meter: Meter

    def terms(self, asking: Asking) -> Terms:
        """What holds for the sends of whoever asks."""
        account = self.accounts().get(asking.caller.account)
        return Terms(asking.caller.account, account.sender if account else "", self.validity)

    def submission(self, asking: Asking, id: MessageId, common: Common, judged: Judged) -> Submission:
        """The message to keep."""
        number, cut = judged.number, judged.cut
        message = Message(
            id, asking.caller.account, asking.caller.access_key, asking.request_id, number.digits, common.sender, judged.text,
            common.type, common.task_id, common.channel, cut.encoding, len(cut.pieces), number.country, number.detail, asking.now,
            common.validity,
        )  # fmt: skip
        decision = judged.decision
        return Submission(message, decision.carriers[0], _decision_text(decision.route, decision.carriers, decision.why))

    async def keep(
        self, asking: Asking, submissions: Sequence[Submission], answer: Fields, conversions: Sequence[Conversion] = ()
    ) -> Fields:
        """Keep what the call asks for, and then give `answer`; or the answer of the same call made before under its key."""
        key = once(asking.caller.account, asking.call, answer, asking.now)
        earlier = await self.hold.keep(submissions, asking.nonce, conversions, once=key)
        if earlier is None:
            _count(self.meter, submissions)
            return answer
        said: Fields = orjson.loads(earlier)
        return said


@lru_cache(4096)
def _decision_text(route: str | None, carriers: tuple[CarrierId, ...], why: tuple[str, ...]) -> str:
    """A decision as the JSON that is stored with the message; written once for all that are alike."""
    return orjson.dumps({"route": route, "carriers": carriers, "why": why}).decode()


def _count(meter: Meter, submissions: Sequence[Submission]) -> None:
    """Count the segments; of a batch most have the encoding of the one before, whose counter is at hand."""
    encoding, count = None, Count()
    for submission in submissions:
        message = submission.message
        if message.encoding is not encoding:
            encoding, count = message.encoding, meter.segments.of(message.encoding)
        count.add(message.segments)
