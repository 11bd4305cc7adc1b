"""Ed25519 (Wycheproof, RFC 8032) and DSSE, as published upstream.

Our verifier also refuses a small-order R. No valid Wycheproof or RFC 8032 case has one, so every
valid case must verify.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ledger.errors import MalformedError, VerificationError
from ledger.proof.dsse import pae
from ledger.proof.ed25519 import Signer, Verifier, check_public_key, check_signature_r

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Case = dict[str, Any]


def _wycheproof(vectors: Path) -> Iterator[tuple[int, Case]]:
    loaded = json.loads((vectors / "ed25519/wycheproof_ed25519_test.json").read_text())
    for group in loaded["testGroups"]:
        for test in group["tests"]:
            yield test["tcId"], {**test, "pk": group["publicKey"]["pk"]}


def _rfc8032(vectors: Path) -> Iterator[tuple[str, Case]]:
    for case in json.loads((vectors / "ed25519/rfc8032_7_1.json").read_text())["vectors"]:
        yield case["name"], case


@pytest.mark.cases(load=_wycheproof)
def test_wycheproof(case: Case) -> None:
    """Valid signatures verify under an admitted key, invalid ones raise."""
    public_key = check_public_key(bytes.fromhex(case["pk"]))
    signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
    if case["result"] == "valid":
        assert check_signature_r(signature) == signature
        assert Verifier(public_key).verify(signature, message) == message
    else:
        with pytest.raises(VerificationError):
            Verifier(public_key).verify(signature, message)


@pytest.mark.cases(load=_rfc8032)
def test_rfc8032(case: Case) -> None:
    """Keys, signatures and verification of RFC 8032 section 7.1."""
    signer = Signer.from_seed(bytes.fromhex(case["sk"]))
    message = bytes.fromhex(case["msg"])
    assert check_public_key(signer.public_key).hex() == case["pk"]
    assert signer.sign(message).hex() == case["sig"]
    assert Verifier(signer.public_key).verify(bytes.fromhex(case["sig"]), message) == message


def test_dsse_pae_and_published_signature(vectors: Path) -> None:
    """Our PAE is the published one, and the published ECDSA signature is over it."""
    case = json.loads((vectors / "dsse/dsse_vectors.json").read_text())
    encoded = pae(case["payload_type"], case["payload_utf8"].encode())
    assert encoded == case["pae_utf8"].encode()
    raw = b64decode(case["envelope"]["signatures"][0]["sig"])
    signature = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    numbers = ec.EllipticCurvePublicNumbers(int(case["key"]["x"]), int(case["key"]["y"]), ec.SECP256R1())
    numbers.public_key().verify(signature, encoded, ec.ECDSA(hashes.SHA256()))


def test_signature_of_another_length_is_malformed() -> None:
    """The standalone check of a signature's form tells a wrong length from a wrong value."""
    with pytest.raises(MalformedError):
        check_signature_r(bytes(63))
