"""The documents say what is so: their tables are current, their snippets run, their links and commands lead somewhere."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from clients.running import House, running
from globewire import config, errors
from globewire.accept import framing, once
from globewire.cli import application
from globewire.hold import checkpoints
from globewire.meter.rows import METRICS, Kind
from globewire.show import emulator
from globewire.show.asked import OUTCOMES
from globewire.verdict import policy
from globewire.wire import operation, parameters, request, signature

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
KEY = ("LTAIreader", "reader+secret")
PATIENCE = 60.0


def snippets(page: Path, language: str) -> list[str]:
    """The page's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


# --- what is made from tables ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["api", "states", "metrics"])
def test_a_made_page_is_current(tool: str) -> None:
    """Run tools/api.py, states.py or metrics.py after a change to the tables."""
    made = runpy.run_path(str(ROOT / "tools" / f"{tool}.py"))
    page = made["PAGE"].read_text(encoding="utf-8")
    assert page == made["document"]()
    assert len(made["BLOCK"].findall(page)) == len(made["blocks"]() if "blocks" in made else [tool])


def test_every_row_of_errors_is_in_the_page() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert not [row.code for row in vars(errors).values() if isinstance(row, errors.Row) and f"`{row.code}`" not in page]


EXPOSED = {
    name: {*row.labels, "instance", "job"}
    for row in METRICS
    for name in ([f"{row.name}_{part}" for part in ("bucket", "sum", "count")] if row.kind is Kind.HISTOGRAM else [row.name])
}


def expressions() -> Iterator[str]:
    """The PromQL of the dashboard and of the alarms."""
    dashboard = json.loads((ROOT / "docs" / "grafana.json").read_text(encoding="utf-8"))
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ()))
    yield from (variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query")
    alarms = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8").partition("## Worth an alarm")[2]
    yield from re.findall(r"^\| `(.+?)`", alarms, re.MULTILINE)


def test_the_dashboard_and_the_alarms_ask_for_metrics_that_there_are() -> None:
    """Each by a name under which it is exposed, and by labels that it has; and no metric is left out of the dashboard."""
    asked = [found for each in expressions() for found in re.findall(r"(globewire_\w+)(?:\{(.*?)\})?", each)]
    for name, labels in asked:
        assert name in EXPOSED
        assert {pair.partition("=")[0].rstrip("~!") for pair in labels.split(",") if pair} <= EXPOSED[name], (name, labels)
    names = {name for name, _ in asked}
    assert [row.name for row in METRICS if not any(name.startswith(row.name) for name in names)] == []


FIGURES = {
    "api.md": [
        f"1 to {parameters.LONGEST_TEXT:,} characters",
        f"1 to {parameters.LONGEST_VALIDITY:,} seconds",
        f"may lie {signature.WINDOW[request.Scheme.V3] // 60_000} minutes",
        f"{signature.WINDOW[request.Scheme.V1] // 60_000} with V1",
        f"1 to {once.LONGEST} printable characters",
        f"within {once.REMEMBERED // 2 // 3_600_000} hours",
        f"{request.MOST_PARAMETERS:,} parameters",
        f"request line may have {framing.Limits().line // 1024**2} MiB",
        f"headers {framing.Limits().headers // 1024} KiB together, a body {framing.Limits().body // 1024**2} MiB",
        f"has {config.Api().header_timeout:g} seconds to arrive and its body {config.Api().body_timeout:g}",
    ],
    "decisions.md": [
        f"1 to {parameters.LONGEST_VALIDITY:,} (seven days); {config.SendSettings().validity:,}",
        f"{parameters.LONGEST_TEXT:,} characters.",
        f"at most {policy.MOST_CHARACTERS:,} characters",
        f"{operation.MOST_NUMBERS:,} long texts",
        f"{config.HoldSettings().keep_messages_days} days, its text {config.HoldSettings().keep_bodies_days};",
        f"{config.CallbackSettings().timeout:g} seconds, up to {config.CallbackSettings().batch} reports",
    ],
    "operating.md": [
        f"grown past\n{checkpoints.LOG_LIMIT // 1024**2} MiB",
        f"`keep_bodies_days` ({config.HoldSettings().keep_bodies_days})",
        f"`keep_messages_days` ({config.HoldSettings().keep_messages_days})",
    ],
}


@pytest.mark.parametrize("page", FIGURES)
def test_a_figure_in_a_sentence_is_the_program_s(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [figure for figure in FIGURES[page] if figure not in text] == []


# --- what can be followed --------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The names that a page's headings have in links, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if "://" not in link]
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def words(page: Path) -> Iterator[list[str]]:
    """The `globewire` commands in a page's shell blocks."""
    for line in "".join(snippets(page, "sh")).splitlines():
        if line.startswith("globewire "):
            yield line.partition(" > ")[0].partition(" #")[0].split()[1:]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "commands.md"], ids=lambda page: page.name)
def test_commands_are_commands(page: Path) -> None:
    """Their names and options; docs/commands.md is made from them."""
    for line in words(page):
        command: Any = typer.main.get_command(application())
        rest = list(line)
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        assert not getattr(command, "commands", {}), line
        known = {option for one in command.params for option in one.opts}
        assert {word for word in rest if word.startswith("-")} <= known, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_configurations_can_be_used(page: Path) -> None:
    """Each TOML block, as the gateway reads it, without a mistake and without a warning."""
    for block in snippets(page, "toml"):
        secrets = dict.fromkeys(re.findall(r"env:(\w+)", block), "secret")
        assert config.read(block, page.name, secrets, lambda path: "secret").warnings == ()


# --- the README ------------------------------------------------------------------------------------------------------------


def test_a_real_carrier_takes_ten_lines() -> None:
    (block,) = snippets(ROOT / "README.md", "toml")
    assert len(block.splitlines()) == 10
    read = config.read(block, "README.md", {"SHOP_SECRET": "secret", "NORTH_PASSWORD": "secret"})
    assert [carrier.id for carrier in read.carriers] == ["north"]
    assert [(account.id, bool(account.callback), len(account.keys)) for account in read.accounts] == [("shop", True, 1)]
    assert not read.simulator.enabled


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway as a reader of the README has it, but at a port of its own."""
    folder = tmp_path_factory.mktemp("readme")
    toml = f"""
        api.listen = "127.0.0.1:0"
        hold.url = "sqlite://{folder}/hold.db"
        [[account]]
        id = "reader"
        key = [{{ id = "{KEY[0]}", secret = "{KEY[1]}" }}]
    """
    with running(toml) as house:
        yield house


def run(command: list[str], snippet: str, house: House, file: Path, **environment: str) -> str:
    """What a snippet prints, told of nothing but the port."""
    assert "127.0.0.1:8018" in snippet
    file.write_text(snippet.replace("127.0.0.1:8018", house.endpoint), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    key = {"GLOBEWIRE_ACCESS_KEY_ID": KEY[0], "GLOBEWIRE_ACCESS_KEY_SECRET": KEY[1]}
    ran = subprocess.run(
        [*command, str(file)], env={**kept, **key, **environment}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_python_snippets_send(house: House, tmp_path: Path) -> None:
    product, core, _ = snippets(ROOT / "README.md", "python")
    said = run([sys.executable], product, house, tmp_path / "product.py").split()
    assert (said[0], said[2]) == ("OK", "1")
    assert house.look(said[1]).message.text == "Your code is 482913."
    assert said[3] in ("1", "3")
    assert '"ResponseCode":"OK"' in run([sys.executable], core, house, tmp_path / "core.py")


def test_the_node_snippet_sends(house: House, tmp_path: Path) -> None:
    modules = ROOT / "tests" / "peers" / "node_modules"
    node = shutil.which("node")
    if node is None or not (modules / "@alicloud" / "dysmsapi20180501").is_dir():
        pytest.skip("needs node (Debian's package nodejs) and npm ci --prefix tests/peers")
    (snippet,) = snippets(ROOT / "README.md", "js")
    said = run([node], snippet, house, tmp_path / "send.js", NODE_PATH=str(modules)).split()
    assert said[0] == "OK"
    assert house.look(said[1]).message.to == "85261234567"


# --- the emulator ----------------------------------------------------------------------------------------------------------


def said_by_pytest(folder: Path, files: dict[str, str]) -> str:
    """What pytest says of these files, in a process of its own, of which all tests must pass."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ran = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_emulator_s_example_passes(tmp_path: Path) -> None:
    """The application and its tests as they stand in the page, with the fixture of its own that the page has too."""
    application, tests, fixture = snippets(ROOT / "docs" / "emulator.md", "python")
    said = said_by_pytest(tmp_path, {"shop.py": application, "test_shop.py": tests, "conftest.py": fixture})
    assert f"{tests.count('def test_')} passed" in said


def test_the_readme_s_test_passes(tmp_path: Path) -> None:
    (*_, test) = snippets(ROOT / "README.md", "python")
    assert "1 passed" in said_by_pytest(tmp_path, {"test_shop.py": test})


def test_the_emulator_s_tables_are_the_program_s() -> None:
    """Every path and method, and every outcome by name."""
    page = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    asked = re.findall(r"^\| `(GET|POST|DELETE) ([^`?]+)(?:\?[^`]*)?` \|", page, re.MULTILINE)
    assert sorted(asked) == sorted((method, path) for path, methods in emulator.PATHS.items() for method in methods)
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(OUTCOMES)


def test_a_message_in_the_page_has_what_one_has(house: House) -> None:
    """The members of the JSON in the page, in their order."""
    (block,) = snippets(ROOT / "docs" / "emulator.md", "json")
    shown = json.loads(block)
    (standing,) = house.search(limit=1)
    made = emulator.message(house.look(str(standing.message.id)))
    assert list(shown) == list(made)
    assert [list(part) for part in shown["parts"]] == [list(part) for part in made["parts"]][:1]


# --- make ------------------------------------------------------------------------------------------------------------------


def test_the_two_commands_are_there() -> None:
    """`make run` and `make test`, and what the README says make leaves behind."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"run", "test"} <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    first = runpy.run_path(str(ROOT / "tools" / "first_sms.py"))
    assert (first["VAR"] / "laptop.toml", first["TO"]) == (first["CONFIGURATION"], "85261234567")
