"""query_sm: the question what became of a part, and what its answer says (SMPP 3.4 section 4.8)."""

from globewire.message import Part, Receipt
from globewire.plan import Carrier
from globewire.wire.pdu import Fields, Pdu
from globewire.wire.receipt import STATES
from globewire.wire.submission import source


def question(part: Part, sender: str, carrier: Carrier) -> Fields:
    """The fields of the query_sm about `part`: the id as the carrier spelt it, and the source address as it was submitted, which
    both must be the same (section 4.8.1). `sender` is the message's own, "" where it had none."""
    address, named = source(sender, carrier)
    return {
        "message_id": part.given_id or part.carrier_id,
        "source_addr_ton": address.ton,
        "source_addr_npi": address.npi,
        "source_addr": named,
    }


def told(part: Part, to: str, response: Pdu) -> Receipt:
    """A query_sm_resp as the receipt that it stands for. Its status is "" where the message_state is none of section 5.2.28, and
    its error the error_code, which is the network's own."""
    code = response.number("error_code")
    return Receipt((part.carrier_id,), to, STATES.get(response.number("message_state"), ""), f"{code:03}" if code else "")
