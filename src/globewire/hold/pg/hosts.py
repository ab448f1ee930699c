"""Connections to whichever of a URL's hosts writes.

asyncpg tries the hosts of a URL by itself, but one after another within one time limit: a host that is switched off, and so
says nothing, would use it all up, and the one that was promoted in its stead would never be asked.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg

EACH = 3.0
"""Seconds for one host."""


class Hosts:
    """The hosts of a URL ("postgresql://user@one:5432,two:5432/name"), each as a URL of its own."""

    def __init__(self, url: str, **options: Any) -> None:
        self._urls, self._options = split(url), options

    async def connect(self, *_: Any, **more: Any) -> Any:
        """A connection to the first host that writes, which is asked first from now on; else what the last one said."""
        said: Exception = OSError("the URL names no host")
        for url in self._urls:
            try:
                connection = await asyncpg.connect(url, **{**self._options, "timeout": EACH, **more})
            except (OSError, asyncpg.PostgresError, asyncpg.InternalClientError, TimeoutError) as fault:
                said = fault
                continue
            self._urls = [url, *(other for other in self._urls if other != url)]
            return connection
        raise said


def split(url: str) -> Sequence[str]:
    """One URL for each of the hosts before the path; hosts that stand elsewhere (?host=) are left to asyncpg."""
    scheme, _, rest = url.partition("://")
    authority, slash, tail = rest.partition("/")
    user, at, hosts = authority.rpartition("@")
    return [f"{scheme}://{user}{at}{host}{slash}{tail}" for host in hosts.split(",")]
