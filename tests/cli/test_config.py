"""`config check` and `config example`."""

from pathlib import Path

from cli.conftest import Run


def test_nothing_at_all_can_be_used(run: Run) -> None:
    ran = run("config", "check")
    assert ran.code == 0
    assert "The environment alone can be used." in ran.out
    assert "http://127.0.0.1:8018" in ran.out
    assert "simulator (delivers nothing)" in ran.out


def test_the_example_can_be_checked(run: Run, place: Path) -> None:
    (place / "globewire.toml").write_text(run("config", "example").out)
    ran = run("config", "check")
    assert ran.code == 2
    assert "SHOP_SECRET" in ran.err
    assert "NORTH_PASSWORD" in ran.err


def test_warnings_do_not_fail(run: Run, place: Path) -> None:
    (place / "some.toml").write_text('[[route]]\nid = "one"\ncarriers = ["simulator", "nowhere"]\n')
    ran = run("config", "check", "some.toml")
    assert ran.code == 0
    assert "warning: some.toml: route[1].carriers" in ran.err


def test_mistakes_for_programs(run: Run, place: Path) -> None:
    (place / "bad.toml").write_text("[api]\nlisten = 1\nnode = 1000\n")
    ran = run("config", "check", "bad.toml", "--json")
    assert ran.code == 2
    assert not ran.json["ok"]
    assert [mistake["key"] for mistake in ran.json["mistakes"]] == ["api.listen", "api.node"]
    assert "there are 2 mistakes in the configuration" in ran.err
