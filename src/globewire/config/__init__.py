"""TOML and the environment -> one frozen `Config`. Every mistake is found in one reading, and each says what to write instead.

`reader` walks the tables of `fields`, whose values are of the kinds in `kinds`; `settings` has the dataclasses. Here the
sections come together: what one says of another is checked here. Relative paths are relative to the working directory.
"""

import dataclasses
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from globewire.config.fields import ROOT_FIELDS
from globewire.config.reader import ConfigFault, Mistake, Notes, Place, Section, fill, listed, shown, suggestion
from globewire.config.settings import (
    Api,
    CallbackSettings,
    ConsoleSettings,
    HoldSettings,
    Listen,
    LogFormat,
    LogLevel,
    LogSettings,
    MetricsSettings,
    SendSettings,
    SimulatorSettings,
)
from globewire.message import CarrierId
from globewire.plan import Carrier, DeclaredAccount, OnUnknown, Route
from globewire.verdict import endpoint
from globewire.verdict.policy import SYSTEM_POLICIES

__all__ = [
    "SIMULATOR",
    "Api",
    "CallbackSettings",
    "Config",
    "ConfigFault",
    "ConsoleSettings",
    "HoldSettings",
    "Listen",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "MetricsSettings",
    "Mistake",
    "SendSettings",
    "SimulatorSettings",
    "example",
    "load",
    "read",
]

SIMULATOR = CarrierId("simulator")
"""The id under which routes name the carrier in a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All that the operator wants. `warnings` are what can be used but is hardly meant.

    Every route names only carriers that are there: those of `carriers`, and `SIMULATOR` where the simulator is enabled.
    """

    api: Api = field(default_factory=Api)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    hold: HoldSettings = field(default_factory=HoldSettings)
    send: SendSettings = field(default_factory=SendSettings)
    callbacks: CallbackSettings = field(default_factory=CallbackSettings)
    accounts: tuple[DeclaredAccount, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    routes: tuple[Route, ...] = ()
    simulator: SimulatorSettings = field(default_factory=SimulatorSettings)
    log: LogSettings = field(default_factory=LogSettings)
    warnings: tuple[Mistake, ...] = ()

    @property
    def reachable(self) -> bool:
        """Whether other machines than this one may reach the API: by its address, or by way of a proxy in front of it."""
        return bool(self.api.trusted_proxies) or not _here(self.api.listen.host)

    @property
    def emulating(self) -> bool:
        """Whether messages go to the simulated carrier alone and only this machine sends them: nothing that counts is here."""
        return bool(self.simulator.enabled) and not self.carriers and not self.reachable

    @property
    def metrics_at_api(self) -> bool:
        """Whether metrics are served at the API's address: as it is said, or else where only this machine can ask."""
        return not self.reachable if self.metrics.at_api is None else self.metrics.at_api

    @property
    def shows_console(self) -> bool:
        """Whether the console is served: as it is said, or else in an emulator, and where it has a password."""
        said = self.console.enabled
        return (self.emulating or bool(self.console.password_hash)) if said is None else said

    @property
    def console_fault(self) -> str:
        """Why the console cannot be served as the configuration has it, "" where it can."""
        if not self.shows_console or not self.reachable or self.console.unprotected:
            return ""
        if not self.console.password_hash:
            return "other machines may reach the console, and it has no password: set password_hash (globewire console password)"
        if not self.api.certificate and not self.api.require_tls:
            return "its password would travel in the clear: set [api] certificate, or require_tls behind a proxy that has one"
        return ""


def _here(host: str) -> bool:
    """Whether `host` means this machine's loopback, whatever a resolver says."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


ROOT = Section(Config, "The whole file.", ROOT_FIELDS)


def load(path: Path | None, environment: Mapping[str, str]) -> Config:
    """The configuration in the file at `path`, or of the environment alone for None. Raises ConfigFault."""
    if path is None:
        return read("", "environment", environment)
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        why = error.strerror or "no reason is given"
        raise ConfigFault([Mistake(str(path), "", f"the file cannot be read ({why}); give the path of one that can")]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigFault([Mistake(str(path), "", f"line {line} is not UTF-8; save the file as UTF-8")]) from error
    return read(text, str(path), environment)


def _read_file(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def read(text: str, path: str, environment: Mapping[str, str], read_file: Callable[[str], str] = _read_file) -> Config:
    """The configuration in `text`, which `path` names in sentences. Raises ConfigFault with every mistake, and nothing else.

    `read_file` gives the text of the files that the configuration names; it may raise OSError or ValueError.
    """
    notes = Notes(environment, read_file)
    top = Place(notes, path, variable="GLOBEWIRE")
    config = _complete(fill(ROOT, _parse(text, path), top), top)
    _check_variables(top)
    if notes.mistakes:
        raise ConfigFault(notes.mistakes, notes.warnings)
    return dataclasses.replace(config, api=_complete_api(config), warnings=tuple(notes.warnings))


def _parse(text: str, path: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigFault([Mistake(path, "", _syntax(str(error), text))]) from error
    except (ValueError, RecursionError) as error:
        sentence = "this is not TOML that can be read: a number has too many digits, or tables are nested too deeply"
        raise ConfigFault([Mistake(path, "", sentence)]) from error


_ADVICE = {
    "Cannot overwrite a value": "this key stands twice in its table; keep one",
    "Invalid value": "here is no value, or one that is cut off; put text in quotes",
    "Invalid statement": "this is no key; write key = value",
}
"""What to do, by tomllib's sentence, where that alone does not help."""


def _syntax(said: str, text: str) -> str:
    """tomllib's sentence with the line in front."""
    found = re.search(r" \(at line (\d+), column (\d+)\)$", said)
    if found:
        place = f"line {found[1]}, column {found[2]}"
    else:
        place = f"line {max(text.count(chr(10)) + (not text.endswith(chr(10))), 1)}, the end of the file"
    sentence = said.partition(" (at ")[0]
    return f"{place}: this is not TOML: {_ADVICE.get(sentence) or sentence[:1].lower() + sentence[1:]}"


# --- what one section says of another ----------------------------------------------------------------------------------


def _complete(config: Config, top: Place) -> Config:
    enabled = config.simulator.enabled
    simulator = dataclasses.replace(config.simulator, enabled=not config.carriers if enabled is None else enabled)
    config = dataclasses.replace(config, simulator=simulator)
    if not top.notes.mistakes and config.console_fault:
        top.inside("console").wrong(f"{config.console_fault}; or set enabled = false")
    if config.metrics.listen and config.metrics.listen == config.api.listen and config.api.listen.port:
        top.inside("metrics").inside("listen").wrong("this is the API's address; give another, or set at_api = true instead")
    _check_twice(config, top)
    _check_accounts(config, top)
    if not config.carriers and not simulator.enabled:
        top.doubtful("there is no carrier and no simulator, so every message is refused; add [[carrier]]")
    return dataclasses.replace(config, routes=_routes(config, top))


def _complete_api(config: Config) -> Api:
    """With what depends on who may call: strangers get no hints, and an emulator keeps more to be looked at."""
    api = config.api
    hints = not config.reachable if api.hints is None else api.hints
    exchanges = (1000 if config.emulating else 100) if api.exchanges is None else api.exchanges
    return dataclasses.replace(api, hints=hints, exchanges=exchanges)


def _check_twice(config: Config, top: Place) -> None:
    """Ids that must be used once: accounts, their users, carriers, routes, and AccessKeys over all accounts."""
    _unique(((account.id, top.inside("account").item(n)) for n, account in enumerate(config.accounts, 1)), "id")
    _unique(((carrier.id, top.inside("carrier").item(n)) for n, carrier in enumerate(config.carriers, 1)), "id")
    _unique(((route.id, top.inside("route").item(n)) for n, route in enumerate(config.routes, 1)), "id")
    _unique(_keys(config, top), "id")
    for n, account in enumerate(config.accounts, 1):
        users = top.inside("account").item(n).inside("user")
        _unique(((user.name, users.item(m)) for m, user in enumerate(account.users, 1)), "name")
    for n, carrier in enumerate(config.carriers, 1):
        if carrier.id == SIMULATOR:
            top.inside("carrier").item(n).inside("id").wrong("'simulator' is the carrier in a box; give another id")


def _keys(config: Config, top: Place) -> Iterator[tuple[str, Place]]:
    for n, account in enumerate(config.accounts, 1):
        at = top.inside("account").item(n)
        yield from ((key.id, at.inside("key").item(k)) for k, key in enumerate(account.keys, 1))
        for m, user in enumerate(account.users, 1):
            keys = at.inside("user").item(m).inside("key")
            yield from ((key.id, keys.item(k)) for k, key in enumerate(user.keys, 1))


def _unique(names: Iterator[tuple[str, Place]], key: str) -> None:
    first: dict[str, Place] = {}
    for name, place in names:
        if name and first.setdefault(name, place) is not place:  # "" stands for one that is broken, or not given
            place.inside(key).wrong(f"{shown(name)} is used by {first[name].key} already; give another")


def _check_accounts(config: Config, top: Place) -> None:
    for n, account in enumerate(config.accounts, 1):
        at = top.inside("account").item(n)
        for name in account.policies:
            if name in SYSTEM_POLICIES:
                at.inside("policy").inside(name).wrong("this is the name of a system policy; give another")
        known = [*SYSTEM_POLICIES, *account.policies]
        for m, user in enumerate(account.users, 1):
            for name in user.policies:
                if name and name not in known:
                    place = at.inside("user").item(m).inside("policies")
                    place.wrong(f"names {shown(name)}, which is no policy here; known: {listed(known)}{suggestion(name, known)}")
        if account.callback and (fault := endpoint.fault(account.callback, config.callbacks.allow_private)):
            at.inside("callback").doubtful(f"{fault}, so nothing is pushed there; set callbacks.allow_private = true to permit it")


def _routes(config: Config, top: Place) -> tuple[Route, ...]:
    """The routes with ids and known carriers only; one over all carriers where none is written."""
    known = [carrier.id for carrier in config.carriers] + ([SIMULATOR] if config.simulator.enabled else [])
    if not config.routes:
        carriers = tuple(carrier.id for carrier in config.carriers) or tuple(known)
        return (Route(id="route-1", carriers=carriers),) if carriers else ()
    taken = Counter(route.id for route in config.routes)
    routes = []
    for n, route in enumerate(config.routes, 1):
        at = top.inside("route").item(n)
        name = route.id or f"route-{n}"
        if not route.id and name in taken:
            at.wrong(f"has no id, and another route is called '{name}'; give it an id")
        routes.append(dataclasses.replace(route, id=name, carriers=_known_carriers(route, known, at.inside("carriers"))))
    if not top.notes.mistakes:
        _check_reach(routes, top)
    return tuple(routes)


def _known_carriers(route: Route, known: list[CarrierId], at: Place) -> tuple[CarrierId, ...]:
    """The route's carriers that are there. What is not is left out with a warning, or a mistake where nothing would be left."""
    kept = tuple(name for name in route.carriers if name in known)
    usable = kept or "" in known  # "" is a carrier whose id is broken: it may be the one that is named
    for name in route.carriers:
        if name not in known:
            advice = f"known: {listed(known) or 'none'}{suggestion(name, known)}"
            if usable:
                at.doubtful(f"names {shown(name)}, which is no carrier here and is left out; {advice}")
            else:
                at.wrong(f"names {shown(name)}, which is no carrier here; {advice}")
    return kept


def _check_reach(routes: list[Route], top: Place) -> None:
    for n, route in enumerate(routes[:-1], 1):
        if dataclasses.replace(route, on_unknown=OnUnknown.BY_TYPE) == Route(id=route.id, carriers=route.carriers):
            top.inside("route").item(n + 1).doubtful(f"is never reached, as route[{n}] takes every message; put that one last")
            return


def _check_variables(top: Place) -> None:
    """Warn of variables that look like ours and are not. Only within a section: others set GLOBEWIRE_SERVICE_HOST and such."""
    known = {
        one.variable or f"GLOBEWIRE_{outer.key.upper()}_{one.key.upper()}"
        for outer in ROOT_FIELDS
        if outer.kind.section and not outer.kind.several
        for one in outer.kind.section.fields
        if one.kind.spell
    }
    sections = tuple(f"GLOBEWIRE_{outer.key.upper()}_" for outer in ROOT_FIELDS if not outer.kind.several)
    for name in sorted(top.notes.environment):
        if name.startswith(sections) and name not in known:
            advice = suggestion(name, known) or "; it is left out"
            top.notes.warnings.append(Mistake("environment", name, f"unknown variable {shown(name)}{advice}"))


def example() -> str:
    """A commented configuration with one account and one real carrier, ready to be filled in."""
    return _EXAMPLE


_EXAMPLE = """\
[[account]]                         # who may send
id = "shop"
callback = "https://shop.example/receipts"                 # where delivery receipts are pushed
key = [{ id = "shopkey", secret = "env:SHOP_SECRET" }]     # what an SDK signs with; or "file:/run/secrets/shop"

[[carrier]]                         # who delivers; repeat for more, tried in this order unless [[route]] says otherwise
id = "north"
host = "smpp.north.example"
port = 2775
system_id = "shop"
password = "env:NORTH_PASSWORD"
pace = 50                           # segments a second; leave out for no limit
"""
