"""Reading cases over the wire: applications, holds, doubts, clawbacks, holdings and calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unit.server.cases import (
    APPLICATION,
    CLAIM,
    CLAWBACK,
    HASH,
    KEY,
    OBJECTION,
    OTHER,
    POLICY,
    PROGRAMME,
    REDEMPTION,
    VOUCHER,
    clawback,
    key,
    prepared,
    redemption,
    voucher,
)
from unit.server.server_harness import BUYER, CLERK, SELLER, FakeLedger, as_, calling, serving

from ledger.domain.entities import (
    Admission,
    Application,
    ApplicationState,
    Calendar,
    Claim,
    ClaimStatus,
    ClawbackState,
    Evidence,
    EvidenceKind,
    Holding,
    Objection,
    QueuedGrant,
    Signing,
)
from ledger.domain.vocabulary import InvoiceStatus, Role
from ledger.v1 import (
    application_service_pb2,
    claim_service_pb2,
    programme_service_pb2,
    redemption_service_pb2,
    registry_service_pb2,
    voucher_service_pb2,
)
from ledger.v1.application_service_pb2_grpc import ApplicationServiceStub
from ledger.v1.claim_service_pb2_grpc import ClaimServiceStub
from ledger.v1.programme_service_pb2_grpc import ProgrammeServiceStub
from ledger.v1.redemption_service_pb2_grpc import RedemptionServiceStub
from ledger.v1.registry_service_pb2_grpc import RegistryServiceStub
from ledger.v1.voucher_service_pb2_grpc import VoucherServiceStub

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger_server.wiring import RunningServer


async def shown_voucher(channel: Any, voucher_id: bytes) -> Any:
    """What GetVoucher gives."""
    request = voucher_service_pb2.GetVoucherRequest(voucher_id=voucher_id)
    return (await VoucherServiceStub(channel).GetVoucher(request, metadata=as_(CLERK))).voucher


async def shown_redemption(channel: Any) -> Any:
    """What GetRedemption gives."""
    request = redemption_service_pb2.GetRedemptionRequest(redemption_id=REDEMPTION)
    return (await RedemptionServiceStub(channel).GetRedemption(request, metadata=as_(CLERK))).redemption


def test_an_application_comes_with_its_notice_and_its_objections() -> None:
    """Oldest objection first, each with the leaf that its decision names; no notice is no day."""

    def prepare(state: State) -> None:
        for objection_id, index in ((OBJECTION, 7), (OTHER, 8)):
            state.objections[objection_id] = Objection(
                objection_id=objection_id,
                application_id=APPLICATION,
                index=index,
                leaf_hash=bytes([index]) * 32,
                decided=index == 7,
            )
        plain = Application(
            application_id=OTHER,
            programme_id=PROGRAMME,
            contract_id=VOUCHER,
            beneficiary_id=BUYER,
            startup=True,
            index=2,
            subject_index=2,
            subject_hash=HASH,
        )
        state.applications[OTHER] = plain
        state.applications[APPLICATION] = Application(
            application_id=APPLICATION,
            programme_id=PROGRAMME,
            contract_id=b"",
            beneficiary_id=BUYER,
            startup=False,
            award=True,
            proposed_fen=900,
            index=3,
            subject_index=8,
            subject_hash=HASH,
            state=ApplicationState.PUBLICISED,
            last_notice_day=20_500,
            notice_index=6,
            open_objections=1,
            objection_ids=(OBJECTION, OTHER),
        )

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        async with calling(server) as channel:
            stub = ApplicationServiceStub(channel)
            answer = await stub.GetApplication(
                application_service_pb2.GetApplicationRequest(application_id=APPLICATION),
                metadata=as_(BUYER),
            )
            fresh = await stub.GetApplication(
                application_service_pb2.GetApplicationRequest(application_id=OTHER), metadata=as_(BUYER)
            )
        found = answer.application
        assert (found.state, found.award, found.proposed_fen, found.contract_id) == (6, True, 900, b"")
        assert (found.last_notice_day, found.open_objections) == (20_500, 1)
        assert [(each.objection_id, each.decided, each.upheld) for each in answer.objections] == [
            (OBJECTION, True, False),
            (OTHER, False, False),
        ]
        assert [each.subject.leaf_index for each in answer.objections] == [7, 8]
        assert (fresh.application.HasField("last_notice_day"), len(fresh.objections)) == (False, 0)

    serving(test, prepare=prepared(prepare))


def test_a_voucher_is_held_by_an_office_or_by_a_clawback_on_another_one() -> None:
    """And only once that is durable; its subject is the leaf that issued it."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        state = ledger.state
        async with calling(server) as channel:
            free = await shown_voucher(channel, VOUCHER)
            assert (free.held, free.subject.leaf_index, free.subject.leaf_hash) == (False, 4, HASH)
            state.vouchers[VOUCHER] = voucher(VOUCHER, held_by=frozenset({Role.AUDITOR}))
            state.clawed_vouchers[BUYER] = (VOUCHER,)
            pending = [await shown_voucher(channel, each) for each in (VOUCHER, OTHER)]
            assert [each.held for each in pending] == [False, False]
            state.commit()
            durable = [await shown_voucher(channel, each) for each in (VOUCHER, OTHER)]
            assert [each.held for each in durable] == [True, True]
            state.vouchers[VOUCHER] = voucher(VOUCHER)
            state.commit()
            own = await shown_voucher(channel, VOUCHER)
        assert not own.held

    serving(test, prepare=prepared(lambda _: None))


def test_a_revoked_key_suspends_a_redemption_and_disputes_a_claim() -> None:
    """From the time at which it is invalid, once that is durable; not what was confirmed again."""

    def claim(claim_id: bytes, status: ClaimStatus) -> Claim:
        numbers = dict.fromkeys(Claim._fields, 0) | {"status": status, "recorded_ms": 100}
        ids = {"claim_id": claim_id, "voucher_id": VOUCHER, "provider_id": SELLER, "key_id": KEY}
        return Claim(**(numbers | ids | {"redemption_id": b""}))  # type: ignore[arg-type]

    async def disputed(channel: Any, claim_id: bytes) -> Any:
        request = claim_service_pb2.GetClaimRequest(claim_id=claim_id)
        return (await ClaimServiceStub(channel).GetClaim(request, metadata=as_(CLERK))).claim.disputed

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        ledger.claims = [claim(CLAIM, ClaimStatus.ACCEPTED), claim(OTHER, ClaimStatus.RECONFIRMED)]
        async with calling(server) as channel:
            seen = []
            for since_ms, commits in ((101, True), (100, False), (100, True)):
                ledger.state.keys[KEY] = key(invalid_since_ms=since_ms)
                if commits:
                    ledger.state.commit()
                seen.append(
                    (
                        (await shown_redemption(channel)).suspended,
                        await disputed(channel, CLAIM),
                        await disputed(channel, OTHER),
                    )
                )
            ledger.state.redemptions[REDEMPTION] = redemption(
                decided_by=(Signing(KEY, bytes(32), 100, cleared=True),), clawed_back_fen=3
            )
            ledger.state.commit()
            confirmed = await shown_redemption(channel)
        assert seen == [(False, False, False), (False, False, False), (True, True, False)]
        assert (confirmed.suspended, confirmed.clawed_back_fen) == (False, 3)

    serving(test, prepare=prepared(lambda _: None))


def test_a_clawback_says_what_can_be_determined_and_then_what_is_outstanding() -> None:
    """One amount before the determination, the others after it."""

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        state = ledger.state
        async with calling(server) as channel:
            stub = RedemptionServiceStub(channel)
            request = redemption_service_pb2.GetClawbackRequest(clawback_id=CLAWBACK)
            opened = (await stub.GetClawback(request, metadata=as_(BUYER))).clawback
            state.clawbacks[CLAWBACK] = clawback(
                state=ClawbackState.PARTLY_RECOVERED, determined_fen=10, repaid_fen=4, fines_fen=2
            )
            state.commit()
            await ledger.append(*[("x", b"")] * 7)
            listed = await stub.ListClawbacks(
                redemption_service_pb2.ListClawbacksRequest(), metadata=as_(BUYER)
            )
        assert (opened.state, opened.cause, opened.determinable_fen) == (1, 2, 2)
        assert (opened.subject.leaf_index, opened.index, opened.outstanding_fen) == (6, 6, 0)
        (partly,) = listed.clawbacks
        assert (partly.state, partly.determinable_fen, partly.determined_fen) == (5, 0, 10)
        assert (partly.outstanding_fen, partly.fines_fen, listed.as_of_size) == (6, 2, 7)

    def prepare(state: State) -> None:
        state.clawbacks[CLAWBACK] = clawback()

    serving(test, prepare=prepared(prepare))


def test_holdings_keep_their_places_page_by_page() -> None:
    """A pair that is declared again between two pages is neither doubled nor left out."""

    def holding(owned_id: bytes, share_bp: int, index: int) -> Holding:
        return Holding(owner_id=BUYER, owned_id=owned_id, share_bp=share_bp, as_of_day=1, index=index)

    def prepare(state: State) -> None:
        for index, owned_id in enumerate((SELLER, OTHER, VOUCHER)):
            state.holdings[BUYER, owned_id] = holding(owned_id, 100, index)

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        await ledger.append(*[("x", b"")] * 3)
        seen: list[tuple[bytes, int]] = []
        token = ""
        async with calling(server) as channel:
            stub = RegistryServiceStub(channel)
            while token or not seen:
                page = await stub.ListHoldings(
                    registry_service_pb2.ListHoldingsRequest(page_size=1, page_token=token),
                    metadata=as_(CLERK),
                )
                seen += [(each.owned_id, each.share_bp) for each in page.holdings]
                token = page.next_page_token
                ledger.state.holdings[BUYER, VOUCHER] = holding(VOUCHER, 300, 9)
                ledger.state.commit()
        assert seen == [(SELLER, 100), (OTHER, 100), (VOUCHER, 300)]

    serving(test, prepare=prepared(prepare))


def test_calendars_come_by_year_and_programmes_with_their_queue() -> None:
    """The newest version of each year; entitlements that wait are a sum."""

    def prepare(state: State) -> None:
        for year, version in ((2027, 1), (2026, 2)):
            state.calendars[year] = Calendar(year=year, version=version, working_days="10", index=2)
        for number, voucher_id in enumerate((CLAIM, REDEMPTION), start=1):
            state.queued[voucher_id] = QueuedGrant(
                voucher_id=voucher_id,
                application_id=APPLICATION,
                entitlement_fen=100 * number,
                policy=POLICY,
                index=number,
            )
        state.queues[PROGRAMME] = (CLAIM, REDEMPTION)

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        await ledger.append(*[("x", b"")] * 3)
        async with calling(server) as channel:
            stub = ProgrammeServiceStub(channel)
            calendars = await stub.ListCalendars(
                programme_service_pb2.ListCalendarsRequest(), metadata=as_(BUYER)
            )
            programmes = await stub.ListProgrammes(
                programme_service_pb2.ListProgrammesRequest(), metadata=as_(BUYER)
            )
        assert [(each.year, each.version, each.working_days) for each in calendars.calendars] == [
            (2026, 2, "10"),
            (2027, 1, "10"),
        ]
        assert [each.queued_fen for each in programmes.programmes] == [300]

    serving(test, prepare=prepared(prepare))


def test_a_provider_shows_whether_it_is_suspended_now() -> None:
    """By the ledger's clock; its items are those that are listed."""

    def prepare(state: State) -> None:
        state.admissions[SELLER] = Admission(
            index=5, batch=1, items={"GPU": 0, "CPU": 3}, from_day=0, suspensions=((10, 20),)
        )

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        await ledger.append(*[("x", b"")] * 9)
        seen = []
        async with calling(server) as channel:
            for day in (9, 15, 25):
                ledger.clock_ms = day * 86_400_000
                page = await RegistryServiceStub(channel).ListParticipants(
                    registry_service_pb2.ListParticipantsRequest(), metadata=as_(CLERK)
                )
                (seller,) = [each for each in page.participants if each.participant_id == SELLER]
                seen.append((seller.admitted, seller.suspended, tuple(seller.items)))
        assert seen == [(True, suspended, ("GPU", "CPU")) for suspended in (False, True, False)]

    serving(test, prepare=prepared(prepare))


def test_only_an_invoice_has_a_status() -> None:
    """Valid, red-lettered or void; payments and acceptance papers have none."""
    rows = [
        (EvidenceKind.INVOICE, InvoiceStatus.RED_LETTERED),
        (EvidenceKind.PAYMENT, InvoiceStatus.VALID),
        (EvidenceKind.ACCEPTANCE, InvoiceStatus.VALID),
    ]

    async def test(ledger: FakeLedger, server: RunningServer) -> None:
        await ledger.append(*[("x", b"")] * 3)
        ledger.evidence = [
            Evidence(bytes([kind]) * 32, kind, 0, 0, b"", 5, 0, status) for kind, status in rows
        ]
        async with calling(server) as channel:
            page = await RedemptionServiceStub(channel).ListEvidence(
                redemption_service_pb2.ListEvidenceRequest(contract_id=bytes(16)), metadata=as_(CLERK)
            )
        assert [(each.kind, each.status) for each in page.evidence] == [(1, 2), (2, 0), (3, 0)]

    serving(test)
