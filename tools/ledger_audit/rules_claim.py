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
from ledger_audit.claim_lines import Row, check_lines, replaced_usage
from ledger_audit.claim_shell import explain_event
from ledger_audit.money import day_start_ms
from ledger_audit.scan import parse_again
from ledger_audit.scratch import CLAIM, REQUEST, ClaimRow
from ledger_audit.state import PARTY, Key, Voucher

if TYPE_CHECKING:
    from ledger_audit.claim_cut import Cut
    from ledger_audit.encode import Encoder
    from ledger_audit.fold import Fold
    from ledger_audit.frame import LinkValue

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
_SUBMITTER_TAG, _LONG = 0x62, 0x80


def claim_accepted(fold: Fold, index: int, leaf_hash: bytes, entry: bytes, cut: Cut, said: Any) -> None:
    """Judge one accepted claim and take its usage into the state."""
    findings = fold.findings

    def fail(check: str, expected: object, actual: object) -> None:
        findings.add(check, index, expected, actual, leaf_hash)

    state, scratch = fold.state, fold.scratch
    header = said.header
    claim_id, voucher_id, provider_id = said.claim_id, said.voucher_id, said.provider_id
    recorded_ms = cut.recorded_ms
    if header.ledger_id != state.ledger_id:
        fail("statement", state.ledger_id, header.ledger_id)
    limit_ms = header.not_after_ms
    if limit_ms and recorded_ms > limit_ms:
        fail("not_after", f"at most {limit_ms}", recorded_ms)
    key = _signer(fold, fail, header.key_ids[:], provider_id, recorded_ms)
    scratch.note_two(CLAIM + claim_id, REQUEST + provider_id + header.request_id, index)
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
    usage = check_lines(fold, fail, index, said, voucher)
    first_ms, last_ms, allocated_ms, amount, domestic, foreign, devices, used = usage
    if first_ms < voucher.lo_ms or last_ms > voucher.hi_ms:
        _explain_window(fold, fail, voucher, first_ms, last_ms)
    latest_ms = recorded_ms + (_SIMULATED_SLACK_MS if state.simulated else _SYSTEM_SLACK_MS)
    if last_ms > latest_ms:
        fail("claim_window", f"usage that ends by {latest_ms}", last_ms)
    number = key.number if key is not None else -1
    row = (
        index,
        claim_id,
        voucher.number,
        number,
        recorded_ms,
        amount,
        domestic,
        foreign,
        allocated_ms,
        index,
    )
    scratch.put_claim(row)
    links, facts = _take(fold, index, claim_id, voucher, old, replaced, allocated_ms, devices, used)
    if not _is_expected(
        fold.encoder, entry, cut, said, last_ms, _premises(fold.encoder, key, voucher), facts
    ):
        complete = len(links) == len(devices) + 2 + (old is not None)
        explain_event(fold, fail, index, leaf_hash, entry, said, last_ms, links if complete else links[:2])
        _check_premises(fail, entry, key, voucher)


def _take(
    fold: Fold,
    index: int,
    claim_id: bytes,
    voucher: Voucher,
    old: ClaimRow | None,
    replaced: dict[bytes, int],
    allocated_ms: int,
    devices: list[Row],
    used: list[int],
) -> tuple[list[LinkValue], list[bytes]]:
    """Take usage into the totals; the links that say so, as values and encoded."""
    encoder = fold.encoder
    voucher.metered += allocated_ms if old is None else allocated_ms - old.allocated_ms
    prev, voucher.last = voucher.last, index
    links: list[LinkValue] = [
        (_CLAIM, claim_id, None, None, ()),
        (_VOUCHER, voucher.voucher_id, None, prev, voucher.totals()),
    ]
    facts = [encoder.claim_link(claim_id), encoder.voucher_link(voucher, prev)]
    if old is not None:
        prev, old.last = old.last, index
        links.append((_CLAIM, old.claim_id, None, prev, ()))
        facts.append(encoder.claim_link(old.claim_id, prev))
        fold.scratch.update_claim(old)
    position = 0
    for device, device_id, _, _ in devices:
        if device is not None:
            used_ms = used[position]
            device.device_ms += used_ms - replaced.get(device_id, 0) if replaced else used_ms
            total, last = device.device_ms, device.last
            links.append((_DEVICE, b"", position, last, (total,)))
            facts.append(encoder.device_link(position, last, total))
            device.last = index
        position += 1  # noqa: SIM113 - enumerate costs more here
    return links, facts


def _is_expected(
    encoder: Encoder, entry: bytes, cut: Cut, said: Any, last_ms: int, premises: bytes, facts: list[bytes]
) -> bool:
    """Whether the event is, byte for byte, what the rules expect around its payload and signature.

    Only the submitter, who proves nothing, is free.
    """
    if cut.type_at < 0 or not said.header.key_ids:
        return False
    head = encoder.head(
        cut.recorded_ms,
        last_ms,
        said.claim_id,
        said.header.request_id,
        sha256(cut.payload).digest(),
        said.provider_id,
    )
    tail = b"%b%b%b" % (premises, b"".join(facts), encoder.envelope_start(len(cut.payload)))
    head_end, tail_start = HEADER_SIZE + len(head), cut.type_at - len(tail)
    submitter = entry[head_end:tail_start]
    return (
        entry.startswith(head, HEADER_SIZE)
        and entry[tail_start : cut.type_at] == tail
        and (
            submitter == b""
            or (
                submitter[0] == _SUBMITTER_TAG
                and 0 < submitter[1] < _LONG
                and submitter[1] == len(submitter) - 2
            )
        )
        and head_end <= tail_start
    )


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


def _check_premises(fail: Fail, entry: bytes, key: Key | None, voucher: Voucher) -> None:
    event, _ = parse_again(entry)
    if event is None:
        return
    named = [
        (premise.kind, premise.index if premise.HasField("index") else None) for premise in event.premises
    ]
    wanted = _wanted_premises(key, voucher)
    if key is None:
        wanted, named = wanted[1:], named[1:]
    if named != wanted:
        fail("premises", wanted, named)


__all__ = ["claim_accepted", "number_name"]
