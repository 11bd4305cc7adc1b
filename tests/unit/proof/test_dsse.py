"""DSSE: the pre-authentication encoding and signatures over it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import VerificationError
from ledger.proof.dsse import pae, sign_payload, verify_payload
from ledger.proof.ed25519 import Signer, Verifier

SIGNER = Signer.from_seed(b"\3" * 32)
VERIFIER = Verifier(SIGNER.public_key)


def test_lengths_count_bytes() -> None:
    """The type's length is of its UTF-8 form, and an empty payload has a length too."""
    assert pae("é", b"ab\xff") == b"DSSEv1 2 \xc3\xa9 3 ab\xff"
    assert pae("", b"") == b"DSSEv1 0  0 "


@given(
    st.tuples(st.text(max_size=6), st.binary(max_size=6)),
    st.tuples(st.text(max_size=6), st.binary(max_size=6)),
)
def test_different_inputs_never_share_an_encoding(
    first: tuple[str, bytes], second: tuple[str, bytes]
) -> None:
    """The encoding is injective."""
    assert (pae(*first) == pae(*second)) == (first == second)


def test_type_and_payload_are_both_signed() -> None:
    """The payload comes back; another type or payload does not verify."""
    signature = sign_payload(SIGNER, payload_type="t", payload=b"p")
    assert verify_payload(VERIFIER, payload_type="t", payload=b"p", signature=signature) == b"p"
    for payload_type, payload in (("u", b"p"), ("t", b"q")):
        with pytest.raises(VerificationError):
            verify_payload(VERIFIER, payload_type=payload_type, payload=payload, signature=signature)
