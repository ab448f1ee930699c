"""The API as an OpenAPI 3.1 document, made from the tables that the gateway itself reads. Nothing here is written twice.

The API is RPC: six operations on the one path `/`, told apart by a header (V3) or a parameter (V1). OpenAPI tells operations
apart by path and method. So each has a path of its own with a fragment, `/#QueryMessage`: a fragment is never sent.
The parameters stand in a form body and not in the query, since tools that do send one put it behind the
fragment, where it is lost. Our server takes them there for every operation (contract 2.2). What is described is V3, which is
what the product's SDKs sign with; V1 is told of in words.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import assert_never

from globewire import errors
from globewire.errors import Row
from globewire.wire.callback import CONTENT_TYPE, REPORT, SIGNATURE_HEADER, TIMESTAMP_HEADER
from globewire.wire.history import since
from globewire.wire.operation import OPERATIONS, VERSION, Bounds, Field, Kind, Operation, Parameter
from globewire.wire.request import FORM

Schema = dict[str, object]

JSON, XML = "application/json", "text/xml"
DESCRIPTION = """\
The SendMessageToGlobe API (Dysmsapi, version 2018-05-01) as Globewire answers it.

Every call goes to the path `/`. The fragments in the paths here only tell the operations apart; nothing of them is sent.
Parameters may stand in the query, in a form body or in both, and GET is served as POST is. Every member of a reply is a string,
but for the object NumberDetail. What the business refuses is answered with HTTP 200 and a ResponseCode other than OK.

Calls are signed, which no generated client does by itself: use one of the product's SDKs, or sign as the scheme AccessKey says.
Calls signed the older way (V1: HMAC-SHA1 over the parameters, `Action`, `Format`, `SignatureNonce` and `Timestamp` among them)
are served too, and are answered in XML unless `Format` is JSON."""
SIGNING = """\
`ACS3-HMAC-SHA256 Credential=<AccessKeyId>,SignedHeaders=<names;of;headers>,Signature=<hex>`

The canonical request is six pieces joined by line feeds: method, `/`, the sorted and escaped query, the signed headers as
`name:value` lines, their names joined by `;`, and the SHA-256 of the body in hexadecimal. The string to sign is the algorithm, a
line feed, and the SHA-256 of that in hexadecimal; its HMAC-SHA256 under the secret is the signature, in hexadecimal. Every
`x-acs-` header that is sent must be signed."""
PUSHED = """\
Delivery receipts, several in one push, each pushed at least once. The answer that acknowledges is HTTP 200 with a JSON object
whose `code` is a number. Anything else is asked again later."""


def document(version: str, server: str = "/") -> Schema:
    """The document. `version` is Globewire's own; `server` where the API is, by default where the document comes from."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Globewire: SendMessageToGlobe API",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "x-globewire-version": version,
        },
        "servers": [{"url": server}],
        "security": [{"AccessKey": []}],
        "paths": {f"/#{name}": {"post": _operation(operation)} for name, operation in OPERATIONS.items()},
        "webhooks": {"SmsReport": {"post": _webhook()}},
        "components": {
            "securitySchemes": {
                "AccessKey": {"type": "apiKey", "in": "header", "name": "Authorization", "description": SIGNING},
            },
            "parameters": {name: {"in": "header", "name": name, **rest} for name, rest in _HEADERS.items()},
            "responses": {f"Error{status}": _error(status, rows) for status, rows in _by_status().items()},
            "schemas": _schemas(),
        },
    }


# --- operations ----------------------------------------------------------------------------------------------------------------


def _operation(operation: Operation) -> Schema:
    action = {"in": "header", "name": "x-acs-action", "required": True, "schema": _only(operation.name)}
    headers = [name for name in _HEADERS if name != _IDEMPOTENCY or operation.changing]
    return {
        "operationId": operation.name,
        "summary": operation.description,
        "description": f"{operation.quota:,} calls a second for an account and all its users, unless its quota says otherwise.",
        "x-calls-a-second": operation.quota,
        "x-ram-action": operation.ram_action,
        "parameters": [action, *({"$ref": f"#/components/parameters/{name}"} for name in headers)],
        "requestBody": {"required": True, "content": {FORM: {"schema": _ref(f"{operation.name}Request")}}},
        "responses": {
            "200": {
                "description": "What was done, or why the business refuses it.",
                "headers": {"x-acs-request-id": {"description": "As RequestId.", "schema": {"type": "string"}}},
                "content": {kind: {"schema": _ref(f"{operation.name}Response")} for kind in (JSON, XML)},
            },
            **{str(status): {"$ref": f"#/components/responses/Error{status}"} for status in _by_status()},
        },
    }


def _only(word: str) -> Schema:
    """One word, as an enumeration of one: generators pass over an operation that has a `const` in a header."""
    return {"type": "string", "enum": [word], "default": word}


_IDEMPOTENCY = "Idempotency-Key"
_HEADERS: Mapping[str, Schema] = {
    "x-acs-version": {"required": True, "schema": _only(VERSION)},
    "x-acs-date": {
        "required": True,
        "description": "Now, in UTC; within 15 minutes of the server's clock.",
        "schema": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"},
    },
    "x-acs-signature-nonce": {
        "required": True,
        "description": "Any text that this AccessKey has not used before.",
        "schema": {"type": "string", "minLength": 1},
    },
    "x-acs-content-sha256": {
        "required": False,
        "description": "The SHA-256 of the body, which must be right where it is given.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
    "x-acs-security-token": {
        "required": False,
        "description": "The token of a temporary (STS) AccessKey.",
        "schema": {"type": "string"},
    },
    _IDEMPOTENCY: {
        "required": False,
        "description": "The call happens once, however often it is made under this key within 24 hours. Globewire's own.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
}


def _webhook() -> Schema:
    signed = "Where the account has a secret for it. The signature is an HMAC-SHA256 over the timestamp, a full stop and the body."
    return {
        "operationId": "SmsReport",
        "summary": "Delivery receipts, pushed to the address that the account names.",
        "description": PUSHED,
        "security": [],
        "parameters": [
            {"in": "header", "name": name, "required": False, "description": signed, "schema": {"type": "string"}}
            for name in (TIMESTAMP_HEADER, SIGNATURE_HEADER)
        ],
        "requestBody": {
            "required": True,
            "content": {CONTENT_TYPE.partition(";")[0]: {"schema": {"type": "array", "items": _ref("Report"), "minItems": 1}}},
        },
        "responses": {
            "200": {"description": "Taken.", "content": {JSON: {"schema": _ref("Acknowledgement")}}},
            "default": {"description": "Not taken: it is pushed again later."},
        },
    }


# --- refusals ------------------------------------------------------------------------------------------------------------------


def _by_status() -> dict[int, list[Row]]:
    """The gateway's refusals by their HTTP status, ascending."""
    rows = errors.rows(business=False)
    return {status: [row for row in rows if row.http == status] for status in sorted({row.http for row in rows})}


def _error(status: int, rows: list[Row]) -> Schema:
    """One schema for all of them, so that a generated client has one kind of error; the codes of each stand beside it."""
    told = "\n".join(f"* `{row.code}`: {row.sentence.replace('{}', '…')}" for row in rows)
    return {
        "description": f"{HTTPStatus(status).phrase}\n\n{told}",
        "content": {kind: {"schema": _ref("Error")} for kind in (JSON, XML)},
        "x-codes": list(dict.fromkeys(row.code for row in rows)),
    }


# --- schemas -------------------------------------------------------------------------------------------------------------------


def _schemas() -> Schema:
    refusals = [row.code for row in errors.rows(business=True) if row is not errors.OK]
    made: Schema = {
        "Error": _object(_ENVELOPE, required=[field.name for field in _ENVELOPE]) | {"xml": {"name": "Error"}},
        "Refusal": _object(
            [field for field in OPERATIONS["ConversionData"].reply if field.name != "ResponseCode"],
            {"ResponseCode": {"type": "string", "enum": refusals}},
        ),
        "NumberDetail": _object([Field(name, Kind.STRING, f"{name}, in English; empty where unknown.") for name in _DETAIL]),
        "Report": _object(REPORT),
        "Acknowledgement": {
            "type": "object",
            "required": ["code"],
            "properties": {"code": {"type": "number"}, "msg": {"type": "string"}},
        },
    }
    for name, operation in OPERATIONS.items():
        made[f"{name}Request"] = _request(operation)
        made[f"{name}Done"] = _object(
            [field for field in operation.reply if field.name != "ResponseCode"],
            {"ResponseCode": {"type": "string", "const": errors.OK.code}},
        )
        made[f"{name}Response"] = {"oneOf": [_ref(f"{name}Done"), _ref("Refusal")], "xml": {"name": f"{name}Response"}}
    return made


_DETAIL = ("Country", "Region", "Carrier")
_ENVELOPE = (
    Field("RequestId", Kind.STRING, "The id of this call."),
    Field("HostId", Kind.STRING, "The host that was called."),
    Field("Code", Kind.STRING, "The code of the refusal."),
    Field("Message", Kind.STRING, "The code in a sentence."),
    Field("Recommend", Kind.STRING, "Where the product tells more of the code."),
)


def _request(operation: Operation) -> Schema:
    required = [each.name for each in operation.parameters if each.required]
    return {
        "type": "object",
        "required": required,
        "properties": {each.name: _parameter(operation, each) for each in operation.parameters},
    }


def _parameter(operation: Operation, parameter: Parameter) -> Schema:
    brought = since(operation.name, parameter.name)
    told = f"{parameter.description}{f' ({parameter.limits})' if parameter.limits else ''}"
    schema = {**_value(parameter.kind, parameter.bounds), "description": told}
    return {**schema, "x-since-sdk": brought} if brought else schema


def _value(kind: Kind, bounds: Bounds) -> Schema:
    """The schema of a parameter's value, as whoever fills a form sees it: numbers and truths are written as text."""
    match kind:
        case Kind.STRING:
            choices = {"enum": list(bounds.choices)} if bounds.choices else {}
            pattern = {"pattern": bounds.pattern} if bounds.pattern else {}
            return {"type": "string", **choices, **pattern, **_between("minLength", "maxLength", bounds)}
        case Kind.INTEGER | Kind.NUMBER:
            return {"type": kind.value, **_between("minimum", "maximum", bounds)}
        case Kind.BOOLEAN:
            return {"type": "boolean"}
        case Kind.LIST:
            inner = {"type": "array", "items": {"type": "string"}, **_between("minItems", "maxItems", bounds)}
            return {"type": "string", "contentMediaType": JSON, "contentSchema": inner}
        case Kind.OBJECT:
            return {"type": "string", "contentMediaType": JSON, "contentSchema": {"type": "object"}}
        case Kind.DETAIL:
            return _ref("NumberDetail")
    assert_never(kind)


def _between(least: str, most: str, bounds: Bounds) -> Schema:
    given = {least: bounds.least, most: bounds.most}
    return {name: value for name, value in given.items() if value is not None}


def _object(fields: Iterable[Field], more: Mapping[str, Schema] | None = None, required: list[str] | None = None) -> Schema:
    properties = {**(more or {}), **{field.name: _member(field) for field in fields}}
    return {"type": "object", "required": required or list(properties), "properties": properties}


def _member(field: Field) -> Schema:
    """A reply's member: a string whatever it means (contract 9.9), but for NumberDetail."""
    if field.kind is Kind.DETAIL:
        return _ref("NumberDetail")
    schema = _value(field.kind if field.kind is Kind.LIST else Kind.STRING, Bounds(pattern=field.pattern))
    return {**schema, "description": field.description}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
