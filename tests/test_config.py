"""The configuration: what a file and the environment come to, and the sentence for each mistake."""

import base64
import runpy
from ipaddress import ip_network
from pathlib import Path

import pytest

from globewire import config
from globewire.config.fields import ROOT_FIELDS
from globewire.config.reader import Field, Section, default_of
from globewire.plan import Address, Binding, Carrier, DeclaredAccount, DeclaredKey, DeclaredUser, OnUnknown, Route
from globewire.show.sessions import hashed
from globewire.verdict.admit import RefusalForm
from globewire.verdict.script import Behaviour, IdForm, ReceiptForm

ISSUE = """
[api]
listen = "127.0.0.1:8018"
[hold]
url = "sqlite:///var/lib/globewire/globewire.db"
[callbacks]
allow_private = true
[[account]]
id = "bench"
callback = "http://127.0.0.1:28080/push"
quota = { SendMessageToGlobe = 100000 }
  [[account.key]]
  id = "benchkeyid"
  secret = "benchkeysecret"
  [[account.user]]
  name = "reader"
  policies = ["AliyunDysmsReadOnlyAccess"]
    [[account.user.key]]
    id = "readerkeyid"
    secret = "readerkeysecret"
[[carrier]]
id = "sink"
host = "127.0.0.1"
port = 22775
system_id = "bench"
password = "bench"
binds = 1
window = 100
[[route]]
countries = ["HK", "SG"]
types = ["OTP"]
carriers = ["sink", "other"]
[[route]]
carriers = ["sink"]
"""
OTHER = '[[carrier]]\nid = "other"\nhost = "smpp.example"\nport = 2775\nsystem_id = "x"\npassword = "y"\n'
CARRIER = '[[carrier]]\nid = "sink"\nhost = "h"\nport = 2775\nsystem_id = "x"\npassword = "y"\n'
FILES = {
    "good.pem": "PEM",
    "password.txt": "hunter2\n",
    "binary": "",
    "key.b64": base64.b64encode(bytes(range(32))).decode() + "\n",
}


def read_file(path: str) -> str:
    """Stands for the disk."""
    if path == "binary":
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    if path not in FILES:
        raise FileNotFoundError(2, "No such file or directory", path)
    return FILES[path]


def read(text: str, **environment: str) -> config.Config:
    """The configuration in `text`, without touching the disk."""
    return config.read(text, "g.toml", environment, read_file)


def mistakes(text: str, **environment: str) -> list[str]:
    """The sentences of all mistakes in `text`."""
    with pytest.raises(config.ConfigFault) as caught:
        read(text, **environment)
    return [mistake.sentence for mistake in caught.value.mistakes]


def test_the_issues_example_works_as_it_is() -> None:
    """The file people were promised: the carrier that it does not define is a warning, and left out."""
    found = read(ISSUE)
    assert found.api.listen == config.Listen("127.0.0.1", 8018)
    assert (found.hold.path, found.hold.key_file) == ("/var/lib/globewire/globewire.db", "/var/lib/globewire/globewire.db.key")
    assert found.callbacks.allow_private
    assert found.accounts == (
        DeclaredAccount(
            id=found.accounts[0].id,
            callback="http://127.0.0.1:28080/push",
            quota={"SendMessageToGlobe": 100_000},
            keys=(DeclaredKey(id="benchkeyid", secret="benchkeysecret"),),
            users=(
                DeclaredUser(
                    name="reader",
                    keys=(DeclaredKey(id="readerkeyid", secret="readerkeysecret"),),
                    policies=("AliyunDysmsReadOnlyAccess",),
                ),
            ),
        ),
    )
    sink = found.carriers[0].id
    assert found.carriers == (Carrier(id=sink, host="127.0.0.1", port=22775, system_id="bench", password="bench", window=100),)
    assert found.routes == (
        Route(id="route-1", carriers=(sink,), countries=frozenset({"HK", "SG"}), types=frozenset({"OTP"})),
        Route(id="route-2", carriers=(sink,)),
    )
    assert [str(warning) for warning in found.warnings] == [
        "g.toml: route[1].carriers: names 'other', which is no carrier here and is left out; known: sink"
    ]
    assert found.simulator.enabled is False


def test_the_issues_example_with_its_second_carrier() -> None:
    """With the other carrier defined nothing is left out and there is nothing to warn of."""
    found = read(ISSUE + OTHER)
    assert found.routes[0].carriers == ("sink", "other")
    assert found.warnings == ()


def test_nothing_at_all_is_a_laptop() -> None:
    """Without a file and variables: loopback, a database in the working directory, the simulated carrier on every route."""
    found = read("")
    assert found.api == config.Api(hints=True, exchanges=1000)
    assert (found.hold.path, found.hold.key_file) == ("globewire.db", "globewire.db.key")
    assert found.simulator.enabled is True
    assert found.simulator.behaviour == Behaviour()
    assert found.routes == (Route(id="route-1", carriers=(config.SIMULATOR,)),)
    assert (found.accounts, found.carriers, found.warnings) == ((), (), ())


def test_the_example_is_a_whole_configuration() -> None:
    """What README and `config example` show reads without a warning."""
    found = read(config.example(), SHOP_SECRET="s", NORTH_PASSWORD="p")
    assert found.accounts[0].keys[0].secret == "s"
    assert (found.carriers[0].password, found.carriers[0].pace) == ("p", 50.0)
    assert found.routes == (Route(id="route-1", carriers=(found.carriers[0].id,)),)
    assert found.warnings == ()


def test_everything_can_be_set() -> None:
    """Each kind of value arrives as what the stages are given."""
    found = read(
        """
        [api]
        listen = "[::1]:0"
        certificate = "good.pem"
        certificate_key = "good.pem"
        trusted_proxies = ["10.0.0.7", "192.168.3.4/16", "fd00::/8"]
        refusal_form = "gateway"
        header_timeout = 2
        [callbacks]
        delays = [60, 60]
        [simulator]
        enabled = true
        latency = 0.5
        receipt_delay = [0, 2]
        errors = { ESME_RTHROTTLED = 0.25 }
        receipts = { DELIVRD = 9, UNDELIV = 1 }
        receipt_form = "tlv"
        id_form = "hex-decimal"
        [log]
        level = "debug"
        format = "json"
        [[account]]
        id = "a"
        sender = "Shop"
        policy.own = { Version = "1", Statement = [{ Effect = "Allow", Action = ["dysms:*"], Resource = "*" }] }
        user = [{ name = "u", policies = ["own"] }]
        [[carrier]]
        id = "sink"
        host = "h"
        port = 1
        system_id = "é"
        password_file = "password.txt"
        bind = "separate"
        pace = 50
        source_short = { ton = 6, npi = 8 }
        tls = true
        ca = "good.pem"
        server_name = "smpp.example"
        [[route]]
        id = "all"
        carriers = ["sink", "simulator"]
        countries = ["hk"]
        prefixes = ["8526", "65"]
        on_unknown = "resend"
        """
    )
    assert found.api.listen == config.Listen("::1", 0)
    assert str(found.api.listen) == "[::1]:0"
    assert found.api.trusted_proxies == (ip_network("10.0.0.7"), ip_network("192.168.0.0/16"), ip_network("fd00::/8"))
    assert (found.api.refusal_form, found.api.header_timeout) == (RefusalForm.GATEWAY, 2.0)
    assert found.callbacks.delays == (60, 60)
    assert found.simulator.behaviour == Behaviour(
        latency=(0.5, 0.5),
        receipt_delay=(0.0, 2.0),
        errors=((0.25, 0x58),),
        receipts=((9.0, "DELIVRD"), (1.0, "UNDELIV")),
        receipt_form=ReceiptForm.TLV,
        id_form=IdForm.HEX_DECIMAL,
    )
    assert found.log == config.LogSettings(level=config.LogLevel.DEBUG, format=config.LogFormat.JSON)
    assert found.accounts[0].policies == {
        "own": '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["dysms:*"], "Resource": "*"}]}'
    }
    carrier = found.carriers[0]
    assert (carrier.password, carrier.bind, carrier.source_short) == ("hunter2", Binding.SEPARATE, Address(ton=6, npi=8))
    route = found.routes[0]
    assert (route.id, route.carriers, route.prefixes) == ("all", ("sink", "simulator"), ("8526", "65"))
    assert (route.countries, route.on_unknown) == (frozenset({"HK"}), OnUnknown.RESEND)
    assert found.warnings == ()


def carrier_with(line: str) -> str:
    """A carrier with one more line."""
    return CARRIER + line


def route_with(line: str) -> str:
    """A carrier, and a route over it with one more line."""
    return CARRIER + '[[route]]\ncarriers = ["sink"]\n' + line


SENTENCES = [
    (
        "windw = 3",
        "unknown key 'windw'; known: api, console, metrics, hold, send, callbacks, account, carrier, route, simulator, log",
    ),
    ("[api]\nlisen = 3", "unknown key 'lisen' in api; did you mean 'listen'?"),
    ("api = 3", "api: 3 is not a table; write [api]"),
    (
        "[metrics]\nlisten = '127.0.0.1:8018'",
        "metrics.listen: this is the API's address; give another, or set at_api = true instead",
    ),
    ("[account]\nid = 'a'", "account: a table stands where there may be several; begin each with [[account]], in double brackets"),
    ("account = [1]", "account[1]: 1 is not a table; begin each with [[account]]"),
    (
        "[api]\nlisten = '8018'",
        "api.listen: '8018' is not an address to listen on; give host:port, such as 127.0.0.1:8018 or [::1]:8018",
    ),
    ("[api]\nlisten = 8018", "api.listen: 8018 is not host:port; give host:port, in quotes"),
    ("[api]\nline_limit = 1.5", "api.line_limit: 1.5 is not a whole number; give a number from 1024 to 67108864"),
    ("[api]\nnode = true", "api.node: true is not a whole number; give a number from 0 to 99"),
    ("[api]\nrequire_tls = 'yes'", "api.require_tls: 'yes' is neither true nor false; give true or false, without quotes"),
    (
        "[api]\nrefusal_form = 'bussiness'",
        "api.refusal_form: 'bussiness' is not known here; give one of business, gateway; did you mean 'business'?",
    ),
    ("[api]\ntrusted_proxies = '::1'", "api.trusted_proxies: '::1' is not a list; put it in square brackets: [...]"),
    (
        "[api]\ntrusted_proxies = ['proxy']",
        "api.trusted_proxies[1]: 'proxy' is not an address; give one such as 10.0.0.7, or a range such as 10.0.0.0/8",
    ),
    ("[api]\ncertificate = 'good.pem'", "api: certificate stands without certificate_key; give both, or neither"),
    ("[api]\ncertificate_key = 'good.pem'", "api: certificate_key stands without certificate; give both, or neither"),
    (
        "[api]\ncertificate = 'bad.pem'\ncertificate_key = 'good.pem'",
        "api.certificate: the file 'bad.pem' cannot be read (No such file or directory); give the path of a file that can",
    ),
    (
        "[hold]\nurl = 'postgresql://db/'",
        "hold.url: the address names no database; give postgresql://user@host:5432/database, or two hosts with a comma between",
    ),
    (
        "[hold]\nurl = 'mysql://me:secret@db/x'",
        "hold.url: what stands there is not a database; give sqlite:///absolute/path.db, sqlite://relative.db or postgresql://...",
    ),
    (
        "[hold]\nurl = 'sqlite://'",
        "hold.url: 'sqlite://' is not a database; give sqlite:///absolute/path.db, sqlite://relative.db or postgresql://...",
    ),
    (
        "[hold]\nmaster_key = 'c2hvcnQ='",
        "hold.master_key: this is not a master key; give 32 random bytes in base64, as `openssl rand -base64 32` prints them",
    ),
    ("[send]\nvalidity = 0", "send.validity: 0 is not a whole number; give a number from 1 to 2592000"),
    ("[callbacks]\ndelays = [60, -1]", "callbacks.delays[2]: -1 is not a time in whole seconds; give a number from 0 to 86400"),
    ("[callbacks]\ntimeout = nan", "callbacks.timeout: nan is not a time in seconds; give a number from 0.01 to 86400"),
    (
        "[log]\nlevel = 'warn'",
        "log.level: 'warn' is not known here; give one of debug, info, warning, error; did you mean 'warning'?",
    ),
    (
        "[simulator]\nlatency = [2, 1]",
        "simulator.latency: this is no span of time; give seconds, or [least, most] with the least first",
    ),
    (
        "[simulator]\nerrors = { ESME_RSYSERR = 0.6, ESME_RMSGQFUL = 0.6 }",
        "simulator.errors: the shares come to more than 1; give less of each",
    ),
    (
        "[simulator]\nreceipts = { DELIVRD = 0 }",
        "simulator.receipts: there is no weight above 0; give one to some word, such as { DELIVRD = 1 }",
    ),
    ("[[account]]\nsender = 'Shop'", "account[1].id: is missing; give a name: letters, digits, '.', '_' and '-'"),
    ("[[account]]\nid = 'a b'", "account[1].id: 'a b' is not a name; use letters, digits, '.', '_' and '-'"),
    (
        "[[account]]\nid = 'a'\nsender = 'ElevenAndOne'",
        "account[1].sender: 'ElevenAndOne' is not a sender ID; give at most 11 letters and digits, or at most 15 digits",
    ),
    (
        "[[account]]\nid = 'a'\ncallback = 'ftp://x'",
        "account[1].callback: the URL begins neither with https:// nor with http://; give an address such as https://shop.example/receipts",
    ),
    (
        "[[account]]\nid = 'a'\nquota = { QueryMessage = 0 }",
        "account[1].quota.QueryMessage: 0 is not a whole number; give a number from 1 to 10000000",
    ),
    (
        "[[account]]\nid = 'a'\nkey = [{ id = 'k', secret = 'env:NONE' }]",
        "account[1].key[1].secret: the environment has no variable 'NONE'; set it, or give the secret another way",
    ),
    (
        "[[account]]\nid = 'a'\nkey = [{ id = 'k', secret_file = 'binary' }]",
        "account[1].key[1].secret_file: the file 'binary' cannot be read (it is not text); give the path of a file that can",
    ),
    (
        "[[account]]\nid = 'a'\nuser = [{ name = 'u', policies = ['AliyunDysmsReadOnly'] }]",
        "account[1].user[1].policies: names 'AliyunDysmsReadOnly', which is no policy here; known: AliyunDysmsFullAccess, "
        "AliyunDysmsReadOnlyAccess; did you mean 'AliyunDysmsReadOnlyAccess'?",
    ),
    (
        "[[account]]\nid = 'a'\n[account.policy]\n"
        "AliyunDysmsFullAccess = { Version = '1', Statement = [{ Effect = 'Deny', Action = '*', Resource = '*' }] }",
        "account[1].policy.AliyunDysmsFullAccess: this is the name of a system policy; give another",
    ),
    (
        "[[account]]\nid = 'a'\npolicy.p = '{\"Version\": \"2\"}'\nuser = [{ name = 'u', policies = ['p'] }]",
        'account[1].policy.p: Version: write "Version": "1"; there is no other.',
    ),
    (
        "[[account]]\nid = 'a'\npolicy.p = { Version = 2026-01-01 }",
        "account[1].policy.p: this cannot be written as JSON; give a policy document as text, or a table of texts and lists",
    ),
    ("[[account]]\nid = 'a'\n[[account]]\nid = 'a'", "account[2].id: 'a' is used by account[1] already; give another"),
    (
        "[[account]]\nid = 'a'\nkey = [{ id = 'k', secret = 's' }]\n[[account]]\nid = 'b'\n"
        "user = [{ name = 'u', policies = ['AliyunDysmsFullAccess'], key = [{ id = 'k', secret = 's' }] }]",
        "account[2].user[1].key[1].id: 'k' is used by account[1].key[1] already; give another",
    ),
    (CARRIER.replace("2775", "70000"), "carrier[1].port: 70000 is not a port; give a number from 1 to 65535"),
    (CARRIER.replace('"sink"', '"simulator"'), "carrier[1].id: 'simulator' is the carrier in a box; give another id"),
    (
        CARRIER.replace('"x"', '"longer-than-fifteen"'),
        "carrier[1].system_id: 'longer-than-fifteen' is not a login of at most 15 characters; it has more than 15 characters",
    ),
    (CARRIER.replace('"y"', '"ninechars"'), "carrier[1].password: the secret has 9 characters; at most 8 can be used here"),
    (
        CARRIER.replace('"y"', '""'),
        'carrier[1].password: the secret is empty; give it, or name where it is: "env:NAME", "file:PATH"',
    ),
    (carrier_with('password_file = "password.txt"'), "carrier[1].password_file: stands beside password; keep one of the two"),
    (carrier_with("windw = 100"), "unknown key 'windw' in carrier[1]; did you mean 'window'?"),
    (carrier_with("pace = -1"), "carrier[1].pace: -1 is not a pace; give a number from 0 to 1000000"),
    (carrier_with("destination = { ton = 1 }"), "carrier[1].destination.npi: is missing; give a whole number, 0 to 255"),
    (carrier_with("destination = 1"), "carrier[1].destination: 1 is not a table; write { ton = 1, npi = 1 }"),
    (carrier_with('sender = "发"'), "carrier[1].sender: '发' has characters that SMPP cannot carry here; use those of ISO 8859-1"),
    (
        carrier_with("reconnect_first = 40"),
        "carrier[1]: reconnect_first is longer than reconnect_most; give the shorter pause first",
    ),
    (CARRIER + CARRIER, "carrier[2].id: 'sink' is used by carrier[1] already; give another"),
    (
        CARRIER + '[[route]]\ncarriers = ["snik"]',
        "route[1].carriers: names 'snik', which is no carrier here; known: sink; did you mean 'sink'?",
    ),
    (CARRIER + "[[route]]\ncarriers = []", "route[1].carriers: is an empty list; give at least one, or leave the key out"),
    (CARRIER + '[[route]]\ncountries = ["SG"]', "route[1].carriers: is missing; give a list of carriers' ids"),
    (CARRIER + '[[route]]\ncarriers = ["sink", "sink"]', "route[1].carriers: has 'sink' twice; keep one"),
    (route_with('countries = ["UK"]'), "route[1].countries[1]: 'UK' is not a country; did you mean 'GB'?"),
    (route_with('countries = ["XX"]'), "route[1].countries[1]: 'XX' is not a country; give two letters of ISO 3166, such as 'SG'"),
    (route_with("countries = []"), "route[1].countries: is an empty list; give at least one, or leave the key out"),
    (
        route_with('prefixes = ["+852"]'),
        "route[1].prefixes[1]: '+852' is not the beginning of a number; give digits only, with the dialling code, such as '8526'",
    ),
    (
        route_with('types = ["OPT"]'),
        "route[1].types[1]: 'OPT' is not a type of message; give one of OTP, NOTIFY, MKT, GENERAL; did you mean 'OTP'?",
    ),
    (
        CARRIER + '[[route]]\ncarriers = ["sink"]\nid = "route-2"\ntypes = ["OTP"]\n[[route]]\ncarriers = ["sink"]',
        "route[2]: has no id, and another route is called 'route-2'; give it an id",
    ),
    ("a = 1\na = 2\n", "line 2, column 6: this is not TOML: this key stands twice in its table; keep one"),
    ("a = 1\nb = yes\n", "line 2, column 5: this is not TOML: here is no value, or one that is cut off; put text in quotes"),
    ("\n\n[Api\n", "line 3, column 5: this is not TOML: expected ']' at the end of a table declaration"),
    ("a = [1,", "line 1, the end of the file: this is not TOML: here is no value, or one that is cut off; put text in quotes"),
    ("a = " + "[" * 5000, "this is not TOML that can be read: a number has too many digits, or tables are nested too deeply"),
]


@pytest.mark.parametrize(("text", "sentence"), SENTENCES, ids=[sentence[:60] for _, sentence in SENTENCES])
def test_one_mistake_one_sentence(text: str, sentence: str) -> None:
    """Each mistake gives one sentence, which says where it is and what to write instead."""
    assert mistakes(text) == [sentence]


def test_every_mistake_is_reported_at_once() -> None:
    """Mistakes in several sections, in the environment and between sections come out of one reading, with place and file."""
    text = "[api]\nlisten = 1\n[send]\ngrace = -1\n" + CARRIER.replace("2775", "0") + '[[route]]\ncarriers = ["snik", "other"]\n'
    with pytest.raises(config.ConfigFault) as caught:
        read(text + '[[route]]\ncarriers = ["sink", "gone"]\n', GLOBEWIRE_LOG_LEVEL="loud")
    assert [(mistake.file, mistake.key) for mistake in caught.value.mistakes] == [
        ("g.toml", "api.listen"),
        ("g.toml", "send.grace"),
        ("g.toml", "carrier[1].port"),
        ("environment", "log.level"),
        ("g.toml", "route[1].carriers"),
        ("g.toml", "route[1].carriers"),
    ]
    assert [warning.key for warning in caught.value.warnings] == ["route[2].carriers"]
    assert str(caught.value).splitlines()[2] == "g.toml: carrier[1].port: 0 is not a port; give a number from 1 to 65535"


WARNINGS = [
    (
        "[[account]]\nid = 'a'\ncallback = 'http://127.0.0.1/x'",
        "account[1].callback: 127.0.0.1 is not a public address, so nothing is pushed there; "
        "set callbacks.allow_private = true to permit it",
    ),
    (
        "[[account]]\nid = 'a'\nuser = [{ name = 'u' }]",
        "account[1].user[1]: this user has no policies, so everything is refused; give policies = [...]",
    ),
    ("[simulator]\nenabled = false", "there is no carrier and no simulator, so every message is refused; add [[carrier]]"),
    (carrier_with('ca = "good.pem"'), "carrier[1]: ca and server_name do nothing without tls = true"),
    (
        route_with('[[route]]\ncarriers = ["sink"]\ntypes = ["OTP"]'),
        "route[2]: is never reached, as route[1] takes every message; put that one last",
    ),
    ("[api]\nrequire_tls = true", "api: require_tls refuses every call, as there is neither a certificate nor a trusted proxy"),
    ("[hold]\nkeep_messages_days = 1", "hold: keep_bodies_days is more than keep_messages_days; a text goes with its message"),
]


@pytest.mark.parametrize(("text", "sentence"), WARNINGS, ids=[sentence[:60] for _, sentence in WARNINGS])
def test_what_is_hardly_meant_is_a_warning(text: str, sentence: str) -> None:
    """A doubtful configuration is read, and says so."""
    assert [warning.sentence for warning in read(text).warnings] == [sentence]


def test_the_environment_wins() -> None:
    """A variable beats the file; an empty one counts as not set."""
    found = read(
        '[api]\nlisten = "0.0.0.0:80"\nnode = 7\n',
        GLOBEWIRE_API_LISTEN="127.0.0.1:0",
        GLOBEWIRE_API_NODE="",
        GLOBEWIRE_API_REQUIRE_TLS="on",
        GLOBEWIRE_API_TRUSTED_PROXIES="10.0.0.1, fd00::/8",
        GLOBEWIRE_CALLBACKS_TIMEOUT="2.5",
        GLOBEWIRE_CALLBACKS_DELAYS="1,2",
        GLOBEWIRE_LOG_FORMAT="json",
    )
    assert (found.api.listen, found.api.node, found.api.require_tls) == (config.Listen("127.0.0.1", 0), 7, True)
    assert found.api.trusted_proxies == (ip_network("10.0.0.1"), ip_network("fd00::/8"))
    assert (found.callbacks.timeout, found.callbacks.delays) == (2.5, (1, 2))
    assert found.log.format is config.LogFormat.JSON


def test_a_variable_that_is_wrong_is_called_by_its_name() -> None:
    """The sentence names the variable, not a line of the file that is not at fault."""
    assert mistakes("", GLOBEWIRE_SEND_GRACE="soon") == [
        "GLOBEWIRE_SEND_GRACE: 'soon' is not a whole number; give a number from 0 to 2592000"
    ]


def test_a_variable_that_is_misspelt_is_a_warning() -> None:
    """Only within a section of ours: an orchestrator sets GLOBEWIRE_SERVICE_HOST and its like for a service of that name."""
    found = read("", GLOBEWIRE_API_LISTN="x", GLOBEWIRE_SERVICE_HOST="10.0.0.1", GLOBEWIRE_PORT_8018_TCP="tcp://10.0.0.1:8018")
    assert [warning.sentence for warning in found.warnings] == [
        "unknown variable 'GLOBEWIRE_API_LISTN'; did you mean 'GLOBEWIRE_API_LISTEN'?"
    ]


def test_the_master_key_comes_from_the_environment_first() -> None:
    """32 bytes in base64, in GLOBEWIRE_MASTER_KEY; in the file it may be a file's text."""
    key = bytes(32)
    text = '[hold]\nmaster_key = "file:key.b64"\nmaster_key_file = "/etc/globewire.key"\n'
    assert read(text).hold.master_key == bytes(range(32))
    assert read(text).hold.key_file == "/etc/globewire.key"
    assert read(text, GLOBEWIRE_MASTER_KEY=base64.b64encode(key).decode()).hold.master_key == key
    assert mistakes("", GLOBEWIRE_MASTER_KEY="short") == [
        "GLOBEWIRE_MASTER_KEY: this is not a master key; give 32 random bytes in base64, as `openssl rand -base64 32` prints them"
    ]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/lib/x.db", "/var/lib/x.db"),
        ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
        ("sqlite://x.db", "x.db"),
        ("sqlite://./data/x.db", "./data/x.db"),
    ],
)
def test_the_databases_path(url: str, path: str) -> None:
    """What follows sqlite:// is the path."""
    assert read(f'[hold]\nurl = "{url}"').hold.path == path


def test_no_secret_is_ever_shown() -> None:
    """Neither the configuration's repr nor any sentence has a secret in it, even where the secret is at fault."""
    key = base64.b64encode(bytes(range(32))).decode()
    found = read(ISSUE, GLOBEWIRE_MASTER_KEY=key)
    assert "benchkeysecret" not in repr(found)
    assert "readerkeysecret" not in repr(found)
    assert "password" not in repr(found)
    assert repr(found.hold.master_key) not in repr(found)
    broken = mistakes(
        "[[account]]\nid = 'a'\nkey = [{ id = 'k', secret = 'sesa\\nme' }]\n".replace("'sesa\\nme'", '"sesa\\nme"')
        + CARRIER.replace('"y"', '"sesame-open"'),
        GLOBEWIRE_MASTER_KEY="sesame",
    )
    assert len(broken) == 3
    assert "sesa" not in "".join(broken)


def test_load_reads_a_file(tmp_path: Path) -> None:
    """A file is read from the disk, and so are the files that it names."""
    path = tmp_path / "globewire.toml"
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n", encoding="utf-8")
    path.write_text(CARRIER.replace('"y"', f'"file:{secret}"'), encoding="utf-8")
    assert config.load(path, {}).carriers[0].password == "hunter2"
    assert config.load(None, {}) == read("")


def test_load_says_why_a_file_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and a file that is not UTF-8 are mistakes like any other."""
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"a = 1\nb = '\xe9'\n")
    for path, sentence in (
        (tmp_path / "none.toml", "the file cannot be read (No such file or directory); give the path of one that can"),
        (tmp_path, "the file cannot be read (Is a directory); give the path of one that can"),
        (latin, "line 2 is not UTF-8; save the file as UTF-8"),
    ):
        with pytest.raises(config.ConfigFault) as caught:
            config.load(path, {})
        assert caught.value.mistakes == (config.Mistake(str(path), "", sentence),)


def test_every_default_is_one_that_could_be_written() -> None:
    """A default that a user copies into a file is taken: tables and dataclasses agree."""
    page = runpy.run_path(str(Path(__file__).parent.parent / "tools" / "configuration.py"))
    written = [
        f"[{outer.key}]\n{one.key} = {page['spelt'](default)}\n"
        for outer in ROOT_FIELDS
        for one, default in _defaults(outer)
        if not one.default
    ]
    assert len(written) > 30
    for text in written:
        assert read(text).warnings == (), text


def _defaults(outer: Field) -> list[tuple[Field, object]]:
    section: Section[object] | None = outer.kind.section
    assert section is not None
    return [] if outer.kind.several else [(one, default_of(section, one)) for one in section.fields]


def test_the_page_is_current() -> None:
    """docs/configuration.md is what tools/configuration.py writes; run that after a change to the tables."""
    page = runpy.run_path(str(Path(__file__).parent.parent / "tools" / "configuration.py"))
    assert page["PAGE"].read_text(encoding="utf-8") == page["document"]()


@pytest.mark.parametrize(
    ("text", "reachable", "emulating"),
    [
        ("", False, True),
        ('[api]\nlisten = "localhost:8018"', False, True),
        ('[api]\nlisten = "[::1]:8018"', False, True),
        ('[api]\nlisten = "0.0.0.0:8018"', True, False),
        ('[api]\nlisten = "192.0.2.1:8018"', True, False),
        ('[api]\nlisten = "sms.example:8018"', True, False),
        ('[api]\ntrusted_proxies = ["127.0.0.1"]', True, False),
        ("[simulator]\nenabled = false", False, False),
        (CARRIER, False, False),
        (CARRIER + "[simulator]\nenabled = true", False, False),
    ],
)
def test_an_emulator_is_alone_on_its_machine(text: str, reachable: bool, emulating: bool) -> None:
    """Only where nothing but the simulated carrier can be sent to, and only from here, may tests do what they like."""
    found = config.read(text, "x.toml", {})
    assert (found.reachable, found.emulating) == (reachable, emulating)
    assert (found.api.hints, found.api.exchanges) == (not reachable, 1000 if emulating else 100)


def test_hints_and_exchanges_as_they_are_asked_for() -> None:
    """Whoever may reach the API."""
    for host in ("127.0.0.1", "0.0.0.0"):
        for hints in (True, False):
            found = config.read(f'[api]\nlisten = "{host}:1"\nhints = {str(hints).lower()}\nexchanges = 0', "x.toml", {})
            assert (found.api.hints, found.api.exchanges) == (hints, 0)


REACHED = '[api]\nlisten = "0.0.0.0:8018"\n'
SIGNED = f'[console]\npassword_hash = "{hashed("a password of a test")}"\n'
CONSOLES = {
    "": (True, ""),
    REACHED: (False, ""),
    '[api]\ntrusted_proxies = ["127.0.0.1"]\n': (False, ""),
    "[console]\nenabled = false\n": (False, ""),
    CARRIER: (False, ""),
    CARRIER + SIGNED: (True, ""),
    CARRIER + "[console]\nenabled = true\n": (True, ""),
    REACHED + "[console]\nenabled = true\n": (True, "it has no password"),
    REACHED + "[console]\nenabled = true\nunprotected = true\n": (True, ""),
    REACHED + SIGNED: (True, "travel in the clear"),
    REACHED + SIGNED + "unprotected = true\n": (True, ""),
    REACHED + 'require_tls = true\ntrusted_proxies = ["127.0.0.1"]\n' + SIGNED: (True, ""),
    SIGNED: (True, ""),
}


@pytest.mark.parametrize(("text", "expected"), CONSOLES.items())
def test_the_console_is_an_emulators_unless_it_is_guarded(text: str, expected: tuple[bool, str]) -> None:
    """Beside real carriers it is served under a password, to other machines under TLS too, or where the operator says otherwise."""
    shown, fault = expected
    if fault:
        with pytest.raises(config.ConfigFault, match=fault):
            read(text)
    else:
        assert read(text).shows_console is shown


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("", True),
        (REACHED, False),
        ('[api]\ntrusted_proxies = ["127.0.0.1"]\n', False),
        (REACHED + "[metrics]\nat_api = true\n", True),
        ('[metrics]\nat_api = false\nlisten = "0.0.0.0:9118"\n', False),
    ],
)
def test_metrics_are_at_the_api_s_address_where_only_this_machine_asks(text: str, there: bool) -> None:
    """Or where the operator says so; an address of their own changes nothing in that."""
    assert read(text).metrics_at_api is there
