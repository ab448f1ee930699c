"""A gateway that breaks its promise: it commits and never flushes. Run in the place of `python -m globewire`, and then by itself in
the place of the process that writes for it."""

import sys
from pathlib import Path
from typing import Any

import apsw

from globewire.cli import main
from globewire.hold import writer_main, writer_process


class Careless(apsw.Connection):
    """A connection that hears FULL and does OFF."""

    def execute(self, statements: str, *parameters: Any, **options: Any) -> apsw.Cursor:
        return super().execute(statements.replace("synchronous = FULL", "synchronous = OFF"), *parameters, **options)


if __name__ == "__main__":
    setattr(apsw, "Connection", Careless)  # noqa: B010 - what the module itself gives out
    match sys.argv[1:]:
        case [descriptor, parent, path] if descriptor.isdigit():
            writer_main.main(int(descriptor), int(parent), Path(path))
        case _:
            writer_process.PROGRAM = (__file__,)
            sys.exit(main())
