"""`globewire serve`: read the configuration, run the gateway, and say on the way how to use it."""

import dataclasses
import errno
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from globewire import __version__, gateway
from globewire.commands import journal, paper
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.shop import checked, configuration
from globewire.commands.trouble import FAILED, Trouble
from globewire.config import Config, Listen
from globewire.config.kinds import LISTEN
from globewire.declare import FIRST
from globewire.errors import Unavailable, reason
from globewire.gateway import Gateway
from globewire.hold.schema import HoldAway, SchemaFault
from globewire.show.emulator import PREFIX
from globewire.vault import VaultFault

app = typer.Typer()


class Stage(StrEnum):
    """The stages that can be run by themselves."""

    ACCEPT = "accept"
    SEND = "send"
    SETTLE = "settle"
    TELL = "tell"
    TEND = "tend"


@app.command(
    "serve",
    epilog=examples(
        "serve",
        "serve --config /etc/globewire.toml",
        "serve --listen 0.0.0.0:8018",
        "serve --only accept --only settle",
        "serve --listen 127.0.0.1:0 --json",
    ),
)
def serve(
    config: ConfigOption = None,
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where the API listens; wins over [api] listen. Port 0: any.")
    ] = "",
    only: Annotated[
        list[Stage] | None,
        typer.Option("--only", metavar="STAGE", help=f"Run this stage alone; repeat it for several: {', '.join(Stage)}."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the gateway until it is told to stop (SIGTERM, or Ctrl-C).

    Without a configuration the API listens on 127.0.0.1:8018 and messages go to a simulated carrier. The first start makes an
    account and prints its AccessKey; the secret is not shown again. Changes made by other commands are taken up within a
    second. Events are logged to stderr. With --json one line is printed once it listens: api, console, emulator, metrics,
    simulator, stages, warnings and, on the first start, access_key_id and access_key_secret.
    """
    settings = configuration(config)
    if listen:
        settings = dataclasses.replace(
            settings, api=dataclasses.replace(settings.api, listen=checked(LISTEN, listen, Listen, "--listen"))
        )
    if settings.console_fault:
        raise Trouble(settings.console_fault, "or serve no console: [console] enabled = false")
    journal.keep(settings.log)
    stages = frozenset(stage.value for stage in only or Stage)
    if not _run(settings, stages, config, as_json):
        raise Trouble("a stage ended by itself", "see the log above; start the gateway again", code=FAILED)


def _run(settings: Config, stages: frozenset[str], config: Path | None, as_json: bool) -> bool:
    started = []

    def ready(running: Gateway) -> None:
        started.append(running)
        if as_json:
            paper.as_json(_line(settings, stages, running), line=True)
        else:
            _banner(settings, stages, running, config)

    try:
        return uvloop.run(gateway.run(settings, stages, ready))
    except HoldAway as fault:
        raise Trouble(str(fault), "see that it runs, and start the gateway again", code=FAILED) from fault
    except (SchemaFault, VaultFault) as fault:
        raise Trouble(str(fault)) from fault
    except Unavailable as fault:
        if started:
            raise
        raise Trouble(str(fault), "see what it said above; start the gateway again", code=FAILED) from fault
    except OSError as fault:
        if started:
            raise
        raise _cannot_start(settings, fault) from fault


def _cannot_start(settings: Config, fault: OSError) -> Trouble:
    if fault.errno == errno.EADDRINUSE:
        advice = "stop what listens there, or choose another port: --listen 127.0.0.1:0 takes any that is free"
        return Trouble(f"the address {settings.api.listen} (or the simulator's) is in use already", advice, code=FAILED)
    if fault.errno == errno.EADDRNOTAVAIL:
        return Trouble(f"this machine has no address {settings.api.listen.host}", "listen on 127.0.0.1, or on 0.0.0.0 for all")
    return Trouble(f"the gateway cannot start: {reason(fault)}", "check [api] listen, certificate and certificate_key")


def _line(settings: Config, stages: frozenset[str], running: Gateway) -> dict[str, object]:
    said: dict[str, object] = {
        "api": _url(settings, running.api),
        "metrics": _metrics(settings, running),
        "console": _console(settings, running),
        "emulator": _emulator(settings, running),
        "simulator": _pair(running.simulator),
        "stages": [stage for stage in Stage if stage in stages],
        "warnings": [str(warning) for warning in settings.warnings],
    }
    if running.first_key:
        said |= dict(zip(("access_key_id", "access_key_secret"), running.first_key, strict=True))
    return said


def _banner(settings: Config, stages: frozenset[str], running: Gateway, config: Path | None) -> None:
    paper.say(f"Globewire {__version__}")
    paper.facts(
        [
            ("  API", f"{url}  (set it as the endpoint of an SDK)" if (url := _url(settings, running.api)) else ""),
            ("  Console", _console(settings, running)),
            ("  Metrics", _metrics(settings, running)),
            ("  Emulator", f"{address}  (its API for tests)" if (address := _emulator(settings, running)) else ""),
            ("  Simulator", f"{address}, a carrier that delivers nothing" if (address := _pair(running.simulator)) else ""),
            ("  Carriers", ", ".join(carrier.id for carrier in settings.carriers)),
            ("  Database", settings.hold.place),
            ("  Stages", "" if stages == frozenset(Stage) else ", ".join(stage for stage in Stage if stage in stages)),
        ]
    )
    if running.first_key:
        _first(*running.first_key)
    if running.api:
        paper.say("\nSend a first message from another terminal:\n")
        paper.say("    " + _first_message(settings, running.api, config))
    for warning in settings.warnings:
        paper.warn(f"warning: {warning}")
    paper.say("\nStop it with Ctrl-C.")


def _first(id: str, secret: str) -> None:
    paper.say(f"\nThis first start made the account {FIRST!r} and its AccessKey. The secret will not be shown again:\n")
    paper.say(f"    AccessKey ID      {id}")
    paper.say(f"    AccessKey secret  {secret}")


def _first_message(settings: Config, api: tuple[str, int], config: Path | None) -> str:
    named = f" --config {config}" if config else ""
    usual = api == ("127.0.0.1", settings.api.listen.port)
    told = "" if usual else f" --endpoint {_url(settings, api)}"
    return f'globewire send{named}{told} --to 6591234567 --text "Hello" --wait'


def _url(settings: Config, address: tuple[str, int] | None) -> str | None:
    return f"{'https' if settings.api.certificate else 'http'}://{_pair(address)}" if address else None


def _console(settings: Config, running: Gateway) -> str | None:
    return f"{_url(settings, running.api)}/console" if running.api and settings.shows_console else None


def _emulator(settings: Config, running: Gateway) -> str | None:
    return f"{_url(settings, running.api)}{PREFIX}/" if running.emulates else None


def _metrics(settings: Config, running: Gateway) -> str | None:
    """Where they are: at their own address, else at the API's where they are there."""
    if running.metrics:
        return f"http://{_pair(running.metrics)}/metrics"
    return f"{_url(settings, running.api)}/metrics" if running.api and settings.metrics_at_api else None


def _pair(address: tuple[str, int] | None) -> str | None:
    return str(Listen(*address)) if address else None
