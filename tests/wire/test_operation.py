"""The table of operations agrees with the contract."""

from globewire.wire.operation import OPERATIONS, Kind


def test_operations_and_quotas() -> None:
    """Six of them, with the calls a second that each may take."""
    assert {name: operation.quota for name, operation in OPERATIONS.items()} == {
        "SendMessageToGlobe": 30,
        "BatchSendMessageToGlobe": 1,
        "SendMessageWithTemplate": 30,
        "QueryMessage": 300,
        "SmsConversion": 500,
        "ConversionData": 10,
    }


def test_required_parameters() -> None:
    """Contract 1.1 to 1.6."""
    required = {
        name: [parameter.name for parameter in operation.parameters if parameter.required] for name, operation in OPERATIONS.items()
    }
    assert required == {
        "SendMessageToGlobe": ["To", "Message"],
        "BatchSendMessageToGlobe": ["To", "Message"],
        "SendMessageWithTemplate": ["To", "From", "TemplateCode"],
        "QueryMessage": ["MessageId"],
        "SmsConversion": ["Delivered"],
        "ConversionData": ["ConversionRate"],
    }


def test_every_reply_has_code_and_request_id() -> None:
    """And only NumberDetail is an object (contract 9.9)."""
    for name, operation in OPERATIONS.items():
        assert operation.ram_action == f"dysms:{name}"
        fields = {field.name: field.kind for field in operation.reply}
        assert {"ResponseCode", "ResponseDescription", "RequestId"} <= fields.keys()
        assert {field for field, kind in fields.items() if kind is Kind.DETAIL} <= {"NumberDetail"}
        assert len(fields) == len(operation.reply)
        assert len({parameter.name for parameter in operation.parameters}) == len(operation.parameters)
