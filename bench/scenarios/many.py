"""Many accounts and carriers against one of each. The accounts sign in turn, and each has a key, a quota and an endpoint of its
own; the carriers share the world by prefixes, and each has a bind of its own to the same sink."""

from collections.abc import Iterator

from gateway import Gateway

from scenarios import Bench, Row

MANY = "many"


def many(bench: Bench) -> Iterator[Row]:
    """The same closed loop with one and with many, by turns."""
    for number, of in bench.by_turns("one", "many"):
        accounts, carriers = (bench.accounts, bench.carriers) if of == "many" else (1, 1)
        with (
            bench.place() as folder,
            bench.sink() as sink,
            Gateway.started(folder, sink, 1, bench.window, accounts=accounts, carriers=carriers) as gateway,
        ):
            bench.warm([gateway], sink)
            row = bench.closed([gateway], sink)
        bench.say(f"accounts: {accounts:,}, carriers: {carriers}, round {number}: {row['whole_job_per_s']:,.0f} a second")
        facts = {"accounts": accounts, "carriers": carriers, "start_s": gateway.accepted_after}
        yield {"scenario": MANY, "of": of, "round": number, **facts, **row}
