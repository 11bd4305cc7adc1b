"""Public keys, key ids and signatures over statements."""

from __future__ import annotations

from ledger.proof import edwards
from ledger.proof.dsse import pae
from ledger.proof.ed25519 import ED25519, SMALL_ORDER_ENCODINGS
from ledger.proof.keys import key_id
from vector_makers.casework import INVALID, Case, case, digest, signer

COMMENT = (
    "kind key: whether a public key may be registered; key_id is given where it may. kind signature: "
    "Ed25519 over the DSSE encoding of payload_type and payload (format.md, section 2)."
)
_TYPE = "application/vnd.voucher-ledger.key-retirement.v1+protobuf"
_PRIME = (1 << 255) - 19
_ORDER = (1 << 252) + 27742317777372353535851937790883648493


def _keys() -> list[Case]:
    good = signer("one").public_key
    off_curve = next(
        bytes([number]) + bytes(31) for number in range(2, 50) if not _is_point(bytes([number]) + bytes(31))
    )
    bad = [
        *((encoding, "a point of small order", "small-order") for encoding in sorted(SMALL_ORDER_ENCODINGS)),
        (off_curve, "not on the curve", "off-curve"),
        ((_PRIME + 3).to_bytes(32, "little"), "y is not below the field's prime", "canonical"),
        (_with_torsion(good), "a point with a torsion component", "torsion"),
        (good[:31], "31 bytes", "length"),
        (good + b"\0", "33 bytes", "length"),
        (b"", "no bytes", "length"),
    ]
    names = ("one", "two", "three")
    made = [
        case(
            f"the key of {name}",
            kind="key",
            public_key=signer(name).public_key,
            key_id=key_id(ED25519, signer(name).public_key),
        )
        for name in names
    ]
    return made + [
        case(comment, flag, result=INVALID, kind="key", public_key=key) for key, comment, flag in bad
    ]


def _is_point(encoded: bytes) -> bool:
    return edwards.decode(encoded) is not None


def _with_torsion(public_key: bytes) -> bytes:
    """The sum of a good key and the point of order 2, (0, −1): (x, y) becomes (−x, −y)."""
    value = int.from_bytes(public_key, "little")
    y, sign = value & ((1 << 255) - 1), value >> 255
    return ((_PRIME - y) | (1 - sign) << 255).to_bytes(32, "little")


def _signatures() -> list[Case]:
    key = signer("one")
    payload = digest("payload", 20)
    signature = key.sign(pae(_TYPE, payload))
    right = {
        "kind": "signature",
        "public_key": key.public_key,
        "payload_type": _TYPE,
        "payload": payload,
        "signature": signature,
    }

    def wrong(comment: str, flag: str, **changed: object) -> Case:
        return case(comment, flag, result=INVALID, **{**right, **changed})

    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    return [
        case("a statement", **right),
        case(
            "an empty payload",
            "boundary",
            **{**right, "payload": b"", "signature": key.sign(pae(_TYPE, b""))},
        ),
        wrong("another payload", "payload", payload=payload + b"\0"),
        wrong("another type", "type", payload_type=_TYPE.replace("retirement", "revocation")),
        wrong("over the payload alone", "encoding", signature=key.sign(payload)),
        wrong(
            "lengths left out", "encoding", signature=key.sign(b"DSSEv1 " + _TYPE.encode() + b" " + payload)
        ),
        wrong("by another key", "key", signature=signer("two").sign(pae(_TYPE, payload))),
        wrong("S plus the group order", "malleable", signature=r + (s + _ORDER).to_bytes(32, "little")),
        wrong("63 bytes", "length", signature=signature[:63]),
        wrong("65 bytes", "length", signature=signature + b"\0"),
        wrong("no bytes", "length", signature=b""),
        *(
            wrong("R of small order, S = 0", "small-order", signature=encoding + bytes(32))
            for encoding in sorted(SMALL_ORDER_ENCODINGS)
        ),
    ]


def cases() -> list[Case]:
    """All cases."""
    return [*_keys(), *_signatures()]
