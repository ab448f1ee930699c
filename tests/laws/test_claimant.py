"""One process for each stage of a gateway with a SQLite file."""

import subprocess
import sys
from pathlib import Path

from globewire.hold.claimant import Claimant

STAGES = ("accept", "send")
OTHER = (
    "import sys\nfrom pathlib import Path\nfrom globewire.hold.claimant import Claimant\n"
    "from globewire.hold.schema import SchemaFault\n"
    "try: Claimant(Path(sys.argv[1]), [sys.argv[2]], ('accept', 'send'))\n"
    "except SchemaFault as fault: sys.exit(str(fault))"
)


def other(path: Path, stage: str) -> str:
    """What another process is told when it wants a stage; "" where it has it."""
    ran = subprocess.run([sys.executable, "-c", OTHER, str(path), stage], capture_output=True, text=True, check=False)
    return ran.stderr.strip()


def test_a_stage_is_one_process_s_until_it_gives_it_up(tmp_path: Path) -> None:
    path = tmp_path / "hold.db"
    mine = Claimant(path, ["send"], STAGES)
    assert other(path, "send").startswith(f"another process already does `send` on {path}: stop it first")
    assert other(path, "accept") == ""
    mine.release_now()
    assert other(path, "send") == ""
