"""A scrape of a store that does not say everything: it ends in time, says what is missing, and has the rest."""

from contextlib import closing
from pathlib import Path

import asyncpg
from prometheus_client.parser import text_string_to_metric_families

from globewire.hold.port import Hold
from globewire.hold.postgres import PostgresHold
from globewire.hold.sqlite import SqliteHold
from globewire.hold.sums import connect
from globewire.meter.dials import Meter
from globewire.tend.scrape import Scrape
from laws.making import CARRIER, NOW, submission


def scrape_of(hold: Hold, meter: Meter) -> Scrape:
    return Scrape(hold, meter, now=lambda: NOW, carriers=[CARRIER], running=lambda: {"send": True}, connections=lambda: 0)


async def seen(scrape: Scrape) -> dict[str, dict[str, float]]:
    """The samples of each name, by the value of their first label."""
    body, _ = await scrape.text("")
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[next(iter(sample.labels.values()), "")] = sample.value
    return found


async def test_what_cannot_be_read_is_absent_and_said(tmp_path: Path) -> None:
    """A table is missing: nothing is told of the work, and the carriers and all that was counted are told."""
    meter = Meter()
    hold = await SqliteHold.open(tmp_path / "hold.db", meter=meter)
    await hold.keep([submission(1)], None)
    with closing(connect(tmp_path / "hold.db")) as other:
        other.execute("ALTER TABLE heard RENAME TO gone")
    found = await seen(scrape_of(hold, meter))
    assert found["globewire_scrape_errors"] == {"work": 1, "carriers": 0}
    assert "globewire_messages_open" not in found
    assert "globewire_lane_jobs" not in found
    assert found["globewire_messages_total"]["accepted"] == 1
    await hold.close()


async def test_a_store_that_hangs_holds_up_no_scrape(database: str) -> None:
    """Somebody locks a table: the scrape gives up, and the next one after the lock has it all."""
    meter = Meter()
    hold = await PostgresHold.open(database, migrate=True, meter=meter)
    await hold.keep([submission(1)], None)
    other = await asyncpg.connect(database)
    lock = other.transaction()
    await lock.start()
    await other.execute("LOCK TABLE sending IN ACCESS EXCLUSIVE MODE")
    found = await seen(scrape_of(hold, meter))
    assert found["globewire_scrape_errors"] == {"work": 1, "carriers": 0}
    await lock.rollback()
    found = await seen(scrape_of(hold, meter))
    assert found["globewire_scrape_errors"] == {"work": 0, "carriers": 0}
    assert found["globewire_messages_open"] == {"accepted": 1, "submitted": 0, "unknown": 0}
    await other.close()
    await hold.close()
