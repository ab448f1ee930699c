"""The configuration of the gateway that is proved: one account with a key of its own, one carrier, one route."""

from pathlib import Path

from globewire import config as configuring
from globewire.config import Config, ConfigFault
from globewire.prove.plan import Plan, ProofFault

CONFIGURATION = """\
[api]
listen = "127.0.0.1:0"

[hold]
url = "{hold}"
master_key_file = "{database}.key"

[callbacks]
allow_private = true
delays = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]

[log]
level = "warning"
format = "json"

[[account]]
id = "proof"
callback = "{callback}"
quota = {{ SendMessageToGlobe = 1000000 }}

[[account.key]]
id = "{key}"
secret = "{secret}"

[[carrier]]
id = "proof"
host = "127.0.0.1"
port = {port}
system_id = "proof"
password = "proof"
binds = 2
window = 25
reconnect_first = 0.05

[[route]]
carriers = ["proof"]
on_unknown = "{on_unknown}"
"""


def configure(file: Path, plan: Plan, database: Path, port: int, callback: str, key: tuple[str, str]) -> Config:
    """Write it to `file`, and read it as the gateway will. ProofFault where --hold cannot be used.

    `database` is the SQLite file where the plan names no other hold; the master key lies beside it in any case. The carrier
    listens on `port`, receipts are pushed to `callback`, and `key` is the AccessKey and its secret.
    """
    text = CONFIGURATION.format(
        hold=plan.hold or f"sqlite://{database}",
        database=database,
        callback=callback,
        key=key[0],
        secret=key[1],
        port=port,
        on_unknown=plan.on_unknown,
    )
    file.touch(0o600)
    file.write_text(text)
    try:
        return configuring.load(file, {})
    except ConfigFault as fault:
        raise ProofFault("; ".join(mistake.sentence for mistake in fault.mistakes), "check --hold") from fault
