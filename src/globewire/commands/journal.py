"""Where events are logged: stderr, in the form and from the weight on that the configuration names."""

import logging
import sys
from typing import Any

import orjson
import structlog

from globewire.config import LogFormat, LogSettings


def keep(settings: LogSettings) -> None:
    """Log from now on as the settings say. Standard output stays free for what a command prints."""
    last: list[Any] = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    if settings.format is LogFormat.JSON:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_line)]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=settings.format is LogFormat.JSON),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.level.name)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def keep_aside() -> None:
    """Log to stderr from now on, in the form for eyes: for commands that print something else."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def _line(event: object, **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
