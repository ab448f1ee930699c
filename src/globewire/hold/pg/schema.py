"""The numbered migrations of the PostgreSQL database, and the check that a database fits this program.

Table `schema_version` says how many have run. A migration is never changed once released; another is added. The tables of
messages are partitioned by day; their partitions are made and dropped by `days`.
"""

from typing import Any

import asyncpg

from globewire.hold.schema import SchemaFault

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE message(
      id bigint NOT NULL PRIMARY KEY, account text NOT NULL, access_key text NOT NULL, request_id text NOT NULL,
      recipient text NOT NULL, sender text NOT NULL, text text NOT NULL, type text NOT NULL, task_id text NOT NULL,
      channel text NOT NULL, encoding text NOT NULL, segments integer NOT NULL, country text NOT NULL,
      country_name text NOT NULL, region text NOT NULL, operator text NOT NULL, accepted_at bigint NOT NULL,
      validity integer NOT NULL, expires_at bigint NOT NULL, decision text NOT NULL,
      state text NOT NULL DEFAULT 'accepted', carrier text NOT NULL DEFAULT '', error_code text NOT NULL DEFAULT '',
      error text NOT NULL DEFAULT '', changed_at bigint NOT NULL, ended_at bigint NOT NULL DEFAULT 0,
      told boolean NOT NULL DEFAULT false) PARTITION BY RANGE(id);
    CREATE INDEX message_open ON message(expires_at) WHERE ended_at = 0;
    CREATE TABLE part(
      message bigint NOT NULL, sequence integer NOT NULL, total integer NOT NULL, carrier text NOT NULL,
      carrier_id text NOT NULL, state text NOT NULL, error text NOT NULL DEFAULT '', at bigint NOT NULL,
      settled_at bigint NOT NULL DEFAULT 0, PRIMARY KEY(message, sequence)) PARTITION BY RANGE(message);
    CREATE INDEX part_carrier_id ON part(carrier_id, carrier);
    CREATE TABLE note(
      id bigint GENERATED ALWAYS AS IDENTITY, message bigint NOT NULL, at bigint NOT NULL, what text NOT NULL,
      detail text NOT NULL) PARTITION BY RANGE(message);
    CREATE INDEX note_message ON note(message, id);
    CREATE TABLE sending(
      message bigint PRIMARY KEY, carrier text NOT NULL, due_at bigint NOT NULL, leased boolean NOT NULL DEFAULT false,
      tried text NOT NULL DEFAULT '[]') WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
    CREATE INDEX sending_due ON sending(carrier, due_at, message);
    CREATE TABLE heard(
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, carrier text NOT NULL, carrier_ids text NOT NULL,
      recipient text NOT NULL, status text NOT NULL, error text NOT NULL, marked boolean NOT NULL, heard_at bigint NOT NULL,
      due_at bigint, tries integer NOT NULL DEFAULT 0)
      WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
    CREATE INDEX heard_due ON heard(due_at, id) WHERE due_at IS NOT NULL;
    CREATE INDEX heard_orphan ON heard(heard_at) WHERE due_at IS NULL;
    CREATE TABLE callback(
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account text NOT NULL, message bigint NOT NULL UNIQUE,
      tries integer NOT NULL DEFAULT 0, dead boolean NOT NULL DEFAULT false)
      WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
    CREATE INDEX callback_queue ON callback(account, dead, id);
    CREATE TABLE outbox(account text PRIMARY KEY, due_at bigint NOT NULL DEFAULT 0, last text NOT NULL DEFAULT '');
    CREATE TABLE nonce(until bigint NOT NULL, mark bigint NOT NULL, PRIMARY KEY(until, mark));
    CREATE TABLE once(
      account text NOT NULL, key text NOT NULL, content text NOT NULL, answer text NOT NULL, until bigint NOT NULL,
      PRIMARY KEY(account, key));
    CREATE INDEX once_until ON once(until);
    CREATE TABLE conversion(
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account text NOT NULL, message bigint NOT NULL,
      delivered boolean NOT NULL, rate double precision NOT NULL, at bigint NOT NULL);
    CREATE TABLE owner(what text PRIMARY KEY, owner text NOT NULL, until bigint NOT NULL);
    CREATE TABLE quota(name text PRIMARY KEY, due double precision NOT NULL, seen bigint NOT NULL);
    CREATE TABLE account(
      id text PRIMARY KEY, sender text NOT NULL, callback text NOT NULL, callback_secret bytea NOT NULL,
      quota text NOT NULL, created_at bigint NOT NULL);
    CREATE TABLE access_key(
      id text PRIMARY KEY, account text NOT NULL, username text NOT NULL, sealed bytea NOT NULL, token bytea NOT NULL,
      enabled boolean NOT NULL, created_at bigint NOT NULL);
    CREATE TABLE ram_user(account text NOT NULL, name text NOT NULL, policies text NOT NULL, PRIMARY KEY(account, name));
    CREATE TABLE policy(account text NOT NULL, name text NOT NULL, document text NOT NULL, PRIMARY KEY(account, name));
    CREATE TABLE carrier(
      id text PRIMARY KEY, bound integer NOT NULL, binds integer NOT NULL, in_flight integer NOT NULL,
      state text NOT NULL, at bigint NOT NULL);
    CREATE TABLE book(version bigint NOT NULL);
    INSERT INTO book VALUES(1);
    CREATE TABLE tended(blanked bigint NOT NULL);
    INSERT INTO tended VALUES(0);
    CREATE TABLE copy(source text NOT NULL, done boolean NOT NULL DEFAULT false);
    CREATE TABLE copied(name text PRIMARY KEY, rows bigint NOT NULL);
    """,
    "ALTER TABLE part ADD COLUMN given_id text NOT NULL DEFAULT ''",
    # None of them names the state: an index that did would cost each change of it an entry in all the others.
    """
    CREATE INDEX message_number ON message("right"(recipient, 6), id);
    CREATE INDEX message_task ON message(task_id, id) WHERE task_id <> '';
    CREATE INDEX message_amiss ON message(id) WHERE ended_at > 0 AND error_code <> 'DELIVERED';
    """,
    "CREATE TABLE carrier_order(carrier text PRIMARY KEY, paused_at bigint NOT NULL, rebind_at bigint NOT NULL)",
    # A push has the messages that it told of: that costs 8 bytes each, where a message that had its push would be written anew.
    # The few that were pushed several times have the ids of these pushes (" 12 15"): their callback does, and they once told.
    """
    CREATE TABLE push(
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account text NOT NULL, at bigint NOT NULL, took integer NOT NULL,
      status integer NOT NULL, acknowledged boolean NOT NULL, reason text NOT NULL, said text NOT NULL,
      reports integer NOT NULL, messages bigint[] NOT NULL DEFAULT '{}');
    CREATE INDEX push_account ON push(account, at);
    ALTER TABLE message ADD COLUMN pushes text NOT NULL DEFAULT '';
    ALTER TABLE callback ADD COLUMN pushes text NOT NULL DEFAULT '';
    ALTER TABLE part ADD COLUMN submitted_at bigint NOT NULL DEFAULT 0;
    """,
    "ALTER TABLE carrier ADD COLUMN figures text NOT NULL DEFAULT ''",
)

_LOCK = 0x676C6F6265  # "globe": one migration at a time, whoever starts it


async def migrate(connection: Any) -> int:
    """Run the migrations that are missing, each in a transaction of its own; how many ran. SchemaFault as `version`."""
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS schema_version(version integer NOT NULL)")
        had = await version(connection)
        for number, script in enumerate(MIGRATIONS[had:], start=had + 1):
            async with connection.transaction():
                await connection.execute(script)
                await connection.execute("DELETE FROM schema_version")
                await connection.execute("INSERT INTO schema_version VALUES($1)", number)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return len(MIGRATIONS) - had


async def version(connection: Any) -> int:
    """How many migrations the database has seen. SchemaFault where they are more than this program knows."""
    try:
        had = int(await connection.fetchval("SELECT max(version) FROM schema_version") or 0)
    except asyncpg.UndefinedTableError:
        had = 0
    if had > len(MIGRATIONS):
        raise SchemaFault(
            f"the database was written by a newer Globewire (schema {had}, this program knows {len(MIGRATIONS)}): "
            "install that version, or open another database"
        )
    return had


async def check(connection: Any) -> None:
    """SchemaFault where the database is older or newer than this program, or a copy into it has been broken off."""
    await check_version(connection)
    if await connection.fetchval("SELECT EXISTS (SELECT FROM copy WHERE NOT done)"):
        raise SchemaFault("a copy into this database was begun and not finished: run the same `globewire copy` again")


async def check_version(connection: Any) -> None:
    """SchemaFault where the database is older or newer than this program."""
    had = await version(connection)
    if had < len(MIGRATIONS):
        was = (
            f"was written by an older Globewire (schema {had}, this program needs {len(MIGRATIONS)})"
            if had
            else "is not set up yet"
        )
        raise SchemaFault(f"the database {was}: run `globewire migrate`")


async def checksummed(connection: Any) -> bool:
    """Whether the server would see that its disk has altered a page."""
    return bool(await connection.fetchval("SHOW data_checksums") == "on")


async def check_durable(connection: Any) -> None:
    """SchemaFault where the server would say that a transaction is committed before it is on disk."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        if await connection.fetchval("SELECT current_setting($1)", setting) == "off":
            raise SchemaFault(
                f"the database server runs with {setting} = off, so messages answered OK could be lost: "
                f"set it to on (ALTER SYSTEM SET {setting} = 'on'; SELECT pg_reload_conf();) and look for where the user or the "
                "database sets it"
            )
