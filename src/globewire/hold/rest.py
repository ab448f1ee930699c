"""How long whoever commits rests after a transaction, so that more is asked meanwhile and the next one serves all of it.

A message's share of a transaction for 6 is 2.5 times what it is of one for 32, and without rests they are as small as can be. The
rest grows with how many were served: under load it is long and transactions are large; where few ask, they are answered soon. It
ends early when enough wait, since those who wait for their answers ask for nothing more meanwhile.
"""

BY_TIME = 2.0
"""The rest at most, by how long the transaction took."""
BY_CALL = 0.0002
"""Seconds for each call that it served."""
LONGEST = 0.005
"""Seconds."""
ENOUGH = 30
"""Calls that wait, with which a rest ends: of 10, 16, 18, 24, 30, 36 and none that with which 32 connections got most answers."""


def rest(took: float, served: int) -> float:
    """The seconds to rest after a transaction that took so many, and served so many calls. Who asks after the rest is served at
    once."""
    return min(BY_TIME * took, BY_CALL * served, LONGEST)
