"""`globewire openapi` prints the document."""

from cli.conftest import Run
from globewire import __version__
from globewire.wire.openapi import document


def test_the_document(run: Run) -> None:
    ran = run("openapi", "--server", "https://sms.example.com")
    assert (ran.code, ran.json) == (0, document(__version__, "https://sms.example.com"))
    assert run("openapi").json["servers"] == [{"url": "/"}]
    assert run("openapi", "--server", "nowhere").code == 2
