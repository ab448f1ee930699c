"""Metrics as Prometheus reads them, and the probes as an orchestrator asks them."""

import json
from dataclasses import dataclass
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found


async def get(address: Address, path: str, **headers: str) -> Answer:
    """GET, on a connection of its own."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
        url = f"http://{address[0]}:{address[1]}{path}"
        async with http.get(url, headers=headers) as response:
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, await response.text())


@dataclass(frozen=True, slots=True)
class Scraped:
    """The samples of one scrape, by name and labels."""

    families: frozenset[str]
    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float:
        """The sample of this name with exactly these labels; it must be there."""
        return self.samples[name, frozenset(labels.items())]

    def series(self, name: str, *of: str) -> dict[tuple[str, ...], float]:
        """All samples of a name that are not 0, by the values of the labels `of`."""
        found = {
            tuple(dict(labels)[label] for label in of): value for (each, labels), value in self.samples.items() if each == name
        }
        return {labels: value for labels, value in found.items() if value}


async def scrape(address: Address) -> Scraped:
    """What is served at /metrics now."""
    answer = await get(address, "/metrics")
    assert answer.status == 200, answer.text
    families = list(text_string_to_metric_families(answer.text))
    names = [family.name for family in families]
    assert len(set(names)) == len(names)
    samples = {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}
    assert len(samples) == sum(len(family.samples) for family in families)
    return Scraped(frozenset(names), samples)
