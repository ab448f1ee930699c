"""Spans of time as people write them: `72h`, `1h30m`, `90s`, `500ms`, `2d`, or a number of seconds."""

import re

MOST = 10 * 365 * 86_400
"""Seconds in the longest span: ten years."""
_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_ONE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|d|h|m|s)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_ONE.pattern})+", re.ASCII)
_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,6})?", re.ASCII)


def seconds(text: str) -> float | None:
    """The seconds of a span, None where it is none, or longer than MOST."""
    if _SECONDS.fullmatch(text):
        found = float(text)
    elif _WHOLE.fullmatch(text):
        found = sum(float(number) * _UNITS[unit] for number, unit in _ONE.findall(text))
    else:
        return None
    return found if found <= MOST else None
