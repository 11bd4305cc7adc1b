"""Rules of accepted claims: the bulk of every ledger, therefore written for speed.

One pass over the attestation's columns, no object made for a line. Each rule of
docs/reference/format.md is one comparison that reports its own finding.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.v1 import event_pb2
from ledger_audit.chain import HEADER_SIZE
from ledger_audit.claim_lines import check_lines, replaced_usage
from ledger_audit.claim_shell import explain_shell
from ledger_audit.frame import LinkValue, read_links, show_link
from ledger_audit.money import day_start_ms
from ledger_audit.scratch import CLAIM
from ledger_audit.state import PARTY, Key, Voucher

if TYPE_CHECKING:
    from ledger_audit.encode import Encoder
    from ledger_audit.fold import Fold

Fail = Callable[[str, object, object], None]

_NOTHING: dict[bytes, int] = {}
_CLAIM, _VOUCHER, _DEVICE = event_pb2.LINK_KIND_CLAIM, event_pb2.LINK_KIND_VOUCHER, event_pb2.LINK_KIND_DEVICE
_PREMISES = (
    event_pb2.PREMISE_KIND_KEY,
    event_pb2.PREMISE_KIND_VOUCHER,
    event_pb2.PREMISE_KIND_CONTRACT,
    event_pb2.PREMISE_KIND_ADMISSION,
)
_PURPOSES = frozenset({1, 2})
_SIMULATED_SLACK_MS, _SYSTEM_SLACK_MS = 0, 300_000
_ID_SIZE, _HASH_SIZE = 16, 32


def claim_accepted(
    fold: Fold, index: int, leaf_hash: bytes, entry: bytes, event: event_pb2.Event, said: Any
) -> None:
    """Judge one accepted claim and take its usage into the state."""
    findings = fold.findings

    def fail(check: str, expected: object, actual: object) -> None:
        findings.add(check, index, expected, actual, leaf_hash)

    state, scratch, encoder = fold.state, fold.scratch, fold.encoder
    header = said.header
    claim_id, voucher_id, provider_id = said.claim_id, said.voucher_id, said.provider_id
    recorded_ms = event.recorded_ms
    if header.ledger_id != state.ledger_id:
        fail("statement", state.ledger_id, header.ledger_id)
    limit_ms = header.not_after_ms
    if limit_ms and recorded_ms > limit_ms:
        fail("not_after", f"at most {limit_ms}", recorded_ms)
    key = _signer(fold, fail, header.key_ids[:], provider_id, recorded_ms)
    scratch.note_id(CLAIM + claim_id, index)
    voucher = state.vouchers.get(voucher_id)
    if voucher is None:
        fail("references", "an issued voucher", voucher_id)
        return
    _check_identity(fail, said, voucher, provider_id, claim_id)
    _check_number(fold, fail, index, said, voucher)

    old, replaced = None, _NOTHING
    if said.HasField("superseded_index"):
        replaced = {}
        old = replaced_usage(fold, fail, index, said, voucher, replaced)
    first_ms, last_ms, allocated_ms, amount, domestic, foreign, devices = check_lines(
        fold, fail, index, said, voucher
    )
    if first_ms < voucher.lo_ms or last_ms > voucher.hi_ms:
        _explain_window(fold, fail, voucher, first_ms, last_ms)
    latest_ms = recorded_ms + (_SIMULATED_SLACK_MS if state.simulated else _SYSTEM_SLACK_MS)
    if last_ms > latest_ms:
        fail("claim_window", f"usage that ends by {latest_ms}", last_ms)

    voucher.metered += allocated_ms if old is None else allocated_ms - old.allocated_ms
    voucher_prev, voucher.last = voucher.last, index
    facts = [
        _premises(encoder, key, voucher),
        encoder.claim_link(claim_id),
        encoder.voucher_link(voucher, voucher_prev),
    ]
    old_prev = None
    if old is not None:
        old_prev, old.last = old.last, index
        facts.append(encoder.claim_link(old.claim_id, old_prev))
        scratch.update_claim(old)
    links: list[LinkValue] = []
    position = 0
    for device, device_id, used_ms in devices:
        if device is not None:
            device.device_ms += used_ms - replaced.get(device_id, 0) if replaced else used_ms
            total = device.device_ms
            facts.append(encoder.device_link(position, device.last, total))
            links.append((_DEVICE, b"", position, device.last, (total,)))
            device.last = index
        position += 1
    scratch.put_claim(
        claim_id,
        (
            index,
            claim_id,
            voucher.number,
            key.number if key is not None else -1,
            recorded_ms,
            amount,
            domestic,
            foreign,
            allocated_ms,
            index,
        ),
    )
    envelope = event.envelopes[0]
    payload = envelope.payload
    signatures = envelope.signatures[:]
    expected = encoder.event(
        recorded_ms,
        last_ms,
        claim_id,
        header.request_id,
        sha256(payload).digest(),
        provider_id,
        event.submitter,
        facts,
        payload,
        signatures[0].signature if signatures else b"",
    )
    if entry[HEADER_SIZE:] == expected:
        return
    links[:0] = [
        (_CLAIM, claim_id, None, None, ()),
        (_VOUCHER, voucher_id, None, voucher_prev, voucher.totals()),
    ]
    if old is not None:
        links.insert(2, (_CLAIM, old.claim_id, None, old_prev, ()))
    explain_shell(fold, fail, event, said, last_ms)
    complete = len(links) == len(devices) + 2 + (old is not None)
    _check_links(fold, fail, index, leaf_hash, event, links, complete=complete)
    _check_premises(fail, event, key, voucher)


def number_name(said: Any) -> bytes:
    """What may be used once: provider, voucher and number of an attestation."""
    return bytes(said.provider_id + said.voucher_id + said.sequence.to_bytes(8, "big"))


def _signer(fold: Fold, fail: Fail, key_ids: list[bytes], provider_id: bytes, recorded_ms: int) -> Key | None:
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


def _check_identity(fail: Fail, said: Any, voucher: Voucher, provider_id: bytes, claim_id: bytes) -> None:
    """The claim is of this voucher, which is open (I7)."""
    if provider_id != voucher.provider_id:
        fail("i7_claim_voucher", voucher.provider_id, provider_id)
    if said.programme_id != voucher.programme.programme_id:
        fail("i7_claim_voucher", voucher.programme.programme_id, said.programme_id)
    if said.beneficiary_id != voucher.beneficiary_id:
        fail("i7_claim_voucher", voucher.beneficiary_id, said.beneficiary_id)
    if said.contract_digest != voucher.digest:
        fail("i7_claim_voucher", voucher.digest, said.contract_digest)
    if voucher.expired or voucher.closed:
        fail("claim", "a voucher that is neither expired nor closed", "one that is")
    if len(claim_id) != _ID_SIZE or len(said.raw_log_digest) != _HASH_SIZE or said.purpose not in _PURPOSES:
        fail("statement", "a claim id, a log digest and a purpose", "one that is none")
    previous = said.previous_digest
    if previous and len(previous) != _HASH_SIZE:
        fail("statement", f"{_HASH_SIZE} bytes of previous_digest", len(previous))


def _check_number(fold: Fold, fail: Fail, index: int, said: Any, voucher: Voucher) -> None:
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


def _explain_window(fold: Fold, fail: Fail, voucher: Voucher, first_ms: int, last_ms: int) -> None:
    """Which of contract, admission and validity the usage leaves (I8, I19)."""
    terms = voucher.contract.terms
    lo, hi = day_start_ms(terms.from_day), day_start_ms(terms.to_day + 1)
    if first_ms < lo or last_ms > hi:
        fail("claim_window", f"usage in the contract's [{lo}, {hi})", f"[{first_ms}, {last_ms})")
    lo, hi = day_start_ms(voucher.valid_from_day), day_start_ms(voucher.valid_until_day)
    if first_ms < lo or last_ms > hi:
        fail("claim_window", f"usage in the validity [{lo}, {hi})", f"[{first_ms}, {last_ms})")
    provider = fold.state.participants.get(voucher.provider_id)
    if provider is not None and first_ms < day_start_ms(provider.admitted_from_day):
        fail("i8_admission", f"usage from day {provider.admitted_from_day} on", first_ms)


def _premises(encoder: Encoder, key: Key | None, voucher: Voucher) -> bytes:
    """The encoded premises; they are the same for every claim of one key on one voucher."""
    number = key.number if key is not None else -1
    cached = voucher.premises.get(number)
    if cached is None:
        wanted = [(kind, index or 0) for kind, index in _wanted_premises(key, voucher)]
        cached = voucher.premises[number] = encoder.premises(wanted)
    return cached


def _wanted_premises(key: Key | None, voucher: Voucher) -> list[tuple[int, int | None]]:
    facts = (key.index if key is not None else None, voucher.index, voucher.contract.index, voucher.admission)
    return list(zip(_PREMISES, facts, strict=True))


def _check_links(
    fold: Fold,
    fail: Fail,
    index: int,
    leaf_hash: bytes,
    event: event_pb2.Event,
    expected: list[LinkValue],
    *,
    complete: bool,
) -> None:
    """Compare the links; where a device is unknown only those before the devices are."""
    actual = read_links(event)
    if complete:
        fold.frame.check_links(index, leaf_hash, expected, actual)
    elif actual[:2] != expected[:2]:
        fail("links", show_link(expected[1]), show_link(actual[1]) if len(actual) > 1 else "none")


def _check_premises(fail: Fail, event: event_pb2.Event, key: Key | None, voucher: Voucher) -> None:
    named = [
        (premise.kind, premise.index if premise.HasField("index") else None) for premise in event.premises
    ]
    wanted = _wanted_premises(key, voucher)
    if key is None:
        wanted, named = wanted[1:], named[1:]
    if named != wanted:
        fail("premises", wanted, named)


__all__ = ["claim_accepted", "number_name"]
