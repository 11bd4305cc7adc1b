"""Identifiers: unified social credit codes, random ids and fingerprints of evidence.

This module checks characters and hashes normalised text. It must not make random values, look anything up
or keep personal data.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from ledger.domain.quantities import printable
from ledger.errors import MalformedError

CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_CODE_LENGTH = 18
ID_SIZE = 16

_MODULUS = 31
_FREE_LENGTH = 16
_ORGANISATION_START = 8
_INNER_CHECK = 16
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_MODULUS = 11
_BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CREDIT_CODE_ALLOWED = f"allowed: {CREDIT_CODE_LENGTH} characters of {CREDIT_CODE_ALPHABET} (GB 32100-2015)"

_HEX_ID = re.compile(r"[0-9a-f]{32}")
_DIGITAL_NUMBER = re.compile(r"[0-9]{20}")
_LEGACY_CODE = re.compile(r"[0-9]{10}|[0-9]{12}")
_LEGACY_NUMBER = re.compile(r"[0-9]{8}")
_INVOICE_ALLOWED = (
    "allowed: no code and a number of 20 digits, or a code of 10 or 12 digits and a number of 8"
)
_LABEL_PREFIX = "voucher-ledger/fingerprint/"
_MAX_PART_LENGTH = 128
_REFUSED_CATEGORIES = frozenset("CZ")


def check_credit_code(text: str) -> str:
    """Return a unified social credit code unchanged if both its check characters are right.

    The check character (position 18) follows GB 32100-2015, the organisation code's check digit (position
    17) GB 11714-1997. Letters may stand in the first eight characters: registering authorities and
    categories have letters, and the region's digits are not looked up. Raises MalformedError naming the
    length, the character or the check character that is wrong, counted from 1.
    """
    if len(text) != CREDIT_CODE_LENGTH:
        raise MalformedError(
            f"credit code {printable(text)} has {len(text)} characters", hint=_CREDIT_CODE_ALLOWED
        )
    _check_alphabet(text)
    inner = _organisation_check(text[_ORGANISATION_START:_INNER_CHECK])
    outer = _outer_check(text[:-1])
    if text[_INNER_CHECK] != inner:
        raise MalformedError(
            f"credit code {printable(text)}: character 17, check digit of the organisation code, is wrong",
            hint="compare characters 9 to 17 with the business licence (GB 11714-1997)",
        )
    if text[-1] != outer:
        raise MalformedError(
            f"credit code {printable(text)}: character 18, the check character, is wrong",
            hint="compare all characters with the business licence (GB 32100-2015)",
        )
    return text


def complete_credit_code(free: str) -> str:
    """The credit code whose 16 free characters are given, with both check characters computed.

    `free` is the eight registration characters followed by the eight of the organisation code. The
    result passes `check_credit_code`; whether anybody bears it is not known. Raises MalformedError for
    another length or character.
    """
    if len(free) != _FREE_LENGTH:
        raise MalformedError(
            f"{printable(free)} has {len(free)} characters", hint="allowed: the 16 free characters"
        )
    _check_alphabet(free)
    body = free + _organisation_check(free[_ORGANISATION_START:])
    return body + _outer_check(body)


def _check_alphabet(text: str) -> None:
    for position, character in enumerate(text, start=1):
        if character not in CREDIT_CODE_ALPHABET:
            raise MalformedError(
                f"credit code {printable(text)}: character {position} is {printable(character)}",
                hint=_CREDIT_CODE_ALLOWED,
            )


def _organisation_check(first_eight: str) -> str:
    """GB 11714-1997: letters count 10 to 35, and the check value ten is written X."""
    total = sum(
        _BASE_36.index(character) * weight
        for character, weight in zip(first_eight, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X"[-total % _ORGANISATION_MODULUS]


def _outer_check(body: str) -> str:
    """GB 32100-2015: weights are the powers of 3 modulo 31, values the places in the alphabet."""
    total = sum(
        CREDIT_CODE_ALPHABET.index(character) * pow(3, place, _MODULUS)
        for place, character in enumerate(body)
    )
    return CREDIT_CODE_ALPHABET[-total % _MODULUS]


def parse_id(text: str) -> bytes:
    """Parse a random id, 32 lower-case hexadecimal digits, into its 16 bytes; MalformedError otherwise."""
    if _HEX_ID.fullmatch(text) is None:
        raise MalformedError(
            f"{printable(text)} is not an id", hint="allowed: 32 lower-case hexadecimal digits (16 bytes)"
        )
    return bytes.fromhex(text)


def format_id(value: bytes) -> str:
    """Render a 16-byte id as 32 lower-case hexadecimal digits; MalformedError for another size."""
    if len(value) != ID_SIZE:
        raise MalformedError(f"an id has {len(value)} bytes", hint=f"allowed: {ID_SIZE} bytes")
    return value.hex()


def normalise(text: str, *, name: str) -> str:
    """The form in which two spellings of one reference are equal: NFKC, stripped, upper case.

    Raises MalformedError, naming `name`, for text that is then empty, longer than 128 characters, not
    stable under normalisation, or that holds white space, control, format or unassigned characters:
    they are refused and not removed, because what is removed would be decided twice.
    """
    folded = _fold(text.strip()) if len(text) <= 2 * _MAX_PART_LENGTH else ""
    if not 0 < len(folded) <= _MAX_PART_LENGTH:
        raise MalformedError(
            f"{name}: {printable(text)} is empty or too long",
            hint=f"allowed: 1 to {_MAX_PART_LENGTH} characters",
        )
    for character in folded:
        if unicodedata.category(character)[0] in _REFUSED_CATEGORIES:
            raise MalformedError(
                f"{name}: {printable(text)} holds {printable(character)}",
                hint="allowed: no white space and no invisible characters inside",
            )
    if _fold(folded) != folded:
        raise MalformedError(
            f"{name}: {printable(text)} has no stable form", hint="write it without ligatures"
        )
    return folded


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper()).strip()


def invoice_fingerprint(*, code: str, number: str) -> bytes:
    """The 32-byte fingerprint of an invoice (rule I5).

    A digital invoice has an empty `code` and a `number` of 20 digits; a legacy one a code of 10 or 12
    digits and a number of 8. Both are normalised first. Raises MalformedError for other shapes.
    """
    clean_number = normalise(number, name="invoice number")
    clean_code = normalise(code, name="invoice code") if code.strip() else ""
    digital = not clean_code and _DIGITAL_NUMBER.fullmatch(clean_number)
    legacy = _LEGACY_CODE.fullmatch(clean_code) and _LEGACY_NUMBER.fullmatch(clean_number)
    if not digital and not legacy:
        raise MalformedError(
            f"invoice code {printable(code)}, number {printable(number)}", hint=_INVOICE_ALLOWED
        )
    return _fingerprint("invoice/1", clean_code, clean_number)


def payment_fingerprint(*, bank: str, reference: str) -> bytes:
    """The 32-byte fingerprint of a payment: bank and bank reference, normalised (rule I5)."""
    return _fingerprint(
        "payment/1", normalise(bank, name="bank"), normalise(reference, name="bank reference")
    )


def contract_fingerprint(*, number: str, buyer_credit_code: str, seller_credit_code: str) -> bytes:
    """The 32-byte fingerprint of a contract: its number and both parties' credit codes (rule I5).

    All three are normalised; the codes must then pass `check_credit_code`. Raises MalformedError.
    """
    return _fingerprint(
        "contract/1",
        normalise(number, name="contract number"),
        check_credit_code(normalise(buyer_credit_code, name="buyer's credit code")),
        check_credit_code(normalise(seller_credit_code, name="seller's credit code")),
    )


def _fingerprint(label: str, *parts: str) -> bytes:
    """SHA-256 over label and parts, each as UTF-8 after its length in four bytes, big endian."""
    digest = hashlib.sha256()
    for part in (_LABEL_PREFIX + label, *parts):
        data = part.encode()
        digest.update(len(data).to_bytes(4, "big"))
        digest.update(data)
    return digest.digest()
