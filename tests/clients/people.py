"""Who calls the gateway in these tests: their keys, and the configuration that knows them."""

import json
from pathlib import Path

from clients.running import Disabled, Key

OWNER = Key("LTAIowner", "owner+secret/with=odd&signs")
TEMPORARY = Key("STS.NUtemporary", "temporary-secret", "CAISowner/token+with==signs")
GONE = Key("LTAIgone", "gone-secret")
READER = Key("LTAIreader", "reader-secret")
WRITER = Key("LTAIwriter", "writer-secret")
NEARBY = Key("LTAInearby", "nearby-secret")
SECURE = Key("LTAIsecure", "secure-secret")
STRANGER = Key("LTAIstranger", "stranger-secret")
HASTY = Key("LTAIhasty", "hasty-secret")
NOBODY = Key("LTAInobody", "nobody-secret")
"""Its key is in no book."""

OFFICE = "203.0.113.7"
"""The address from which alone the policy of NEARBY allows a call."""


def _only(**condition: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Action": "dysms:*", "Resource": "*", "Condition": condition}
    return json.dumps({"Version": "1", "Statement": [statement]})


ACCOUNTS = f"""
[[account]]
id = "acme"
sender = "Acme"
quota = {{ SendMessageToGlobe = 1000, BatchSendMessageToGlobe = 1000, QueryMessage = 1000, ConversionData = 1000 }}
key = [
  {{ id = "{OWNER.id}", secret = "{OWNER.secret}" }},
  {{ id = "{TEMPORARY.id}", secret = "{TEMPORARY.secret}", token = "{TEMPORARY.token}" }},
]
[account.policy]
office = '{_only(IpAddress={"acs:SourceIp": OFFICE + "/32"})}'
secure = '{_only(Bool={"acs:SecureTransport": "true"})}'
[[account.user]]
name = "reader"
policies = ["AliyunDysmsReadOnlyAccess"]
key = [{{ id = "{READER.id}", secret = "{READER.secret}" }}]
[[account.user]]
name = "writer"
policies = ["AliyunDysmsFullAccess"]
key = [{{ id = "{WRITER.id}", secret = "{WRITER.secret}" }}]
[[account.user]]
name = "nearby"
policies = ["office"]
key = [{{ id = "{NEARBY.id}", secret = "{NEARBY.secret}" }}]
[[account.user]]
name = "secure"
policies = ["secure"]
key = [{{ id = "{SECURE.id}", secret = "{SECURE.secret}" }}]

[[account]]
id = "other"
key = [{{ id = "{STRANGER.id}", secret = "{STRANGER.secret}" }}]

[[account]]
id = "hasty"
quota = {{ SendMessageToGlobe = 1, QueryMessage = 1 }}
key = [{{ id = "{HASTY.id}", secret = "{HASTY.secret}" }}]
"""

DISABLED = Disabled("acme", GONE)


def configuration(folder: Path, api: str = "") -> str:
    """A gateway with these people, a simulated carrier that reports soon, and a route for ChannelId 3790."""
    return f"""
[api]
listen = "127.0.0.1:0"
trusted_proxies = ["127.0.0.1"]
{api}
[hold]
url = "sqlite://{folder}/hold.db"
[simulator]
enabled = true
receipt_delay = [0.01, 0.05]
{ACCOUNTS}
[[route]]
id = "direct"
channels = ["3790"]
carriers = ["simulator"]
[[route]]
id = "usual"
carriers = ["simulator"]
"""
