"""Timestamps that are too far from our clock: by a time zone, or by a clock that is wrong."""

from collections.abc import Iterator

from globewire.errors import TIMESTAMP_EXPIRED
from globewire.verdict.finding import Cause, Finding
from globewire.wire.request import Call, Scheme
from globewire.wire.signature import WINDOW

MINUTE = 60_000
NEAR = 3 * MINUTE
"""How far from a whole offset still counts as that offset: a clock's error, and the time on the way."""

_ZONES = {
    -600: "Hawaii", -540: "Alaska", -480: "Los Angeles in winter", -420: "Los Angeles in summer, Denver in winter",
    -360: "Chicago in winter, Mexico City", -300: "New York in winter", -240: "New York in summer", -210: "Newfoundland",
    -180: "Sao Paulo", 60: "Berlin, Paris in winter", 120: "Berlin, Paris in summer", 180: "Moscow, Istanbul", 210: "Tehran",
    240: "Dubai", 270: "Kabul", 300: "Karachi", 330: "India", 345: "Nepal", 360: "Dhaka", 390: "Yangon",
    420: "Jakarta, Bangkok, Hanoi", 480: "China, Hong Kong, Singapore, Perth", 540: "Tokyo, Seoul", 570: "Darwin",
    600: "Sydney in winter", 660: "Sydney in summer", 720: "Auckland in winter", 780: "Auckland in summer",
}  # fmt: skip
"""Where clocks are so many minutes ahead of UTC."""
_OFFSETS: tuple[int, ...] = (*range(-720, 0, 30), *range(30, 841, 30), 345, 525, 765)


def untimely(call: Call, now: int) -> Iterator[Finding]:
    """What is wrong with the call's timestamp where it is outside the window at `now` (ms since 1970)."""
    ahead = call.timestamp - now
    if abs(ahead) <= WINDOW[call.scheme]:
        return
    step = "Timestamp" if call.scheme is Scheme.V1 else "x-acs-date"
    expected = f"UTC, within {WINDOW[call.scheme] // MINUTE} minutes of this server's clock"
    zone = _zone(ahead)
    if zone is None:
        how = "ahead of" if ahead > 0 else "behind"
        yield Finding(
            Cause.CLOCK, TIMESTAMP_EXPIRED.code, step, f"it is {_span(abs(ahead))} {how} this server's clock", expected,
            "Set the client's clock by NTP, and sign each request anew just before it is sent",
        )  # fmt: skip
        return
    where = _ZONES.get(zone)
    offset = f"UTC{zone // 60:+d}" if zone % 60 == 0 else f"UTC{'+' if zone > 0 else '-'}{abs(zone) // 60}:{abs(zone) % 60:02d}"
    direction = "ahead" if zone > 0 else "behind"
    local = f"{offset} ({where})" if where else offset
    yield Finding(
        Cause.TIME_ZONE, TIMESTAMP_EXPIRED.code, step,
        f"it is {_span(abs(zone) * MINUTE)} {direction}: local time at {local} instead of UTC", expected,
        "Take the time in UTC; the Z at its end says that it is",
    )  # fmt: skip


def _zone(ahead: int) -> int | None:
    """The offset from UTC, in minutes, that the difference is close to."""
    return next((offset for offset in _OFFSETS if abs(ahead - offset * MINUTE) <= NEAR), None)


def _span(length: int) -> str:
    """A length of time in words, in the two largest units."""
    minutes = max(1, round(length / MINUTE))
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    return " ".join([f"{number} {unit}{'s' if number > 1 else ''}" for number, unit in parts if number][:2])
