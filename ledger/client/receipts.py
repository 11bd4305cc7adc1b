"""Check receipts against a pinned log key: that the ledger really recorded what was sent.

Without a pinned key a receipt is the server's word only. This module must not fetch anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from ledger.errors import VerificationError
from ledger.proof.hashing import leaf_hash
from ledger.proof.note import Ed25519NoteVerifier
from ledger.proof.policy import Policy
from ledger.proof.tlog_proof import TlogProof, verify_tlog_proof
from ledger.v1 import event_pb2

if TYPE_CHECKING:
    from ledger.v1 import envelope_pb2, receipt_pb2

_HINT = "keep the receipt: it is evidence against the log's operator"


def verify_receipt(
    receipt: receipt_pb2.Receipt,
    *,
    log_key: str,
    envelope: envelope_pb2.Envelope | None = None,
    policy: str = "",
) -> receipt_pb2.Receipt:
    """The receipt, once its tlog-proof shows its event under a checkpoint signed by `log_key` (a vkey).

    The event has to be at the receipt's index, with its leaf hash, and hold the payload of `envelope`
    where one is given, and the quorum of `policy` (a C2SP tlog-policy) has cosigned where one is given.
    Raises MalformedError for a vkey, policy or proof that does not parse, VerificationError for everything
    that is not so, also for a receipt without proof.
    """
    if not receipt.tlog_proof:
        raise VerificationError("the receipt carries no proof", hint="ask for level CHECKPOINTED")
    verifier = Ed25519NoteVerifier.parse(log_key)
    verify_tlog_proof(receipt.tlog_proof, event=receipt.event, verifier=verifier, origin=verifier.name)
    proof = TlogProof.parse(receipt.tlog_proof)
    index = proof.index
    if not receipt.HasField("index") or index != receipt.index:
        raise VerificationError(f"the proof is for leaf {index}, the receipt for another", hint=_HINT)
    if receipt.leaf_hash != leaf_hash(receipt.event):
        raise VerificationError(f"leaf {index}: the receipt has another leaf hash", hint=_HINT)
    if envelope is not None:
        _check_payload(receipt, envelope)
    if policy and not Policy.parse(policy).satisfied(proof.checkpoint_note, origin=verifier.name):
        raise VerificationError(
            "too few witnesses cosigned the receipt's checkpoint", hint="ask for level WITNESSED"
        )
    return receipt


def _check_payload(receipt: receipt_pb2.Receipt, envelope: envelope_pb2.Envelope) -> None:
    event = event_pb2.Event()
    try:
        event.MergeFromString(receipt.event)
    except DecodeError as error:
        raise VerificationError(f"leaf {receipt.index}: the event does not parse", hint=_HINT) from error
    recorded = event.envelopes[0] if event.envelopes else None
    if (
        recorded is None
        or recorded.payload != envelope.payload
        or recorded.payload_type != envelope.payload_type
    ):
        raise VerificationError(f"leaf {receipt.index}: not the statement that was sent", hint=_HINT)
