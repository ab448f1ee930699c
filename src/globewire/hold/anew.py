"""A file without checksums is written anew, once, so that it has them."""

import shutil
from contextlib import closing
from pathlib import Path

import apsw
import structlog

from globewire.hold.schema import SchemaFault
from globewire.hold.sums import OCTETS, connect

log = structlog.get_logger()


def check_room(path: Path) -> None:
    """SchemaFault where the disk has no room for `write_anew`: for what is written, and for what may have to be taken back."""
    if shutil.disk_usage(path.parent).free < 2 * path.stat().st_size:
        raise _no_room(path)


def write_anew(path: Path, connection: apsw.Connection) -> None:
    """Write a file anew that has no checksums yet, so that it has: all of it or, whenever the power goes, nothing.

    Nobody else may have it open, and what is in it must have been found sound. SchemaFault where the disk has no room after all."""
    size = path.stat().st_size
    log.warning("the database is written anew, once, with checksums over its pages: a big one takes a while", octets=size)
    connection.pragma("journal_mode", "delete")
    connection.pragma("temp_store_directory", str(path.parent.resolve()))
    draft = path.with_name(f"{path.name}.anew")
    _remove(draft)  # what a crash left
    draft.touch(0o600)
    try:
        connection.reserve_bytes(reserve=OCTETS)
        connection.execute("VACUUM INTO ?", (str(draft),))
        with closing(connect(draft)) as whole:
            # What does not fit into memory has gone to the disk before the first page said that there are checksums.
            whole.pragma("checksum_verification", "off")
            whole.pragma("journal_mode", "off")
            whole.execute("VACUUM")
            whole.pragma("checksum_verification", "on")
            with connection.backup("main", whole, "main") as copying:
                copying.step()
    except apsw.FullError as fault:
        raise _no_room(path) from fault
    finally:
        _remove(draft)
        connection.pragma("temp_store_directory", "")


def _remove(draft: Path) -> None:
    for suffix in ("", "-journal"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _no_room(path: Path) -> SchemaFault:
    return SchemaFault(
        f"the database {path} is to be written anew once, with checksums over its pages, and its disk has no room for that: "
        f"make room for {2 * path.stat().st_size // 1024**2 + 1:,} MiB"
    )
