"""Commitments, tags and fingerprints."""

from __future__ import annotations

import hmac
from hashlib import sha256

from vector_makers.casework import INVALID, Case, case, digest

COMMENT = (
    "What stands in the record for texts that do not (format.md, section 6). kind fingerprint: parts are "
    "as a person may type them, normalised before hashing; invalid parts are refused."
)


def _fingerprint(label: str, *normalised: str) -> bytes:
    texts = [f"voucher-ledger/fingerprint/{label}", *normalised]
    return sha256(b"".join(len(text.encode()).to_bytes(4, "big") + text.encode() for text in texts)).digest()


def cases() -> list[Case]:
    """All cases."""
    salt, pepper = digest("salt"), digest("pepper")
    account = "6222000000000000000"
    made = [
        case(
            "a payee's account",
            kind="commitment",
            salt=salt,
            label="payee-account",
            value=account.encode(),
            commitment=hmac.digest(salt, b"payee-account\0" + account.encode(), "sha256"),
        ),
        case(
            "a salt of 31 bytes",
            "length",
            result=INVALID,
            kind="commitment",
            salt=salt[:31],
            label="payee-account",
            value=b"x",
        ),
        case(
            "an empty value",
            "length",
            result=INVALID,
            kind="commitment",
            salt=salt,
            label="payee-account",
            value=b"",
        ),
        case(
            "a label with capitals",
            "label",
            result=INVALID,
            kind="commitment",
            salt=salt,
            label="Payee",
            value=b"x",
        ),
        case(
            "a label with a NUL",
            "label",
            result=INVALID,
            kind="commitment",
            salt=salt,
            label="payee\0",
            value=b"x",
        ),
        case(
            "a person's tag",
            kind="tag",
            pepper=pepper,
            document_type="ID_CARD",
            number="110101199003070011",
            tag=hmac.digest(pepper, b"ID_CARD\0" + b"110101199003070011", "sha256"),
        ),
    ]
    normalised = _fingerprint("payment/1", "ICBC", "AB-12")
    spellings = [("ICBC", "AB-12"), ("icbc", "ab-12"), (" icbc ", "\tab-12\n"), ("ＩＣＢＣ", "ＡＢ－１２")]
    made += [
        case(
            "one payment, as people type it",
            "normal",
            kind="fingerprint",
            label="payment/1",
            parts=list(parts),
            fingerprint=normalised,
        )
        for parts in spellings
    ]
    made += [
        case(
            "an invoice without a code",
            kind="fingerprint",
            label="invoice/1",
            parts=["", "25442000000012345678"],
            fingerprint=_fingerprint("invoice/1", "", "25442000000012345678"),
        ),
        case(
            "a contract",
            kind="fingerprint",
            label="contract/1",
            parts=["HT-2026-001", "91110000802100433B", "91110000600037341L"],
            fingerprint=_fingerprint("contract/1", "HT-2026-001", "91110000802100433B", "91110000600037341L"),
        ),
        case(
            "a control character inside",
            "category",
            result=INVALID,
            kind="fingerprint",
            label="payment/1",
            parts=["IC\x07BC", "1"],
        ),
        case(
            "an invisible joiner inside",
            "category",
            result=INVALID,
            kind="fingerprint",
            label="payment/1",
            parts=["IC‍BC", "1"],
        ),
        case(
            "a text of 129 characters",
            "length",
            result=INVALID,
            kind="fingerprint",
            label="payment/1",
            parts=["A" * 129, "1"],
        ),
    ]
    return made
