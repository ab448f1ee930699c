"""What a proof is to do, and what ends one that cannot be done."""

from dataclasses import dataclass
from pathlib import Path

from globewire.plan import OnUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A proof: how often the gateway is killed, or its power cut, and what it has to do meanwhile.

    `folder` is a directory on the disk under test; all files lie in a new one within it. `hold` is the database's address,
    "" for a new SQLite file there. `clients` call at a time, each as soon as it has its answer. `minutes` bounds the whole.
    `gateway` is the command that runs the gateway; `--config FILE serve --json` is put after it. The same `seed` gives the
    same moments and the same chances to what was not flushed; what the machine does in between is its own.
    """

    folder: Path
    hold: str
    clients: int
    kills: int
    power_cuts: int
    minutes: float
    seed: int
    on_unknown: OnUnknown
    gateway: tuple[str, ...]

    @property
    def rounds(self) -> int:
        """How often the gateway is to be stopped by force."""
        return self.power_cuts or self.kills


class ProofFault(Exception):
    """The proof cannot be begun: a sentence that says why, and what to do."""

    def __init__(self, sentence: str, advice: str) -> None:
        super().__init__(sentence)
        self.sentence, self.advice = sentence, advice
