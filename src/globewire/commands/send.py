"""`globewire send`: one message through the API, as an SDK would send it, followed to its end where that is wanted."""

import time
from typing import Annotated, Any

import typer

from globewire.commands import paper
from globewire.commands.client import Client, check_endpoint
from globewire.commands.options import ConfigOption, JsonOption, examples
from globewire.commands.plain import plain
from globewire.commands.shop import Shop, checked, configuration, visit_with
from globewire.commands.trouble import FAILED, Trouble
from globewire.config import Config, Listen
from globewire.config.kinds import KEY_NAME
from globewire.message import MessageType

app = typer.Typer()
EVERY = 0.2
"""Seconds between two looks at a message that is waited for."""
STATUS = {"1": "delivered", "2": "failed", "3": "under way"}
"""QueryMessage's Status in words (contract 1.4)."""
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@app.command(
    "send",
    epilog=examples(
        'send --to 6591234567 --text "Hello"',
        'send --to 6591234567 --text "Hello" --wait --timeout 120',
        'send --to 6591239001 --text "The simulator fails this one" --wait',
        'send --to 6591234567 --text "482913" --type OTP --from Shop --task-id order-7 --json',
    ),
)
def send(
    to: Annotated[str, typer.Option("--to", metavar="NUMBER", help="The number: digits, with the dialling code.")],
    text: Annotated[str, typer.Option("--text", "--message", metavar="TEXT", help="The text.")],
    sender: Annotated[str, typer.Option("--from", metavar="SENDER", help="The sender ID that the phone shows.")] = "",
    type: Annotated[
        MessageType | None, typer.Option("--type", metavar="TYPE", help=f"What the text is for: {', '.join(MessageType)}.")
    ] = None,
    task_id: Annotated[str, typer.Option("--task-id", metavar="ID", help="An id of your own; the receipt carries it.")] = "",
    validity: Annotated[int | None, typer.Option("--validity", metavar="SECONDS", help="How long to go on trying.")] = None,
    channel: Annotated[str, typer.Option("--channel", metavar="ID", help="The carrier or route to go by.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Follow the message to its final state.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long to wait with --wait.")] = 60.0,
    endpoint: Annotated[
        str, typer.Option("--endpoint", metavar="URL", help="The server; else where [api] listen says, http://127.0.0.1:8018.")
    ] = "",
    key_id: Annotated[str, typer.Option("--key-id", metavar="ID", envvar="GLOBEWIRE_ACCESS_KEY_ID", help="The AccessKey ID.")] = "",
    secret: Annotated[
        str,
        typer.Option(
            "--secret", metavar="SECRET", envvar="GLOBEWIRE_ACCESS_KEY_SECRET", help="Its secret; better given by the variable."
        ),
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a message: sign a call and make it, as an SDK would.

    Without --key-id the first AccessKey of the configuration is used, else the first of the database, where both it and the
    master key can be read here. With --wait the exit code is 0 only if the message was delivered.
    """
    if bool(key_id) != bool(secret):
        raise Trouble("an AccessKey is an ID and a secret", "give --key-id and --secret, or neither")
    if key_id:
        checked(KEY_NAME, key_id, str, "--key-id")
    settings = configuration(config)
    at = check_endpoint(endpoint or _endpoint(settings))
    client = Client(at, *((key_id, secret) if key_id else _key(settings)))
    optional = {"From": sender, "Type": type or "", "TaskId": task_id, "ChannelId": channel}
    parameters = {"To": to, "Message": text} | {name: value for name, value in optional.items() if value}
    if validity is not None:
        parameters["ValidityPeriod"] = str(validity)
    began = time.monotonic()
    reply = client.call("SendMessageToGlobe", parameters)
    if not as_json:
        _accepted(reply)
    final = _follow(client, str(reply["MessageId"]), began + timeout, as_json) if wait else None
    if as_json:
        paper.as_json({"reply": reply, "final": final, "seconds": round(time.monotonic() - began, 3)})
    if wait:
        _judge(str(reply["MessageId"]), final, timeout)


def _endpoint(settings: Config) -> str:
    """Where a server with this configuration is reached from this machine."""
    listen = settings.api.listen
    if not listen.port:
        raise Trouble("the configuration lets the system choose the server's port", "give --endpoint as `serve` printed it")
    host = ANY.get(listen.host, listen.host)
    return f"{'https' if settings.api.certificate else 'http'}://{Listen(host, listen.port)}"


def _key(settings: Config) -> tuple[str, str]:
    """An AccessKey that this machine knows of: declared in the configuration, or kept in the database."""
    for account in settings.accounts:
        for key in account.keys:
            if not key.token:
                return key.id, key.secret
    try:
        return visit_with(settings, _kept)
    except Trouble as trouble:
        advice = "give --key-id and --secret, or GLOBEWIRE_ACCESS_KEY_ID and GLOBEWIRE_ACCESS_KEY_SECRET"
        raise Trouble("there is no AccessKey to sign with", advice, lines=(trouble.sentence,)) from trouble


async def _kept(shop: Shop) -> tuple[str, str]:
    for key in sorted(shop.book.keys, key=lambda key: key.created_at):
        if key.enabled and not key.user and not key.token:
            return key.id, shop.vault().open(key.id, key.sealed)
    raise Trouble(f"the database {shop.config.hold.path} has no enabled AccessKey of an account")


def _accepted(reply: dict[str, Any]) -> None:
    detail = reply.get("NumberDetail")
    place = ", ".join(filter(None, map(str, detail.values()))) if isinstance(detail, dict) else ""
    paper.facts(
        [
            ("MessageId", reply.get("MessageId")),
            ("To", reply.get("To")),
            ("Number", place),
            ("From", reply.get("From")),
            ("Segments", reply.get("Segments")),
            ("RequestId", reply.get("RequestId")),
            ("Response", f"{reply.get('ResponseCode')}: {reply.get('ResponseDescription')}"),
        ]
    )


def _follow(client: Client, message: str, until: float, quiet: bool) -> dict[str, Any]:
    """The last reply of QueryMessage: final, or where the message stood when the time was over."""
    seen = ""
    while True:
        reply = client.call("QueryMessage", {"MessageId": message})
        status = str(reply.get("Status"))
        if status != seen and not quiet:
            what = " ".join(filter(None, (str(reply.get("ErrorCode") or ""), str(reply.get("ErrorDescription") or ""))))
            clock = paper.moment(time.time_ns() // 1_000_000, year=False)
            paper.say(f"{clock}  {STATUS.get(status, status)}{'  ' if what else ''}{plain(what)}")
        seen = status
        if status in ("1", "2") or time.monotonic() >= until:
            return reply
        time.sleep(EVERY)


def _judge(message: str, final: dict[str, Any] | None, timeout: float) -> None:
    status = final and final.get("Status")
    if status == "1":
        return
    look = f"globewire message show {message}"
    if final is None or status != "2":
        raise Trouble(
            f"the message is still under way after {timeout:g} seconds", f"wait longer (--timeout), or see: {look}", code=FAILED
        )
    raise Trouble(
        f"the message was not delivered: {final.get('ErrorCode')}: {final.get('ErrorDescription')}", f"see {look}", code=FAILED
    )
