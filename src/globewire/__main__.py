"""`python -m globewire` is the command `globewire`."""

import sys

from globewire.cli import main

sys.exit(main())
