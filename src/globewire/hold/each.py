"""Of many that are asked for together, what each gave: one that fails does not hold up the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from globewire.errors import Unavailable

K = TypeVar("K")
T = TypeVar("T")


async def each(of: Iterable[K], ask: Callable[[K], Awaitable[T]]) -> dict[K, T]:
    """What `ask` gave for each that it did not raise Unavailable for; that is raised where it did for all."""
    of = tuple(of)
    gave = dict(zip(of, await asyncio.gather(*map(ask, of), return_exceptions=True), strict=True))
    faults = [fault for fault in gave.values() if isinstance(fault, BaseException)]
    for fault in faults:
        if not isinstance(fault, Unavailable) or len(faults) == len(gave):
            raise fault
    return {one: what for one, what in gave.items() if not isinstance(what, BaseException)}
