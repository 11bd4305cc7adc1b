"""What usage and service attestations share: signer, voucher, number, time, quotas, superseding.

Each rule is one comparison that reports its own finding. It must not look at lines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ledger.v1 import claim_pb2, event_pb2
from ledger_audit.entities import PARTY, Key, Participant
from ledger_audit.money import day_of_ms, day_start_ms
from ledger_audit.scratch import ACCEPTED, RECONFIRMED, SUPERSEDED, ClaimRow
from ledger_audit.vouchers import starts_free

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger_audit.dossiers import Voucher
    from ledger_audit.fold import Fold
    from ledger_audit.state import State

Fail = Callable[[str, object, object], None]

PREMISES = (
    event_pb2.PREMISE_KIND_KEY,
    event_pb2.PREMISE_KIND_VOUCHER,
    event_pb2.PREMISE_KIND_CONTRACT,
    event_pb2.PREMISE_KIND_ADMISSION,
)
SIMULATED_SLACK_MS, SYSTEM_SLACK_MS = 0, 300_000
COUNTING = frozenset({ACCEPTED, RECONFIRMED})
"""Claims that are neither superseded nor set aside."""
_ID_SIZE, _HASH_SIZE = 16, 32


def signer(fold: Fold, fail: Fail, key_ids: list[bytes], provider_id: bytes, recorded_ms: int) -> Key | None:
    """The one key of the provider, active (I20)."""
    if len(key_ids) != 1:
        fail("signers", "one key of the provider", f"{len(key_ids)} keys")
        if not key_ids:
            return None
    key_id = key_ids[0]
    key = fold.state.keys.get(key_id)
    if key is None:
        fail("key_active", "a registered key", f"{key_id.hex()} is not registered")
        return None
    if key.owner != provider_id or key.holder != PARTY:
        fail("signers", f"a key of {provider_id.hex()}", f"a key of {key.owner.hex()}")
    if key.revoked:
        fail("key_active", "a key that is not revoked", f"{key_id.hex()} is revoked")
    elif recorded_ms > key.until_ms:
        fail("key_active", f"recorded at or before {key.until_ms}", recorded_ms)
    return key


def check_identity(fail: Fail, said: Any, voucher: Voucher) -> None:
    """The claim is of this voucher (I7), and its ids and digests are some."""
    if said.provider_id != voucher.provider_id:
        fail("i7_claim_voucher", voucher.provider_id, said.provider_id)
    if said.programme_id != voucher.programme.programme_id:
        fail("i7_claim_voucher", voucher.programme.programme_id, said.programme_id)
    if said.beneficiary_id != voucher.beneficiary_id:
        fail("i7_claim_voucher", voucher.beneficiary_id, said.beneficiary_id)
    if said.contract_digest != voucher.digest:
        fail("i7_claim_voucher", voucher.digest, said.contract_digest)
    if len(said.claim_id) != _ID_SIZE or len(said.raw_log_digest) != _HASH_SIZE:
        fail("statement", "a claim id and a log digest", "one that is none")
    previous = said.previous_digest
    if previous and len(previous) != _HASH_SIZE:
        fail("statement", f"{_HASH_SIZE} bytes of previous_digest", len(previous))


def check_standing(
    fold: Fold,
    fail: Fail,
    voucher: Voucher,
    provider: Participant,
    recorded_ms: int,
    intervals: Sequence[tuple[int, int]],
) -> None:
    """The voucher is active and not held; the provider is suspended neither then nor now (I8)."""
    if not voucher.active:
        fail("claim", "an ACTIVE voucher", voucher.standing)
    if fold.state.is_held(voucher):
        fail("hold", "a voucher that is not held", "a held one")
    if provider.is_suspended(day_of_ms(recorded_ms)):
        fail("i8_admission", "a provider that is not suspended", "a suspended one")
    for from_day, until_day in provider.suspensions:
        from_ms, until_ms = day_start_ms(from_day), day_start_ms(until_day)
        inside = [span for span in intervals if span[0] < until_ms and span[1] > from_ms]
        if from_ms < until_ms and inside:
            fail("i8_admission", f"no usage in the suspension [{from_ms}, {until_ms})", inside[0])


def intervals_of(said: Any) -> list[tuple[int, int]]:
    """[start, end) of every line of an attestation."""
    if isinstance(said, claim_pb2.ServiceAttestation):
        return [(line.start_ms, line.end_ms) for line in said.lines]
    base_ms, lines = said.base_ms, said.lines
    spans = zip(lines.start_offset_ms, lines.duration_ms, strict=False)
    return [(base_ms + start_ms, base_ms + start_ms + duration_ms) for start_ms, duration_ms in spans]


def check_quota(state: State, fail: Fail, provider: Participant, recorded_ms: int, size: int) -> None:
    """The day's claims, accepted and refused, and the bytes before this one are within the quotas."""
    today = provider.today
    if recorded_ms >= today.end_ms:
        today.end_ms = day_start_ms(day_of_ms(recorded_ms) + 1)
        today.claims = today.refusals = today.size = 0
    quotas = state.quotas
    today.claims += 1
    if today.claims > quotas.claims or today.size >= quotas.size:
        _explain_quota(state, fail, provider)
    today.size += size


def _explain_quota(state: State, fail: Fail, provider: Participant) -> None:
    today, quotas = provider.today, state.quotas
    if today.claims > quotas.claims:
        fail("quota", f"at most {quotas.claims} claims a day", today.claims)
    if today.size >= quotas.size:
        fail("quota", f"less than {quotas.size} bytes before", today.size)


def number_name(said: Any) -> bytes:
    """What may be used once: provider, voucher and number of an attestation."""
    return bytes(said.provider_id + said.voucher_id + said.sequence.to_bytes(8, "big"))


def check_number(fold: Fold, fail: Fail, index: int, said: Any, voucher: Voucher) -> None:
    """An attestation number is used once; numbers in order need no memory but the next one."""
    sequence = said.sequence
    if sequence == voucher.next_sequence and not voucher.sparse:
        voucher.next_sequence = sequence + 1
        return
    if sequence < voucher.next_sequence:
        fail("sequence", "a number that is not used", sequence)
        return
    voucher.sparse = True
    fold.scratch.note_id(b"s" + number_name(said), index)


def explain_window(fail: Fail, voucher: Voucher, first_ms: int, last_ms: int) -> None:
    """Which of contract, validity, admission and listing the usage leaves (I8, I19)."""
    if voucher.contract is None:
        return
    terms = voucher.contract.terms
    lo, hi = day_start_ms(terms.from_day), day_start_ms(terms.to_day + 1)
    if first_ms < lo or last_ms > hi:
        fail("claim_window", f"usage in the contract's [{lo}, {hi})", f"[{first_ms}, {last_ms})")
    lo, hi = day_start_ms(voucher.valid_from_day), day_start_ms(voucher.valid_until_day)
    if last_ms > hi or (first_ms < lo and not starts_free(voucher.policy)):
        fail("claim_window", f"usage in the validity [{lo}, {hi})", f"[{first_ms}, {last_ms})")
    provider = voucher.provider
    if provider is None:
        return
    for day in (provider.admitted_from_day, provider.items.get(terms.item, terms.from_day)):
        if first_ms < day_start_ms(day):
            fail("i8_admission", f"usage from day {day} on", first_ms)


def superseded(
    fold: Fold, fail: Fail, index: int, said: Any, voucher: Voucher, *, service: int
) -> ClaimRow | None:
    """The claim that this one replaces, if it could be; it counts no longer."""
    old_index = said.superseded_index
    old = fold.scratch.claim_at(old_index) if old_index < index else None
    if old is None:
        fail("superseding", "the leaf of an accepted claim", old_index)
        return None
    if old.voucher != voucher.number:
        fail("superseding", "a claim of the same voucher and provider", old_index)
    if old.service != service:
        fail("superseding", "a claim of the same kind of attestation", old_index)
    if old.state not in COUNTING:
        fail("superseding", "a claim that is neither superseded nor set aside", old_index)
    if old.redemption is not None:
        fail("superseding", "a claim in no redemption", old_index)
    old.state = SUPERSEDED
    fold.scratch.update_claim(old)
    return old
