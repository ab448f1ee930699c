"""What the API makes of a send's parameters: a message as it would be kept, or the refusal.

`accept` keeps what is judged here, and `preview` shows it; so what is previewed is what is sent. Nothing here acts.
"""

from collections.abc import Mapping

from globewire import errors
from globewire.errors import refuse
from globewire.message import AccountId, CarrierId
from globewire.plan import Carrier
from globewire.values import dataclass
from globewire.verdict.route import Asked, Decision, Router
from globewire.wire import number, sender
from globewire.wire import parameters as given
from globewire.wire.number import Number
from globewire.wire.segment import Cut, cut

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all sends of an account: its default sender ("" for the carrier's), and the validity in seconds where none
    is asked for."""

    account: AccountId
    sender: str
    validity: int


@dataclass(frozen=True, slots=True)
class Common:
    """What the messages of one call share."""

    sender: str
    type: str
    task_id: str
    channel: str
    validity: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A message that can be kept: to whom, what, in which parts, and which way."""

    number: Number
    text: str
    cut: Cut
    decision: Decision


def single(parameters: Parameters, terms: Terms, router: Router) -> tuple[Common, Judged]:
    """The message of a SendMessageToGlobe. `Refused` with the first thing that is wrong, in this order."""
    to, message = given.required(parameters, "To"), given.required(parameters, "Message")
    target, text = number.read(to), given.text(message)
    shared = common(parameters, terms, router)
    return shared, placed(target, text, shared, terms, router)


def common(parameters: Parameters, terms: Terms, router: Router) -> Common:
    """From, Type, TaskId, ChannelId and ValidityPeriod, which Send and Batch share."""
    return Common(
        sender_of(parameters, terms),
        given.message_type(parameters),
        given.task_id(parameters),
        channel(parameters, router),
        given.validity(parameters, terms.validity),
    )


def sender_of(parameters: Parameters, terms: Terms) -> str:
    """From, else the account's default sender, else "" for the carrier's."""
    value = parameters.get("From", "")
    return sender.read(value) if value else terms.sender


def channel(parameters: Parameters, router: Router) -> str:
    """ChannelId: a configured carrier or route, "" where not given."""
    value = parameters.get("ChannelId", "")
    if value and not router.channel_known(value):
        raise refuse(errors.INVALID_PARAMETERS, "ChannelId names no carrier and no route of this gateway")
    return value


def placed(target: Number, text: str, shared: Common, terms: Terms, router: Router) -> Judged:
    """A number and a text that are good by themselves, routed and cut; refused where no carrier serves the number."""
    return Judged(target, text, cut(text), route(target, shared, terms, router))


class Many:
    """`placed` for the many numbers of one call: each way is decided once, and each text is cut once."""

    __slots__ = ("_cuts", "_router", "_shared", "_terms", "_ways")

    def __init__(self, shared: Common, terms: Terms, router: Router) -> None:
        self._shared, self._terms, self._router = shared, terms, router
        self._cuts: dict[str, Cut] = {}
        self._ways: dict[tuple[str, str], Decision] = {}

    def placed(self, target: Number, text: str) -> Judged:
        """As the function of that name."""
        pieces = self._cuts.get(text)
        if pieces is None:
            pieces = self._cuts[text] = cut(text)
        alike = target.country, self._router.prefix(target.digits)
        way = self._ways.get(alike)
        if way is None:
            way = self._ways[alike] = route(target, self._shared, self._terms, self._router)
        return Judged(target, text, pieces, way)


def route(target: Number, shared: Common, terms: Terms, router: Router) -> Decision:
    """Where a message is to go; refused where no carrier serves it."""
    decision = router.decide(asked(target, shared, terms))
    if not decision.carriers:
        raise refuse(errors.NOT_SUPPORTED_COUNTRY, "no route of this gateway leads there")
    return decision


def asked(target: Number, shared: Common, terms: Terms) -> Asked:
    """What the routes look at."""
    return Asked(target.country, target.digits, terms.account, shared.type, shared.channel, shared.sender)


def shown_sender(shared: Common, decision: Decision, carriers: Mapping[CarrierId, Carrier]) -> str:
    """The sender that the recipient will see, "" where it is the carrier that chooses."""
    return shared.sender or carriers[decision.carriers[0]].sender
