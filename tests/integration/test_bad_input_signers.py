"""What a ledger must refuse: wrong headers, signatures that do not hold, strangers and weak keys."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support.house import DAY_MS, START_MS
from support.spoiling import (
    ACT,
    TYPE,
    Attestation,
    Bench,
    spoiling_bench,
)

from ledger.app.outcomes import Accepted
from ledger.client.signing import SigningKey, new_id
from ledger.client.statements import registry
from ledger.proof.dsse import pae
from ledger.proof.ed25519 import SMALL_ORDER_ENCODINGS
from ledger.proof.edwards import FIELD, GROUP_ORDER, decode
from ledger.proof.keys import key_id
from ledger.v1 import registry_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.codec.envelopes import SignedEnvelope


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The house whose claims are spoiled here."""
    yield from spoiling_bench(tmp_path_factory.mktemp("bad"))


# Header


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"ledger_id": bytes(15) + b"\1"}, "WRONG_LEDGER"),
        ({"ledger_id": b""}, "MALFORMED"),
        ({"ledger_id": bytes(16)}, "MALFORMED"),
        ({"request_id": b""}, "MALFORMED"),
        ({"request_id": bytes(16)}, "MALFORMED"),
        ({"request_id": b"x" * 17}, "MALFORMED"),
        ({"not_after_ms": 1}, "STATEMENT_EXPIRED"),
        ({"not_after_ms": START_MS + 290 * DAY_MS - 1}, "STATEMENT_EXPIRED"),
        ({"not_after_ms": -1}, "MALFORMED"),
        ({"key_ids": []}, "MALFORMED"),
        ({"key_ids": [b"x" * 31]}, "MALFORMED"),
        ({"key_ids": [b"x" * 32]}, "KEY_UNKNOWN"),
        ({"key_ids": [b"x" * 32, b"x" * 32]}, "MALFORMED"),
        ({"key_ids": [bytes([n]) * 32 for n in range(10)]}, "MALFORMED"),
    ],
)
def test_a_wrong_header_is_refused(bench: Bench, header: dict[str, Any], reason: str) -> None:
    """Wrong ledger, past its time, without an id, with keys that are none."""
    payload = bench.payload(**header)
    count = len(header.get("key_ids", [b""]))
    envelope = bench.sign(payload, *["cloud"] * max(count, 1))
    assert bench.refused(envelope).reason.name == reason


def test_a_statement_is_good_up_to_and_at_its_last_millisecond(bench: Bench) -> None:
    """not_after is inclusive."""
    payload = bench.payload(not_after_ms=START_MS + 290 * DAY_MS)
    assert isinstance(bench.send(bench.sign(payload)), Accepted)


# Signatures


def _altered(change: Callable[[str, bytes], tuple[str, bytes]]) -> Callable[[SignedEnvelope], SignedEnvelope]:
    return lambda envelope: replace(envelope, signatures=tuple(change(*pair) for pair in envelope.signatures))


def _plus_order(signature: bytes) -> bytes:
    scalar = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


BAD_SIGNATURES: dict[str, tuple[Callable[[SignedEnvelope], SignedEnvelope], str]] = {
    "a flipped bit": (
        _altered(lambda name, data: (name, data[:40] + bytes([data[40] ^ 1]) + data[41:])),
        "BAD_SIGNATURE",
    ),
    "zeros": (_altered(lambda name, _: (name, bytes(64))), "BAD_SIGNATURE"),
    "empty": (_altered(lambda name, _: (name, b"")), "BAD_SIGNATURE"),
    "63 bytes": (_altered(lambda name, data: (name, data[:63])), "BAD_SIGNATURE"),
    "65 bytes": (_altered(lambda name, data: (name, data + b"\0")), "BAD_SIGNATURE"),
    "S plus the group order": (_altered(lambda name, data: (name, _plus_order(data))), "BAD_SIGNATURE"),
    "another algorithm's name": (_altered(lambda _, data: ("ed25519ph", data)), "BAD_SIGNATURE"),
    "the name in upper case": (_altered(lambda _, data: ("ED25519", data)), "BAD_SIGNATURE"),
    "no name": (_altered(lambda _, data: ("", data)), "BAD_SIGNATURE"),
    "a name that is not ASCII": (_altered(lambda _, data: ("ed\u0000ü", data)), "BAD_SIGNATURE"),
    "none": (lambda envelope: replace(envelope, signatures=()), "MALFORMED"),
    "one too many": (lambda envelope: replace(envelope, signatures=envelope.signatures * 2), "MALFORMED"),
    "another payload": (
        lambda envelope: replace(envelope, payload=_renumbered(envelope.payload)),
        "BAD_SIGNATURE",
    ),
}


def _renumbered(payload: bytes) -> bytes:
    statement = Attestation.FromString(payload)
    statement.header.request_id = new_id()
    return statement.SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", BAD_SIGNATURES)
def test_a_signature_that_does_not_hold_is_refused_and_not_recorded(bench: Bench, name: str) -> None:
    """Only a validly signed statement can leave a refusal behind."""
    change, reason = BAD_SIGNATURES[name]
    assert bench.refused(change(bench.sign(bench.payload()))).reason.name == reason


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (["rival"], "NOT_AUTHORISED"),
        (["acme"], "NOT_AUTHORISED"),
        (["clerk"], "NOT_AUTHORISED"),
        (["root-1"], "NOT_AUTHORISED"),
        (["cloud", "rival"], "MALFORMED"),
    ],
)
def test_a_foreign_key_signs_nothing_for_a_provider(bench: Bench, keys: list[str], reason: str) -> None:
    """A registered key of another participant, of an officer, of a root; a second signer."""
    payload = bench.payload(key_ids=[bench.house.keys[key].key_id for key in keys])
    assert bench.refused(bench.sign(payload, *keys)).reason.name == reason


def test_a_key_that_nobody_registered_signs_nothing(bench: Bench) -> None:
    """Its signature holds, and yet nobody knows it."""
    bench.house.keys["stranger"] = SigningKey.generate()
    payload = bench.payload(key="stranger")
    assert bench.refused(bench.sign(payload, "stranger")).reason.name == "KEY_UNKNOWN"


def test_a_claim_of_another_provider_is_refused_and_recorded_as_its_own(bench: Bench) -> None:
    """The rival claims on a voucher that is bound to somebody else: its own refusal, on its own account."""
    envelope = bench.sign(bench.payload(bench.rivals(), key="rival"), "rival")
    assert bench.refused(envelope, submitter="rival", recorded=True).reason.name == "STATE_CONFLICT"


def test_a_refusal_is_recorded_for_the_authenticated_signer_only(bench: Bench) -> None:
    """Sent by somebody else, the same refused claim leaves nothing, and its id is not spent."""
    statement = bench.attestation()
    statement.beneficiary_id = bench.house.ids["rival"]
    envelope = bench.sign(bench.payload(statement))
    assert bench.refused(envelope, submitter="rival").reason.name == "STATE_CONFLICT"
    assert bench.refused(envelope, recorded=True).reason.name == "STATE_CONFLICT"


# Keys


def mixed_order(public_key: bytes) -> bytes:
    """A good key plus the point of order two: (-x, -y)."""
    point = decode(public_key)
    assert point is not None
    x, y = (FIELD - point[0]) % FIELD, (FIELD - point[1]) % FIELD
    return (y | (x & 1) << 255).to_bytes(32, "little")


def off_curve() -> bytes:
    """A y without an x."""
    return next(y.to_bytes(32, "little") for y in range(2, 100) if decode(y.to_bytes(32, "little")) is None)


WEAK_KEYS = {
    **{f"small order {encoding.hex()[:8]} {encoding[31]:02x}": encoding for encoding in sorted(SMALL_ORDER_ENCODINGS)},
    "not canonical": (FIELD + 3).to_bytes(32, "little"),
    "the largest": b"\xff" * 32,
    "off the curve": off_curve(),
    "mixed order": mixed_order(SigningKey.from_seed(b"s" * 32).public_key),
}  # fmt: skip
IDENTITY = (1).to_bytes(32, "little")


def universal_signature() -> bytes:
    """A signature that holds for every message under the identity key: S·B = R."""
    seed = b"u" * 32
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    scalar = int.from_bytes(digest, "little") % GROUP_ORDER
    return SigningKey.from_seed(seed).public_key + scalar.to_bytes(32, "little")


def key_registration(
    bench: Bench, public_key: bytes, *, named: bytes | None = None, last: bytes = b""
) -> SignedEnvelope:
    """A registration of a key for the provider, signed by both administrators and, as far as can be, the key."""
    statement = registry.key_registration(participant_id=bench.house.ids["cloud"], public_key=public_key)
    administrators = ("keymaster", "keymaster-2")
    known = [bench.house.keys[name].key_id for name in administrators]
    new = hashlib.sha256(b"ed25519" + public_key).digest() if named is None else named
    payload = bench.payload(statement, key_ids=[*known, new])
    payload_type = TYPE.replace(ACT, "key-registration")
    envelope = bench.sign(payload, *administrators, payload_type=payload_type)
    return replace(envelope, signatures=(*envelope.signatures, ("ed25519", last or universal_signature())))


@pytest.mark.parametrize("name", WEAK_KEYS)
def test_a_weak_key_is_not_registered(bench: Bench, name: str) -> None:
    """Under the identity key one signature verifies everything; none of these keys ever becomes a key."""
    public_key = WEAK_KEYS[name]
    keys = set(bench.house.ledger.state.keys.base)
    envelope = key_registration(bench, public_key)
    refused = bench.refused(envelope, act="key-registration", submitter="keymaster")
    assert refused.reason.name == "WEAK_KEY"
    assert set(bench.house.ledger.state.keys.base) == keys


def test_the_universal_signature_is_one(bench: Bench) -> None:
    """The library takes it for any message under the identity, so that the test above means something."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for message in (b"", b"anything", bench.payload()):
        Ed25519PublicKey.from_public_bytes(IDENTITY).verify(universal_signature(), message)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused(bench: Bench, size: int) -> None:
    """Before anybody computes with it."""
    refused = bench.refused(
        key_registration(bench, b"k" * size), act="key-registration", submitter="keymaster"
    )
    assert refused.reason.name in {"MALFORMED", "WEAK_KEY"}


@pytest.mark.parametrize("algorithm", ["", "ed25519ph", "ED25519", "rsa", "ü"])
def test_a_key_of_another_algorithm_is_refused(bench: Bench, algorithm: str) -> None:
    """Only the registered name."""
    key = SigningKey.generate()
    bench.house.keys["new"] = key
    statement = registry_pb2.KeyRegistration(
        participant_id=bench.house.ids["cloud"], algorithm=algorithm, public_key=key.public_key
    )
    signers = ("keymaster", "keymaster-2", "new")
    payload = bench.payload(statement, key_ids=[bench.house.keys[name].key_id for name in signers])
    envelope = bench.sign(payload, *signers, payload_type=TYPE.replace(ACT, "key-registration"))
    refused = bench.refused(envelope, act="key-registration", submitter="keymaster")
    assert refused.reason.name in {"MALFORMED", "WEAK_KEY"}


def test_a_new_key_has_to_sign_itself_and_is_registered_once(bench: Bench) -> None:
    """No possession, a key id that is not the key's, a key that somebody has: none is registered."""
    key = SigningKey.generate()
    refused = partial(bench.refused, act="key-registration", submitter="keymaster")
    without = key_registration(bench, key.public_key, last=bytes(64))
    assert refused(without).reason.name == "BAD_SIGNATURE"
    misnamed = key_registration(bench, key.public_key, named=bench.house.keys["rival"].key_id)
    assert refused(misnamed).reason.name in {"MALFORMED", "WEAK_KEY"}
    taken = bench.house.keys["rival"]
    envelope = key_registration(bench, taken.public_key)
    signature = taken.signer.sign(pae(envelope.payload_type, envelope.payload))
    again = replace(envelope, signatures=(*envelope.signatures[:2], ("ed25519", signature)))
    assert refused(again).reason.name == "WEAK_KEY"
    assert key_id("ed25519", key.public_key) not in bench.house.ledger.state.keys.base
