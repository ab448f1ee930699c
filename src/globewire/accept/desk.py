"""What the operations work with: the hold, the routes, the accounts' defaults, a clock and a mint of ids; and who is asking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson

from globewire import errors
from globewire.accept.once import once
from globewire.errors import refuse
from globewire.hold.port import AccountEntry, Conversion, Hold, Nonce, Submission
from globewire.message import AccountId, CarrierId, Encoding, Message, MessageId, Millis
from globewire.plan import Carrier
from globewire.verdict.admit import Caller
from globewire.verdict.route import Asked, Decision, Router
from globewire.wire import sender
from globewire.wire.number import Number
from globewire.wire.reply import Fields
from globewire.wire.request import Call
from globewire.wire.segment import Cut


@dataclass(frozen=True, slots=True)
class Asking:
    """An admitted call: who, what, and the nonce that its effects are kept with. `now` is one moment for all of it."""

    caller: Caller
    call: Call
    request_id: str
    now: Millis
    nonce: Nonce | None


@dataclass(frozen=True, slots=True)
class Common:
    """What the messages of one call share."""

    sender: str
    type: str
    task_id: str
    channel: str
    validity: int


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

    def sender(self, asking: Asking) -> str:
        """From, else the account's default sender, else "" for the carrier's."""
        given = asking.call.parameters.get("From", "")
        if given:
            return sender.read(given)
        account = self.accounts().get(asking.caller.account)
        return account.sender if account else ""

    def channel(self, asking: Asking) -> str:
        """ChannelId: a configured carrier or route, "" where not given."""
        given = asking.call.parameters.get("ChannelId", "")
        if given and not self.router.channel_known(given):
            raise refuse(errors.INVALID_PARAMETERS, "ChannelId names no carrier and no route of this gateway")
        return given

    def route(self, account: AccountId, number: Number, common: Common) -> Decision:
        """Where a message is to go; refused where no carrier serves it."""
        asked = Asked(number.country, number.digits, account, common.type, common.channel, common.sender)
        decision = self.router.decide(asked)
        if not decision.carriers:
            raise refuse(errors.NOT_SUPPORTED_COUNTRY, "no route of this gateway leads there")
        return decision

    def submission(
        self, asking: Asking, id: MessageId, number: Number, text: str, cut: Cut, common: Common, decision: Decision
    ) -> Submission:
        """The message to keep."""
        message = Message(
            id, asking.caller.account, asking.caller.access_key, asking.request_id, number.digits, common.sender, text, common.type,
            common.task_id, common.channel, Encoding(cut.encoding), len(cut.pieces), number.country, number.detail, asking.now,
            common.validity,
        )  # fmt: skip
        return Submission(message, decision.carriers[0], decision_text(decision))

    async def keep(
        self, asking: Asking, submissions: Sequence[Submission], answer: Fields, conversions: Sequence[Conversion] = ()
    ) -> Fields:
        """Keep what the call asks for, and then give `answer`; or the answer of the same call made before under its key."""
        key = once(asking.caller.account, asking.call, answer, asking.now)
        earlier = await self.hold.keep(submissions, asking.nonce, conversions, once=key)
        if earlier is None:
            return answer
        said: Fields = orjson.loads(earlier)
        return said

    def shown_sender(self, common: Common, decision: Decision) -> str:
        """The sender that the recipient will see."""
        return common.sender or self.carriers[decision.carriers[0]].sender


@lru_cache(4096)
def decision_text(decision: Decision) -> str:
    """A decision as the JSON that is stored with the message; written once for all that are alike."""
    return orjson.dumps({"route": decision.route, "carriers": decision.carriers, "why": decision.why}).decode()
