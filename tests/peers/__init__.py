"""Foreign SMPP peers for the tests; see `smsc.py` beside this file. `npm ci --prefix tests/peers` installs what they need."""
