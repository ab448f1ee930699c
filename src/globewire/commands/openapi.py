"""`globewire openapi`: the API as an OpenAPI 3.1 document, for viewers and generators. It reads no configuration."""

from typing import Annotated

import typer

from globewire import __version__
from globewire.commands import paper
from globewire.commands.client import check_endpoint
from globewire.commands.options import examples
from globewire.wire.openapi import document

app = typer.Typer()


@app.command("openapi", epilog=examples("openapi > openapi.json", "openapi --server https://sms.example.com"))
def openapi(
    server: Annotated[
        str, typer.Option("--server", metavar="URL", help="Where the API is; else where the document is read from.")
    ] = "",
) -> None:
    """Print the API as an OpenAPI 3.1 document: operations, parameters, replies, refusals, and the receipts that are pushed."""
    paper.as_json(document(__version__, check_endpoint(server) if server else "/"))
