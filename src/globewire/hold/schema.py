"""The numbered migrations of the SQLite file, and the check that a file fits this program.

`PRAGMA user_version` says how many have run, `application_id` that the file is ours. A migration is never changed once
released; another is added, and tests/laws/released has a file as the first one left it.
"""

import apsw

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE message(
      id INTEGER PRIMARY KEY, account TEXT NOT NULL, access_key TEXT NOT NULL, request_id TEXT NOT NULL,
      recipient TEXT NOT NULL, sender TEXT NOT NULL, text TEXT NOT NULL, type TEXT NOT NULL, task_id TEXT NOT NULL,
      channel TEXT NOT NULL, encoding TEXT NOT NULL, segments INTEGER NOT NULL, country TEXT NOT NULL,
      country_name TEXT NOT NULL, region TEXT NOT NULL, operator TEXT NOT NULL, accepted_at INTEGER NOT NULL,
      validity INTEGER NOT NULL, expires_at INTEGER NOT NULL, decision TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'accepted', carrier TEXT NOT NULL DEFAULT '', error_code TEXT NOT NULL DEFAULT '',
      error TEXT NOT NULL DEFAULT '', changed_at INTEGER NOT NULL, ended_at INTEGER NOT NULL DEFAULT 0,
      told_at INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE INDEX message_open ON message(expires_at) WHERE ended_at = 0;
    CREATE TABLE sending(
      message INTEGER PRIMARY KEY, carrier TEXT NOT NULL, due_at INTEGER NOT NULL, leased INTEGER NOT NULL DEFAULT 0,
      tried TEXT NOT NULL DEFAULT '[]') STRICT;
    CREATE INDEX sending_due ON sending(carrier, due_at, message);
    CREATE TABLE part(
      message INTEGER NOT NULL, sequence INTEGER NOT NULL, total INTEGER NOT NULL, carrier TEXT NOT NULL,
      carrier_id TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '', at INTEGER NOT NULL,
      settled_at INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(message, sequence)) STRICT, WITHOUT ROWID;
    CREATE INDEX part_carrier_id ON part(carrier_id, carrier);
    CREATE TABLE heard(
      id INTEGER PRIMARY KEY AUTOINCREMENT, carrier TEXT NOT NULL, carrier_ids TEXT NOT NULL, recipient TEXT NOT NULL,
      status TEXT NOT NULL, error TEXT NOT NULL, marked INTEGER NOT NULL, heard_at INTEGER NOT NULL,
      due_at INTEGER, tries INTEGER NOT NULL DEFAULT 0
      ) STRICT;
    CREATE INDEX heard_due ON heard(due_at) WHERE due_at IS NOT NULL;
    CREATE TABLE callback(
      id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, message INTEGER NOT NULL,
      tries INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE INDEX callback_queue ON callback(account, dead, id);
    CREATE INDEX callback_message ON callback(message);
    CREATE TABLE outbox(account TEXT PRIMARY KEY, due_at INTEGER NOT NULL, last TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;
    CREATE TABLE note(
      id INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER NOT NULL, at INTEGER NOT NULL, what TEXT NOT NULL,
      detail TEXT NOT NULL) STRICT;
    CREATE INDEX note_message ON note(message);
    CREATE TABLE nonce(until INTEGER NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY(until, mark)) STRICT, WITHOUT ROWID;
    CREATE TABLE conversion(
      id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, message INTEGER NOT NULL, delivered INTEGER NOT NULL,
      rate REAL NOT NULL, at INTEGER NOT NULL) STRICT;
    CREATE TABLE account(
      id TEXT PRIMARY KEY, sender TEXT NOT NULL, callback TEXT NOT NULL, callback_secret BLOB NOT NULL,
      quota TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
    CREATE TABLE access_key(
      id TEXT PRIMARY KEY, account TEXT NOT NULL, user TEXT NOT NULL, sealed BLOB NOT NULL, token BLOB NOT NULL,
      enabled INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT;
    CREATE TABLE ram_user(
      account TEXT NOT NULL, name TEXT NOT NULL, policies TEXT NOT NULL, PRIMARY KEY(account, name)) STRICT;
    CREATE TABLE policy(
      account TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY(account, name)) STRICT;
    CREATE TABLE carrier(
      id TEXT PRIMARY KEY, bound INTEGER NOT NULL, binds INTEGER NOT NULL, in_flight INTEGER NOT NULL,
      state TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
    CREATE TABLE book(version INTEGER NOT NULL) STRICT;
    INSERT INTO book VALUES(1);
    CREATE TABLE once(
      account TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, answer TEXT NOT NULL, until INTEGER NOT NULL,
      PRIMARY KEY(account, key)) STRICT, WITHOUT ROWID;
    CREATE INDEX once_until ON once(until);
    CREATE TABLE owner(what TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE quota(name TEXT PRIMARY KEY, due REAL NOT NULL, seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    PRAGMA application_id = 1735159650;
    """,
    "ALTER TABLE part ADD COLUMN given_id TEXT NOT NULL DEFAULT '';",
    # Led by the hour (ids in 3,600,000 ms): what is kept now touches the current hour's part of them only, however much is held.
    """
    CREATE INDEX message_number ON message(id / 360000000000, substr(recipient, -6));
    CREATE INDEX message_task ON message(id / 360000000000, task_id) WHERE task_id <> '';
    CREATE INDEX message_amiss ON message(id, state, error_code) WHERE ended_at > 0 AND error_code <> 'DELIVERED';
    """,
    """
    CREATE TABLE carrier_order(
      carrier TEXT PRIMARY KEY, paused_at INTEGER NOT NULL, rebind_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    """,
    # A message has the ids of its pushes (" 12 15") once it was told, its callback has them before.
    """
    CREATE TABLE push(
      id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, at INTEGER NOT NULL, took INTEGER NOT NULL,
      status INTEGER NOT NULL, acknowledged INTEGER NOT NULL, reason TEXT NOT NULL, said TEXT NOT NULL,
      reports INTEGER NOT NULL) STRICT;
    CREATE INDEX push_account ON push(account, at);
    ALTER TABLE message ADD COLUMN pushes TEXT NOT NULL DEFAULT '';
    ALTER TABLE callback ADD COLUMN pushes TEXT NOT NULL DEFAULT '';
    ALTER TABLE part ADD COLUMN submitted_at INTEGER NOT NULL DEFAULT 0;
    """,
    "ALTER TABLE carrier ADD COLUMN figures TEXT NOT NULL DEFAULT '';",
    # Checksums of each message, for the time before pages had them (see `sums`).
    """
    ALTER TABLE message ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE message ADD COLUMN text_seal INTEGER NOT NULL DEFAULT 0;
    """,
    """
    ALTER TABLE message DROP COLUMN seal;
    ALTER TABLE message DROP COLUMN text_seal;
    """,
)
OURS = 0x676C6F62
"""The `application_id`: "glob"."""
RESTORE = "restore your last backup (docs/backup.md), and keep this file: `sqlite3 COPY .recover` may read some of it"
"""What to do about a file that is damaged."""


class SchemaFault(Exception):
    """The file cannot be used by this program; the sentence says what to do."""


class HoldAway(SchemaFault):
    """The database cannot be reached now, whatever is in it: later it may."""


def migrate(connection: apsw.Connection) -> int:
    """Run the migrations that are missing, each in a transaction of its own; how many ran."""
    had = version(connection)
    for number, script in enumerate(MIGRATIONS[had:], start=had + 1):
        connection.execute(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;").fetchall()
    return len(MIGRATIONS) - had


def version(connection: apsw.Connection) -> int:
    """How many migrations the file has seen: 0 for one that is to be made. SchemaFault where they are more than this program
    knows, or the file is not ours."""
    objects, application = (connection.execute(q).get for q in ("SELECT count(*) FROM sqlite_schema", "PRAGMA application_id"))
    if application != OURS and objects:
        raise SchemaFault("the database is another program's: check [hold] url, and give a path of its own")
    had = int(connection.execute("PRAGMA user_version").get)
    if had > len(MIGRATIONS):
        raise SchemaFault(
            f"the database was written by a newer Globewire (schema {had}, this program knows {len(MIGRATIONS)}): "
            "install that version, or open another database"
        )
    return had
