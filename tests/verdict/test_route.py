"""Rules in order, channels before them, and the reasons given."""

import random

import pytest

from globewire.message import CarrierId
from globewire.plan import OnUnknown, Route
from globewire.verdict.route import Asked, Decision, Router, decide, next_carrier

A, B, C = CarrierId("a"), CarrierId("b"), CarrierId("c")
CARRIERS = (A, B, C)
OTP = Route(id="otp", carriers=(A, B), types=frozenset({"OTP"}), on_unknown=OnUnknown.RESEND)
HONG_KONG = Route(id="hk", carriers=(B,), countries=frozenset({"HK", "MO"}))
PREFIX = Route(id="vodafone", carriers=(C, A), prefixes=("4477", "44790"))
PRIVATE = Route(id="vip", carriers=(C,), accounts=frozenset({"gold"}))
CHANNEL = Route(id="campaign", carriers=(C,), channels=frozenset({"3790", "a"}))
BRAND = Route(id="brand", carriers=(A,), senders=frozenset({"Shop"}), countries=frozenset({"GB"}))
REST = Route(id="rest", carriers=(A,))
ALL = (OTP, HONG_KONG, PREFIX, PRIVATE, BRAND, REST)


def _asked(
    country: str = "GB", to: str = "447800123456", account: str = "main", type: str = "", channel: str = "", sender: str = ""
) -> Asked:
    return Asked(country, to, account, type, channel, sender)


@pytest.mark.parametrize(
    ("asked", "route", "carriers"),
    [
        (_asked(type="OTP"), "otp", (A, B)),
        (_asked("HK", "85261692141", type="OTP"), "otp", (A, B)),
        (_asked("HK", "85261692141"), "hk", (B,)),
        (_asked("MO", "85366123456", type="MKT"), "hk", (B,)),
        (_asked(to="447712345678"), "vodafone", (C, A)),
        (_asked(to="447901234567"), "vodafone", (C, A)),
        (_asked(to="447911234567"), "rest", (A,)),
        (_asked(account="gold"), "vip", (C,)),
        (_asked(sender="Shop"), "brand", (A,)),
        (_asked("FR", "33612345678", sender="Shop"), "rest", (A,)),
        (_asked(sender="Other"), "rest", (A,)),
        (_asked(channel="b"), None, (B,)),
        (_asked(channel="hk"), "hk", (B,)),
        (_asked(channel="vip"), None, ()),
        (_asked(channel="vip", account="gold"), "vip", (C,)),
    ],
)
def test_the_first_rule_that_fits(asked: Asked, route: str | None, carriers: tuple[CarrierId, ...]) -> None:
    decision = decide(ALL, CARRIERS, asked)
    assert (decision.route, decision.carriers) == (route, carriers)


def test_reasons_are_plain_sentences() -> None:
    assert decide(ALL, CARRIERS, _asked(type="NOTIFY", sender="Private")).why == (
        "route otp: type is NOTIFY, wants OTP",
        "route hk: country is GB, wants HK, MO",
        "route vodafone: the number begins with none of 4477, 44790",
        "route vip: account is another, wants gold",
        "route brand: sender is another or not given, wants Shop",
        "route rest: taken, all its conditions match",
    )
    assert decide(ALL, CARRIERS, _asked("HK", "85261692141")).why == (
        "route otp: type is not given, wants OTP",
        "route hk: taken, all its conditions match",
    )


def test_long_lists_of_wishes_are_shortened() -> None:
    wide = Route(id="wide", carriers=(A,), countries=frozenset({"AA", "BB", "CC", "DD", "EE", "FF"}))
    assert decide((wide,), CARRIERS, _asked()).why[0] == "route wide: country is GB, wants AA, BB, CC, DD or 2 more"


def test_no_route() -> None:
    assert decide((), CARRIERS, _asked()) == Decision(None, (), OnUnknown.WAIT, ("there are no routes",))
    decision = decide((HONG_KONG,), CARRIERS, _asked())
    assert (decision.route, decision.carriers) == (None, ())
    assert decision.why == ("route hk: country is GB, wants HK, MO", "no route matches")


def test_what_a_rule_says_of_unknown_outcomes_goes_with_the_decision() -> None:
    assert decide(ALL, CARRIERS, _asked(type="OTP")).on_unknown is OnUnknown.RESEND
    assert decide(ALL, CARRIERS, _asked()).on_unknown is OnUnknown.WAIT


def test_a_rule_that_names_a_channel_goes_before_the_carrier_of_that_name() -> None:
    routes = (CHANNEL, REST)
    assert decide(routes, CARRIERS, _asked(channel="a")).route == "campaign"
    assert decide(routes, CARRIERS, _asked(channel="3790")).carriers == (C,)
    assert decide(routes, CARRIERS, _asked(channel="b")).why == ("ChannelId names carrier b",)
    assert decide(routes, CARRIERS, _asked()).why[0] == "route campaign: ChannelId is not given, wants 3790, a"


def test_known_channels() -> None:
    router = Router((CHANNEL, REST), {A: "any value", B: "another"})
    assert [channel for channel in ("a", "b", "c", "3790", "rest", "campaign", "", "x") if router.channel_known(channel)] == [
        "a", "b", "3790", "rest", "campaign"
    ]  # fmt: skip


def test_carriers_that_are_not_there_are_passed_over() -> None:
    decision = decide((OTP,), (B,), _asked(type="OTP"))
    assert decision.carriers == (B,)
    assert decision.why[-1] == "carrier a is not configured"
    assert decide((OTP,), (), _asked(type="OTP")).carriers == ()


def test_carriers_that_are_down_are_tried_last() -> None:
    router = Router(ALL, CARRIERS)
    up, down = router.decide(_asked(type="OTP")), router.decide(_asked(type="OTP"), frozenset({A}))
    assert (up.carriers, down.carriers) == ((A, B), (B, A))
    assert down.why == (*up.why, "carrier a is not bound now: tried last")
    assert router.decide(_asked(type="OTP"), frozenset({A, B})).carriers == (A, B)
    assert router.decide(_asked(type="OTP"), frozenset({C})) == up


def test_many_rules_are_told_by_cause() -> None:
    routes = [Route(id=f"r{place}", carriers=(A,), countries=frozenset({f"X{place}"})) for place in range(200)]
    routes += [Route(id=f"p{place}", carriers=(A,), prefixes=(f"99{place}",)) for place in range(100)]
    assert decide((*routes, REST), CARRIERS, _asked()).why == (
        "routes passed over for country: 200",
        "routes passed over for number: 100",
        "route rest: taken, all its conditions match",
    )


def test_accounts_and_senders_that_no_rule_names_share_their_decisions() -> None:
    """However many there are, each country is decided for once."""
    router = Router(ALL, CARRIERS)
    shared = router.decide(_asked(account="a0", sender="s0"))
    assert all(router.decide(_asked(account=f"a{n}", sender=f"s{n}")) is shared for n in range(1, 100))
    assert router.decide(_asked(account="gold", sender="s0")) is not shared


def test_next_carrier() -> None:
    assert next_carrier((A, B), ()) == A
    assert next_carrier((A, B), (A,)) == B
    assert next_carrier((A, B), (B, A)) is None
    assert next_carrier((), ()) is None


def test_kept_decisions_are_those_of_a_router_that_keeps_none() -> None:
    """Random rules and messages: a router that has seen much decides as a fresh one does, and as the rules read."""
    dice = random.Random(5)
    some = ["", "1", "12", "123", "2", "23", "3", "31"]
    routes = [
        Route(
            id=f"r{place}",
            carriers=tuple(dice.sample(CARRIERS, dice.randint(1, 3))),
            countries=frozenset(dice.sample(["HK", "GB", "US"], dice.choice([0, 0, 1, 2]))),
            prefixes=tuple(dice.sample(some[1:], dice.choice([0, 0, 1, 3]))),
            accounts=frozenset(dice.sample(["x", "y"], dice.choice([0, 0, 1]))),
            types=frozenset(dice.sample(["OTP", "MKT"], dice.choice([0, 0, 1]))),
            senders=frozenset(dice.sample(["s", "t"], dice.choice([0, 0, 1]))),
        )
        for place in range(40)
    ]
    router = Router(routes, CARRIERS)
    for _ in range(1500):
        asked = Asked(
            dice.choice(["HK", "GB", "US", "FR"]), dice.choice(some[1:]) + str(dice.randint(0, 10**7)), dice.choice("xyz"),
            dice.choice(["", "OTP", "MKT"]), "", dice.choice(["", "s", "t", "u"]),
        )  # fmt: skip
        decision = router.decide(asked)
        assert decision == decide(routes, CARRIERS, asked)
        assert decision.route == next((route.id for route in routes if _fits(route, asked)), None)


def _fits(route: Route, asked: Asked) -> bool:
    return (
        (not route.countries or asked.country in route.countries)
        and (not route.prefixes or any(asked.to.startswith(prefix) for prefix in route.prefixes))
        and (not route.accounts or asked.account in route.accounts)
        and (not route.types or asked.type in route.types)
        and (not route.senders or asked.sender in route.senders)
    )


@pytest.mark.parametrize(
    ("on_unknown", "message_type", "meant"),
    [
        (OnUnknown.BY_TYPE, "OTP", OnUnknown.RESEND),
        (OnUnknown.BY_TYPE, "MKT", OnUnknown.WAIT),
        (OnUnknown.BY_TYPE, "", OnUnknown.WAIT),
        (OnUnknown.RESEND, "MKT", OnUnknown.RESEND),
        (OnUnknown.WAIT, "OTP", OnUnknown.WAIT),
    ],
)
def test_what_a_route_says_of_the_unknown_goes_by_the_type_unless_it_says_more(
    on_unknown: OnUnknown, message_type: str, meant: OnUnknown
) -> None:
    north = CarrierId("north")
    route = Route(id="r", carriers=(north,), on_unknown=on_unknown)
    assert Router([route], [north]).decide(Asked("HK", "85291234567", "shop", message_type, "", "")).on_unknown is meant
