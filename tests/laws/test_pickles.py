"""What a gateway and the process that writes for it say to each other arrives whole, however it is cut up on its way."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from globewire.pickles import Pickles, pickled

VALUES = st.lists(
    st.one_of(st.none(), st.text(max_size=300), st.lists(st.tuples(st.integers(), st.binary(max_size=99)), max_size=5))
)


@given(VALUES, st.data())
def test_values_arrive_in_order_however_they_are_cut(values: list[object], data: st.DataObject) -> None:
    octets = b"".join(map(pickled, values))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=12)))
    pickles = Pickles()
    pieces = [octets[begin:end] for begin, end in pairwise([0, *cuts, len(octets)])]
    assert [value for piece in pieces for value in pickles.feed(piece)] == values
