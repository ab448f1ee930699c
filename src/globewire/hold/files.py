"""Files that are there whole or not at all, whenever the power goes: made under another name, flushed, then given their own."""

import os
import secrets
from pathlib import Path


def draft_of(path: Path) -> Path:
    """A new, empty file beside `path` that only its owner can read. OSError where it cannot be made."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return draft


def publish(draft: Path, path: Path, *, replace: bool = False) -> bool:
    """Give a draft its name, on the disk when this returns; False, and the draft is gone, where another has that name already
    and is not to be replaced."""
    flush(draft)
    if replace:
        draft.replace(path)
    else:
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
    flush(path.parent)
    return True


def flush(path: Path) -> None:
    """Flush what is in a file, or the names in a folder."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
