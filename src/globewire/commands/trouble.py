"""What ends a command: a sentence that says what is wrong, and what to do about it."""

from globewire.commands.plain import plain

WRONG = 2
"""The exit code where the arguments, the configuration or the database cannot be used."""
FAILED = 1
"""The exit code where what was asked for failed."""


class Trouble(Exception):
    """Something the user can mend. `advice` is what to do, `lines` are the particulars, `code` is the exit code."""

    def __init__(self, sentence: str, advice: str = "", *, lines: tuple[str, ...] = (), code: int = WRONG) -> None:
        super().__init__(sentence)
        self.sentence, self.advice, self.lines, self.code = sentence, advice, lines, code

    def __str__(self) -> str:
        rows = [f"globewire: {self.sentence}", *(f"  {line}" for line in self.lines)]
        return "\n".join(map(plain, [*rows, f"  what to do: {self.advice}"] if self.advice else rows))
