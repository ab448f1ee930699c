"""`globewire simulate` lets in whom it is told to, as PyPI's smpplib sees it."""

from pathlib import Path

import pytest
import smpplib.client
import smpplib.exceptions

from cli.running import started


def test_who_may_bind_can_be_said(place: Path) -> None:
    options = ("--listen", "127.0.0.1:0", "--json", "--system-id", "me", "--password", "sesame")
    with started("simulate", *options, cwd=place) as (_, first):
        host, _, port = first["simulator"].rpartition(":")
        client = smpplib.client.Client(host, int(port))
        client.connect()
        with pytest.raises(smpplib.exceptions.PDUError, match="Invalid Password"):
            client.bind_transceiver(system_id="me", password="wrong")
        client.bind_transceiver(system_id="me", password="sesame")
        client.unbind()
        client.disconnect()
