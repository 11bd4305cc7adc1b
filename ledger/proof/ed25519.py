"""Ed25519 stricter than the library: which public keys and signatures are accepted at all.

It must not decide who may sign, and makes no signature format of its own (RFC 8032, pure Ed25519).
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import MalformedError, VerificationError
from ledger.proof import edwards

ED25519 = "ed25519"
PUBLIC_KEY_SIZE = 32
SIGNATURE_SIZE = 64
SEED_SIZE = 32

_SMALL_ORDER_Y = (
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)
SMALL_ORDER_ENCODINGS = frozenset(
    encoding
    for low_sign in map(bytes.fromhex, _SMALL_ORDER_Y)
    for encoding in (low_sign, low_sign[:31] + bytes([low_sign[31] | 0x80]))
)
"""All 14 encodings, canonical or not, of the 8 points whose order divides 8."""


@lru_cache(maxsize=1024)
def check_public_key(public_key: bytes) -> bytes:
    """The key, if it is a canonical point of the prime-order group other than the identity.

    Raises MalformedError for a wrong length, a non-canonical y, a point off the curve, a small
    order or a torsion component. Takes a millisecond the first time: meant for registration
    (RFC 8032 section 5.1.3).
    """
    _check_cheaply(public_key)
    point = edwards.decode(public_key)
    if point is None:
        raise MalformedError("an Ed25519 public key is not a canonical point of the curve")
    if not edwards.is_torsion_free(point):
        raise MalformedError("an Ed25519 public key has a torsion component")
    return public_key


def check_signature_r(signature: bytes) -> bytes:
    """The signature, if its R is no small-order encoding and its S is below the group order.

    Raises MalformedError for a wrong length, else VerificationError (RFC 8032 section 5.1.7).
    """
    if len(signature) != SIGNATURE_SIZE:
        raise MalformedError(f"an Ed25519 signature is not {SIGNATURE_SIZE} bytes")
    if signature[:32] in SMALL_ORDER_ENCODINGS:
        raise VerificationError("the signature's R has a small order")
    if int.from_bytes(signature[32:], "little") >= edwards.GROUP_ORDER:
        raise VerificationError("the signature's S is not below the group order")
    return signature


class Verifier:
    """Verifies signatures under one public key, which `check_public_key` admitted at registration.

    The constructor itself refuses only wrong lengths and small orders.
    """

    __slots__ = ("_key", "public_key")

    algorithm = ED25519

    def __init__(self, public_key: bytes) -> None:
        self.public_key = _check_cheaply(public_key)
        self._key = Ed25519PublicKey.from_public_bytes(public_key)

    def verify(self, signature: bytes, message: bytes) -> bytes:
        """The message, once the signature over it verifies; VerificationError otherwise.

        A small-order R is refused here, S not below the group order by the library
        (RFC 8032 section 5.1.7).
        """
        if signature[:32] in SMALL_ORDER_ENCODINGS:
            raise VerificationError("the signature's R has a small order")
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            raise VerificationError("the signature does not verify") from None
        return message


class Signer:
    """Signs with one private key held in this process."""

    __slots__ = ("_key", "public_key")

    algorithm = ED25519

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Signer:
        """A new key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Signer:
        """The key of a 32-byte seed, or MalformedError for another length (RFC 8032 section 5.1.5)."""
        if len(seed) != SEED_SIZE:
            raise MalformedError(f"an Ed25519 seed is not {SEED_SIZE} bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def seed(self) -> bytes:
        """The secret 32-byte seed, for the caller to store."""
        return self._key.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte deterministic signature over the message (RFC 8032 section 5.1.6)."""
        return self._key.sign(message)


def _check_cheaply(public_key: bytes) -> bytes:
    if len(public_key) != PUBLIC_KEY_SIZE:
        raise MalformedError(f"an Ed25519 public key is not {PUBLIC_KEY_SIZE} bytes")
    if public_key in SMALL_ORDER_ENCODINGS:
        raise MalformedError("an Ed25519 public key has a small order")
    return public_key
