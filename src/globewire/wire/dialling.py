"""What `To` may begin with: every country with its dialling code, and how to find one by name, ISO code or digits."""

from globewire.values import dataclass
from globewire.wire.number import MAINLAND, SEED_FORMS, calling_codes, country_name


@dataclass(frozen=True, slots=True)
class DiallingCode:
    """A country's code. `country` is ISO 3166 alpha-2; `named` what NumberDetail says where that differs from `name`, else "".
    Codes that belong to no country have `country` "". `refused`: SendMessageToGlobe does not serve it."""

    name: str
    country: str
    code: int
    named: str
    refused: bool


def dialling_codes() -> tuple[DiallingCode, ...]:
    """All of them by name; those of no country at the end."""
    codes = list(calling_codes())
    rows = sorted((country_name(country), country, code) for code, countries in codes for country in countries)
    rows += [("", "", code) for code, countries in codes if not countries]
    return tuple(DiallingCode(name, country, code, _named(country), str(code) == MAINLAND) for name, country, code in rows)


def find(words: str) -> tuple[DiallingCode, ...]:
    """Those that `words` may mean: a part of the name, an ISO code, or digits that the code or a whole number begins with."""
    wanted = words.strip().casefold().removeprefix("+").removeprefix("00")
    if wanted.isascii() and wanted.isdigit():
        return tuple(row for row in dialling_codes() if str(row.code).startswith(wanted) or wanted.startswith(str(row.code)))
    return tuple(
        row for row in dialling_codes() if wanted in f"{row.name} {row.named}".casefold() or wanted == row.country.casefold()
    )


def _named(country: str) -> str:
    form = SEED_FORMS.get(country)
    return f"{form.country}, {form.region}" if form else ""
