"""A table is written so that a reader gets what was in it, and no cell of text as a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globewire.wire.table import FORMULA, line


def test_text_is_quoted_and_counts_are_not() -> None:
    assert line(("6591234567", 3, 'say "hi", twice\r\n', "")) == '"6591234567",3,"say ""hi"", twice\r\n",""\r\n'


@pytest.mark.parametrize("cell", ['=HYPERLINK("x")', "+65 1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"])
def test_a_formula_is_made_text(cell: str) -> None:
    assert next(csv.reader(io.StringIO(line((cell,)), newline=""))) == ["'" + cell]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(), min_size=1))
def test_what_is_written_is_read(cells: list[str | int]) -> None:
    """By another reader, but for the apostrophe and for NUL; and no cell of text begins as a formula does."""
    (read,) = csv.reader(io.StringIO(line(cells), newline=""), strict=True)
    texts = [(given, got) for given, got in zip(cells, read, strict=True) if isinstance(given, str)]
    assert not any(got.startswith(FORMULA) for _, got in texts)
    assert [got.removeprefix("'") if given.startswith(FORMULA) else got for given, got in texts] == [
        given.replace("\0", "\ufffd") for given, _ in texts
    ]
    assert [got for given, got in zip(cells, read, strict=True) if isinstance(given, int)] == [
        str(given) for given in cells if isinstance(given, int)
    ]
