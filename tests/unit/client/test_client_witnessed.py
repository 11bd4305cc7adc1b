"""Receipts at level WITNESSED: what a client asks for, and that it counts the witnesses itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.client.fake_ledger import LOG_KEY, FakeLog, serving
from unit.client.samples import KEY

from ledger.client.api import AckLevel, LedgerClient
from ledger.client.receipts import verify_receipt
from ledger.errors import MalformedError, VerificationError
from ledger.proof.cosignature import cosign, cosigner_vkey
from ledger.proof.note import Note, add_signatures
from ledger.proof.tlog_proof import TlogProof
from ledger.v1 import log_service_pb2, log_service_pb2_grpc

if TYPE_CHECKING:
    import grpc

    from ledger.v1 import receipt_pb2

WITNESS = cosigner_vkey(name="w.example", signer=KEY.signer).render()
POLICY = f"witness w {WITNESS}\nquorum w"


def cosigned(receipt: receipt_pb2.Receipt) -> receipt_pb2.Receipt:
    """The receipt with a witness's cosignature on its checkpoint."""
    proof = TlogProof.parse(receipt.tlog_proof)
    line = cosign(Note.parse(proof.checkpoint_note).text, name="w.example", signer=KEY.signer, timestamp_s=1)
    note = add_signatures(proof.checkpoint_note, [line])
    receipt.tlog_proof = TlogProof(proof.index, proof.proof, note).render()
    return receipt


class FakeLogService(log_service_pb2_grpc.LogServiceServicer):
    """Answers receipts, cosigned where that was asked for and `honest`."""

    def __init__(self) -> None:
        self.log = FakeLog()
        self.log.append()
        self.honest = True
        self.levels: list[int] = []

    def GetReceipt(
        self, request: log_service_pb2.GetReceiptRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.GetReceiptResponse:
        """The receipt of a leaf."""
        del context
        self.levels.append(request.ack_level)
        receipt = self.log.receipt(request.index)
        if request.ack_level == AckLevel.ACK_LEVEL_WITNESSED and self.honest:
            receipt = cosigned(receipt)
        return log_service_pb2.GetReceiptResponse(receipt=receipt)


def test_witnesses_are_counted_under_the_client_s_own_policy() -> None:
    """A server that says WITNESSED and gives too few cosignatures is found out."""
    service = FakeLogService()
    with serving((log_service_pb2_grpc.add_LogServiceServicer_to_server, service)) as channel:
        client = LedgerClient(channel, log_key=LOG_KEY, policy=POLICY)
        assert client.get_receipt(0, witnessed=True).index == 0
        assert client.get_receipt(0).index == 0
        service.honest = False
        with pytest.raises(VerificationError, match="too few witnesses"):
            client.get_receipt(0, witnessed=True)
        assert LedgerClient(channel, log_key=LOG_KEY).get_receipt(0, witnessed=True).index == 0
    assert service.levels == [3, 2, 3, 3]


def test_a_receipt_is_verified_with_a_policy() -> None:
    """Enough, too few, and a policy that is none."""
    receipt = FakeLog()
    receipt.append()
    verify_receipt(cosigned(receipt.receipt(0)), log_key=LOG_KEY, policy=POLICY)
    with pytest.raises(VerificationError, match="too few witnesses"):
        verify_receipt(receipt.receipt(0), log_key=LOG_KEY, policy=POLICY)
    with pytest.raises(MalformedError):
        verify_receipt(receipt.receipt(0), log_key=LOG_KEY, policy="quorum w")
