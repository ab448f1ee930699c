"""What accepting costs: processor time from a request's octets to its reply's, with a hold that keeps nothing and no sockets.

The server's own connections are fed signed requests, 32 of them at once as a busy gateway has, each account's in turn. Rounds with
one account and carrier and with many come by turns, which tells whether a call costs more where there are many.
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Sequence
from statistics import median
from typing import cast

import traffic
import uvloop

from globewire.accept.connection import Connection
from globewire.accept.desk import Desk
from globewire.accept.exchanges import Ring
from globewire.accept.intake import Intake
from globewire.accept.nonces import Nonces
from globewire.accept.pressure import Pressure
from globewire.accept.server import Server
from globewire.accept.turns import OwnTurns
from globewire.clock import Clock
from globewire.hold.port import AccountEntry, Conversion, Hold, Nonce, Once, Submission
from globewire.message import AccessKeyId, AccountId, CarrierId
from globewire.meter.dials import Meter
from globewire.mint import Mint, RequestIds
from globewire.plan import Carrier, Route
from globewire.verdict.admit import RefusalForm, Register, RegisteredKey
from globewire.verdict.route import Router
from globewire.wire import number

CONNECTIONS = 32
_PORT = 8018
_OK = b'"ResponseCode":"OK"'


class Kept:
    """A hold that says of everything that it is kept, in the loop's next turn, as one transaction says it of many."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[str | None]] = []

    async def keep(
        self,
        submissions: Sequence[Submission],
        nonce: Nonce | None,
        conversions: Sequence[Conversion] = (),
        *,
        once: Once | None = None,
    ) -> str | None:
        """Keep nothing."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._commit)
        answer: asyncio.Future[str | None] = loop.create_future()
        self._waiting.append(answer)
        return await answer

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer.set_result(None)


class Round:
    """Requests to be answered; `over` when all are."""

    def __init__(self, requests: list[bytes]) -> None:
        self.requests, self.unanswered = requests, len(requests)
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Client(asyncio.Transport):
    """A client and its socket: whatever is written to it is an answer, upon which it sends the next request of the round."""

    def __init__(self, server: Server, round: Round) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000)})
        self._round, self._loop = round, asyncio.get_running_loop()
        self._connection = Connection(server, self._loop)
        self._connection.connection_made(self)

    def send(self) -> None:
        """Send the next request, if there is one."""
        if self._round.requests:
            self._connection.data_received(self._round.requests.pop())

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """An answer."""
        if _OK not in bytes(data):
            raise SystemExit(bytes(data).decode(errors="replace"))
        self._round.unanswered -= 1
        if not self._round.unanswered:
            self._round.over.set_result(None)
        self._loop.call_soon(self.send)

    def is_closing(self) -> bool:
        """Never."""
        return False


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000, help="requests in a round (10,000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each size (5)")
    parser.add_argument("--accounts", type=int, default=10_000, help="accounts where there are many (10,000)")
    parser.add_argument("--carriers", type=int, default=50, help="carriers where there are many (50)")
    asked = parser.parse_args()
    uvloop.run(_measure(asked))


async def _measure(asked: argparse.Namespace) -> None:
    number.prepare()
    many = f"{asked.accounts:,} accounts, {asked.carriers} carriers"
    sizes = {"one account, one carrier": (1, 1), many: (asked.accounts, asked.carriers)}
    servers = {name: (accounts, _server(accounts, carriers)) for name, (accounts, carriers) in sizes.items()}
    gc.collect()
    gc.disable()  # a gateway has collections rarely
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for turn in range(asked.rounds):
        for name, (accounts, server) in servers.items():
            costs[name].append(await _round(server, turn * asked.n, asked.n, accounts))
    for name, each in costs.items():
        print(f"{name}: {min(each):.1f} us a request at least, {median(each):.1f} in the middle")


async def _round(server: Server, first: int, n: int, accounts: int) -> float:
    """Microseconds of processor time for each of `n` requests."""
    for k in range(first, first + n):
        number.read(traffic.recipient(k))  # what a number costs that was never seen, parts.py tells
    round = Round(list(traffic.requests(first, n, _PORT, time.time_ns() // 1_000_000, accounts)))
    clients = [Client(server, round) for _ in range(CONNECTIONS)]
    began = time.process_time()
    for client in clients:
        client.send()
    await round.over
    return (time.process_time() - began) / n * 1e6


def _server(accounts: int, carriers: int) -> Server:
    """A server as a gateway has it, of so many accounts with a key each, and of so many carriers that share the world."""
    clock, meter, request_id = Clock(), Meter(), RequestIds()
    quota = {traffic.OPERATION: 1_000_000}
    entries = {AccountId(f"bench{n}"): AccountEntry(AccountId(f"bench{n}"), "", "", quota, clock.now()) for n in range(accounts)}
    logins = [(account, *traffic.login(n)) for n, account in enumerate(entries)]
    keys = [RegisteredKey(id=AccessKeyId(key), account=one, user="", enabled=True, secret=secret) for one, key, secret in logins]
    register = Register(keys, (), dict.fromkeys(entries, quota))
    lines = {id: Carrier(id=id, host="", port=0, system_id="", password="") for n in range(carriers) for id in [CarrierId(f"c{n}")]}
    shares = {id: tuple(traffic.areas()[place::carriers]) if carriers > 1 else () for place, id in enumerate(lines)}
    router = Router([Route(id=f"to-{id}", carriers=(id,), prefixes=share) for id, share in shares.items()], lines)
    hold = cast(Hold, Kept())
    desk = Desk(hold, router, lines, lambda: entries, clock.now, Mint(clock.now, 0).ids, 86_400, meter)
    intake = Intake(
        desk,
        Nonces({}, clock.earliest),
        OwnTurns(clock.steady),
        Pressure(hold, 0),
        register=lambda: register,
        request_id=request_id,
        form=RefusalForm.BUSINESS,
        require_tls=False,
        meter=meter,
        real=clock.real,
    )
    ring = Ring(1000, now=clock.real, account_of=lambda key: "")
    return Server(intake.answer, host="", port=0, request_id=request_id, meter=meter, exchanges=ring)


if __name__ == "__main__":
    main()
