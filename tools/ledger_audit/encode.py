"""The one encoding of an accepted claim's event, built from what the rules expect.

Comparing it with the stored bytes judges every field of the event at once; where they differ,
`rules_claim` looks field by field. It must not decide anything.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ledger_audit.claim_cut import SIGNATURE_FIELD, TYPE_FIELD

if TYPE_CHECKING:
    from ledger_audit.dossiers import Voucher

_GROUP = 1 << 14


class Encoder:
    """Encodes by tables of two-byte groups; it never changes, so that one serves every audit of a process."""

    def __init__(self) -> None:
        self._more = [bytes((n & 127 | 128, n >> 7 | 128)) for n in range(_GROUP)]
        self._last = [bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(_GROUP)]  # noqa: PLR2004

    def varint(self, value: int) -> bytes:
        """The minimal varint of an int64 or uint64."""
        if 0 <= value < _GROUP:
            return self._last[value]
        more, last = self._more, self._last
        if 0 <= value < _GROUP << 14:
            return more[value & 16383] + last[value >> 14]
        if 0 <= value < _GROUP << 28:
            return more[value & 16383] + more[value >> 14 & 16383] + last[value >> 28]
        value &= (1 << 64) - 1
        encoded = b""
        while value >= _GROUP:
            encoded += more[value & 16383]
            value >>= 14
        return encoded + last[value]

    def premises(self, named: list[tuple[int, int]]) -> bytes:
        """Field 14, each premise with its index."""
        parts = []
        for kind, index in named:
            content = b"\x08" + self.varint(kind) + b"\x10" + self.varint(index)
            parts.append(b"\x72" + self.varint(len(content)) + content)
        return b"".join(parts)

    def claim_link(self, claim_id: bytes, prev: int | None = None) -> bytes:
        """Field 15: a CLAIM."""
        before = b"\x20" + self.varint(prev) if prev is not None else b""
        content = b"\x08\x0c\x12\x10" + claim_id + before
        return b"\x7a" + self.varint(len(content)) + content

    def voucher_link(self, voucher: Voucher, prev: int | None) -> bytes:
        """Field 15: a VOUCHER with its totals, of which only the metered time changes with a claim."""
        varint = self.varint
        if not voucher.encoded_face:
            voucher.encoded_face = varint(voucher.face)
        redeemed, paid, released, rest = voucher.encoded_rest
        if redeemed != voucher.redeemed or paid != voucher.paid or released != voucher.released:
            redeemed, paid, released = voucher.redeemed, voucher.paid, voucher.released
            rest = varint(redeemed) + varint(paid) + varint(released)
            voucher.encoded_rest = (redeemed, paid, released, rest)
        packed = voucher.encoded_face + varint(voucher.metered) + rest
        before = b"\x20" + varint(prev) if prev is not None else b""
        content = b"\x08\x03\x12\x10%b%b\x2a%c%b" % (voucher.voucher_id, before, len(packed), packed)
        return b"\x7a%c%b" % (len(content), content)

    def device_link(self, position: int, prev: int, total: int) -> bytes:
        """Field 15: a DEVICE by position with its total."""
        packed = self.varint(total)
        content = b"\x08\x07\x18%b\x20%b\x2a%c%b" % (
            self.varint(position),
            self.varint(prev),
            len(packed),
            packed,
        )
        return b"\x7a%c%b" % (len(content), content)

    def head(
        self,
        recorded_ms: int,
        effective_ms: int,
        claim_id: bytes,
        request_id: bytes,
        digest: bytes,
        actor: bytes,
    ) -> bytes:
        """Fields 3 to 11."""
        return b"".join(
            (
                b"\x18\x01\x20",
                self.varint(recorded_ms),
                b"\x28",
                self.varint(effective_ms),
                b"\x32\x26claim/",
                claim_id.hex().encode(),
                b"\x38\x01\x42\x10",
                request_id,
                b"\x4a\x20",
                digest,
                b"\x5a\x10",
                actor,
            )
        )

    def envelope_start(self, payload_size: int) -> bytes:
        """Tag and length of field 16 for a payload of at least 128 and fewer than 16,384 bytes."""
        return b"\x82\x01" + self.varint(len(TYPE_FIELD) + 2 + payload_size + len(SIGNATURE_FIELD) + 64)


@cache
def shared_encoder() -> Encoder:
    """The encoder, made at its first use."""
    return Encoder()
