"""The document is OpenAPI 3.1, holds every operation and code, and draws its bounds where the judges do."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from globewire import errors
from globewire.errors import Refused
from globewire.message import MessageId, Millis
from globewire.wire import number, parameters, sender
from globewire.wire.callback import REPORT, Item, body
from globewire.wire.openapi import document
from globewire.wire.operation import OPERATIONS

DOCUMENT: Any = json.loads(json.dumps(document("0.0.0", "https://sms.example")))


def schema(name: str) -> Draft202012Validator:
    """A validator of one of the document's schemas."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


def test_it_is_openapi() -> None:
    validate(DOCUMENT)
    for name, made in DOCUMENT["components"]["schemas"].items():
        Draft202012Validator.check_schema(made)
        assert name


def test_every_operation_is_there() -> None:
    assert list(DOCUMENT["paths"]) == [f"/#{name}" for name in OPERATIONS]
    for name, operation in OPERATIONS.items():
        made = DOCUMENT["paths"][f"/#{name}"]["post"]
        assert made["operationId"] == name
        assert made["parameters"][0]["schema"]["enum"] == [name]
        request = DOCUMENT["components"]["schemas"][f"{name}Request"]
        assert list(request["properties"]) == [each.name for each in operation.parameters]
        assert request["required"] == [each.name for each in operation.parameters if each.required]
        keyed = {"$ref": "#/components/parameters/Idempotency-Key"} in made["parameters"]
        assert keyed is operation.changing


def test_every_code_is_there() -> None:
    written = json.dumps(DOCUMENT)
    for row in (*errors.rows(business=True), *errors.rows(business=False)):
        assert json.dumps(row.code)[1:-1] in written
    codes = {status: made["x-codes"] for status, made in DOCUMENT["components"]["responses"].items()}
    assert codes["Error403"] == ["NoPermission"]
    assert {"Missing<Param>", "Invalid<Param>", "Throttling.User"} <= set(codes["Error400"])


def test_the_version_and_the_server_are_those_given() -> None:
    assert (DOCUMENT["info"]["version"], DOCUMENT["info"]["x-globewire-version"]) == ("2018-05-01", "0.0.0")
    assert DOCUMENT["servers"] == [{"url": "https://sms.example"}]


def judged(name: str, value: str) -> bool:
    """Whether the judge of a parameter takes a value."""
    judges: dict[str, Any] = {
        "To": number.read,
        "From": sender.read,
        "Message": parameters.text,
        "Type": lambda value: parameters.message_type({"Type": value}),
        "TaskId": lambda value: parameters.task_id({"TaskId": value}),
        "ValidityPeriod": lambda value: parameters.validity({"ValidityPeriod": value}, 1),
    }
    try:
        judges[name](value)
    except Refused:
        return False
    return True


def bounded(name: str, value: object) -> bool:
    """Whether the document's schema of a parameter of SendMessageToGlobe takes it."""
    made = DOCUMENT["components"]["schemas"]["SendMessageToGlobeRequest"]["properties"][name]
    return bool(Draft202012Validator(made).is_valid(value))


# ECMA's $ is the end; Python's re, which the validator uses, takes a line feed after it too.
values = st.text(alphabet=st.sampled_from("aZ09 _é\0验"), min_size=1, max_size=17)


@pytest.mark.parametrize("name", ["From", "Message", "TaskId", "Type"])
@given(value=st.one_of(values, st.sampled_from(["OTP", "MKT", "otp", "x" * 255, "x" * 256, "é" * 2000, "é" * 2001, "1" * 15])))
def test_a_text_s_bounds_are_the_judge_s(name: str, value: str) -> None:
    assert bounded(name, value) is judged(name, value)


@given(st.integers(-5, 700_000))
@example(0)
@example(1)
@example(604_800)
@example(604_801)
def test_validity_s_bounds_are_the_judge_s(value: int) -> None:
    assert bounded("ValidityPeriod", value) is judged("ValidityPeriod", str(value))


@given(st.one_of(values, st.from_regex(r"(\+|0|65|852|1)[0-9]{4,15}", fullmatch=True)))
def test_a_number_out_of_bounds_is_refused(value: str) -> None:
    """Of those within, some are refused as well: the pattern knows no numbering plan."""
    assert bounded("To", value) or not judged("To", value)
    assert bounded("To", "6591234567")


def test_a_pushed_report_keeps_to_its_schema() -> None:
    at = Millis(1_637_807_220_000)
    reports = json.loads(body([Item(MessageId(123456789012345678), "6591234567", at, at, "6", "EXPIRED", "too late", "", 3)]))
    schema("Report").validate(reports[0])
    assert list(reports[0]) == [field.name for field in REPORT]
    assert not schema("Report").is_valid({**reports[0], "Status": "3"})
    schema("Acknowledgement").validate({"code": 0, "msg": "taken"})
