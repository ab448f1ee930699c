"""How long whoever commits rests after a transaction, so that more is asked meanwhile and the next one serves all of it.

A message's share of a transaction for 6 is 2.5 times what it is of one for 32, and without rests they are as small as can be.
Where few ask, they are answered soon. A rest ends early when enough wait, since those who wait for their answers ask for nothing
more meanwhile.
"""

BY_CALL = 0.0002
"""Seconds for each call that a transaction served."""
LONGEST = 0.001
"""Seconds. At 5 ms, 1,400 answers a second took 1.5 ms longer (p50) for the same processor time; at none they took as long as at
1 ms, for 4 % more of it."""
ENOUGH = 30
"""Calls that wait, with which a rest ends: of 10, 16, 18, 24, 30, 36 and none that with which 32 connections got most answers."""


def rest(served: int, longest: float = LONGEST) -> float:
    """The seconds to rest after a transaction that served so many calls. Who asks after the rest is served at once."""
    return min(BY_CALL * served, longest)
