"""Rows of the hold's tables to values of the port, and back. Columns are told by their place; the statements name them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import orjson

from globewire.hold.port import (
    NEVER,
    AccountEntry,
    Asking,
    BindStanding,
    Book,
    CarrierOrder,
    CarrierStanding,
    Delay,
    Figures,
    KeyEntry,
    Note,
    PolicyEntry,
    Push,
    Reached,
    Report,
    SendJob,
    SettleJob,
    Silent,
    Standing,
    Submission,
    UserEntry,
)
from globewire.hold.settling import same_number
from globewire.message import CarrierId, Encoding, Message, Millis, NumberDetail, Part, PartState, Receipt, State

Row = Sequence[Any]
COLUMNS = (
    *("id", "account", "access_key", "request_id", "recipient", "sender", "text", "type", "task_id", "channel", "encoding"),
    *("segments", "country", "country_name", "region", "operator", "accepted_at", "validity"),
)
"""The columns of a message as it was accepted, in the order of `message` and `message_row`."""

PART = "message, sequence, total, carrier, carrier_id, state, at, settled_at, given_id, submitted_at, error"
"""The columns of a part, in the order of `part`."""

HEAD = 1_000
"""Reports at the head of a queue that are looked at to say how often they were refused."""
PUSH = "at, took, status, acknowledged, reason, said, reports"
"""The columns of a push, in the order of `push`."""


def message_row(kept: Submission) -> Row:
    """A submission as the columns of `message`, in the order of `keeping._MESSAGE`."""
    m, d = kept.message, kept.message.detail
    return (
        m.id, m.account, m.access_key, m.request_id, m.to, m.sender, m.text, m.type, m.task_id, m.channel, m.encoding, m.segments,
        m.country, d.country, d.region, d.carrier, m.accepted_at, m.validity, m.expires_at, kept.decision, kept.carrier,
        m.accepted_at,
    )  # fmt: skip


def message(row: Row) -> Message:
    """The first 18 columns of `message` as a Message."""
    id, account, key, request, to, sender, text, type, task, channel, encoding, segments, country, *detail, at, validity = row[:18]
    details = NumberDetail(*detail)
    return Message(
        id,
        account,
        key,
        request,
        to,
        sender,
        text,
        type,
        task,
        channel,
        Encoding(encoding),
        segments,
        country,
        details,
        at,
        validity,
    )


def send_job(row: Row) -> SendJob:
    """A message with its place in the queue: state, carrier, tried, leased."""
    return SendJob(message(row), State(row[18]), row[19], tuple(orjson.loads(row[20])), bool(row[21]))


def report(row: Row) -> Report:
    """The first ten columns of `lanes._REPORTS`."""
    return Report(row[0], row[1], row[2], row[3], row[4], State(row[5]), *row[6:10])


def part(row: Row) -> Part:
    """The columns of PART."""
    message, sequence, total, carrier, carrier_id, state, at, settled_at, given_id, submitted_at, error = row
    return Part(message, sequence, total, carrier, carrier_id, PartState(state), at, settled_at, given_id, submitted_at, error)


def part_row(part: Part) -> Row:
    """A part that a carrier took: the columns of PART, without the last."""
    return (
        part.message, part.sequence, part.total, part.carrier, part.carrier_id, part.state, part.at, part.settled_at, part.given_id,
        part.submitted_at,
    )  # fmt: skip


def push(row: Row) -> Push:
    """The columns of PUSH."""
    at, took, status, acknowledged, reason, said, reports = row
    return Push(at, took, status, bool(acknowledged), reason, said, reports)


def push_row(account: str, push: Push) -> Row:
    """The account and the columns of PUSH."""
    return (account, push.at, push.took, push.status, push.acknowledged, push.reason, push.said, push.reports)


def push_ids(pushes: str) -> list[int]:
    """The ids in a message's or a callback's `pushes`."""
    return [int(id) for id in pushes.split()]


def push_id(id: int | None) -> str:
    """What a push adds to `pushes`; nothing where none was made."""
    return f" {id}" if id else ""


PAGE = "id, expires_at, recipient, sender"
"""The columns of a message on a page of `silent_page`."""


def silent_page(
    page: Sequence[Row], parts: Sequence[Row], before: Mapping[CarrierId, Millis], limit: int
) -> tuple[list[Silent], Reached | None]:
    """The parts of a page of messages that their carriers took before its moment, and where to go on if there may be more messages
    than these `limit`."""
    asked = {id: (recipient, sender) for id, _, recipient, sender in page}
    after = (page[-1][1], page[-1][0]) if len(page) == limit else None
    mine = [one for one in map(part, parts) if one.at < before.get(one.carrier, NEVER)]
    return [Silent(one, *asked[one.message]) for one in mine], after


def settle_job(row: Row, matches: Sequence[Row], parts: Mapping[int, Sequence[Row]]) -> SettleJob:
    """A heard receipt (id, carrier, carrier_ids, recipient, status, error, marked, heard_at, tries) with the part that fits best.

    `matches` are (heard, rank, message, sequence, recipient, state), best spelling first and newest message first.
    """
    receipt = Receipt(tuple(orjson.loads(row[2])), row[3], row[4], row[5], bool(row[6]))
    match = _fit(receipt, matches)
    if match is None:
        return SettleJob(row[0], row[1], receipt, row[7], row[8], None, (), State.SUBMITTED)
    siblings = tuple(part(p) for p in parts[match[2]])
    mine = next(p for p in siblings if p.sequence == match[3])
    return SettleJob(row[0], row[1], receipt, row[7], row[8], mine, siblings, State(match[5]))


def _fit(receipt: Receipt, matches: Sequence[Row]) -> Row | None:
    """The best match whose number agrees. An id as it was given in a marked receipt may stand against the number, since some
    carriers speak of it in their own way; a converted one may not: ids in hexadecimal and decimal overlap, and only the
    number tells them apart."""
    for match in matches:
        if same_number(receipt.to, match[4]):
            return match
    as_given = [match for match in matches if match[1] == 0 and receipt.marked]
    return as_given[0] if len(as_given) == 1 else None


def standing(row: Row, parts: Sequence[Row] = (), notes: Sequence[Row] = (), pushes: Sequence[Row] = ()) -> Standing:
    """A message's 18 columns, then state, carrier, error_code, error, changed_at, ended_at, decision, told_at, and its callback:
    None, or its tries, with GIVEN_UP added where it is given up."""
    return Standing(
        message(row), State(row[18]), CarrierId(row[19]) if row[19] else None, row[20], row[21], row[22], row[23], row[24],
        tuple(part(p) for p in parts), tuple(Note(Millis(at), what, detail) for at, what, detail in notes), _told(row[25], row[26]),
        tuple(push(p) for p in pushes),
    )  # fmt: skip


STOOD = "id, bound, binds, in_flight, state, at, figures"
"""The columns of a carrier's standing."""
_FIGURES = frozenset(f.name for f in fields(Figures))


def stood_row(standing: CarrierStanding) -> Row:
    """A carrier's standing as the columns of STOOD."""
    s = standing
    return s.carrier, s.bound, s.binds, s.in_flight, s.state, s.at, orjson.dumps(s.figures).decode()


def stood(row: Row) -> CarrierStanding:
    """The columns of STOOD. Figures that this program does not know are left out: a newer process may have said them."""
    carrier, bound, binds, in_flight, state, at, text = row
    said = {key: value for key, value in (orjson.loads(text) if text else {}).items() if key in _FIGURES}
    for key in ("round_trip", "receipt_delay"):
        if key in said:
            said[key] = Delay(**said[key])
    if "query" in said:
        said["query"] = Asking(said["query"])
    said["each"] = tuple(BindStanding(bind["kind"], bind["state"], bind["in_flight"]) for bind in said.get("each", ()))
    return CarrierStanding(carrier, bound, binds, in_flight, state, at, Figures(**said))


ORDERED = {
    CarrierOrder.PAUSE: "paused_at = "
    "CASE WHEN carrier_order.paused_at = 0 THEN excluded.paused_at ELSE carrier_order.paused_at END",
    CarrierOrder.RESUME: "paused_at = 0",
    CarrierOrder.REBIND: "rebind_at = excluded.rebind_at",
}
"""What an order changes of the orders that stand."""


def order_row(carrier: str, order: CarrierOrder, now: int) -> Row:
    """The orders to a carrier where this is the first: its id, since when it is paused, when it is to rebind."""
    return carrier, now if order is CarrierOrder.PAUSE else 0, now if order is CarrierOrder.REBIND else 0


GIVEN_UP = 1_000_000


def _told(told_at: int, callback: int | None) -> str:
    if callback is None:
        return "acknowledged" if told_at else "none"
    if callback >= GIVEN_UP:
        return "given up"
    return f"refused {callback} times, waiting" if callback else "waiting"


def book_of(version: int, accounts: Sequence[Row], keys: Sequence[Row], users: Sequence[Row], policies: Sequence[Row]) -> Book:
    """The book, from all columns of its tables."""
    return Book(
        version,
        tuple(AccountEntry(i, sender, url, orjson.loads(quota), at, secret) for i, sender, url, secret, quota, at in accounts),
        tuple(KeyEntry(i, a, user, sealed, bool(on), at, token) for i, a, user, sealed, token, on, at in keys),
        tuple(UserEntry(account, name, tuple(orjson.loads(attached))) for account, name, attached in users),
        tuple(PolicyEntry(*row) for row in policies),
    )
