"""Rules of accepted claims: the bulk of every ledger, therefore written for speed.

One pass over the attestation's columns, no object made for a line. Each rule of
docs/reference/format.md is one comparison that reports its own finding.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.v1 import event_pb2, quantities_pb2
from ledger_audit.chain import HEADER_SIZE
from ledger_audit.claim_frame import (
    PREMISES,
    SIMULATED_SLACK_MS,
    SYSTEM_SLACK_MS,
    check_identity,
    check_number,
    check_quota,
    check_standing,
    explain_window,
    intervals_of,
    signer,
)
from ledger_audit.claim_lines import Row, check_lines, replaced_usage
from ledger_audit.claim_shell import explain_event
from ledger_audit.frame import read_links
from ledger_audit.scan import parse_again
from ledger_audit.scratch import CLAIM, REQUEST, ClaimRow

if TYPE_CHECKING:
    from ledger_audit.claim_cut import Cut
    from ledger_audit.dossiers import Voucher
    from ledger_audit.encode import Encoder
    from ledger_audit.entities import Contract, Key
    from ledger_audit.fold import Fold
    from ledger_audit.frame import LinkValue

Fail = Callable[[str, object, object], None]

_NOTHING: dict[bytes, int] = {}
_CLAIM, _VOUCHER, _DEVICE = event_pb2.LINK_KIND_CLAIM, event_pb2.LINK_KIND_VOUCHER, event_pb2.LINK_KIND_DEVICE
_GPU_TRAINING = quantities_pb2.INSTRUMENT_GPU_TRAINING
_PURPOSES = frozenset({1, 2})
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
    if 0 != header.not_after_ms < recorded_ms:
        fail("not_after", f"at most {header.not_after_ms}", recorded_ms)
    key = signer(fold, fail, header.key_ids[:], provider_id, recorded_ms)
    scratch.note_two(CLAIM + claim_id, REQUEST + provider_id + header.request_id, index)
    voucher = state.vouchers.get(voucher_id)
    if voucher is None:
        fail("references", "an issued voucher", voucher_id)
        _note_links(fold, index, [], entry, said)
        return
    contract, provider = voucher.contract, voucher.provider
    if contract is None or provider is None:
        fail("i7_claim_voucher", "a voucher on a contract", "one of an award")
        _note_links(fold, index, [], entry, said)
        return
    check_identity(fail, said, voucher)
    _check_kind(fail, voucher, said)
    check_number(fold, fail, index, said, voucher)
    check_quota(state, fail, provider, recorded_ms, len(entry))
    old, replaced = None, _NOTHING
    if said.HasField("superseded_index"):
        replaced = {}
        old = replaced_usage(fold, fail, index, said, voucher, replaced)
    usage = check_lines(fold, fail, index, said, voucher)
    first_ms, last_ms, allocated_ms, amount, domestic, foreign, devices, used = usage
    if first_ms < voucher.lo_ms or last_ms > voucher.hi_ms:
        explain_window(fail, voucher, first_ms, last_ms)
    if not voucher.plain or state.open_clawbacks or provider.suspensions:
        check_standing(fold, fail, voucher, provider, recorded_ms, intervals_of(said))
    latest_ms = recorded_ms + (SIMULATED_SLACK_MS if state.simulated else SYSTEM_SLACK_MS)
    if last_ms > latest_ms:
        fail("claim_window", f"usage that ends by {latest_ms}", last_ms)
    row = (
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
        0,
    )
    scratch.put_claim(row)
    links, facts = _take(fold, index, claim_id, voucher, old, replaced, allocated_ms, devices, used)
    premises = _premises(fold.encoder, key, voucher, contract)
    if _is_expected(fold.encoder, entry, cut, said, last_ms, premises, facts):
        fold.digests.touch_claim(index, links, devices)
    else:
        _note_links(fold, index, links, entry, said)
        complete = len(links) == len(devices) + 2 + (old is not None)
        explain_event(fold, fail, index, leaf_hash, entry, said, last_ms, links if complete else links[:2])
        _check_premises(fail, entry, key, voucher, contract)


def _note_links(fold: Fold, index: int, links: list[LinkValue], entry: bytes, said: Any) -> None:
    """Take the links of a claim whose event is not the expected one."""
    event, _ = parse_again(entry)
    actual = read_links(event) if event is not None else links
    fold.digests.note(index, links, actual, said.device_ids[:])


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


def _check_kind(fail: Fail, voucher: Voucher, said: Any) -> None:
    if voucher.programme.instrument != _GPU_TRAINING:
        fail("claim", "a programme of GPU_TRAINING", voucher.programme.instrument)
    if said.purpose not in _PURPOSES:
        fail("statement", "a purpose", said.purpose)


def _premises(encoder: Encoder, key: Key | None, voucher: Voucher, contract: Contract) -> bytes:
    """The encoded premises; until the provider's next admission they stay the same for key and voucher."""
    number = key.number if key is not None else -1
    cached = voucher.premises.get(number)
    if cached is None:
        wanted = [(kind, index or 0) for kind, index in _wanted_premises(key, voucher, contract)]
        cached = voucher.premises[number] = encoder.premises(wanted)
    return cached


def _wanted_premises(key: Key | None, voucher: Voucher, contract: Contract) -> list[tuple[int, int | None]]:
    admission = voucher.provider.admission if voucher.provider is not None else None
    facts = (key.index if key is not None else None, voucher.index, contract.index, admission)
    return list(zip(PREMISES, facts, strict=True))


def _check_premises(fail: Fail, entry: bytes, key: Key | None, voucher: Voucher, contract: Contract) -> None:
    event, _ = parse_again(entry)
    if event is None:
        return
    named = [
        (premise.kind, premise.index if premise.HasField("index") else None) for premise in event.premises
    ]
    wanted = _wanted_premises(key, voucher, contract)
    if key is None:
        wanted, named = wanted[1:], named[1:]
    if named != wanted:
        fail("premises", wanted, named)
