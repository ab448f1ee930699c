"""Power cuts: what was flushed stays, what was not comes and goes, on files that a program of our own writes."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from globewire.hold.sums import connect
from globewire.prove.power import Cut, Kind, PowerSwitch, corruption, read, unflushed
from globewire.vault import open_vault

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="power cuts need Linux and a C compiler, `cc`"
)
SOURCE = Path(__file__).parent.parent.parent / "src"
OPEN = "import os, signal; base = os.environ['POWER_CUT_FILES']; fd = os.open(base, os.O_RDWR | os.O_CREAT)\n"
NAMED = "folder = os.open(os.path.dirname(base), os.O_RDONLY); os.fsync(folder)\n"
DIE = "\nos.kill(os.getpid(), signal.SIGKILL)\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The file whose power is cut."""
    return tmp_path.resolve() / "file"


@pytest.fixture
def power(place: Path) -> Iterator[PowerSwitch]:
    switch = PowerSwitch(place)
    switch.build()
    yield switch
    switch.close()


def lose(power: PowerSwitch, program: str, seed: int = 0) -> Cut:
    """Run a program to its SIGKILL, and cut its power."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **power.environment()}
    ran = subprocess.run([sys.executable, "-c", program + DIE], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    return power.cut(Random(seed))


def test_what_was_flushed_stays_under_every_chance(place: Path, power: PowerSwitch) -> None:
    for seed in range(8):
        cut = lose(power, OPEN + NAMED + "os.pwrite(fd, b'safe', 0); os.fdatasync(fd)", seed)
        assert (place.read_bytes(), cut) == (b"safe", Cut())


def test_what_was_not_flushed_goes_in_every_combination(place: Path, power: PowerSwitch) -> None:
    """Two writes over flushed ones, and a third at the end: each survives or not by itself, and nothing else comes of it."""
    seen = set()
    for seed in range(40):
        place.unlink(missing_ok=True)
        program = (
            "os.pwrite(fd, b'......', 0); os.fsync(fd); os.pwrite(fd, b'AA', 0); os.pwrite(fd, b'BB', 2); os.pwrite(fd, b'CC', 6)"
        )
        assert lose(power, OPEN + NAMED + program, seed).unflushed == 3
        seen.add(place.read_bytes())
    possible = {a + b + b".." + c for a in (b"..", b"AA") for b in (b"..", b"BB") for c in (b"", b"CC")}
    assert {b"......", b"AABB..CC"} <= seen <= possible
    assert len(seen) > 4


def test_overwriting_truncating_and_appending_are_undone_in_their_order(place: Path, power: PowerSwitch) -> None:
    seed = next(seed for seed in range(100) if Random(seed).choice((0, 1, 2)) == 0)  # nothing survives
    program = """os.write(fd, b'0123456789'); os.fsync(fd)
os.ftruncate(fd, 4); os.pwrite(fd, b'xyzxyz', 2); os.ftruncate(fd, 20); os.ftruncate(fd, 0)
with open(base, 'ab') as more: more.write(b'tail')
with open(base, 'wb') as more: more.write(b'new')"""
    assert lose(power, OPEN + NAMED + program, seed).survived == 0
    assert place.read_bytes() == b"0123456789"


def test_a_write_may_be_torn_at_a_sector(place: Path, power: PowerSwitch) -> None:
    torn = 0
    for seed in range(60):
        place.unlink(missing_ok=True)
        torn += lose(power, OPEN + NAMED + "os.pwrite(fd, bytes(4096), 0); os.fsync(fd); os.pwrite(fd, b'x' * 4096, 0)", seed).torn
        found = place.read_bytes()
        count = len(found.rstrip(b"\0"))
        assert (len(found), count % 512) == (4096, 0)
        assert found[:count] == b"x" * count
    assert torn > 0


def test_names_are_lost_unless_their_folder_was_flushed(place: Path, power: PowerSwitch) -> None:
    """A file that is made and flushed may still be without its name; one that is removed may be back, with what it held."""
    made, back = set(), set()
    for seed in range(20):
        place.unlink(missing_ok=True)
        lose(power, OPEN + "os.write(fd, b'x'); os.fsync(fd)", seed)
        made.add(place.exists())
        place.write_bytes(b"old")
        lose(power, OPEN + "os.unlink(base)", seed)
        back.add(place.exists() and place.read_bytes())
    assert made == {True, False}
    assert back == {False, b"old"}


def test_sqlite_is_seen_through(place: Path, power: PowerSwitch) -> None:
    """The changes of SQLite in WAL mode come by the log, and every committed row is there after each cut; uncommitted ones go."""
    program = (
        OPEN.partition(";")[0]
        + """
from globewire.hold.sums import connect; from pathlib import Path
connection = connect(Path(os.environ['POWER_CUT_FILES']))
connection.execute('PRAGMA journal_mode = WAL'); connection.execute('PRAGMA synchronous = FULL')
connection.execute('CREATE TABLE IF NOT EXISTS t(x)'); connection.execute('INSERT INTO t VALUES(1)')
connection.execute('PRAGMA wal_checkpoint'); connection.execute('INSERT INTO t VALUES(2)')
connection.execute('PRAGMA cache_size = 5'); connection.execute('BEGIN')
connection.executemany('INSERT INTO t VALUES(?)', [('x' * 1000,) for _ in range(200)])"""
    )
    for lives in range(1, 6):
        assert lose(power, program, lives).unflushed > 0
        assert corruption(place) == ""
        with closing(connect(place)) as connection:
            assert connection.execute("SELECT count(*), total(x) FROM t").get == (2 * lives, 3.0 * lives)


def test_corruption_is_found(place: Path) -> None:
    with closing(connect(place)) as connection:
        connection.execute("CREATE TABLE t(x)")
        connection.executemany("INSERT INTO t VALUES(?)", [("x" * 1000,) for _ in range(50)])
    assert corruption(place) == ""
    with place.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    assert corruption(place) != ""


def test_a_log_that_the_kill_cut_off_is_read_up_to_there(place: Path, power: PowerSwitch) -> None:
    environment = {**os.environ, **power.environment()}
    program = OPEN + NAMED + "os.write(fd, b'one'); os.fsync(fd); os.pwrite(fd, b'two', 0)"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    log = Path(environment["POWER_CUT_LOG"]).read_bytes()
    whole = read(log)
    assert [entry.kind for entry in whole] == [Kind.MADE, Kind.FLUSH_NAMES, Kind.WRITE, Kind.FLUSH, Kind.WRITE]
    assert (whole[-1].kept, unflushed(whole)) == (b"one", ([whole[-1]], []))
    for length in range(len(log)):
        found = read(log[:length])
        assert found == whole[: len(found)]
        assert len(found) < len(whole)


def test_a_master_key_outlives_a_power_cut(place: Path, power: PowerSwitch) -> None:
    """Whatever is sealed with it later may be flushed: so must be the key, and its name."""
    program = (
        OPEN.partition("; fd")[0]
        + """
from globewire.vault import open_vault; from pathlib import Path
open_vault(b'', Path(base + '.key'))"""
    )
    for seed in range(6):
        assert lose(power, program, seed).names == 0
        key = place.with_name("file.key")
        assert open_vault(b"", key).open("row", open_vault(b"", key).seal("row", "secret")) == "secret"
        key.unlink()
