"""Verifier keys of C2SP signed notes: `name+key id+base64(type || public key)`.

It must not verify signatures; the closed table of types is the only thing it knows about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from ledger.errors import MalformedError
from ledger.proof.strict import decode_base64, decode_utf8, encode_base64

ED25519_TYPE = 0x01
COSIGNATURE_ED25519_TYPE = 0x04
COSIGNATURE_ML_DSA_44_TYPE = 0x06
PUBLIC_KEY_SIZES = ((ED25519_TYPE, 32), (COSIGNATURE_ED25519_TYPE, 32), (COSIGNATURE_ML_DSA_44_TYPE, 1312))
"""The known signature types with the length of their public keys.

C2SP signed-note, "Signature types", and tlog-cosignature, "Format".
"""

_KEY_ID_SIZE = 4
_PARTS = 3


@dataclass(frozen=True, slots=True)
class VKey:
    """A named public key of one signature type."""

    name: str
    signature_type: int
    public_key: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if (self.signature_type, len(self.public_key)) not in PUBLIC_KEY_SIZES:
            raise MalformedError("a verifier key has an unknown type or a key of the wrong length")

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id of signature lines."""
        return key_id_of(name=self.name, signature_type=self.signature_type, public_key=self.public_key)

    def render(self) -> str:
        """The text that `parse` reads (C2SP signed-note, "Verifier keys")."""
        return (
            f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.signature_type]) + self.public_key)}"
        )

    @classmethod
    def parse(cls, text: str) -> VKey:
        """The key, if its id is right and the text canonical, or MalformedError."""
        parts = text.split("+", _PARTS - 1)
        if len(parts) != _PARTS:
            raise MalformedError("a verifier key has not three parts")
        data = decode_base64(parts[2], what="a verifier key")
        key = cls(parts[0], data[0] if data else -1, data[1:])
        if key.render() != text:
            raise MalformedError("a verifier key has a wrong or unusual key id")
        return key


def key_id_of(*, name: str, signature_type: int, public_key: bytes) -> bytes:
    """First 4 bytes of SHA-256(name || newline || type || public key) (C2SP signed-note, "Signatures")."""
    return sha256(name.encode() + b"\n" + bytes([signature_type]) + public_key).digest()[:_KEY_ID_SIZE]


def check_key_name(name: str) -> str:
    """The name, if it is not empty and has no space, control character or plus; else MalformedError."""
    if not name or "+" in name or any(character.isspace() for character in name):
        raise MalformedError("a key name is empty or has a space or a plus")
    try:
        decode_utf8(name.encode(), what="a key name")
    except UnicodeEncodeError:
        raise MalformedError("a key name is not UTF-8") from None
    return name
