"""The fourth part of a forged year: usage and service claims, refusals, and what is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit_forge.book import DAY_MS
from audit_forge.casework import ZONE_MS, Casework
from audit_forge.draft import ident
from audit_forge.opening import DAY_0, DEVICES, MODEL, PRICE
from audit_forge.people import APPROVERS, CLERK, MARKET, SELLER
from ledger.v1 import claim_pb2
from ledger.v1 import event_pb2 as ev

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit_forge.draft import Actor

HOUR_MS = 3_600_000
Line = tuple[int, int, int]
"""Device number, start hour after the day began, hours."""
ServiceLine = tuple[int, int]
"""Start hour after the voucher's day began, amount in fen."""


class Usage(Casework):
    """Adds claims; metered and device totals are kept here."""

    def __init__(self) -> None:
        super().__init__()
        self.device_ms = dict.fromkeys(DEVICES, 0)
        self.sequence: dict[str, int] = {}

    def claim_premises(self, voucher: str) -> list[tuple[int, int]]:
        """VOUCHER, CONTRACT and ADMISSION; an award has no contract, and who claims on it is refused."""
        seller = self.deals[voucher].seller or SELLER
        named = (ev.PREMISE_KIND_VOUCHER, self.named[f"voucher {voucher}"])
        return [named, *self.contract_premise(voucher), *self.admitted(seller)]

    def attestation(self, name: str, voucher: str, lines: Sequence[Line]) -> claim_pb2.UsageAttestation:
        """A statement about whole hours on some devices; the device table is in the order of use."""
        table = list(dict.fromkeys(line[0] for line in lines))
        self.sequence[voucher] = self.sequence.get(voucher, 0) + 1
        deal = self.deals[voucher]
        said = claim_pb2.UsageAttestation(
            claim_id=ident(f"claim {name}"),
            programme_id=deal.programme,
            provider_id=SELLER.id,
            voucher_id=ident(f"voucher {voucher}"),
            contract_digest=ident(f"contract document {voucher}", 32),
            beneficiary_id=deal.buyer.id,
            purpose=claim_pb2.PURPOSE_TRAINING,
            strings=["node-1"],
            device_ids=[DEVICES[number] for number in table],
            device_models=[0] * len(table),
            base_ms=DAY_0 * DAY_MS - ZONE_MS + DAY_MS,
            raw_log_digest=ident(f"log {name}", 32),
            raw_log_rows=10,
            sequence=self.sequence[voucher],
        )
        said.models.add(vendor=MODEL[0], model=MODEL[1], origin=MODEL[2], unit_price_fen=PRICE)
        for number, start, hours in lines:
            said.lines.device.append(table.index(number))
            said.lines.node.append(0)
            said.lines.start_offset_ms.append(start * HOUR_MS)
            said.lines.duration_ms.append(hours * HOUR_MS)
            said.lines.allocated_ms.append(hours * HOUR_MS)
            said.lines.active_ms.append(hours * HOUR_MS // 2)
            said.lines.amount_fen.append(hours * PRICE)
        said.total_allocated_ms = sum(said.lines.allocated_ms)
        said.total_active_ms = sum(said.lines.active_ms)
        said.total_amount_fen = sum(said.lines.amount_fen)
        return said

    def claim(
        self, name: str, voucher: str, lines: Sequence[Line], *, signer: Actor = SELLER, superseding: str = ""
    ) -> None:
        """An accepted claim, perhaps in place of another."""
        said = self.attestation(name, voucher, lines)
        ends = [a + b for a, b in zip(said.lines.start_offset_ms, said.lines.duration_ms, strict=True)]
        end_ms = said.base_ms + max(ends)
        self.now_ms = max(self.now_ms, end_ms)
        taken = dict.fromkeys(DEVICES, 0)
        links: list[tuple[Any, ...]] = [(ev.LINK_KIND_CLAIM, said.claim_id)]
        old_links: list[tuple[Any, ...]] = []
        if superseding:
            said.superseded_index = self.named[f"claim {superseding}"]
            said.superseding_reason = claim_pb2.SUPERSEDING_REASON_LOG_CORRECTED
            old = self[f"claim {superseding}"].statement
            self.faces[voucher][1] -= old.total_allocated_ms
            for position, ms in zip(old.lines.device, old.lines.allocated_ms, strict=True):
                taken[old.device_ids[position]] += ms
            old_links.append((ev.LINK_KIND_CLAIM, old.claim_id))
        self.faces[voucher][1] += said.total_allocated_ms
        links += [self.voucher_link(voucher), *old_links]
        for position, device in enumerate(said.device_ids):
            used = [
                ms for p, ms in zip(said.lines.device, said.lines.allocated_ms, strict=True) if p == position
            ]
            self.device_ms[device] += sum(used) - taken[device]
            links.append((ev.LINK_KIND_DEVICE, device, (self.device_ms[device],), position))
        draft = self.add(
            "claim_accepted",
            said,
            [signer],
            actor=SELLER.id,
            stream=f"claim/{said.claim_id.hex()}",
            effective_ms=end_ms,
            premises=self.claim_premises(voucher),
            links=links,
        )
        self.name(f"claim {name}", draft)

    def service(
        self, name: str, voucher: str, lines: Sequence[ServiceLine], *, superseding: str = ""
    ) -> None:
        """An accepted claim for a corpus: lines of one hour each, perhaps in place of another claim."""
        self.sequence[voucher] = self.sequence.get(voucher, 0) + 1
        deal = self.deals[voucher]
        first_ms = self[f"voucher {voucher}"].event.voucher_allotted.valid_from_day * DAY_MS - ZONE_MS
        said = claim_pb2.ServiceAttestation(
            claim_id=ident(f"claim {name}"),
            programme_id=deal.programme,
            provider_id=MARKET.id,
            voucher_id=ident(f"voucher {voucher}"),
            contract_digest=ident(f"contract document {voucher}", 32),
            beneficiary_id=deal.buyer.id,
            total_amount_fen=sum(amount for _, amount in lines),
            raw_log_digest=ident(f"log {name}", 32),
            raw_log_rows=3,
            sequence=self.sequence[voucher],
        )
        for start, amount in lines:
            start_ms = first_ms + start * HOUR_MS
            said.lines.add(
                unit="RECORDS_K", quantity=7, start_ms=start_ms, end_ms=start_ms + HOUR_MS, amount_fen=amount
            )
        end_ms = max(line.end_ms for line in said.lines)
        self.now_ms = max(self.now_ms, end_ms)
        links: list[tuple[Any, ...]] = [(ev.LINK_KIND_CLAIM, said.claim_id), self.voucher_link(voucher)]
        if superseding:
            said.superseded_index = self.named[f"claim {superseding}"]
            said.superseding_reason = claim_pb2.SUPERSEDING_REASON_PRICE_CORRECTED
            links.append((ev.LINK_KIND_CLAIM, ident(f"claim {superseding}")))
        draft = self.add(
            "service_claim_accepted",
            said,
            [MARKET],
            actor=MARKET.id,
            stream=f"claim/{said.claim_id.hex()}",
            effective_ms=end_ms,
            premises=self.claim_premises(voucher),
            links=links,
        )
        self.name(f"claim {name}", draft)

    def refusal(self, name: str, voucher: str, *, known: bool = True) -> None:
        """A recorded refusal; `known` says whether its voucher exists."""
        claim_id, digest = ident(f"claim {name}"), ident(f"payload {name}", 32)
        draft = self.add(
            "claim_refused",
            None,
            [],
            actor=SELLER.id,
            stream=f"claim/{claim_id.hex()}",
            premises=self.claim_premises(voucher) if known else self.admitted(SELLER),
            links=[(ev.LINK_KIND_CLAIM, claim_id)],
        )
        draft.event.request_digest = digest
        draft.event.claim_refused.MergeFrom(
            claim_pb2.ClaimRefused(
                claim_id=claim_id,
                voucher_id=ident(f"voucher {voucher}"),
                provider_id=SELLER.id,
                payload_digest=digest,
                reason=390,  # type: ignore[arg-type]
                conflicting_index=3,
            )
        )
        self.name(f"refusal {name}", draft)

    def setting_aside(self, label: str, claims: Sequence[str]) -> None:
        """Disputed claims are settled for good."""
        statement = claim_pb2.ClaimSettingAside(claim_ids=[ident(f"claim {claim}") for claim in claims])
        self._settlement(label, "claims_set_aside", self.basis(statement, 2), [CLERK], claims, [])

    def reconfirmation(self, label: str, claims: Sequence[str], redemptions: Sequence[str]) -> None:
        """Disputed claims and suspended redemptions are confirmed again."""
        statement = claim_pb2.Reconfirmation(
            claim_ids=[ident(f"claim {claim}") for claim in claims],
            redemption_ids=[ident(f"redemption {redemption}") for redemption in redemptions],
        )
        self._settlement(label, "reconfirmed", self.basis(statement, 4), APPROVERS, claims, redemptions)

    def _settlement(
        self,
        label: str,
        kind: str,
        statement: Any,
        signers: list[Actor],
        claims: Sequence[str],
        redemptions: Sequence[str],
    ) -> None:
        links: list[tuple[Any, ...]] = [(ev.LINK_KIND_CLAIM, ident(f"claim {claim}")) for claim in claims]
        links += [(ev.LINK_KIND_REDEMPTION, ident(f"redemption {name}")) for name in redemptions]
        request_id = ident(f"request {self.next_index}")
        draft = self.add(
            kind,
            statement,
            signers,
            actor=signers[0].id,
            stream=f"settlement/{request_id.hex()}",
            links=links,
        )
        self.name(label, draft)
