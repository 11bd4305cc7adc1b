"""Entities of a ledger with two vouchers of one buyer, for tests of what the server shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unit.server.server_harness import BUYER, SELLER

from ledger.domain.entities import (
    Clawback,
    Key,
    Policy,
    Programme,
    Redemption,
    RedemptionState,
    Signing,
    Voucher,
)
from ledger.domain.journal import Head, LinkKind
from ledger.domain.policy import Instrument
from ledger.domain.vocabulary import ClawbackCause
from ledger.profiles.loader import load_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit.server.server_harness import FakeLedger

    from ledger.domain.state import State

PROGRAMME, APPLICATION, OBJECTION, VOUCHER, OTHER, REDEMPTION, CLAWBACK, CLAIM = (
    bytes([n]) * 16 for n in range(1, 9)
)
KEY, HASH = b"k" * 32, b"h" * 32
POLICY = Policy(index=1, version=1, parameters=load_profile("hangzhou").programmes["GPU_TRAINING"])


def voucher(voucher_id: bytes, **changes: Any) -> Voucher:
    """A voucher of the buyer."""
    values: dict[str, Any] = {
        "voucher_id": voucher_id,
        "programme_id": PROGRAMME,
        "application_id": APPLICATION,
        "beneficiary_id": BUYER,
        "provider_id": SELLER,
        "contract_id": bytes(16),
        "contract_digest": HASH,
        "startup": False,
        "policy": POLICY,
        "valid_from_day": 0,
        "valid_until_day": 9,
        "index": 4,
        "issue_hash": HASH,
    }
    return Voucher(**(values | changes))


def redemption(**changes: Any) -> Redemption:
    """A redemption that was verified with the key."""
    values: dict[str, Any] = {
        "redemption_id": REDEMPTION,
        "voucher_id": VOUCHER,
        "claim_ids": (CLAIM,),
        "invoices": (),
        "payments_fen": 0,
        "instalments_bp": (10_000,),
        "payee_commitment": HASH,
        "base_fen": 20,
        "amount_fen": 10,
        "index": 5,
        "state": RedemptionState.VERIFIED,
        "subject_index": 5,
        "subject_hash": HASH,
        "decided_by": (Signing(KEY, bytes(32), 100),),
    }
    return Redemption(**(values | changes))


def clawback(**changes: Any) -> Clawback:
    """An opened clawback."""
    values: dict[str, Any] = {
        "clawback_id": CLAWBACK,
        "redemption_id": REDEMPTION,
        "voucher_id": VOUCHER,
        "beneficiary_id": BUYER,
        "cause": ClawbackCause.RED_LETTER,
        "index": 6,
        "subject_index": 6,
        "subject_hash": HASH,
    }
    return Clawback(**(values | changes))


def key(**changes: Any) -> Key:
    """The key that signed for claim and redemption."""
    values: dict[str, Any] = {
        "key_id": KEY,
        "algorithm": "ed25519",
        "public_key": bytes(32),
        "owner_id": SELLER,
        "registered_index": 0,
    }
    return Key(**(values | changes))


def with_vouchers(state: State) -> None:
    """Two vouchers of one buyer, a redemption on the first, and the key that signed for it."""
    state.heads[LinkKind.PROGRAMME][PROGRAMME] = Head(4, (0,) * 7)
    state.programmes[PROGRAMME] = Programme(
        programme_id=PROGRAMME,
        bureau_id=bytes(16),
        instrument=Instrument.MODEL,
        fiscal_year=2026,
        appropriation_fen=1_000,
        index=1,
    )
    for voucher_id in (VOUCHER, OTHER):
        state.heads[LinkKind.VOUCHER][voucher_id] = Head(4, (50, 0, 10, 0, 0))
        state.vouchers[voucher_id] = voucher(voucher_id)
    state.redemptions[REDEMPTION] = redemption()
    state.keys[KEY] = key()
    state.commit()


def prepared(change: Callable[[State], None]) -> Callable[[FakeLedger], None]:
    """Vouchers, and what a test adds."""

    def prepare(ledger: FakeLedger) -> None:
        with_vouchers(ledger.state)
        change(ledger.state)
        ledger.state.commit()

    return prepare
