"""`python -m globewire.testing` is the command `globewire` for a child process: it stops when its standard input ends, as it does
when the parent is gone, however that came about."""

import os
import runpy
import signal
import sys
import threading


def _stop_with_the_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=_stop_with_the_parent, daemon=True).start()
runpy.run_module("globewire", run_name="__main__", alter_sys=True)
