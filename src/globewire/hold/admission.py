"""Which of the calls in a batch are kept: by their nonces and idempotency keys, as every engine decides it. Touches no store."""

from dataclasses import dataclass, field

from globewire import errors
from globewire.hold.port import Nonce, Once


@dataclass(slots=True)
class Admission:
    """Decides call by call, in their order. `used` are the marks of nonces, `known` the content and answer of keys, that the
    store has; `nonces` (until, mark) and `onces` collect what is to be added to it."""

    used: set[int]
    known: dict[tuple[str, str], tuple[str, str]]
    nonces: list[tuple[int, int]] = field(default_factory=list)
    onces: list[tuple[str, str, str, str, int]] = field(default_factory=list)

    def admit(self, nonce: Nonce | None, once: Once | None) -> str | errors.Refused | None:
        """None where the call is to be kept; else the earlier answer, or the refusal."""
        if nonce:
            if nonce.mark in self.used:
                return errors.refuse(errors.NONCE_USED)
            self.used.add(nonce.mark)
            self.nonces.append((nonce.until, nonce.mark))
        if once is None:
            return None
        earlier = self.known.get((once.account, once.key))
        if earlier is None:
            self.known[once.account, once.key] = once.content, once.answer
            self.onces.append((once.account, once.key, once.content, once.answer, once.until))
            return None
        content, answer = earlier
        return answer if content == once.content else errors.refuse(errors.IDEMPOTENCY_CONFLICT)
