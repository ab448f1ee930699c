"""`globewire console`, and a console that must not be served as it is configured."""

from pathlib import Path

from cli.conftest import Run
from globewire.config import read


def test_password_prints_what_the_configuration_takes(run: Run) -> None:
    """The hash and nothing else, so that it can be put into a file."""
    ran = run("console", "password", stdin="correct horse battery\n")
    assert ran.code == 0
    assert read(f'[console]\npassword_hash = "{ran.out.strip()}"\n', "c.toml", {}).console.password_hash == ran.out.strip()


def test_a_short_password_is_refused(run: Run) -> None:
    """With how long it must be."""
    ran = run("console", "password", stdin="hunter2\n")
    assert (ran.code, ran.out) == (2, "")
    assert "at least 12" in ran.err


def test_serving_to_others_without_a_password_is_refused(run: Run, tmp_path: Path) -> None:
    """Also where only the command's own option says that others may reach it."""
    (tmp_path / "globewire.toml").write_text("[console]\nenabled = true\n")
    ran = run("serve", "--listen", "0.0.0.0:0", "--config", str(tmp_path / "globewire.toml"))
    assert ran.code == 2
    assert "console password" in ran.err
    assert "enabled = false" in ran.err
