"""The mistakes that clients make when they sign, each as a change to the right way.

The order counts where two come to the same text: the first is named. What depends on the request (its characters, its hosts, its
parameters) is made from it. Nothing here decides which mistake it was; `diagnosis` tries them.
"""

from collections.abc import Iterator, Sequence

from globewire.verdict.mistakes.canonical import v3_mistakes
from globewire.verdict.mistakes.key import key_mistakes
from globewire.verdict.mistakes.mistake import Mistake
from globewire.verdict.mistakes.parameters import left_out, parameter_mistakes
from globewire.verdict.mistakes.spelling import spelling_mistakes
from globewire.verdict.mistakes.text import method_mistakes, v1_mistakes
from globewire.wire.request import Call, Scheme

__all__ = ["Mistake", "mistakes"]


def mistakes(call: Call, secret: str, hosts: Sequence[str]) -> Iterator[Mistake]:
    """All that may have happened to `call`, the likelier ones first. `hosts` are names under which this API is called."""
    yield from key_mistakes(call, secret)
    yield from spelling_mistakes(call)
    yield from parameter_mistakes(call)
    yield from v1_mistakes() if call.scheme is Scheme.V1 else v3_mistakes(call, hosts)
    yield from method_mistakes(call)
    yield from left_out(call)
