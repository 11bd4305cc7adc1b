"""Salted commitments to personal data, and keyed tags by which two persons can be told apart or equal.

A commitment is public and hides its value from everybody without the salt; an opening is the salt and the
value. This module must not keep a salt, a pepper or a value, nor show one in an error.
"""

from __future__ import annotations

import hmac
import re

from ledger.errors import MalformedError, VerificationError

SALT_SIZE = 32
TAG_SIZE = 32
MIN_PEPPER_SIZE = 32
MAX_VALUE_SIZE = 4096

PAYEE_ACCOUNT = "payee-account"
"""The label of a redemption's `payee_commitment`."""

_LABEL = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_MAX_LABEL_LENGTH = 64
_SEPARATOR = b"\x00"


def commitment(*, salt: bytes, label: str, value: bytes) -> bytes:
    """HMAC-SHA-256(salt, label ‖ 0x00 ‖ value), 32 bytes (docs/reference/format.md, section 6).

    The salt has 32 bytes, the label is of lower-case letters, digits and single hyphens, the value has 1 to
    4,096 bytes. Raises MalformedError otherwise, without the value.
    """
    if len(salt) != SALT_SIZE:
        raise MalformedError(f"a salt has {len(salt)} bytes", hint=f"allowed: {SALT_SIZE} random bytes")
    check_label(label)
    if not 0 < len(value) <= MAX_VALUE_SIZE:
        raise MalformedError(
            f"a committed value has {len(value)} bytes", hint=f"allowed: 1 to {MAX_VALUE_SIZE} bytes"
        )
    return hmac.digest(salt, label.encode("ascii") + _SEPARATOR + value, "sha256")


def open_commitment(committed: bytes, *, salt: bytes, label: str, value: bytes) -> bytes:
    """Return the value if it is what was committed to; raise VerificationError, without it, otherwise."""
    if not hmac.compare_digest(committed, commitment(salt=salt, label=label, value=value)):
        raise VerificationError(
            f"the opening is not that of commitment {committed.hex()}",
            hint="its salt, label or value was changed",
        )
    return value


def check_label(label: str) -> str:
    """Return a label unchanged if it is one; MalformedError otherwise."""
    if len(label) > _MAX_LABEL_LENGTH or _LABEL.fullmatch(label) is None:
        raise MalformedError(
            f"{label[:_MAX_LABEL_LENGTH]!a} is no label",
            hint=f"allowed: a-z, 0-9 and single hyphens, for example {PAYEE_ACCOUNT}",
        )
    return label


def equality_tag(*, pepper: bytes, document_type: str, number: str) -> bytes:
    """HMAC-SHA-256(pepper, document type ‖ 0x00 ‖ number), 32 bytes: equal for equal documents alone.

    Both texts are already normalised (NFKC, upper case, no white space or control characters), which is the
    caller's duty; the pepper is the operator's secret of at least 32 bytes. Raises MalformedError, without
    the number, for a shorter pepper, an empty text or one with a NUL.
    """
    if len(pepper) < MIN_PEPPER_SIZE:
        raise MalformedError("the pepper is too short", hint=f"allowed: at least {MIN_PEPPER_SIZE} bytes")
    for name, text in (("document type", document_type), ("number", number)):
        if not text or "\0" in text:
            raise MalformedError(f"the {name} is empty or has a NUL", hint="allowed: normalised text")
    data = document_type.encode() + _SEPARATOR + number.encode()
    return hmac.digest(pepper, data, "sha256")
