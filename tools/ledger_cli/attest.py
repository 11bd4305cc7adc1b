"""From a usage file to signed attestations in an outbox, and from an outbox to a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import typer

from ledger.client.attestations import ChainHead, SignedAttestation, Superseding, sign_attestations
from ledger.client.identity import load_identity
from ledger.client.lines import select_lines
from ledger.client.outbox import ACCEPTED, PENDING, REFUSED, UsageFile, open_or_create
from ledger.client.signing import SigningKey
from ledger.client.terms import fetch_head
from ledger.client.terms_file import read_terms
from ledger.domain.quantities import format_yuan_plain
from ledger.domain.vocabulary import Purpose, SupersedingReason
from ledger.errors import ExitCode, UsageError
from ledger_cli.acting import reading
from ledger_cli.output import Column, print_object, print_rows, say
from ledger_cli.values import enum_of
from ledger_cli.voucher_terms import fetch_all, voucher_map

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ledger.client.attestations import RawLog
    from ledger.client.identity import Identity
    from ledger.client.lines import Selection, VoucherTerms
    from ledger.client.outbox import Outbox, Result
    from ledger_cli.usage_files import UsageData


@dataclass(frozen=True, kw_only=True)
class Request:
    """What `provider attest` and `attest-service` were asked for besides the usage."""

    who: Path
    out: Path
    voucher: list[str] | None
    vouchers: Path | None = None
    terms_file: Path | None
    price: list[str] | None = None
    purpose: str = Purpose.TRAINING.name
    superseding: Superseding | None
    skip_unmapped: bool = False
    skip_outside: bool = False
    insecure: bool

    @cached_property
    def identity(self) -> Identity:
        """Who attests."""
        return load_identity(self.who)

    @cached_property
    def key(self) -> SigningKey:
        """The key that signs."""
        return SigningKey.load(self.identity.signing_key)

    def outbox(self) -> Outbox:
        """The outbox that the attestations go to, as it is before."""
        return open_or_create(
            self.out, ledger_id=self.identity.ledger_id, provider_id=self.identity.participant_id
        )


def superseding_of(index: int | None, reason: str) -> Superseding | None:
    """What --supersede and --reason name together; None without both."""
    if (index is None) != (not reason):
        raise UsageError("--supersede and --reason go together")
    if index is None:
        return None
    return Superseding(index=index, reason=enum_of(SupersedingReason, reason, option="--reason"))


def attest_usage(data: UsageData, request: Request, *, as_json: bool) -> None:
    """Select, check and sign the rows, write the outbox and print what was made."""
    outbox = request.outbox()
    terms, heads = terms_and_heads(request, outbox)
    selection = select_lines(
        data.rows,
        terms=terms,
        name=data.name,
        line_of=data.line_of,
        skip_unmapped=request.skip_unmapped,
        skip_outside=request.skip_outside,
    )
    made = list(_signed(selection, terms, heads, data=data, request=request))
    if not made:
        raise UsageError(f"{data.name}: no row to attest", hint="check --voucher and the tenants of the file")
    counts = {
        "rows": selection.row_count,
        "rows_empty": selection.empty_count,
        "rows_unmapped": selection.unmapped_count,
        "rows_outside": selection.outside_count,
    }
    put_into(outbox, made, name=data.name, raw_log=data.raw_log, counts=counts, as_json=as_json)


def put_into(
    outbox: Outbox,
    made: Sequence[SignedAttestation],
    *,
    name: str,
    raw_log: RawLog,
    counts: Mapping[str, int],
    as_json: bool,
) -> None:
    """Write signed attestations of a usage file into the outbox and print what was made."""
    line_count = sum(item.line_count for item in made)
    usage = UsageFile(name=name, sha256=raw_log.digest.hex(), rows=counts["rows"], lines=line_count)
    outbox.add(made, usage=usage)
    say(f"signed; send them with: voucherctl provider submit {outbox.path}")
    value = {
        "outbox": str(outbox.path),
        "attestations": len(made),
        "lines": line_count,
        "amount_fen": str(sum(item.statement.total_amount_fen for item in made)),
        **counts,
    }
    print_object("attest", value, as_json=as_json)


def print_results(results: Sequence[Result], *, as_json: bool, refused_is_error: bool) -> None:
    """One row an attestation; with `refused_is_error` any refusal ends the program with exit code 6."""
    rows = [
        {
            "file": result.entry.file,
            "claim_id": result.entry.claim_id,
            "sequence": str(result.entry.sequence),
            "lines": result.entry.lines,
            "amount_fen": str(result.entry.amount_fen),
            "state": result.state,
            "index": None if result.index is None else str(result.index),
            "reason": result.reason,
            "message": result.message,
            "conflicting_index": None if result.conflicting_index is None else str(result.conflicting_index),
            "proven": result.proven,
            "next_step": _next_step(result),
            **({} if as_json else {"amount": format_yuan_plain(result.entry.amount_fen)}),
        }
        for result in results
    ]
    keys = ("file", "state", "index", "lines", "amount", "reason", "proven")
    columns = [*(Column(key.upper(), key) for key in keys), Column("NEXT STEP", "next_step")]
    print_rows("outbox", rows, columns, as_json=as_json)
    counts = {
        state: sum(result.state == state for result in results) for state in (ACCEPTED, REFUSED, PENDING)
    }
    say(", ".join(f"{count} {state.lower()}" for state, count in counts.items()))
    if refused_is_error and counts[REFUSED]:
        raise typer.Exit(int(ExitCode.REFUSED))


def _next_step(result: Result) -> str:
    if result.state == PENDING:
        return "voucherctl provider submit OUTBOX"
    return f"voucherctl explain {result.reason}" if result.state == REFUSED else "none"


def terms_and_heads(
    request: Request, outbox: Outbox
) -> tuple[Mapping[str, VoucherTerms], Mapping[bytes, ChainHead]]:
    """Terms by tenant, and for each voucher the newest attestation that this provider signed."""
    known = outbox.heads()
    if request.terms_file is not None:
        terms, heads = read_terms(request.terms_file)
        for voucher_id, head in heads.items():
            known[voucher_id] = max(head, known.get(voucher_id, head), key=lambda item: item.sequence)
        return terms, known
    wanted = voucher_map(request.voucher, request.vouchers)
    with reading(request.who, insecure=request.insecure) as client:
        fetched = fetch_all(client, wanted, prices=request.price, purpose=request.purpose)
        for item in fetched.values():
            recorded = fetch_head(client, voucher_id=item.voucher_id, provider_id=item.provider_id)
            if recorded.sequence > known.get(item.voucher_id, ChainHead()).sequence:
                known[item.voucher_id] = recorded
    return fetched, known


def _signed(
    selection: Selection,
    terms: Mapping[str, VoucherTerms],
    heads: Mapping[bytes, ChainHead],
    *,
    data: UsageData,
    request: Request,
) -> Iterator[SignedAttestation]:
    """Attestations of every voucher; tenants that share one are attested together.

    Raises UsageError for lines of several vouchers in place of one claim.
    """
    by_voucher: dict[bytes, list[str]] = {}
    for tenant in selection.lines:
        by_voucher.setdefault(terms[tenant].voucher_id, []).append(tenant)
    if request.superseding is not None and len(by_voucher) > 1:
        raise UsageError(
            f"usage of {len(by_voucher)} vouchers cannot replace one claim",
            hint="give the lines of one claim",
        )
    for voucher_id, tenants in by_voucher.items():
        yield from sign_attestations(
            list(chain.from_iterable(selection.lines[tenant] for tenant in tenants)),
            terms=terms[tenants[0]],
            key=request.key,
            ledger_id=request.identity.ledger_id,
            raw_log=data.raw_log,
            head=heads.get(voucher_id),
            superseding=request.superseding,
        )
