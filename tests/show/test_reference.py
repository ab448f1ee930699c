"""The reference page holds every row of the tables that it is made from; OpenAPI is served beside it."""

import json
from html import escape, unescape

from globewire import __version__, errors
from globewire.verdict.outcome import STATUSES, WORDS
from globewire.wire.dialling import dialling_codes
from globewire.wire.history import HISTORY
from globewire.wire.openapi import document
from globewire.wire.operation import OPERATIONS
from show.conftest import Console


async def test_everything_is_there(console: Console) -> None:
    page = (await console.get("/console/reference")).text
    for operation in OPERATIONS.values():
        assert f'id="{operation.name}"' in page
        for each in operation.parameters:
            assert f"<code>{each.name}</code>" in page and each.description in unescape(page)
    for row in (*errors.rows(business=True), *errors.rows(business=False)):
        assert f"<code>{escape(row.code)}</code>" in page
    for word in filter(None, WORDS):
        assert f"<code>{word}</code>" in page
    for status in STATUSES:
        assert f"<code>{status:08X}</code>" in page
    for change in HISTORY:
        assert change.sentence in unescape(page)
    assert page.count('<th scope="row">') > len(dialling_codes())
    assert "<td>1.0.9</td>" in page


async def test_dialling_codes_are_searched(console: Console) -> None:
    found = (await console.get("/console/reference?country=hong")).text
    assert "Hong Kong" in found and "Singapore" not in found
    assert "Andorra" in (await console.get("/console/reference")).text
    nowhere = (await console.get("/console/reference?country=%3Cnowhere%3E")).text
    assert "No dialling code fits." in nowhere and 'value="&lt;nowhere&gt;"' in nowhere


async def test_openapi_is_served(console: Console) -> None:
    seen = await console.get("/openapi.json")
    assert (seen.status, seen.headers["content-type"]) == (200, "application/json")
    assert json.loads(seen.text) == document(__version__)
