"""How texts are cut and what the parts carry: the contract's examples, the limits, golden octets, and the laws of a cut."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globewire.errors import PARAM_LENGTH_LIMIT, Refused
from globewire.message import Encoding
from globewire.plan import Concatenation, GsmCoding
from globewire.wire import text
from globewire.wire.segment import Frame, count, cut, frames

GSM = (text.BASIC + "".join(text.EXTENSION.values())).replace("\x1b", "")
ANY = st.one_of(st.sampled_from("验证码aé🙂🚀"), st.characters(exclude_categories=["Cs"]))


def _long(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts of a few characters, again and again, so that most have several parts."""
    return st.builds(lambda given_text, times: (given_text * times)[:700], texts, st.integers(1, 60))


gsm_texts = _long(st.text(alphabet=st.sampled_from(GSM + "[]€{}" * 12), max_size=40))
ucs_texts = _long(st.text(alphabet=ANY, min_size=1, max_size=20))
carried_texts = st.one_of(gsm_texts, ucs_texts).filter(lambda given_text: "\r" not in given_text)
HEADER = {Concatenation.UDH8: 6, Concatenation.UDH16: 7, Concatenation.SAR: 0}


def _lengths(given_text: str) -> list[int]:
    pieces = cut(given_text).pieces
    weigh = _septets if cut(given_text).encoding is Encoding.GSM7 else _units
    return [weigh(piece) for piece in pieces]


def _septets(piece: str) -> int:
    return len(text.septets(piece))


def _units(piece: str) -> int:
    return len(text.ucs2(piece)) // 2


@pytest.mark.parametrize(
    ("given_text", "lengths"),
    [
        ("", [0]),
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("a" * 350, [153, 153, 44]),
        ("€" * 80, [160]),
        ("€" * 81, [152, 10]),
        ("a" * 159 + "€", [153, 8]),
        ("a" * 158 + "€", [160]),
        ("a" * 152 + "€" + "b" * 10, [152, 12]),
        ("a" * 151 + "€" + "b" * 10, [153, 10]),
        ("验" * 70, [70]),
        ("验" * 71, [67, 4]),
        ("验" * 150, [67, 67, 16]),
        ("验" * 160, [67, 67, 26]),
        ("🙂" * 35, [70]),
        ("🙂" * 36, [66, 6]),
        ("验" * 66 + "🙂" + "验" * 5, [66, 7]),
        ("验" * 65 + "🙂" + "验" * 5, [67, 5]),
        ("a" * 70 + "ś", [67, 4]),
    ],
)
def test_cut(given_text: str, lengths: list[int]) -> None:
    assert _lengths(given_text) == lengths
    assert count(given_text) == len(lengths)


@given(st.one_of(gsm_texts, ucs_texts))
def test_laws_of_a_cut(given_text: str) -> None:
    """Nothing is lost or split, each piece fits, and none could have taken the next character too."""
    made = cut(given_text)
    gsm = made.encoding is Encoding.GSM7
    weigh, alone, each = (_septets, 160, 153) if gsm else (_units, 70, 67)
    assert "".join(made.pieces) == given_text
    if len(made.pieces) == 1:
        assert weigh(given_text) <= alone
        return
    assert weigh(given_text) > alone
    assert all(0 < weigh(piece) <= each for piece in made.pieces)
    for piece, following in zip(made.pieces, made.pieces[1:], strict=False):
        assert weigh(piece) + weigh(following[0]) > each
        assert text.from_ucs2(text.ucs2(piece)) == piece


def test_at_most_255_parts() -> None:
    assert count("a" * 255 * 153) == 255
    for too_long in ("a" * (255 * 153 + 1), "验" * (255 * 67 + 1), "€" * 255 * 77):
        with pytest.raises(Refused) as caught:
            cut(too_long)
        assert caught.value.row is PARAM_LENGTH_LIMIT


def _sent(given_text: str, concatenation: Concatenation, gsm: GsmCoding = GsmCoding.UNPACKED) -> tuple[Frame, ...]:
    return frames(given_text, concatenation=concatenation, gsm=gsm, reference=0x1A2B3C)


@pytest.mark.parametrize("concatenation", Concatenation)
@pytest.mark.parametrize(
    ("given_text", "gsm", "octets", "data_coding"),
    [
        ("Hi @€", GsmCoding.UNPACKED, "48692000" + "1b65", 0),
        ("hellohello", GsmCoding.PACKED, "e8329bfd4697d9ec37", 0),
        ("Hi @é", GsmCoding.LATIN1, "48692040e9", 3),
        ("Hi €", GsmCoding.LATIN1, "00480069002020ac", 8),
        ("Hi", GsmCoding.UCS2, "00480069", 8),
        ("ç", GsmCoding.LATIN1, "00e7", 8),
        ("验", GsmCoding.PACKED, "9a8c", 8),
        ("", GsmCoding.UNPACKED, "", 0),
    ],
)
def test_a_text_of_one_part_goes_plain(
    concatenation: Concatenation, given_text: str, gsm: GsmCoding, octets: str, data_coding: int
) -> None:
    assert _sent(given_text, concatenation, gsm) == (Frame(bytes.fromhex(octets), data_coding),)


def test_golden_headers() -> None:
    long = "a" * 200
    first, second = _sent(long, Concatenation.UDH8)
    assert (first.short_message[:6].hex(), second.short_message[:6].hex()) == ("0500033c0201", "0500033c0202")
    assert (first.short_message[6:], second.short_message[6:]) == (b"a" * 153, b"a" * 47)
    assert first.udh and second.udh and not first.tlvs
    first, second = _sent(long, Concatenation.UDH16)
    assert (first.short_message[:7].hex(), second.short_message[:7].hex()) == ("0608042b3c0201", "0608042b3c0202")
    assert (first.short_message[7:], second.short_message[7:]) == (b"a" * 152, b"a" * 48)
    first, second = _sent(long, Concatenation.SAR)
    assert (first.short_message, second.short_message) == (b"a" * 153, b"a" * 47)
    assert second.tlvs == {0x020C: b"\x2b\x3c", 0x020E: b"\x02", 0x020F: b"\x02"}
    assert not first.udh
    (whole,) = _sent(long, Concatenation.PAYLOAD)
    assert whole == Frame(b"", 0, False, {0x0424: b"a" * 200})


@pytest.mark.parametrize(
    ("given_text", "concatenation", "gsm", "parts"),
    [
        ("a" * 306, Concatenation.UDH8, GsmCoding.UNPACKED, [153, 153]),
        ("a" * 306, Concatenation.UDH16, GsmCoding.UNPACKED, [152, 152, 2]),
        ("a" * 306, Concatenation.UDH8, GsmCoding.PACKED, [134, 134]),
        ("a" * 304, Concatenation.UDH16, GsmCoding.PACKED, [133, 133]),
        ("a" * 160, Concatenation.UDH8, GsmCoding.LATIN1, [134, 26]),
        ("a" * 140, Concatenation.UDH8, GsmCoding.LATIN1, [140]),
        ("a" * 160, Concatenation.UDH16, GsmCoding.LATIN1, [133, 27]),
        ("a" * 71, Concatenation.UDH8, GsmCoding.UCS2, [134, 8]),
        ("a" * 71, Concatenation.SAR, GsmCoding.UCS2, [134, 8]),
        ("验" * 134, Concatenation.UDH8, GsmCoding.UNPACKED, [134, 134]),
        ("验" * 134, Concatenation.UDH16, GsmCoding.UNPACKED, [132, 132, 4]),
        ("🙂" * 36, Concatenation.UDH16, GsmCoding.UNPACKED, [132, 12]),
    ],
)
def test_recut_for_the_carrier(given_text: str, concatenation: Concatenation, gsm: GsmCoding, parts: list[int]) -> None:
    sent = _sent(given_text, concatenation, gsm)
    header = HEADER[concatenation] if len(sent) > 1 else 0
    assert [len(frame.short_message) - header for frame in sent] == parts


@pytest.mark.parametrize("concatenation", Concatenation)
@pytest.mark.parametrize("gsm", GsmCoding)
@given(given_text=carried_texts, reference=st.integers(0, 1 << 64))
def test_a_handset_reads_the_text(concatenation: Concatenation, gsm: GsmCoding, given_text: str, reference: int) -> None:
    """Every way of every carrier: 140 octets hold each part, and the parts put together are the text."""
    sent = frames(given_text, concatenation=concatenation, gsm=gsm, reference=reference)
    shown = ""
    for frame in sent:
        body = frame.tlvs.get(0x0424, frame.short_message)
        header = body[0] + 1 if frame.udh else 0
        if 0x0424 not in frame.tlvs:
            around = 6 if frame.tlvs else header
            limit = 140 - around if frame.data_coding or gsm is GsmCoding.PACKED else math.floor((140 - around) * 8 / 7)
            assert len(body) - header <= limit
        shown += _read(body[header:], frame.data_coding, gsm, -8 * header % 7)
    assert shown == given_text
    if concatenation in (Concatenation.UDH8, Concatenation.UDH16):
        headers = [frame.short_message[: frame.short_message[0] + 1] for frame in sent if frame.udh]
        assert [(header[-2], header[-1]) for header in headers] == [(len(sent), place) for place in range(1, len(headers) + 1)]
        assert len(headers) == (len(sent) if len(sent) > 1 else 0)


def _read(body: bytes, data_coding: int, gsm: GsmCoding, fill: int) -> str:
    if data_coding == 8:
        return text.from_ucs2(body)
    if data_coding == 3:
        return body.decode("latin-1")
    return text.from_septets(text.unpack(body, fill) if gsm is GsmCoding.PACKED else body)


def test_too_many_parts_for_a_carrier_are_refused() -> None:
    with pytest.raises(Refused) as caught:
        frames("a" * 255 * 153, concatenation=Concatenation.UDH8, gsm=GsmCoding.UCS2, reference=1)
    assert caught.value.row is PARAM_LENGTH_LIMIT
