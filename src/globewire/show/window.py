"""What the pages look at and ask for: ports and values that `gateway` hands over. Pages know no stage and no engine."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request

from globewire.hold.port import AccountEntry, Hold
from globewire.message import AccountId, CarrierId, Millis
from globewire.plan import Carrier
from globewire.show.emulation import Emulation
from globewire.show.history import History
from globewire.show.keeping import Keeping
from globewire.verdict.admit import RefusalForm, Register
from globewire.verdict.route import Router
from globewire.wire.exchange import Exchange, Exchanges
from globewire.wire.request import Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """`call` has a request answered by the API as if it had come over the wire. `left` tells how many calls a quota leaves, by
    account, operation and calls a second. `emulating`: messages go to the simulated carrier alone, on this machine. `validity` is
    the default of `ValidityPeriod`, in seconds. `stopping`: the gateway is about to end. `console`: its pages are shown;
    `emulation`: what tests can do here, None where this is no emulator."""

    hold: Hold
    now: Callable[[], Millis]
    call: Callable[[Raw], Awaitable[Exchange]]
    router: Router
    carriers: Mapping[CarrierId, Carrier]
    register: Callable[[], Register]
    accounts: Callable[[], Mapping[AccountId, AccountEntry]]
    exchanges: Exchanges
    history: History
    keeper: Keeping
    left: Callable[[AccountId, str, int], Awaitable[int]]
    refusal_form: RefusalForm
    require_tls: bool
    validity: int
    emulating: bool
    stopping: Callable[[], bool]
    console: bool
    emulation: Emulation | None


def window(request: Request) -> Window:
    """The window of the site that serves this request."""
    found = request.app.state.window
    assert isinstance(found, Window)
    return found
