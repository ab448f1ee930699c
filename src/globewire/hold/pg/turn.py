"""One transaction on a connection, as the works of a line see it. It begins with the first statement; where one statement is all
that there is to do, it is the transaction, and costs one round trip instead of three.
"""

from collections.abc import Sequence
from typing import Any


class Turn:
    """The statements of one transaction. Its line ends it."""

    __slots__ = ("_begun", "_connection", "_last", "_over")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._begun = self._last = self._over = False

    def last(self) -> None:
        """The work that is given it next is the last one."""
        self._last = True

    async def only(self, statement: str, *arguments: Any) -> Sequence[Any]:
        """The rows of a statement after which its work writes no more."""
        if self._begun or not self._last:
            return await self.fetch(statement, *arguments)
        self._over = True
        rows: Sequence[Any] = await self._connection.fetch(statement, *arguments)
        return rows

    async def look(self, statement: str, *arguments: Any) -> Sequence[Any]:
        """The rows of a statement that writes nothing, and may come after the only one that does."""
        rows: Sequence[Any] = await self._connection.fetch(statement, *arguments)
        return rows

    async def fetch(self, statement: str, *arguments: Any) -> Sequence[Any]:
        """The rows of a statement."""
        await self._begin()
        rows: Sequence[Any] = await self._connection.fetch(statement, *arguments)
        return rows

    async def fetchrow(self, statement: str, *arguments: Any) -> Any:
        """The first row of a statement, or None."""
        await self._begin()
        return await self._connection.fetchrow(statement, *arguments)

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        """The first value of the first row of a statement, or None."""
        await self._begin()
        return await self._connection.fetchval(statement, *arguments)

    async def execute(self, statement: str, *arguments: Any) -> str:
        """Its command's tag: "DELETE 5"."""
        await self._begin()
        tag: str = await self._connection.execute(statement, *arguments)
        return tag

    async def commit(self) -> None:
        """Make it last."""
        if self._begun:
            await self._connection.execute("COMMIT")

    async def break_off(self) -> None:
        """Undo it."""
        if self._begun:
            await self._connection.execute("ROLLBACK")

    async def _begin(self) -> None:
        assert not self._over, "a statement came after the only one"
        if not self._begun:
            self._begun = True
            await self._connection.execute("BEGIN")
