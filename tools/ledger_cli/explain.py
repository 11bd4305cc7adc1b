"""What every reason of refusal means and what a client does about it.

Causes are the comments of the protobuf enum, word for word; a test holds the table to the enum. This
module must not print.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from ledger.domain.rejections import Reason, is_transient
from ledger.errors import UsageError


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason: its cause, and what the client does."""

    reason: Reason
    cause: str
    action: str

    @property
    def retry(self) -> bool:
        """Whether the same request may succeed later without any change."""
        return is_transient(self.reason)


EXPLANATIONS: tuple[Explanation, ...] = (
    Explanation(
        Reason.MALFORMED,
        "The bytes do not follow the byte profile or a value is outside its range.",
        "Correct the value that the message names. A client in another language: compare with "
        "docs/reference/format.md, section 1.",
    ),
    Explanation(
        Reason.WRONG_LEDGER,
        "The statement is for another ledger.",
        "Use the identity file of this ledger; a statement names its ledger and is valid for no other.",
    ),
    Explanation(
        Reason.STATEMENT_EXPIRED,
        "The statement's not_after_ms lies before ledger time.",
        "Sign the statement again, with a later not_after_ms.",
    ),
    Explanation(
        Reason.BAD_CREDIT_CODE,
        "A unified social credit code has a wrong check character.",
        "Compare all 18 characters with the business licence.",
    ),
    Explanation(
        Reason.ROLE_CONFLICT,
        "One participant would be provider and beneficiary.",
        "Apply as another participant: who sells under vouchers, or has applied, stays on that side.",
    ),
    Explanation(
        Reason.AFFILIATED,
        "Provider and beneficiary are affiliated (rule I9).",
        "Choose a provider outside the applicant's group: `voucherctl bureau holdings` shows who "
        "holds what, 25 % and more count, at any depth. A wrong holding is corrected by "
        "`declare-holding`.",
    ),
    Explanation(
        Reason.PROVIDER_NOT_ADMITTED,
        "The provider is not admitted for the time in question (rule I8).",
        "See admission and suspension with `voucherctl bureau participants`: contract and usage "
        "may not begin before the admission nor lie in a suspension, and nothing begins after a "
        "removal.",
    ),
    Explanation(
        Reason.ITEM_NOT_LISTED,
        "The service item is not in the provider's admission (rule I8).",
        "Contract an item that the admission lists, or ask the bureau to admit the provider again "
        "with the item; it is listed from that admission's first day on.",
    ),
    Explanation(
        Reason.VENDOR_NOT_ALLOWED,
        "The policy does not allow this accelerator vendor.",
        "Leave such devices out, or use a programme whose policy allows the vendor.",
    ),
    Explanation(
        Reason.CONTRACT_TOO_EARLY,
        "The contract was signed before the policy's earliest date.",
        "Nothing: the policy does not support contracts signed before its earliest date.",
    ),
    Explanation(
        Reason.CONTRACT_BOUND,
        "A live voucher of the programme is already on the contract (rule I5).",
        "Use the voucher that is on the contract, or the grant that is queued for it; a new one "
        "is possible after it has expired or was revoked.",
    ),
    Explanation(
        Reason.MIN_CONTRACT,
        "The contract is below the policy's least amount.",
        "Nothing for this contract: its amount is below the policy's least amount.",
    ),
    Explanation(
        Reason.MIN_SPEND,
        "The payments are below the policy's least amount.",
        "Register more payments to the provider, then redeem again.",
    ),
    Explanation(
        Reason.FILING_MISSING,
        "The policy needs a model filing number.",
        "Register a contract that carries the filing number.",
    ),
    Explanation(
        Reason.EXCHANGE_REQUIRED,
        "The policy needs a trade on a data exchange.",
        "Buy through an admitted data exchange and register a contract with the trade number.",
    ),
    Explanation(
        Reason.STACKING_EXCLUSIVE,
        "Other public money is on the contract and the policy allows none (rule I4).",
        "Nothing while other public money is on the contract: this policy is exclusive. "
        "`voucherctl bureau contracts` shows it.",
    ),
    Explanation(
        Reason.STACKING_CEILING,
        "Public money on the contract has reached its ceiling (rule I4).",
        "Nothing: support of the contract has reached its ceiling. `voucherctl bureau contracts` "
        "shows all public money on it.",
    ),
    Explanation(
        Reason.NOTICE_NOT_OVER,
        "The public notice still runs (rule I13).",
        "Grant from the day after the last day of notice on; `voucherctl bureau applications` "
        "shows that day.",
    ),
    Explanation(
        Reason.OBJECTION_OPEN,
        "An objection is not decided (rule I13).",
        "Let a reviewer decide it first: `voucherctl bureau objections`, then `voucherctl bureau "
        "objection decide`.",
    ),
    Explanation(
        Reason.CALENDAR_NOT_COVERED,
        "No calendar is published for the year.",
        "Publish the working days of every year that the notice touches (`voucherctl bureau "
        "publish-calendar`), then publicise again.",
    ),
    Explanation(
        Reason.CAP_EXHAUSTED,
        "The beneficiary's cap of the programme-year is used up (rule I2).",
        "Nothing this year: the beneficiary's cap is used up. What expires, is revoked or is not "
        "allotted makes room again.",
    ),
    Explanation(
        Reason.NAMED_APPROVAL_REQUIRED,
        "Only a named approval may go above the cap (rule I2).",
        "Grant with --named-approval, if the conditions for the hard cap are met.",
    ),
    Explanation(
        Reason.BUDGET_EXHAUSTED,
        "Nothing of the appropriation is available (rule I1).",
        "Wait for released money or a policy version with a higher appropriation; see `voucherctl "
        "bureau programmes`.",
    ),
    Explanation(
        Reason.VOUCHER_HELD,
        "The voucher is held.",
        "Wait until the office that holds it, the clerk's or the auditor's, releases it "
        "(`voucherctl bureau release-hold`), or until the beneficiary's open clawback is settled "
        "(`voucherctl bureau clawbacks`).",
    ),
    Explanation(
        Reason.VOUCHER_EXPIRED,
        "The voucher has expired.",
        "Nothing on this voucher; redemptions that were requested before go on.",
    ),
    Explanation(
        Reason.OUTSIDE_CONTRACT,
        "The usage lies outside the contract's days (rule I19).",
        "Leave out usage outside the contract's days: `provider attest --skip-outside`.",
    ),
    Explanation(
        Reason.OUTSIDE_VALIDITY,
        "The usage lies outside the voucher's validity or ends after ledger time (rule I19).",
        "Leave out usage outside the voucher's validity, and attest only usage that has ended; "
        "check the clock of the cluster.",
    ),
    Explanation(
        Reason.KEY_UNKNOWN,
        "A signing key is not registered for this signer (rule I20).",
        "Have the key registered by two key administrators, or sign with a registered one.",
    ),
    Explanation(
        Reason.KEY_REVOKED,
        "A signing key is revoked or retired (rule I20).",
        "Sign with another key; for a lost or exposed key have a new one registered.",
    ),
    Explanation(
        Reason.BAD_SIGNATURE,
        "A signature does not verify.",
        "Sign the very bytes that are sent, over the DSSE pre-authentication encoding; do not "
        "serialise twice.",
    ),
    Explanation(
        Reason.WEAK_KEY,
        "A public key is not acceptable, or is registered already.",
        "Make a new key with `voucherctl keys generate`; a public key is registered once and for one owner.",
    ),
    Explanation(
        Reason.DEVICE_UNKNOWN,
        "A device is not registered for the provider (rule I19).",
        "Register the device first; its id follows from the provider and the text in the usage file.",
    ),
    Explanation(
        Reason.DEVICE_OVERLAP,
        "A device is occupied in the interval (rule I6).",
        "Compare with the claim at the leaf that is named; correct the usage, or replace that "
        "claim by a superseding one.",
    ),
    Explanation(
        Reason.CAPACITY_EXCEEDED,
        "More device time than the interval holds (rule I19).",
        "Attest at most the length of the interval for each device.",
    ),
    Explanation(
        Reason.MODEL_MISMATCH,
        "The model is not the registered model of the device (rule I19).",
        "Use vendor, model and origin as the device was registered.",
    ),
    Explanation(
        Reason.PRICE_MISMATCH,
        "A unit price is not the contract's, or an amount is not its floor (rule I19).",
        "Use the contract's price; an amount is floor(allocated_ms × price ÷ 3,600,000).",
    ),
    Explanation(
        Reason.DUPLICATE_EVIDENCE,
        "An invoice, payment, contract or claim is used already (rule I5).",
        "See the leaf that is named for the first use; name at most what is left of an invoice or "
        "payment (`voucherctl bureau evidence`).",
    ),
    Explanation(
        Reason.FACE_EXCEEDED,
        "Nothing can be redeemed within face, base and what was redeemed (rules I3, I10).",
        "Nothing is left to redeem, or what counts is missing: see the voucher, its claims "
        "(disputed ones count nothing) and the evidence (cancelled invoices count nothing).",
    ),
    Explanation(
        Reason.SEPARATION_OF_DUTY,
        "Another role, or another person, has to sign (rule I12).",
        "Let another officer sign, in the right role: who checked or reviewed an application does "
        "not grant it; reviewer, both approvers and payer of a redemption are four people.",
    ),
    Explanation(
        Reason.STATE_CONFLICT,
        "The act does not fit the state of what it names.",
        "Read the newest state, then act on it: the message names the state and, for applications "
        "and clawbacks, the acts that it allows; the subject of a decision is the newest leaf.",
    ),
    Explanation(
        Reason.REQUEST_ID_REUSED,
        "The request id, or sequence number, was used with other bytes (rule I17).",
        "Sign anew with a new request id (for claims: the next sequence number). The first statement stands.",
    ),
    Explanation(
        Reason.NOT_AUTHORISED,
        "The signer is not the party that may do this.",
        "Let the party sign whose act it is; see docs/reference/format.md, section 2.",
    ),
    Explanation(
        Reason.DEADLINE_TOO_LONG,
        "The call's deadline is longer than the server allows.",
        "Call with a shorter deadline.",
    ),
    Explanation(
        Reason.TOO_LARGE,
        "The message is over its size limit.",
        "Split it: 45,000 bytes a statement, 100 claims and 1 MiB a batch.",
    ),
    Explanation(
        Reason.NOT_FOUND,
        "What was asked for does not exist.",
        "Check the id and that the server is the right one.",
    ),
    Explanation(
        Reason.CURSOR_MISMATCH,
        "The cursor belongs to another history of this ledger.",
        "Stop: the log is not the one that was followed before. Verify it with `voucherctl "
        "audit verify` before starting anew.",
    ),
    Explanation(
        Reason.UNAUTHENTICATED,
        "The certificate is not registered for an active participant or officer.",
        "Check the certificate in the identity file and that its fingerprint is registered.",
    ),
    Explanation(
        Reason.PERMISSION_DENIED,
        "The role may not call this method.",
        "Act --as somebody whose role may call this.",
    ),
    Explanation(
        Reason.QUOTA_EXCEEDED,
        "The participant's daily quota is used up.",
        "Repeat the same request after the next ledger day has begun.",
    ),
    Explanation(
        Reason.OVERLOADED,
        "The queue is full.",
        "Repeat the same request after the delay that the server gives; it has one effect.",
    ),
    Explanation(
        Reason.WRITING_STOPPED,
        "The server has stopped writing and still answers reads.",
        "Repeat the same request later; reads are answered. The operator has to look at the server.",
    ),
    Explanation(
        Reason.CLOCK_UNSAFE,
        "The server's clock cannot be trusted.",
        "Repeat the same request later; the operator has to set the clock right.",
    ),
    Explanation(
        Reason.NOT_READY,
        "The server has not finished its checks.",
        "Repeat the same request in a moment.",
    ),
    Explanation(
        Reason.WITNESSES_MISSING,
        "Too few witnesses have cosigned in time; what was recorded is durable.",
        "Repeat the same request later; it has one effect. Or ask for a lower level.",
    ),
    Explanation(
        Reason.INTERNAL,
        "A fault of the server; nothing of it is shown.",
        "Repeat the same request later; it has one effect. Tell the operator the time and the method.",
    ),
)


def explain(text: str) -> Explanation:
    """The explanation of a reason by its name (with or without prefix) or number; UsageError for another."""
    wanted = text.upper().removeprefix("REJECTION_REASON_")
    for explanation in EXPLANATIONS:
        if wanted in {explanation.reason.name, str(int(explanation.reason))}:
            return explanation
    names = [item.reason.name for item in EXPLANATIONS]
    close = [name for name in names if wanted and wanted in name] or get_close_matches(wanted, names)
    hint = f"did you mean {', '.join(close[:5])}?" if close else "see: voucherctl explain --all"
    raise UsageError(f"no reason {text[:60]!a}", hint=hint)
