"""The registry of acts: for each its statement, its event, who decides it and how it is folded.

Adding an act is adding a row here, a message in protos/ and a test; this module must not contain a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.domain import (
    approvals,
    attestation,
    claims,
    contracts,
    events,
    officers,
    participants,
    payments,
    programmes,
    redemptions,
    statements,
    vouchers,
)
from ledger.domain.commands import Command, ExpireVoucher
from ledger.domain.journal import Head, Recorded
from ledger.domain.rejections import Reason, Rejection
from ledger.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.domain.journal import Draft
    from ledger.domain.state import State

    Decide = Callable[[State, Command[Any]], "tuple[Draft, ...] | Rejection"]
    Fold = Callable[[State, Recorded], None]
    Follow = Callable[[State, Recorded], "Draft | None"]


class NoStatement:
    """The statement type of events that nobody asks for."""


PAYLOAD_TYPE = "application/vnd.voucher-ledger.{act}.v1+protobuf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One kind of act.

    `record` writes rows of the store, `follow_up` may add a SYSTEM event; without `decide` it is no
    command, without `evolve` the links say all.
    """

    name: str
    statement: type
    event: type
    decide: Decide | None
    evolve: Fold | None
    record: Fold | None = None
    follow_up: Follow | None = None

    @property
    def payload_type(self) -> str:
        """DSSE payload type of the statement."""
        return PAYLOAD_TYPE.format(act=self.name)


ACTS: tuple[Act, ...] = (
    Act(
        name="genesis",
        statement=statements.Genesis,
        event=events.LedgerOpened,
        decide=officers.decide_genesis,
        evolve=officers.evolve_genesis,
    ),
    Act(
        name="officer-appointment",
        statement=statements.OfficerAppointment,
        event=events.OfficerAppointed,
        decide=officers.decide_officer_appointment,
        evolve=officers.evolve_officer_appointed,
    ),
    Act(
        name="key-registration",
        statement=statements.KeyRegistration,
        event=events.KeyRegistered,
        decide=officers.decide_key_registration,
        evolve=officers.evolve_key_registered,
    ),
    Act(
        name="key-retirement",
        statement=statements.KeyRetirement,
        event=events.KeyRetired,
        decide=officers.decide_key_retirement,
        evolve=officers.evolve_key_retired,
    ),
    Act(
        name="key-revocation",
        statement=statements.KeyRevocation,
        event=events.KeyRevoked,
        decide=officers.decide_key_revocation,
        evolve=officers.evolve_key_revoked,
    ),
    Act(
        name="certificate-registration",
        statement=statements.CertificateRegistration,
        event=events.CertificateRegistered,
        decide=officers.decide_certificate_registration,
        evolve=officers.evolve_certificate_registered,
    ),
    Act(
        name="participant-registration",
        statement=statements.ParticipantRegistration,
        event=events.ParticipantRegistered,
        decide=participants.decide_participant_registration,
        evolve=participants.evolve_participant_registered,
    ),
    Act(
        name="provider-admission",
        statement=statements.ProviderAdmission,
        event=events.ProviderAdmitted,
        decide=participants.decide_provider_admission,
        evolve=participants.evolve_provider_admitted,
    ),
    Act(
        name="device-registration",
        statement=statements.DeviceRegistration,
        event=events.DevicesRegistered,
        decide=participants.decide_device_registration,
        evolve=participants.evolve_devices_registered,
    ),
    Act(
        name="programme-opening",
        statement=statements.ProgrammeOpening,
        event=events.ProgrammeOpened,
        decide=programmes.decide_programme_opening,
        evolve=programmes.evolve_programme_opened,
    ),
    Act(
        name="policy-publication",
        statement=statements.PolicyPublication,
        event=events.PolicyPublished,
        decide=programmes.decide_policy_publication,
        evolve=programmes.evolve_policy_published,
    ),
    Act(
        name="contract-registration",
        statement=statements.ContractRegistration,
        event=events.ContractRegistered,
        decide=contracts.decide_contract_registration,
        evolve=contracts.evolve_contract_registered,
    ),
    Act(
        name="invoice-registration",
        statement=statements.InvoiceRegistration,
        event=events.InvoiceRegistered,
        decide=contracts.decide_invoice_registration,
        evolve=None,
        record=contracts.record_evidence,
    ),
    Act(
        name="payment-registration",
        statement=statements.PaymentRegistration,
        event=events.PaymentRegistered,
        decide=contracts.decide_payment_registration,
        evolve=None,
        record=contracts.record_evidence,
    ),
    Act(
        name="application-submission",
        statement=statements.ApplicationSubmission,
        event=events.ApplicationSubmitted,
        decide=vouchers.decide_application,
        evolve=vouchers.evolve_application_submitted,
    ),
    Act(
        name="voucher-grant",
        statement=statements.VoucherGrant,
        event=events.VoucherIssued,
        decide=vouchers.decide_grant,
        evolve=vouchers.evolve_voucher_issued,
    ),
    Act(
        name="usage-attestation",
        statement=attestation.UsageAttestation,
        event=events.ClaimAccepted,
        decide=claims.decide_claim,
        evolve=claims.evolve_claim_accepted,
        record=claims.record_claim,
    ),
    Act(
        name="redemption-request",
        statement=statements.RedemptionRequest,
        event=events.RedemptionRequested,
        decide=redemptions.decide_request,
        evolve=redemptions.evolve_redemption_requested,
        record=redemptions.record_redemption_request,
    ),
    Act(
        name="redemption-verification",
        statement=statements.RedemptionVerification,
        event=events.RedemptionVerified,
        decide=approvals.decide_verification,
        evolve=approvals.evolve_redemption_verified,
    ),
    Act(
        name="redemption-approval",
        statement=statements.RedemptionApproval,
        event=events.RedemptionApproved,
        decide=approvals.decide_approval,
        evolve=approvals.evolve_redemption_approved,
    ),
    Act(
        name="payment-order",
        statement=statements.PaymentOrder,
        event=events.PaymentOrdered,
        decide=payments.decide_order,
        evolve=payments.evolve_payment_ordered,
    ),
    Act(
        name="payment-confirmation",
        statement=statements.PaymentConfirmation,
        event=events.PaymentConfirmed,
        decide=payments.decide_confirmation,
        evolve=payments.evolve_payment_confirmed,
        follow_up=payments.close_if_done,
    ),
    Act(
        name="payment-failure",
        statement=statements.PaymentFailure,
        event=events.PaymentFailed,
        decide=payments.decide_failure,
        evolve=payments.evolve_payment_failed,
    ),
)

SYSTEM_ACTS: tuple[Act, ...] = (
    Act(
        name="voucher-expiry",
        statement=ExpireVoucher,
        event=events.VoucherExpired,
        decide=vouchers.decide_expiry,
        evolve=vouchers.evolve_voucher_expired,
    ),
    Act(
        name="voucher-closing",
        statement=NoStatement,
        event=events.VoucherClosed,
        decide=None,
        evolve=vouchers.evolve_voucher_closed,
    ),
    Act(
        name="claim-refusal",
        statement=NoStatement,
        event=events.ClaimRefused,
        decide=None,
        evolve=None,
        record=claims.record_refused_claim,
    ),
)

_SINGLE_EVENT_STREAMS = ("claim/", "evidence/")


def decide(act: Act, state: State, command: Command[Any]) -> tuple[Draft, ...] | Rejection:
    """Decide one command on the state with its overlay; a value outside its range is a refusal too."""
    header = command.header
    if header is not None:
        info = state.info
        if info is not None and header.ledger_id != info.ledger_id:
            return Rejection(Reason.WRONG_LEDGER, "the statement is for another ledger")
        if 0 < header.not_after_ms < command.now_ms:
            return Rejection(Reason.STATEMENT_EXPIRED, "the statement is no longer valid")
    if act.decide is None:
        raise TypeError(f"{act.name} is not a command")
    try:
        return act.decide(state, command)
    except MalformedError as error:
        return Rejection(Reason.MALFORMED, error.summary)


def evolve(act: Act, state: State, recorded: Recorded) -> None:
    """Fold one event: the entities of its act, then the heads of its links and its stream."""
    if act.evolve is not None:
        act.evolve(state, recorded)
    heads = state.heads
    for link in recorded.links:
        table = heads.get(link.kind)
        if table is not None:
            entity = link.entity if link.device is None else recorded.statement.device_ids[link.device]
            table[entity] = Head(recorded.index, link.totals)
    if not recorded.stream_id.startswith(_SINGLE_EVENT_STREAMS):
        state.streams[recorded.stream_id] = recorded.stream_version
