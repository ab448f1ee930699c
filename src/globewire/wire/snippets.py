"""Code for one call, ready to be pasted: curl with the signature made, and the SDKs in the forms that their own pages show.

The Python, Node and curl ones are run by the tests against a gateway. The others use the names in the sources of
aliyun/alibabacloud-java-sdk, -go-sdk, -php-sdk and -csharp-sdk (dysmsapi-20180501), and were compiled by nobody here. Secrets
are read from the environment, under the names that the SDKs themselves know; curl alone has what was made with them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from globewire.wire import quoting
from globewire.wire.operation import OPERATIONS, VERSION
from globewire.wire.signature import WINDOW
from globewire.wire.signing import Wanted, sign

ID, SECRET, TOKEN = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"


class Language(StrEnum):
    """What a snippet is written in; the value is its name for people."""

    CURL = "curl"
    PYTHON = "Python"
    PYTHON_CORE = "Python, core SDK"
    NODE = "Node.js"
    JAVA = "Java"
    GO = "Go"
    PHP = "PHP"
    CSHARP = "C#"


def snippet(language: Language, wanted: Wanted, secure: bool) -> str:
    """Code that makes the call `wanted`, by https where `secure`. Its parameters are those that the operation has; others are
    left out by the SDKs that name each. The SDKs sign by a scheme of their own; curl by the one that is wanted."""
    return _WRITERS[language](wanted, "https" if secure else "http")


def _curl(wanted: Wanted, protocol: str) -> str:
    """Signed: it needs no secret, and works once. Content-Length and User-Agent are curl's own."""
    signed = sign(wanted)
    minutes = WINDOW[wanted.scheme] // 60_000
    lines = [f"curl --globoff --request {wanted.method} {quoting.shell(f'{protocol}://{wanted.host}{signed.target}')}"]
    for name, value in signed.raw.headers:
        if name not in (b"host", b"content-length"):
            lines.append("--header " + quoting.shell(f"{name.decode('latin-1')}: {value.decode('latin-1')}"))
    if signed.raw.body:
        lines.append(f"--data-raw {quoting.shell(signed.raw.body.decode())}")
    elif wanted.method == "POST":
        lines.append("--data-raw ''")
        if not any(name == b"content-type" for name, _ in signed.raw.headers):
            lines.append("--header 'content-type:'")  # else curl would add one, which V3 would have to sign
    warning = f"# Signed: good for {minutes} minutes, and for one call. Whoever has it can make that call."
    return warning + "\n" + " \\\n  ".join(lines) + "\n"


def _python(wanted: Wanted, protocol: str) -> str:
    credential = [f'access_key_id=os.environ["{ID}"],', f'access_key_secret=os.environ["{SECRET}"],']
    credential += [f'security_token=os.environ["{TOKEN}"],'] if wanted.token else []
    members = _members(wanted, quoting.dynamic(quoting.python, "True", "False"))
    arguments = [f"{_python_name(name)}={value}," for name, value in members]
    return f"""\
# pip install alibabacloud_dysmsapi20180501
import os

from alibabacloud_dysmsapi20180501.client import Client
from alibabacloud_dysmsapi20180501.models import {wanted.operation}Request
from alibabacloud_tea_openapi.models import Config

config = Config(
{_indented(4, *credential, f"endpoint={quoting.python(wanted.host)},", f'protocol="{protocol}",')}
)
request = {wanted.operation}Request(
{_indented(4, *arguments)}
)
reply = Client(config).{_snake(wanted.operation)}(request)
print(reply.body.to_map())
"""


def _python_core(wanted: Wanted, protocol: str) -> str:
    credential = f'os.environ["{ID}"], os.environ["{SECRET}"]'
    client = f'AcsClient({credential}, "ap-southeast-1")'
    imports = "from aliyunsdkcore.client import AcsClient\n"
    if wanted.token:
        client = f'AcsClient(region_id="ap-southeast-1", credential=StsTokenCredential({credential}, os.environ["{TOKEN}"]))'
        imports = f"from aliyunsdkcore.auth.credentials import StsTokenCredential\n{imports}"
    added = [
        f"request.add_query_param({quoting.python(name)}, {quoting.python(value)})" for name, value in wanted.parameters.items()
    ]
    return f"""\
# pip install aliyun-python-sdk-core
import os

{imports}from aliyunsdkcore.request import CommonRequest

client = {client}
request = CommonRequest(domain={quoting.python(wanted.host)}, version="{VERSION}", action_name={quoting.python(wanted.operation)})
request.set_method("POST")
request.set_protocol_type("{protocol}")
{_indented(0, *added)}
print(client.do_action_with_exception(request).decode())
"""


def _node(wanted: Wanted, protocol: str) -> str:
    credential = [f"accessKeyId: process.env.{ID},", f"accessKeySecret: process.env.{SECRET},"]
    credential += [f"securityToken: process.env.{TOKEN},"] if wanted.token else []
    members = [f"{_lower(name)}: {value}," for name, value in _members(wanted, quoting.javascript_value)]
    return f"""\
// npm install @alicloud/dysmsapi20180501 @alicloud/openapi-core
const {{ default: Client, {wanted.operation}Request }} = require('@alicloud/dysmsapi20180501');
const {{ $OpenApiUtil }} = require('@alicloud/openapi-core');

const config = new $OpenApiUtil.Config({{
{_indented(2, *credential, f"endpoint: {quoting.javascript(wanted.host)},", f"protocol: '{protocol}',")}
}});
const request = new {wanted.operation}Request({{
{_indented(2, *members)}
}});

new Client(config)
  .{_lower(wanted.operation)}(request)
  .then(({{ body }}) => console.log(body))
  .catch((error) => {{
    console.error(error);
    process.exitCode = 1;
  }})
  .finally(() => process.exit()); // an idle connection would keep node running
"""


def _java(wanted: Wanted, protocol: str) -> str:
    credential = [f'.setAccessKeyId(System.getenv("{ID}"))', f'.setAccessKeySecret(System.getenv("{SECRET}"))']
    credential += [f'.setSecurityToken(System.getenv("{TOKEN}"))'] if wanted.token else []
    setters = [
        f"request.set{name}({value});" if value else _unsayable(name)
        for name, value in _members(wanted, quoting.typed(quoting.java, "{}L", "true", "false"))
    ]
    return f"""\
// Maven: com.aliyun:dysmsapi20180501
import com.aliyun.dysmsapi20180501.Client;
import com.aliyun.dysmsapi20180501.models.{wanted.operation}Request;
import com.aliyun.teaopenapi.models.Config;

public class Call {{
    public static void main(String[] args) throws Exception {{
        Config config = new Config()
{_indented(16, *credential, f".setEndpoint({quoting.java(wanted.host)})", f'.setProtocol("{protocol}");')}
        {wanted.operation}Request request = new {wanted.operation}Request();
{_indented(8, *setters)}
        System.out.println(new Client(config).{_lower(wanted.operation)}(request).getBody().toMap());
    }}
}}
"""


def _go(wanted: Wanted, protocol: str) -> str:
    credential = [f'AccessKeyId: tea.String(os.Getenv("{ID}")),', f'AccessKeySecret: tea.String(os.Getenv("{SECRET}")),']
    credential += [f'SecurityToken: tea.String(os.Getenv("{TOKEN}")),'] if wanted.token else []
    fields = [
        f"{name}: {value}," if value else _unsayable(name)
        for name, value in _members(
            wanted,
            quoting.typed(lambda text: f"tea.String({quoting.go(text)})", "tea.Int64({})", "tea.Bool(true)", "tea.Bool(false)"),
        )
    ]
    text = f"""\
// go get github.com/alibabacloud-go/dysmsapi-20180501/v2
package main

import (
    "fmt"
    "os"

    openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
    dysmsapi "github.com/alibabacloud-go/dysmsapi-20180501/v2/client"
    "github.com/alibabacloud-go/tea/tea"
)

func main() {{
    client, err := dysmsapi.NewClient(&openapi.Config{{
{_indented(8, *credential, f"Endpoint: tea.String({quoting.go(wanted.host)}),", f'Protocol: tea.String("{protocol}"),')}
    }})
    if err != nil {{
        panic(err)
    }}
    reply, err := client.{wanted.operation}(&dysmsapi.{wanted.operation}Request{{
{_indented(8, *fields)}
    }})
    if err != nil {{
        panic(err)
    }}
    fmt.Println(reply.Body)
}}
"""
    return re.sub(r"^(?: {4})+", lambda found: "\t" * (len(found[0]) // 4), text, flags=re.MULTILINE)


def _php(wanted: Wanted, protocol: str) -> str:
    credential = [f"'accessKeyId' => getenv('{ID}'),", f"'accessKeySecret' => getenv('{SECRET}'),"]
    credential += [f"'securityToken' => getenv('{TOKEN}'),"] if wanted.token else []
    members = [f"'{_lower(name)}' => {value}," for name, value in _members(wanted, quoting.dynamic(quoting.php, "true", "false"))]
    return f"""\
<?php
// composer require alibabacloud/dysmsapi-20180501
require 'vendor/autoload.php';

use AlibabaCloud\\SDK\\Dysmsapi\\V20180501\\Dysmsapi;
use AlibabaCloud\\SDK\\Dysmsapi\\V20180501\\Models\\{wanted.operation}Request;
use Darabonba\\OpenApi\\Models\\Config;

$config = new Config([
{_indented(4, *credential, f"'endpoint' => {quoting.php(wanted.host)},", f"'protocol' => '{protocol}',")}
]);
$request = new {wanted.operation}Request([
{_indented(4, *members)}
]);
print_r((new Dysmsapi($config))->{_lower(wanted.operation)}($request)->body->toMap());
"""


def _csharp(wanted: Wanted, protocol: str) -> str:
    read = "Environment.GetEnvironmentVariable"
    credential = [f'AccessKeyId = {read}("{ID}"),', f'AccessKeySecret = {read}("{SECRET}"),']
    credential += [f'SecurityToken = {read}("{TOKEN}"),'] if wanted.token else []
    fields = [
        f"{name} = {value}," if value else _unsayable(name)
        for name, value in _members(wanted, quoting.typed(quoting.csharp, "{}", "true", "false"))
    ]
    return f"""\
// dotnet add package AlibabaCloud.SDK.Dysmsapi20180501
using System;
using AlibabaCloud.OpenApiClient.Models;
using AlibabaCloud.SDK.Dysmsapi20180501;
using AlibabaCloud.SDK.Dysmsapi20180501.Models;

var config = new Config
{{
{_indented(4, *credential, f"Endpoint = {quoting.csharp(wanted.host)},", f'Protocol = "{protocol}",')}
}};
var request = new {wanted.operation}Request
{{
{_indented(4, *fields)}
}};
var reply = new Client(config).{wanted.operation}(request);
Console.WriteLine(reply.Body.ResponseCode + ": " + reply.Body.ResponseDescription);
"""


_WRITERS: Mapping[Language, Callable[[Wanted, str], str]] = {
    Language.CURL: _curl,
    Language.PYTHON: _python,
    Language.PYTHON_CORE: _python_core,
    Language.NODE: _node,
    Language.JAVA: _java,
    Language.GO: _go,
    Language.PHP: _php,
    Language.CSHARP: _csharp,
}


def _members(wanted: Wanted, value: quoting.Value) -> Iterator[tuple[str, str]]:
    for parameter in OPERATIONS[wanted.operation].parameters:
        if parameter.name in wanted.parameters:
            yield parameter.name, value(parameter.kind, wanted.parameters[parameter.name])


def _unsayable(name: str) -> str:
    return f"// {name} is left out: this SDK has another type for it than the text that was given"


def _python_name(name: str) -> str:
    return "from_" if name == "From" else _snake(name)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _indented(columns: int, *lines: str) -> str:
    return "\n".join(" " * columns + line for line in lines)
