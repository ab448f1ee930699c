"""A message as the submit_sm PDUs that carry it (SMPP 3.4 section 4.4.1), one for each part, as a carrier wants them."""

from functools import lru_cache

from globewire.message import Message, Millis
from globewire.plan import Address, Carrier
from globewire.values import dataclass
from globewire.wire.segment import frames
from globewire.wire.sender import SenderKind, kind

UDH_INDICATOR = 0x40
"""esm_class bit 6: the text begins with a user data header (SMPP 3.4 section 5.2.12)."""
RECEIPT_WANTED = 1
"""registered_delivery: a receipt of the final outcome, good or bad (SMPP 3.4 section 5.2.17)."""


@dataclass(frozen=True, slots=True)
class SubmitSm:
    """The fields and TLVs of one submit_sm."""

    fields: dict[str, int | str | bytes]
    tlvs: dict[int, bytes]


def submissions(message: Message, carrier: Carrier, now: Millis) -> tuple[SubmitSm, ...]:
    """The PDUs of `message` for `carrier`, in the order of its parts, with what is left of its validity at `now`."""
    address, sender = source(message.sender, carrier)
    common: dict[str, int | str | bytes] = {
        "service_type": carrier.service_type,
        "source_addr_ton": address.ton,
        "source_addr_npi": address.npi,
        "source_addr": sender,
        "dest_addr_ton": carrier.destination.ton,
        "dest_addr_npi": carrier.destination.npi,
        "destination_addr": message.to,
        "validity_period": relative_time((message.expires_at - now) // 1000),
        "registered_delivery": RECEIPT_WANTED,
    }
    return tuple(
        SubmitSm(
            {
                **common,
                "esm_class": UDH_INDICATOR if frame.udh else 0,
                "data_coding": frame.data_coding,
                "short_message": frame.short_message,
            },
            frame.tlvs,
        )
        for frame in frames(message.text, concatenation=carrier.concatenation, gsm=carrier.gsm, reference=int(message.id) & 0xFFFF)
    )


@lru_cache(maxsize=4096)
def relative_time(seconds: int) -> str:
    """A span as `YYMMDDhhmmss000R` (SMPP 3.4 section 7.1.1.2), at least a second and less than 31 days: no month is needed."""
    span = min(max(seconds, 1), 31 * 86_400 - 1)
    days, rest = divmod(span, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    return f"0000{days:02}{hours:02}{minutes:02}{left:02}000R"


def source(given: str, carrier: Carrier) -> tuple[Address, str]:
    """The kind of source address and the source address of a message with this sender, which may be ""."""
    sender = given or carrier.sender
    if not sender:
        return Address(ton=0, npi=0), ""
    match kind(sender):
        case SenderKind.ALPHANUMERIC:
            return carrier.source_alphanumeric, sender
        case SenderKind.SHORT:
            return carrier.source_short, sender
        case SenderKind.NUMBER:
            return carrier.source_number, sender
