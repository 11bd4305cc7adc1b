"""The published vectors: they are what their makers make, and both implementations agree with every case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import make_vectors
import pytest

from ledger.codec import byte_profile
from ledger.domain import identifiers
from ledger.domain.quantities import entitlement_fen, usage_amount_fen
from ledger.errors import LedgerError
from ledger.proof.commitment import commitment, equality_tag
from ledger.proof.dsse import verify_payload
from ledger.proof.ed25519 import ED25519, Verifier, check_public_key, check_signature_r
from ledger.proof.frontier import Frontier
from ledger.proof.hashing import EMPTY_ROOT, leaf_hash
from ledger.proof.keys import key_id
from ledger.proof.merkle import verify_consistency, verify_inclusion
from ledger.proof.note import Ed25519NoteVerifier
from ledger.proof.tlog_proof import verify_tlog_proof
from ledger.v1 import claim_pb2, event_pb2
from ledger_audit.chain import ChainChecker
from ledger_audit.findings import Findings
from ledger_audit.money import line_amount_fen, share_fen, weighted_share_fen

FOLDER = Path(__file__).parent
MESSAGES = {"Event": event_pb2.Event, "ServiceLine": claim_pb2.ServiceLine}
FINGERPRINTS = {
    "invoice/1": lambda code, number: identifiers.invoice_fingerprint(code=code, number=number),
    "payment/1": lambda bank, reference: identifiers.payment_fingerprint(bank=bank, reference=reference),
    "contract/1": lambda number, buyer, seller: identifiers.contract_fingerprint(
        number=number, buyer_credit_code=buyer, seller_credit_code=seller
    ),
}


def _cases(name: str, *kinds: str) -> list[Any]:
    cases = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    return [
        pytest.param(case, id=f"{case['id']} {case['comment']}")
        for case in cases
        if not kinds or case["kind"] in kinds
    ]


def _bytes(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def test_the_files_are_what_their_makers_make() -> None:
    """After a change of a maker run tools/dev/make_vectors.py."""
    for path, text in make_vectors.files().items():
        assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("case", _cases("record"))
def test_byte_profile(case: Any) -> None:
    """Exactly the valid encodings are read."""
    data = bytes.fromhex(case["bytes"])
    if case["result"] == "valid":
        byte_profile.parse(MESSAGES[case["message"]], data)
        assert case.get("leaf_hash", leaf_hash(data).hex()) == leaf_hash(data).hex()
    else:
        with pytest.raises(LedgerError):
            byte_profile.parse(MESSAGES[case["message"]], data)


@pytest.mark.parametrize("case", _cases("chain"))
def test_chain(case: Any) -> None:
    """The frontier gives the root; the auditor names the wrong entry, or the one before it, which it links to."""
    entries = _bytes(case["entries"])
    hashes = [leaf_hash(entry) for entry in entries]
    frontier = Frontier()
    frontier.extend(hashes)
    assert (frontier.root() if entries else EMPTY_ROOT).hex() == case["root"]
    findings = Findings(())
    checker = ChainChecker(findings, load_tile=None)
    if entries:
        checker.feed(0, entries, hashes)
    checker.finish(size=len(entries), root=bytes.fromhex(case["root"]))
    found = [finding.index for finding in findings.ordered() if finding.index is not None]
    if case["result"] == "valid":
        assert found == []
    else:
        assert found[0] in (case["first_wrong_index"] - 1, case["first_wrong_index"])


@pytest.mark.parametrize("case", _cases("proofs"))
def test_proofs(case: Any) -> None:
    """Proofs and receipts hold exactly where the case says so."""
    if case["result"] == "valid":
        _prove(case)
    else:
        with pytest.raises(LedgerError):
            _prove(case)


def _prove(case: Any) -> None:
    if case["kind"] == "receipt":
        data, event = case["tlog_proof"].encode(), bytes.fromhex(case["event"])
        verifier = Ed25519NoteVerifier.parse(case["vkey"])
        verify_tlog_proof(data, event=event, verifier=verifier, origin=case["origin"])
        return
    proof = _bytes(case["proof"])
    if case["kind"] == "inclusion":
        verify_inclusion(
            index=case["index"],
            size=case["size"],
            leaf_hash=bytes.fromhex(case["leaf_hash"]),
            proof=proof,
            root=bytes.fromhex(case["root"]),
        )
        return
    verify_consistency(
        size1=case["size1"],
        size2=case["size2"],
        root1=bytes.fromhex(case["root1"]),
        root2=bytes.fromhex(case["root2"]),
        proof=proof,
    )


@pytest.mark.parametrize("case", _cases("signatures"))
def test_signatures(case: Any) -> None:
    """Keys may be registered and signatures verify exactly where the case says so."""
    if case["result"] == "valid":
        _check_signature(case)
    else:
        with pytest.raises(LedgerError):
            _check_signature(case)


def _check_signature(case: Any) -> None:
    public_key = check_public_key(bytes.fromhex(case["public_key"]))
    if case["kind"] == "key":
        assert key_id(ED25519, public_key).hex() == case["key_id"]
        return
    payload, signature = bytes.fromhex(case["payload"]), check_signature_r(bytes.fromhex(case["signature"]))
    verify_payload(
        Verifier(public_key), payload_type=case["payload_type"], payload=payload, signature=signature
    )


@pytest.mark.parametrize("case", _cases("sums", "line", "entitlement", "weighted"))
def test_sums(case: Any) -> None:
    """Ledger and auditor floor alike."""
    if case["kind"] == "line":
        ms, price = case["allocated_ms"], case["unit_price_fen"]
        assert usage_amount_fen(device_ms=ms, price_fen=price) == case["amount_fen"]
        assert line_amount_fen(allocated_ms=ms, unit_price_fen=price) == case["amount_fen"]
    elif case["kind"] == "entitlement":
        rate, base = case["rate_bp"], case["base_fen"]
        assert entitlement_fen(rate_bp=rate, base_fen=base) == case["amount_fen"]
        assert share_fen(rate_bp=rate, amount_fen=base) == case["amount_fen"]
    else:
        parts = [tuple(part) for part in case["parts"]]
        assert weighted_share_fen(base_fen=case["base_fen"], parts=parts) == case["amount_fen"]


@pytest.mark.parametrize("case", _cases("sums", "instalments", "pro_rata"))
def test_shares_lose_no_fen(case: Any) -> None:
    """Instalments sum to the amount; an allocation never gives more than there is."""
    if case["kind"] == "instalments":
        assert sum(case["instalments_fen"]) == case["amount_fen"]
    else:
        assert sum(case["faces_fen"]) <= max(case["available_fen"], 0)


@pytest.mark.parametrize("case", _cases("commitments"))
def test_commitments(case: Any) -> None:
    """Commitments, tags and fingerprints are those of the case, and refused where it is invalid."""
    if case["result"] == "valid":
        assert _committed(case).hex() == case[case["kind"]]
    else:
        with pytest.raises(LedgerError):
            _committed(case)


def _committed(case: Any) -> bytes:
    if case["kind"] == "commitment":
        salt, value = bytes.fromhex(case["salt"]), bytes.fromhex(case["value"])
        return commitment(salt=salt, label=case["label"], value=value)
    if case["kind"] == "tag":
        pepper = bytes.fromhex(case["pepper"])
        return equality_tag(pepper=pepper, document_type=case["document_type"], number=case["number"])
    return FINGERPRINTS[case["label"]](*case["parts"])
