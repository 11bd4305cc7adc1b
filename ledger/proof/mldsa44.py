"""ML-DSA-44 (FIPS 204, pure, empty context): the post-quantum algorithm of cosignatures.

It is no algorithm of statements: `signing.ALGORITHMS` does not list it. It must not know what is signed.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from ledger.errors import MalformedError, VerificationError

ML_DSA_44 = "ml-dsa-44"
PUBLIC_KEY_SIZE = 1312
SIGNATURE_SIZE = 2420
SEED_SIZE = 32


def check_public_key(public_key: bytes) -> bytes:
    """The key, if it has the right length; every such string is a key (FIPS 204, 7.2)."""
    if len(public_key) != PUBLIC_KEY_SIZE:
        raise MalformedError(f"an ML-DSA-44 public key is not {PUBLIC_KEY_SIZE} bytes")
    return public_key


class Verifier:
    """Verifies signatures under one public key; MalformedError for a key of another length."""

    __slots__ = ("_key", "public_key")

    algorithm = ML_DSA_44

    def __init__(self, public_key: bytes) -> None:
        self.public_key = check_public_key(public_key)
        self._key = MLDSA44PublicKey.from_public_bytes(public_key)

    def verify(self, signature: bytes, message: bytes) -> bytes:
        """The message, once the signature over it verifies; VerificationError otherwise (FIPS 204, 5.3)."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            raise VerificationError("the signature does not verify") from None
        return message


class Signer:
    """Signs with one private key held in this process."""

    __slots__ = ("_key", "public_key")

    algorithm = ML_DSA_44

    def __init__(self, key: MLDSA44PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Signer:
        """A new key from the operating system's randomness."""
        return cls(MLDSA44PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Signer:
        """The key of a 32-byte seed, or MalformedError for another length (FIPS 204, 5.1)."""
        if len(seed) != SEED_SIZE:
            raise MalformedError(f"an ML-DSA-44 seed is not {SEED_SIZE} bytes")
        return cls(MLDSA44PrivateKey.from_seed_bytes(seed))

    def sign(self, message: bytes) -> bytes:
        """The 2,420-byte hedged signature over the message (FIPS 204, 5.2)."""
        return self._key.sign(message)
