"""What the benchmarks make of their measurements: the table, the plots, the budget and the sums on paper. Nothing is measured."""

import re
from typing import Any

import budget
import compare
import figures
import paper
import pytest
import traffic
from charts import ceiling, chart
from gateway import configuration
from plots import plots
from scenarios.away import rate

from globewire import config

Row = dict[str, Any]
WHOLE = {"missing": 0, "twice": 0, "receipts_missing": 0, "receipts_twice": 0}


def row(scenario: str, of: str, number: int = 1, **seen: object) -> Row:
    """A measurement in which nothing was lost."""
    return {"scenario": scenario, "of": of, "round": number, **WHOLE, **seen}


def closed(of: str, number: int, whole_job: float, source: str = "own") -> Row:
    return row("whole", of, number, loop="closed", source=source, whole_job_per_s=whole_job, cpu_s_per_1000=0.3)


# --- the table -------------------------------------------------------------------------------------------------------------


def line(rows: list[Row], words: str) -> list[str]:
    """The cells of a figure's line, without its bars."""
    (found,) = [each for each in figures.table(rows).splitlines() if each.startswith(f"| {words}")]
    return [cell.strip() for cell in found.split("|")[4:7]]


def test_a_figure_without_rows_is_not_measured() -> None:
    lines = figures.table([]).splitlines()[2:]
    assert len(lines) == len(figures.FIGURES)
    assert all("| not measured |  |  |" in each for each in lines)


def test_a_ratio_is_of_medians() -> None:
    rows = [closed("globewire", n, rate) for n, rate in enumerate((2_900, 3_100, 3_000))]
    rows += [closed("kannel", n, rate) for n, rate in enumerate((6_000, 4_000, 9_000))]
    assert line(rows, "whole job") == ["3,000 (2,900–3,100) against 6,000 (4,000–9,000)", "0.500", "**fail**"]


def test_the_neutral_harness_counts_where_it_ran() -> None:
    rows = [closed("globewire", 1, 3_000), closed("kannel", 1, 3_000)]
    rows += [closed("globewire", 1, 3_600, "harness"), closed("kannel", 1, 6_000, "harness")]
    assert line(rows, "whole job")[1:] == ["0.600", "pass"]


def opened(of: str, p99: float, source: str) -> Row:
    late: dict[str, Any] = {"late_ms": [0.2, 3.0]} if source == "own" else {}
    return row("whole", of, loop="open", source=source, rate=1_000, answer_p99=p99, **late)


def test_the_answers_time_is_the_neutral_harness_too() -> None:
    rows = [opened("globewire", 20.0, "own")]
    assert line(rows, "p99")[0] == "20 ms at 1,000/s, that load itself late by 3 ms"
    rows += [opened("globewire", 12.0, "harness"), opened("kannel", 5.0, "harness")]
    said, value, verdict = line(rows, "p99")
    assert said == "12 ms at 1,000/s; Kannel 5 at 1,000/s; by our own load 20 at 1,000/s, that load itself late by 3 ms"
    assert (value, verdict) == ("12", "pass")


def test_without_kannel_there_is_nothing_to_compare_with() -> None:
    assert line([closed("globewire", 1, 3_000)], "whole job") == ["3,000, no Kannel beside it", "", ""]


def test_what_goes_by_turns_is_compared_within_its_round() -> None:
    """The machine became half as fast after the first round, which is nobody's fault."""
    rows = [row("held", of, n, whole_job_per_s=seen) for n, of, seen in ((1, "held", 990), (1, "empty", 1_000), (2, "empty", 500))]
    rows.append(row("held", "held", 2, whole_job_per_s=495))
    assert line(rows, "rate with many messages held")[1:] == ["0.990", "beyond"]


def test_with_many_accounts_it_is_told_how_late_reports_are() -> None:
    """Some may be late while the rate is high."""
    rows = [
        row("many", of, 1, whole_job_per_s=seen, push_after_submit_p95=late)
        for of, seen, late in (("one", 1_000, 1_050), ("many", 800, 9_000))
    ]
    assert line(rows, "rate with many accounts")[0] == (
        "800 against 1,000; ratios 0.800; submit to pushed report, p95, 9,000 against 1,050 ms"
    )


@pytest.mark.parametrize(("ratio", "verdict"), [(0.99, "beyond"), (1.0, "beyond"), (1.2, "pass"), (1.51, "**fail**")])
def test_less_is_better_where_the_bar_is_the_most(ratio: float, verdict: str) -> None:
    (cpu,) = [figure for figure in figures.FIGURES if figure.name.startswith("CPU")]
    assert cpu.verdict(ratio) == verdict


def test_a_backlog_s_memory_is_compared_from_a_quarter_on() -> None:
    building = [(0, 80.0), (25, 100.0), (50, 101.0), (75, 104.0), (100, 105.0)]
    rows = [row("away", "backlog", building=building, draining=[106.0], drained_per_s=990.0, pace=1_000)]
    assert line(rows, "memory while a backlog")[1:] == ["1.05", "pass"]
    assert line(rows, "that backlog's drain")[1:] == ["0.990", "pass"]


@pytest.mark.parametrize("name", figures.LOST)
def test_one_message_that_is_lost_or_comes_twice_is_told(name: str) -> None:
    lost = row("many", "many", **{name: 1})
    theirs = row("whole", "kannel", missing=3)
    assert figures.incomplete([row("many", "one"), lost, theirs]) == [lost]
    assert "| many | 0 | 0 |" in figures.completeness([row("many", "one"), lost])


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.5824, "0.582"), (1.5, "1.50"), (93.0, "93"), (99.97, "100"), (3_210.4, "3,210")],
)
def test_numbers_have_three_digits_that_count(value: float, shown: str) -> None:
    assert figures.number(value) == shown


# --- plots, budget, paper --------------------------------------------------------------------------------------------------


def test_a_chart_names_its_lines_by_where_they_end() -> None:
    made = chart("Rate", "binds", ["1", "2"], "a second", {"whole": [100, 300.5], "accepted": [400, 400]})
    assert made.splitlines()[1:7] == [
        "xychart-beta",
        '    title "Rate"',
        '    x-axis "binds" ["1", "2"]',
        '    y-axis "a second" 0 --> 500',
        "    line [100, 300.5]",
        "    line [400, 400]",
    ]
    assert made.endswith("lower line: whole; upper line: accepted.")


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (1.1, 2), (200, 200), (201, 500), (5_001, 10_000)])
def test_an_axis_ends_at_a_round_number(value: float, top: int) -> None:
    assert ceiling(value) == top


def test_a_plot_is_of_medians_in_order() -> None:
    rows = [
        row("sweeps", "binds", n, x=x, accepted_per_s=seen + 100, whole_job_per_s=seen)
        for x in (8, 1) for n, seen in ((1, x * 10), (2, x * 20), (3, x * 1_000))
    ]  # fmt: skip
    made = plots(rows)
    assert made.count("```mermaid") == 1
    assert '["1", "8"]' in made
    assert "line [20, 160]" in made


def test_budgets_stand_side_by_side() -> None:
    def kept(**costs: float) -> dict[str, Any]:
        return {"costs": [{"stage": "accept", "what": what, "cpu": cost} for what, cost in costs.items()]}

    assert budget.table(kept(read=20.0, old=5.0), kept(read=10.0, new=3.0)).splitlines()[2:] == [
        "| accept | read | 20.0 | 10.0 | 0.50 |",
        "| accept | old | 5.0 | - | - |",
        "| accept | new | - | 3.0 | - |",
        "|  | all of it | 25.0 | 13.0 | 0.52 |",
    ]


def test_the_sums_on_paper() -> None:
    cost = paper.Costs(gateway=0.35, server=0.14, commits=0.1, logged=2_000, flush=0.5)
    assert paper.needs(cost, 10_000) == pytest.approx(
        {
            "cores": 5,
            "processes": 5,
            "database": 2,
            "primaries": 1,
            "commits": 1_000,
            "flushing": 0.5,
            "log": 20,
            "binds": 100,
        }
    )
    assert paper.table([], 0.5) == "Not measured."


def test_a_rate_is_from_the_first_to_the_last() -> None:
    assert rate([0, 4_000_000_000, 2_000_000_000, 3_000_000_000]) == 1.0
    assert rate([0, 7]) == 0.0


# --- the page --------------------------------------------------------------------------------------------------------------

RESULTS = {"machine": dict.fromkeys(("cores", "processor", "kernel", "python", "file_system", "load_before", "at"), "?"),
           "flush_ms": [0.2, 0.4, 0.9], "rows": []}  # fmt: skip


def test_every_place_in_the_page_is_filled() -> None:
    """And nothing else is touched."""
    text = compare.PAGE.read_text(encoding="utf-8")
    places = [name for _, name, *_ in compare.BLOCK.findall(text)]
    assert sorted(places) == sorted({*compare.blocks(RESULTS), "budget"})
    filled = compare.page(text, dict.fromkeys(places, "FILLED"))
    assert filled.count("FILLED") == len(places)
    assert compare.BLOCK.sub("", filled) == compare.BLOCK.sub("", text)


def test_a_later_file_s_scenarios_take_the_place_of_an_earlier_one_s() -> None:
    first = {**RESULTS, "rows": [row("held", "held", x=1), row("many", "one", x=1)]}
    second = {**RESULTS, "rows": [row("many", "one", x=2), row("many", "many", x=2)]}
    assert [(each["scenario"], each["x"]) for each in compare.together([first, second])["rows"]] == [
        ("held", 1),
        ("many", 2),
        ("many", 2),
    ]


# --- what is sent ----------------------------------------------------------------------------------------------------------


def test_many_accounts_and_carriers_are_a_configuration() -> None:
    head = {"api": 8018, "push": 8019, "hold": "sqlite:///tmp/x.db", "key_file": "/tmp/x.key", "backlog": 10}
    made = configuration(head, {"smpp": 2775, "binds": 1, "window": 10, "pace": 0}, 30, 50)
    read = config.read(made, "many.toml", {})
    assert len(read.accounts) == 30
    assert len({key.id for account in read.accounts for key in account.keys}) == 30
    assert len({account.callback for account in read.accounts}) == 30
    assert sorted(prefix for route in read.routes for prefix in route.prefixes) == sorted(traffic.areas())
    assert len({route.carriers for route in read.routes}) == len(read.carriers) == 50


def test_every_recipient_is_in_one_area() -> None:
    areas = traffic.areas()
    assert {sum(traffic.recipient(k).startswith(area) for area in areas) for k in range(1_000)} == {1}


def test_accounts_sign_in_turn() -> None:
    """Each as often as any other, and none for one country only."""
    made = [(k, request.decode()) for k, request in enumerate(traffic.requests(0, 200, 8018, 0, 10))]
    keys = [match[1] for _, request in made if (match := re.search(r"Credential=(\w+)", request))]
    assert {keys.count(key) for key in keys} == {20}
    assert len({traffic.recipient(k)[:2] for k, key in enumerate(keys) if key == traffic.KEY}) > 5
