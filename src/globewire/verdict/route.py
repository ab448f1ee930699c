"""Which carriers a message is to be tried with, and why. It decides; whether a carrier takes the message is seen in `send`.

Rules are read in order: the first whose non-empty conditions all match is taken. A ChannelId goes before the rules unless
one of them names it in `channels`: the id of a carrier means that carrier alone, the id of a route means that route.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from globewire.message import CarrierId
from globewire.plan import OnUnknown, Route
from globewire.values import dataclass

NO_CARRIER_DOWN: frozenset[CarrierId] = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message is routed by; "" where it has none. `country` is ISO 3166 alpha-2, `to` digits with the dialling code."""

    country: str
    to: str
    account: str
    type: str
    channel: str
    sender: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Carriers in the order in which to try them, empty where no rule fits; `on_unknown` is WAIT or RESEND; `why` in plain
    sentences, free of personal data."""

    route: str | None
    carriers: tuple[CarrierId, ...]
    on_unknown: OnUnknown
    why: tuple[str, ...]


def decide(routes: Sequence[Route], carriers: Collection[CarrierId], asked: Asked) -> Decision:
    """One decision by rules that are used once. `Router` is for many."""
    return Router(routes, carriers).decide(asked)


def next_carrier(carriers: Iterable[CarrierId], tried: Collection[CarrierId]) -> CarrierId | None:
    """The first of a decision's carriers that was not tried yet, None where all were."""
    return next((carrier for carrier in carriers if carrier not in tried), None)


class Router:
    """The rules, ready for use. Decisions are kept by what the rules look at, so that hundreds of rules cost what one does, and ten
    thousand accounts that no rule names what one does too."""

    __slots__ = ("_accounts", "_carriers", "_channels", "_decisions", "_prefixes", "_routes", "_rules", "_senders")

    def __init__(self, routes: Sequence[Route], carriers: Collection[CarrierId]) -> None:
        """`carriers` are those that there are: a mapping by id will do. A route's other carriers are passed over."""
        self._carriers = frozenset(carriers)
        self._routes = {route.id: route for route in routes}
        self._rules = [_Rule.of(route) for route in routes]
        self._channels = frozenset(channel for route in routes for channel in route.channels)
        self._accounts = frozenset(account for route in routes for account in route.accounts)
        self._senders = frozenset(sender for route in routes for sender in route.senders)
        self._prefixes = _by_length(prefix for route in routes for prefix in route.prefixes)
        self._decisions: dict[tuple[object, ...], Decision] = {}

    def channel_known(self, channel: str) -> bool:
        """Whether a ChannelId names a carrier, a route, or what a rule waits for."""
        return channel in self._carriers or channel in self._routes or channel in self._channels

    def decide(self, asked: Asked, down: frozenset[CarrierId] = NO_CARRIER_DOWN) -> Decision:
        """The decision for a message. Carriers in `down` are tried last."""
        prefix = self.prefix(asked.to)
        account = asked.account if asked.account in self._accounts else ""
        sender = asked.sender if asked.sender in self._senders else ""
        key = (asked.country, prefix, account, asked.type, asked.channel, sender, down)
        decision = self._decisions.get(key)
        if decision is None:
            if len(self._decisions) >= _KEPT:
                self._decisions.clear()
            alike = replace(asked, to=prefix, account=account, sender=sender)
            decision = self._decisions[key] = _downward(self._decide(alike), down)
        return decision

    def prefix(self, to: str) -> str:
        """All that rules ask of a number: the longest of their prefixes that it begins with, "" for none."""
        for digits, prefixes in self._prefixes:
            if to[:digits] in prefixes:
                return to[:digits]
        return ""

    def _decide(self, asked: Asked) -> Decision:
        if asked.channel and asked.channel not in self._channels:
            if asked.channel in self._carriers:
                unknown = OnUnknown.BY_TYPE.of(asked.type)
                return Decision(None, (CarrierId(asked.channel),), unknown, (f"ChannelId names carrier {asked.channel}",))
            if asked.channel in self._routes:
                return self._by_name(self._routes[asked.channel], asked)
        passed: list[tuple[str, str, str]] = []
        for rule in self._rules:
            unfit = rule.unfit(asked)
            if unfit is None:
                return self._take(rule.route, asked, _passed_over(passed), "all its conditions match")
            passed.append((rule.route.id, *unfit))
        return Decision(None, (), OnUnknown.WAIT, (*_passed_over(passed), "no route matches" if passed else "there are no routes"))

    def _by_name(self, route: Route, asked: Asked) -> Decision:
        """A route that the customer named: its conditions do not count, except whom it is kept for."""
        if route.accounts and asked.account not in route.accounts:
            why = f"ChannelId names route {route.id}, which is kept for other accounts"
            return Decision(None, (), OnUnknown.WAIT, (why,))
        return self._take(route, asked, (), "ChannelId names it")

    def _take(self, route: Route, asked: Asked, passed: tuple[str, ...], why: str) -> Decision:
        carriers = tuple(carrier for carrier in route.carriers if carrier in self._carriers)
        absent = tuple(f"carrier {carrier} is not configured" for carrier in route.carriers if carrier not in self._carriers)
        return Decision(route.id, carriers, route.on_unknown.of(asked.type), (*passed, f"route {route.id}: taken, {why}", *absent))


_KEPT = 8192
_TOLD_SINGLY = 8
_WANTED_TOLD = 4


@dataclass(frozen=True, slots=True)
class _Rule:
    """A route and its non-empty conditions but the prefixes: the name of what it looks at, which it is of `Asked`, the values."""

    route: Route
    conditions: tuple[tuple[str, str, frozenset[str]], ...]

    @staticmethod
    def of(route: Route) -> "_Rule":
        conditions = (
            ("country", "country", route.countries),
            ("account", "account", route.accounts),
            ("type", "type", route.types),
            ("ChannelId", "channel", route.channels),
            ("sender", "sender", route.senders),
        )
        return _Rule(route, tuple(condition for condition in conditions if condition[2]))

    def unfit(self, asked: Asked) -> tuple[str, str] | None:
        """What does not match and why, or None where all matches."""
        for name, field, wanted in self.conditions:
            value: str = getattr(asked, field)
            if value not in wanted:
                return name, f"{name} is {value or _unsaid(name)}, wants {_listed(sorted(wanted))}"
        if self.route.prefixes and not asked.to.startswith(self.route.prefixes):
            return "number", f"the number begins with none of {_listed(self.route.prefixes)}"
        return None


def _unsaid(name: str) -> str:
    """What is said where a value is not given, or is one that no rule names: senders and accounts of those are not kept apart."""
    return {"sender": "another or not given", "account": "another"}.get(name, "not given")


def _listed(values: Sequence[str]) -> str:
    told = ", ".join(values[:_WANTED_TOLD])
    return told if len(values) <= _WANTED_TOLD else f"{told} or {len(values) - _WANTED_TOLD} more"


def _passed_over(passed: list[tuple[str, str, str]]) -> tuple[str, ...]:
    """A sentence a rule; where there are many, a sentence for each cause, since they are stored with every message."""
    if len(passed) <= _TOLD_SINGLY:
        return tuple(f"route {route}: {why}" for route, _, why in passed)
    causes = Counter(cause for _, cause, _ in passed)
    return tuple(f"routes passed over for {cause}: {count}" for cause, count in causes.items())


def _downward(decision: Decision, down: frozenset[CarrierId]) -> Decision:
    """The decision with the carriers that are down put last."""
    last = tuple(carrier for carrier in decision.carriers if carrier in down)
    if not last:
        return decision
    carriers = (*(carrier for carrier in decision.carriers if carrier not in down), *last)
    why = (*decision.why, *(f"carrier {carrier} is not bound now: tried last" for carrier in last))
    return Decision(decision.route, carriers, decision.on_unknown, why)


def _by_length(prefixes: Iterable[str]) -> tuple[tuple[int, frozenset[str]], ...]:
    """Prefixes by their length, the longest first."""
    known = frozenset(prefixes)
    lengths = sorted({len(prefix) for prefix in known}, reverse=True)
    return tuple((length, frozenset(prefix for prefix in known if len(prefix) == length)) for length in lengths)
