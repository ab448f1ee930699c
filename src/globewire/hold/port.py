"""What every engine that holds messages can do, and the laws it obeys. Stages meet nowhere else.

The laws (each is a test in tests/laws, run against every engine):

1. Kept is kept: after `keep` returns, a restart finds it.
2. A nonce kept with a message stays used after a restart.
3. A claimed job is nobody else's until its lease ends, then anyone's, marked `interrupted`.
4. `done` is all or nothing: facts, new state, and what follows.
5. A final state never changes, neither a message's nor a part's.
6. Jobs of one callback endpoint come in the order in which they were queued, and endpoints come in turn.
7. Of all calls under one idempotency key one is kept; the others get its answer, or are refused where they ask for something else.
8. What is owned has one owner until its lease ends.
9. An order to a carrier stands, over restarts, until another takes its place.

Every call takes and gives batches and returns after the commit. Any of them raises `errors.Unavailable` when the engine
cannot serve now; nothing of that call has then happened. Times are `Millis` and come from the caller.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from globewire.message import AccessKeyId, AccountId, CarrierId, Message, MessageId, Millis, Part, PartState, Receipt, State
from globewire.values import dataclass

LEAP = 4_500_000
"""Milliseconds by which a clock may leap ahead, and back again, without harm: a nonce is kept for so much longer than it is barred,
since a clock that is set back makes its request fresh again."""

FRESH = 60_000
"""Milliseconds by which what was heard a moment ago may be dated later than now, by another machine's clock."""

NEVER = Millis(0)
FOREVER = Millis(2**62)
"""Later than any moment."""

# --- what accept keeps -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Nonce:
    """A signature nonce that must stay used until `until`. `mark` is a 63-bit digest of AccessKey and nonce."""

    mark: int
    until: Millis


@dataclass(frozen=True, slots=True)
class Once:
    """A call that is to happen once, whatever number of times it is made: the account's `key`, a hex digest of what is asked
    for (`content`), what is answered, and until when the key is remembered at least."""

    account: AccountId
    key: str
    content: str
    answer: str
    until: Millis


@dataclass(frozen=True, slots=True)
class Submission:
    """A message to keep: where it is to go first, and why (`decision` is JSON text, shown as it is)."""

    message: Message
    carrier: CarrierId
    decision: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a customer reported of a message's conversion (contract 1.5), or of the rate (1.6; then `message` is 0)."""

    account: AccountId
    message: MessageId
    delivered: bool
    rate: float
    at: Millis


# --- jobs: what the lanes give out -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendJob:
    """A message to submit by `carrier`. `tried` are the carriers that refused it before; `interrupted`: an earlier
    worker had it and died, so it may have been sent already. `state` is ACCEPTED, or UNKNOWN where it was resent."""

    message: Message
    state: State
    carrier: CarrierId
    tried: tuple[CarrierId, ...]
    interrupted: bool


@dataclass(frozen=True, slots=True)
class SettleJob:
    """A receipt that was heard, and the part it speaks of: `part` is None while no part matches.

    `parts` are all parts of that message, `state` where the message stands. `tries` counts the claims before this one.
    """

    id: int
    carrier: CarrierId
    receipt: Receipt
    heard_at: Millis
    tries: int
    part: Part | None
    parts: tuple[Part, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Report:
    """What a customer is told of a message that came to its end (contract 4.1)."""

    id: int
    message: MessageId
    to: str
    task_id: str
    segments: int
    state: State
    error_code: str
    error: str
    accepted_at: Millis
    ended_at: Millis


@dataclass(frozen=True, slots=True)
class Push:
    """One push to an account's endpoint: sent at `at`, over after `took` ms. `status` is the answer's HTTP status, 0 where there
    was none; `reason` is in words why it did not acknowledge; `said` is how the answer begins, printable; `reports` went in it."""

    at: Millis
    took: int
    status: int
    acknowledged: bool
    reason: str
    said: str
    reports: int


@dataclass(frozen=True, slots=True)
class TellJob:
    """The next reports for one account's endpoint, oldest first. `tries` counts the pushes of these that were refused. `push` is
    what came of the push of them, once it was made: whoever ends the job or gives it back says so with it."""

    account: AccountId
    url: str
    tries: int
    reports: tuple[Report, ...]
    push: Push | None = None


Job = SendJob | SettleJob | TellJob
J = TypeVar("J", SendJob, SettleJob, TellJob)


@dataclass(frozen=True, slots=True)
class Lane(Generic[J]):
    """A queue of one kind of job. SEND is claimed for one carrier at a time, the others for all comers."""

    name: str


SEND: Lane[SendJob] = Lane("send")
SETTLE: Lane[SettleJob] = Lane("settle")
TELL: Lane[TellJob] = Lane("tell")
ENDPOINTS = 64
"""Endpoints that one claim of TELL leases at most; its `limit` is the number of reports for each. Where it gives fewer, it has left
none that is due and nobody else's. With 32 a busy gateway's 10,000 endpoints were told seconds late, since a claim waits for what
else is written; 128 gained nothing over 64."""

# --- facts: what `done` and `record` write -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submitted:
    """A carrier took a part under this id."""

    part: Part


@dataclass(frozen=True, slots=True)
class Became:
    """A message changed its state. Ignored where MAY_BECOME forbids it. A final state queues the account's callback, and only
    a final state has an error code: DELIVERED where it is delivered, and nowhere else."""

    message: MessageId
    state: State
    at: Millis
    carrier: CarrierId | None = None
    error_code: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class PartBecame:
    """A part came to its end. Ignored where it did so before."""

    message: MessageId
    sequence: int
    state: PartState
    error: str
    at: Millis


@dataclass(frozen=True, slots=True)
class Heard:
    """A carrier's receipt, to be settled."""

    carrier: CarrierId
    receipt: Receipt
    at: Millis


@dataclass(frozen=True, slots=True)
class Noted:
    """Something off the straight path that its history should show: `what` is a word, `detail` a sentence."""

    message: MessageId
    at: Millis
    what: str
    detail: str


Fact = Submitted | Became | PartBecame | Heard | Noted

# --- the book of accounts ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """An AccessKey: `user` is "" for the account's own; `sealed` its secret under the master key; `token` marks STS."""

    id: AccessKeyId
    account: AccountId
    user: str
    sealed: bytes = field(repr=False)
    enabled: bool
    created_at: Millis
    token: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An account. `quota` overrides calls a second by operation; `callback` is "" where none is wanted."""

    id: AccountId
    sender: str
    callback: str
    quota: Mapping[str, int]
    created_at: Millis
    callback_secret: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """A stored policy: the document as it was given."""

    account: AccountId
    name: str
    document: str


@dataclass(frozen=True, slots=True)
class UserEntry:
    """A RAM user of an account, and the names of the policies attached to it."""

    account: AccountId
    name: str
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """All accounts, keys, users and policies as of `version`, which grows with every change."""

    version: int
    accounts: tuple[AccountEntry, ...]
    keys: tuple[KeyEntry, ...]
    users: tuple[UserEntry, ...]
    policies: tuple[PolicyEntry, ...]


# --- what people look at -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a message's history."""

    at: Millis
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A message and all that is known of it. `ended_at` is 0 while it is under way; `told` says how its callback stands, `pushes`
    what came of it so far, in order."""

    message: Message
    state: State
    carrier: CarrierId | None
    error_code: str
    error: str
    changed_at: Millis
    ended_at: Millis
    decision: str
    parts: tuple[Part, ...]
    notes: tuple[Note, ...]
    told: str
    pushes: tuple[Push, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Which messages to list, newest first. Empty fields do not filter; `before` (a message's id) pages on.

    `to` is a whole number, digits only, `to_ends` its last digits. `states` are those that will do. `text` is contained in the
    message's: ASCII letters match in either case, others as given, or all small, all capital, or capitalised. Accepted from
    `since` on and before `until` (ms)."""

    account: str = ""
    to: str = ""
    to_ends: str = ""
    task_id: str = ""
    states: tuple[str, ...] = ()
    error_code: str = ""
    carrier: str = ""
    country: str = ""
    text: str = ""
    since: int = 0
    until: int = 0
    before: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A page of messages, without parts and notes, newest first. `looked_to`: how far back it was looked, to be given as the next
    question's `before`; None where there is nothing more. A page with room left and a `looked_to` only stopped for now."""

    standings: tuple[Standing, ...]
    looked_to: MessageId | None


@dataclass(frozen=True, slots=True)
class Outbox:
    """One endpoint's callbacks: how many wait, how many were given up, when the next push is due, how often those at the head were
    refused, and in a word what goes on or came last. `pushed` is the last push, `acknowledged_at` when one was acknowledged last;
    both as far back as messages are kept."""

    account: AccountId
    url: str
    waiting: int
    dead: int
    due_at: Millis
    tries: int
    last: str
    pushed: Push | None = None
    acknowledged_at: Millis = NEVER


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many jobs a lane has, those in hand included, and when the oldest began to wait: its message was accepted (`send`, where
    `of` is the carrier), its receipt heard (`settle`), or its message came to its end (`tell`, and `dead` for what was given up;
    `of` is the account). 0 where there is none."""

    lane: str
    of: str
    jobs: int
    since: Millis


@dataclass(frozen=True, slots=True)
class Load:
    """What there is to do: the messages under way by state, and what waits in the lanes."""

    open: Mapping[str, int]
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class Delay:
    """How long something took within the last minute, in ms: one half of the times, and 19 of 20. 0 where it did not happen."""

    p50: int = 0
    p95: int = 0


class Asking(StrEnum):
    """Whether a carrier is asked by query_sm."""

    NO = "no"  # it is not to be
    YES = "yes"
    REFUSED = "refused"  # it does not answer


@dataclass(frozen=True, slots=True)
class BindStanding:
    """How one bind stands: what it is bound as, or to be (transceiver, transmitter, receiver), "bound" or why it is not, and how
    many submits wait for an answer on it."""

    kind: str
    state: str
    in_flight: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted of a carrier by the process that has its binds, since that began (`since`), and how it goes now.

    `submits`, `taken`, `refused` (by the status's name), `throttled` and `unanswered` are in segments; `receipts` were heard, and
    `asked` are questions by query_sm. `window` is the most that may be in flight over all binds, `pace` the most segments a
    second, 0 for no limit, and `rate` how many there are now. `round_trip` is from submit to answer, `receipt_delay` from there to
    the receipt. `waiting` are messages to be sent, `overdue` parts whose receipt is. `each` is bind by bind.
    """

    since: Millis = NEVER
    submits: int = 0
    taken: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    throttled: int = 0
    unanswered: int = 0
    receipts: int = 0
    asked: int = 0
    window: int = 0
    pace: float = 0.0
    rate: float = 0.0
    round_trip: Delay = Delay()
    receipt_delay: Delay = Delay()
    waiting: int = 0
    overdue: int = 0
    paused: bool = False
    query: Asking = Asking.NO
    each: tuple[BindStanding, ...] = ()


STOPPED = "stopped"
"""The state of a carrier whose process ended in order."""
SILENT_AFTER = 15_000
"""Milliseconds after which a process that said nothing more of a carrier has stopped."""


@dataclass(frozen=True, slots=True)
class CarrierStanding:
    """What the send stage last said of a carrier, for whoever looks from another process, and when. While it runs it says so
    every five seconds at least."""

    carrier: CarrierId
    bound: int
    binds: int
    in_flight: int
    state: str
    at: Millis
    figures: Figures = Figures()

    def running(self, now: int) -> bool:
        """Whether the process that said it still runs, as far as is known at `now`."""
        return self.state != STOPPED and now - self.at <= SILENT_AFTER


@dataclass(frozen=True, slots=True)
class Silent:
    """A part that its carrier took and has not reported on. `to` and `sender` are its message's."""

    part: Part
    to: str
    sender: str


class CarrierOrder(StrEnum):
    """What an operator tells whoever has a carrier's binds."""

    PAUSE = "pause"  # submit nothing
    RESUME = "resume"  # submit again
    REBIND = "rebind"  # end the sessions, and begin others


@dataclass(frozen=True, slots=True)
class CarrierOrders:
    """What stands of the orders to a carrier: since when it is paused, 0 where it is not, and when it was last to rebind."""

    paused_at: Millis = NEVER
    rebind_at: Millis = NEVER


Reached = tuple[Millis, MessageId]
"""How far a walk through the messages under way has come: when the last one's validity ends, and its id."""
START: Reached = (Millis(0), MessageId(0))
"""Where it begins."""


class Hold(Protocol):
    """A store of messages and of the work that is still due on them."""

    async def close(self) -> None:
        """Finish what was asked, flush, and let go of the file or the connection."""

    # accept
    async def keep(
        self,
        submissions: Sequence[Submission],
        nonce: Nonce | None,
        conversions: Sequence[Conversion] = (),
        *,
        once: Once | None = None,
    ) -> str | None:
        """Keep messages, their nonce and their idempotency key in one transaction; None where all of it is newly kept.

        The answer of the call that was kept earlier under the same key, for the same content: of this call only the nonce is
        kept then. `errors.Refused(NONCE_USED)` where the nonce was used, `Refused(IDEMPOTENCY_CONFLICT)` where the key was
        used for other content (its nonce stays used). Of two such calls at once, one waits for the other."""

    async def nonces(self, now: Millis) -> dict[int, Millis]:
        """The nonces kept and still barred: until when, by mark. For a start after a stop."""

    # work
    async def claim(self, lane: Lane[J], limit: int, now: Millis, lease: int, of: str = "") -> list[J]:
        """Up to `limit` due jobs, leased for `lease` ms: in SEND, of the carrier `of`. In TELL, so many reports for each endpoint,
        the accounts after `of` first, in order: whoever gives the last one that it was given serves all in turn."""

    async def claim_sends(self, limits: Mapping[CarrierId, int], now: Millis, lease: int) -> dict[CarrierId, list[SendJob]]:
        """Up to so many due SEND jobs of each carrier, leased for `lease` ms, all by one transaction where that goes. A carrier
        whose jobs cannot be claimed now is missing; Unavailable where none can."""

    async def done(self, *outcomes: tuple[Job, Sequence[Fact]]) -> None:
        """These jobs are done, with what came of each. All of it, or none.

        A receipt whose message has moved on since it was claimed, by another process's hand, may go back on its lane instead,
        to be decided anew: what came of it was decided on what is no longer so."""

    async def again(self, *jobs: tuple[Job, Millis | None], carrier: CarrierId | None = None) -> None:
        """Give jobs back, due at their times; SEND jobs with their `tried`, by another `carrier` where given. A TELL job's try
        is counted.

        A SETTLE job that is given back without a time is an orphan: kept for whoever looks, never claimed again."""

    async def record(self, *facts: Fact) -> None:
        """Write facts that belong to no job."""

    async def bury(self, job: TellJob, now: Millis) -> None:
        """Give these reports up: they wait, visible, until `revive`."""

    async def revive(self, account: AccountId, now: Millis) -> int:
        """Queue an account's given-up reports again; how many there were."""

    async def replay(self, message: MessageId, now: Millis) -> bool:
        """Queue the report of one message again, whether it was given up or acknowledged, and have its endpoint's next push made at
        once. False where there is no such message, it is under way, or its account has no endpoint."""

    async def recover(self, now: Millis, lane: Lane[J], of: str = "", *, before: Millis = FOREVER) -> None:
        """Every lease of this lane (of carrier `of` in SEND) is over: for whoever starts as the only one to work on it. SEND jobs
        come back `interrupted`; those whose lease would end at `before` or later stay leased."""

    async def free(self, carrier: CarrierId, now: Millis) -> None:
        """Messages of this carrier that a claim of this process leased, whose answer was lost on the way, are due again: nobody has
        them in hand. `claim` does so too, before it claims."""

    async def hasten(self, now: Millis, lane: Lane[J], ahead: int, of: str = "") -> int:
        """Make due what waits for longer than `ahead` ms, which is longer than anything of this lane (of carrier `of` in SEND)
        is put off: a clock did that which has been set back. How many jobs; SEND jobs that a worker has stay with it."""

    async def own(self, what: str, owner: str, now: Millis, lease: int) -> bool:
        """Whether `owner` holds `what` (a carrier's binds, say) until `lease` ms from now: it was free, or run out, or its own;
        or was not renewed for two leases, however long it would still go by the clock that it was taken by."""

    async def disown(self, owner: str) -> None:
        """Give up all that `owner` holds."""

    async def draw(self, quota: str, rate: float, want: int, now: Millis) -> int:
        """How many of `want` calls may be made now of a quota that all processes share: `rate` a second, 0 for no limit.

        Over any span no more than the rate gives, and a second's worth (at least one) that an idle quota has saved up."""

    async def left(self, quota: str, rate: float, now: Millis) -> int:
        """How many calls `draw` would give now of a quota that has a `rate`; nothing is drawn."""

    async def wait(self, lane: Lane[J], timeout: float, of: Collection[str] = ("",)) -> frozenset[str]:
        """Return when there may be something to claim (of the carriers `of` in SEND), or after `timeout` seconds: of whom, of
        nobody in particular where that is empty."""

    async def silent(
        self, before: Mapping[CarrierId, Millis], limit: int, after: Reached = START
    ) -> tuple[list[Silent], Reached | None]:
        """Parts of messages under way that one of these carriers took, each before its moment, and no receipt has settled.

        One page of a walk: the next `limit` messages under way, of any carrier, are looked at, in the order in which their
        validity ends; with what was found comes where the next page begins, None after the last. So it is as quick with many
        messages as with few."""

    async def order(self, carrier: CarrierId, order: CarrierOrder, now: Millis) -> None:
        """Tell whoever has this carrier's binds, now or later. Who is paused stays so until resumed; to rebind is done once."""

    async def orders(self) -> dict[CarrierId, CarrierOrders]:
        """What stands of the orders. A carrier that was never told anything is not among them. Quick enough to be asked every
        second."""

    def wake(self, lane: Lane[J], of: str = "") -> None:
        """Whoever waits for this in this process returns."""

    def look_again(self) -> None:
        """The clock was moved: whoever waits in this process looks again what is due."""

    async def pending(self, now: Millis) -> bool:
        """Whether anything is due by `now` on any lane and not claimed, or is being pushed."""

    # tend
    async def expire(self, now: Millis, grace: int, limit: int) -> int:
        """End what is past its validity and `grace` ms with state expired; how many (at most `limit`)."""

    async def forget(self, bodies_before: Millis, messages_before: Millis, limit: int, *, now: Millis | None = None) -> int:
        """Blank the texts, and delete the messages, accepted before these times; how many rows (at most `limit` of each). An
        engine may wait until a whole day is to be deleted, and delete it at once. Nonces that ran out more than LEAP before `now`,
        and idempotency keys that ran out before it, go too, uncounted."""

    async def clear(self) -> None:
        """Forget all messages at once, with whatever belongs to them or waits on a lane, the idempotency keys and what was drawn of
        quotas. The book stays, and nonces stay used. What is still in somebody's hand comes to nothing."""

    async def stand(self, standings: Sequence[CarrierStanding]) -> None:
        """Say how carriers stand."""

    # look
    async def look(self, message: MessageId) -> Standing | None:
        """One message and its history."""

    async def find(self, question: Question) -> Found:
        """A page of messages that fit, within a fraction of a second whatever is asked and however many are held."""

    async def search(self, question: Question) -> list[Standing]:
        """Messages that fit, newest first, without parts and notes: as many as there are up to `limit`, however long it takes."""

    async def outboxes(self, of: Sequence[AccountId] | None = None) -> list[Outbox]:
        """How the callbacks of these accounts stand, or of all; of those that have an endpoint, or reports that wait or were given
        up. With few accounts as quick however many there are."""

    async def owed(self) -> dict[AccountId, bool]:
        """The accounts with reports that wait or were given up; True where some were given up, or the next to be pushed were
        refused. Takes as long as there are accounts, less than 100 ms for 10,000, however many reports wait."""

    async def given_up(self, account: AccountId, limit: int) -> list[Standing]:
        """Messages whose reports to the account's endpoint were given up, the oldest first, without parts and notes."""

    async def carriers(self) -> list[CarrierStanding]:
        """How each carrier stood last."""

    async def mark(self) -> int:
        """Another number than before where anything was written since, by whatever process. Quick enough to be asked several times
        a second."""

    async def backlog(self, of: str = "") -> int:
        """How many messages wait to be sent, at the carrier `of` or at any. Quick enough to be asked every second."""

    async def load(self) -> Load:
        """What there is to do, at one moment. Takes as long as there is work, however much is held besides: about 10 ms for each
        10,000 messages under way. Nobody waits for it meanwhile, and it may be cancelled."""

    async def counts(self) -> dict[str, int]:
        """Messages by state, and jobs by lane: `state.<state>`, `lane.<lane>`, `lane.dead`, `lane.orphan`."""

    # the book
    async def book(self, after: int = -1) -> Book | None:
        """The book, or None where its version is still `after`."""

    async def put_account(self, entry: AccountEntry) -> None:
        """Open or change an account."""

    async def put_key(self, entry: KeyEntry) -> None:
        """Add or change an AccessKey."""

    async def delete_key(self, key: AccessKeyId) -> bool:
        """Delete an AccessKey; whether it was there."""

    async def put_user(self, entry: UserEntry) -> None:
        """Add a RAM user, or change what is attached to it."""

    async def delete_user(self, account: AccountId, name: str) -> bool:
        """Delete a RAM user and its keys; whether it was there."""

    async def put_policy(self, entry: PolicyEntry) -> None:
        """Store a policy."""

    async def delete_policy(self, account: AccountId, name: str) -> bool:
        """Delete a policy and detach it everywhere; whether it was there."""
