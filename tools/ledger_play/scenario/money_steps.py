"""Tables of the steps from the usage to the payment, and back where money is claimed back.

A step here is a parsed table and nothing else; `usage`, `redeeming` and `recovering` carry them out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ledger.domain.quantities import BP_FULL
from ledger_play.scenario.step import MAX_TIMES, ExpectAmount, Misfit, Step
from ledger_play.scenario.values import (
    Amount,
    Claims,
    ClawbackLabel,
    ContractLabel,
    DeviceRange,
    Flag,
    Instant,
    Kind,
    Label,
    Name,
    Names,
    Positive,
    RedemptionLabel,
    VoucherLabel,
)

MAX_INSTALMENTS = 12

_EVIDENCE = "a table of labels and amounts in yuan"
_INSTALMENTS = f"a list of up to {MAX_INSTALMENTS} numbers of basis points whose sum is {BP_FULL}"
_OF_DEVICES = ("devices", "device_seconds", "unit_price", "model")

Evidence = Annotated[dict[Label, Positive], Field(description=_EVIDENCE)]
Instalment = Annotated[int | None, Field(ge=1, description="an integer, from 1")]


class Claim(Step):
    """A signed attestation: of devices, or for MODEL and CORPUS of an amount."""

    makes = "id"
    id: Label
    voucher: VoucherLabel
    devices: DeviceRange | None = None
    amount: Amount | None = None
    from_: Annotated[Instant, Field(alias="from")]
    to: Instant
    device_seconds: Annotated[
        int | None, Field(ge=0, le=10**12, description="an integer number of seconds")
    ] = None
    unit_price: Positive | None = None
    model: Name | None = None
    key: Label | None = None
    forged: Flag = False

    def misfit(self) -> Misfit | None:
        """Devices or an amount, in a period that is not empty."""
        if self.devices is None and self.amount is None:
            return Misfit("devices", "is missing, as is amount")
        given = [key for key in _OF_DEVICES if getattr(self, key) is not None]
        if self.amount is not None and given:
            return Misfit(given[0], "it does not stand beside amount")
        return Misfit("to", "it is not after from") if self.from_ >= self.to else None


class Invoice(Step):
    """The provider's invoice arrives."""

    makes = "id"
    id: Label
    contract: ContractLabel
    amount: Positive


class RedLetter(Step):
    """An invoice is red-lettered."""

    invoice: Annotated[Label, Names(Kind.INVOICE)]


class Payment(Step):
    """The beneficiary paid the provider."""

    makes = "id"
    id: Label
    contract: ContractLabel
    amount: Positive


class Redeem(Step):
    """Asks to redeem claims, invoices and payments."""

    makes = "id"
    id: Label
    voucher: VoucherLabel
    claims: Claims
    invoices: Annotated[Evidence, Names(Kind.INVOICE)]
    payments: Annotated[Evidence, Names(Kind.PAYMENT)]
    instalments_bp: Annotated[
        list[Annotated[int, Field(gt=0, le=BP_FULL)]] | None,
        Field(min_length=1, max_length=MAX_INSTALMENTS, description=_INSTALMENTS),
    ] = None
    expect_amount: ExpectAmount = None
    expect_instalments: Annotated[list[Amount] | None, Field(description="a list of amounts in yuan")] = None

    def misfit(self) -> Misfit | None:
        """Instalments are parts of the whole."""
        wrong = self.instalments_bp is not None and sum(self.instalments_bp) != BP_FULL
        return Misfit("instalments_bp", f"the sum is not {BP_FULL}") if wrong else None


class Verify(Step):
    """The reviewer verifies."""

    redemption: RedemptionLabel


class Approve(Step):
    """An approver approves."""

    redemption: RedemptionLabel


class Order(Step):
    """The payer orders an instalment; the same request may be sent several times."""

    redemption: RedemptionLabel
    instalment: Instalment = None
    times: Annotated[int, Field(ge=1, le=MAX_TIMES, description=f"an integer from 1 to {MAX_TIMES}")] = 1


class Pay(Step):
    """The payer confirms an ordered instalment."""

    redemption: RedemptionLabel
    instalment: Instalment = None


class PayFailed(Pay):
    """The payer records that an ordered instalment failed."""


class Settle(Step):
    """The whole chain from verification to the last payment."""

    redemption: RedemptionLabel


class OnVoucher(Step):
    """Hold, release, expiry or revocation of a voucher."""

    voucher: VoucherLabel


class OpenClawback(Step):
    """Opens a clawback and serves the notice."""

    makes = "id"
    id: Label
    redemption: RedemptionLabel
    cause: Annotated[
        Literal["STACKING", "RED_LETTER", "DISPUTED_CLAIM", "FRAUD"],
        Field(description="STACKING, RED_LETTER, DISPUTED_CLAIM or FRAUD"),
    ]


class Determine(Step):
    """Determines what is to be paid back."""

    clawback: ClawbackLabel
    expect_amount: ExpectAmount = None


class OfClawback(Step):
    """A repayment or a fine."""

    clawback: ClawbackLabel
    amount: Positive


class WriteOff(Step):
    """Gives up what is outstanding."""

    clawback: ClawbackLabel
