"""What asyncpg raises when PostgreSQL is away, restarting, failing over or out of connections: try again later."""

import asyncpg

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    # This process was stopped for so long in the middle of a transaction that PostgreSQL has ended it.
    asyncpg.IdleInTransactionSessionTimeoutError,
    # Rows are locked in one order; should two ever meet all the same, one of them is to try again.
    asyncpg.DeadlockDetectedError,
    # A connection whose server was killed in the middle of a statement is in no known state.
    asyncpg.InternalClientError,
)
