"""Which of asyncpg's exceptions mean that the database is not there now, and which that one payload cannot be written."""

import asyncpg

AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Another transaction was in the way; the same again may pass."""

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


def away(fault: BaseException) -> bool:
    """Whether the server cannot serve now: unreachable, stopping, read-only, full. No payload is to blame.

    asyncpg's own complaint about a value is an InterfaceError too, but a ValueError beside.
    """
    return isinstance(fault, _AWAY) and not isinstance(fault, ValueError)


def unreachable(fault: BaseException) -> bool:
    """Whether a connection that could not be made may be made later, with nothing changed here: it is not the password, say."""
    return away(fault) and not isinstance(fault, asyncpg.InvalidAuthorizationSpecificationError)


def stale(fault: BaseException) -> bool:
    """Whether the connection it came over is of no use any more: its server does not write."""
    return away(fault) and not isinstance(fault, (asyncpg.InsufficientResourcesError, asyncpg.QueryCanceledError))
