"""Strict Ed25519: bad keys and signatures that the library alone would accept."""

from __future__ import annotations

from hashlib import sha512

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import MalformedError, VerificationError
from ledger.proof import edwards, signing
from ledger.proof.ed25519 import (
    ED25519,
    SMALL_ORDER_ENCODINGS,
    Signer,
    Verifier,
    check_public_key,
    check_signature_r,
)
from ledger.proof.keys import key_id

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493
SEED = bytes(range(32))


def affine_add(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    """The Edwards addition law as a formula on affine points."""
    (x1, y1), (x2, y2) = first, second
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    return x, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P


def encode(point: tuple[int, int]) -> bytes:
    """The canonical encoding of a point."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def affine(encoding: bytes) -> tuple[int, int]:
    """The point of a canonical encoding."""
    decoded = edwards.decode(encoding)
    assert decoded is not None
    return decoded[0], decoded[1]


def torsion() -> list[tuple[int, int]]:
    """The eight points whose order divides 8, from one of order 8."""
    generator = affine(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))
    points = [(0, 1)]
    for _ in range(7):
        points.append(affine_add(points[-1], generator))
    assert affine_add(points[-1], generator) == (0, 1)
    return points


def test_small_order_encodings_are_every_encoding_of_the_torsion_points() -> None:
    """Canonical and not: y plus p where it fits, and either sign bit where x is 0."""
    expected = set()
    for x, y in torsion():
        for written in (y, y + P):
            for sign in {x & 1} if x else {0, 1}:
                if written < 2**255:
                    expected.add((written | sign << 255).to_bytes(32, "little"))
    assert len(expected) == 14
    assert expected == SMALL_ORDER_ENCODINGS


@pytest.mark.parametrize("encoding", sorted(SMALL_ORDER_ENCODINGS), ids=bytes.hex)
def test_small_order_keys_and_signatures_are_refused(encoding: bytes) -> None:
    """Neither a key nor an R may have small order."""
    for admit in (check_public_key, Verifier):
        with pytest.raises(MalformedError):
            admit(encoding)
    with pytest.raises(VerificationError):
        check_signature_r(encoding + bytes(32))
    with pytest.raises(VerificationError):
        Verifier(Signer.from_seed(SEED).public_key).verify(encoding + bytes(32), b"")


def test_a_valid_equation_with_small_order_r_is_refused() -> None:
    """R the identity and S = k·a satisfies the equation; the library accepts it, we do not."""
    signer = Signer.from_seed(SEED)
    digest = bytearray(sha512(SEED).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    identity = (1).to_bytes(32, "little")
    hashed = int.from_bytes(sha512(identity + signer.public_key + b"m").digest(), "little")
    s = hashed * int.from_bytes(digest, "little") % ORDER
    forged = identity + s.to_bytes(32, "little")
    verifier = Verifier(signer.public_key)
    verifier._key.verify(forged, b"m")
    with pytest.raises(VerificationError):
        verifier.verify(forged, b"m")


def test_keys_with_a_torsion_component_are_refused() -> None:
    """A good key plus any torsion point but the identity verifies differently elsewhere."""
    good = affine(Signer.from_seed(SEED).public_key)
    for point in torsion()[1:]:
        mixed = encode(affine_add(good, point))
        with pytest.raises(MalformedError, match="torsion"):
            check_public_key(mixed)


def test_keys_that_are_no_canonical_point_are_refused() -> None:
    """Off the curve, y of p or more, x of 0 with a sign, and other lengths."""
    off_curve = [value for value in range(2, 40) if edwards.decode(value.to_bytes(32, "little")) is None]
    assert off_curve
    for value in [*off_curve, *range(P + 2, 2**255)]:
        with pytest.raises(MalformedError):
            check_public_key(value.to_bytes(32, "little"))
    for length in (0, 31, 33):
        with pytest.raises(MalformedError):
            check_public_key(bytes(length))
        with pytest.raises(MalformedError):
            Verifier(bytes(length))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=50))
@settings(deadline=None, max_examples=40)
def test_generated_keys_are_admitted_and_verify(seed: bytes, message: bytes) -> None:
    """Every key made from a seed passes the check and verifies its own signatures."""
    signer = Signer.from_seed(seed)
    assert check_public_key(signer.public_key) == signer.public_key
    assert signer.seed() == seed
    signature = check_signature_r(signer.sign(message))
    assert Verifier(signer.public_key).verify(signature, message) == message


@given(st.integers(0, 511), st.booleans())
@settings(deadline=None)
def test_changed_signatures_are_refused(bit: int, in_message: bool) -> None:
    """One flipped bit of the signature or the message."""
    signer = Signer.from_seed(SEED)
    message = bytes(64)
    signature = signer.sign(message)
    flipped = ((1 << bit) ^ int.from_bytes(message if in_message else signature, "big")).to_bytes(64, "big")
    with pytest.raises(VerificationError):
        if in_message:
            Verifier(signer.public_key).verify(signature, flipped)
        else:
            Verifier(signer.public_key).verify(flipped, message)


def test_s_above_the_order_and_other_lengths_are_refused() -> None:
    """The malleable twin S + L does not verify, nor does a cut or lengthened signature."""
    signer = Signer.from_seed(SEED)
    verifier = Verifier(signer.public_key)
    signature = signer.sign(b"m")
    s = int.from_bytes(signature[32:], "little")
    twin = signature[:32] + (s + ORDER).to_bytes(32, "little")
    with pytest.raises(VerificationError):
        check_signature_r(twin)
    for wrong in (twin, signature[:63], signature + b"\0", b""):
        with pytest.raises(VerificationError):
            verifier.verify(wrong, b"m")


def test_seeds() -> None:
    """A seed has 32 bytes, and does not show in the signer's text form."""
    with pytest.raises(MalformedError):
        Signer.from_seed(bytes(31))
    assert SEED.hex() not in repr(Signer.from_seed(SEED))
    assert Signer.generate().public_key != Signer.generate().public_key


def test_registry_knows_exactly_its_names() -> None:
    """Another spelling of an algorithm's name is another algorithm, which nobody registered."""
    signer = Signer.from_seed(SEED)
    assert signing.check_public_key(ED25519, signer.public_key) == signer.public_key
    verifier = signing.verifier_for(ED25519, signer.public_key)
    assert verifier.verify(signer.sign(b"m"), b"m") == b"m"
    assert (verifier.algorithm, verifier.public_key) == (signer.algorithm, signer.public_key)
    for name in ("", "Ed25519", "ed25519 ", "sm2"):
        with pytest.raises(MalformedError):
            signing.verifier_for(name, signer.public_key)
        with pytest.raises(MalformedError):
            key_id(name, signer.public_key)


def test_key_id() -> None:
    """SHA-256 over the algorithm's name and the key, known answer."""
    assert key_id("ed25519", bytes(32)).hex() == (
        "c9d58806d9063b3306fc0e261bc6e18058cabe60849b42cf63c63f688879511c"
    )
    with pytest.raises(MalformedError):
        key_id("ed25519", bytes(31))
