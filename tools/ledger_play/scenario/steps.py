"""All steps of a scenario file by their names, with those that act on others or only compare.

This module must not act on a ledger, and it finds no line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ledger_play.scenario import grant_steps, money_steps, party_steps
from ledger_play.scenario.step import MAX_TIMES, Misfit, Step
from ledger_play.scenario.values import Amount, Kind, ProgrammeName, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping


class Parallel(Step):
    """One step, sent many times at once; `{n}` in its texts is the number, from 1."""

    times: Annotated[int, Field(ge=1, le=MAX_TIMES, description=f"an integer from 1 to {MAX_TIMES}")]
    step: Annotated[dict[str, object], Field(description="a step as an inline table, without at and expect")]
    expect_ok: Annotated[int | None, Field(ge=0, description="an integer count")] = None
    expect_refused: Refused | None = None

    def misfit(self) -> Misfit | None:
        """What is counted was sent."""
        ok, refused = self.expect_ok, self.expect_refused
        sum_refused = sum((refused or {}).values())
        if ok is not None and refused is not None and ok + sum_refused != self.times:
            return Misfit("expect_ok", f"with expect_refused it is not {self.times}, the times")
        if max(ok or 0, sum_refused) > self.times:
            return Misfit("expect_refused" if refused else "expect_ok", f"more than {self.times}, the times")
        return None


class Totals(Step):
    """The money of a programme, compared to the fen."""

    programme: ProgrammeName
    appropriation: Amount | None = None
    available: Amount | None = None
    encumbered: Amount | None = None
    obligated: Amount | None = None
    disbursed: Amount | None = None
    recoverable: Amount | None = None
    recovered: Amount | None = None
    fines: Amount | None = None

    def expectations(self) -> dict[str, Any]:
        """The accounts that are named."""
        return {key: getattr(self, key) for key in ACCOUNTS if getattr(self, key) is not None}

    def misfit(self) -> Misfit | None:
        """A comparison compares something."""
        return None if self.expectations() else Misfit("available", "is missing, as is every account")


ACCOUNTS = tuple(key for key in Totals.model_fields if key not in {*Step.model_fields, "programme"})

STEPS: Mapping[str, type[Step]] = {
    "beneficiary": party_steps.Beneficiary,
    "provider": party_steps.Provider,
    "holding": party_steps.Holding,
    "contract": grant_steps.Contract,
    "outside_support": grant_steps.OutsideSupport,
    "apply": grant_steps.Apply,
    "review": grant_steps.Review,
    "publicise": grant_steps.Publicise,
    "grant": grant_steps.Grant,
    "object": grant_steps.Object,
    "decide": grant_steps.Decide,
    "award": grant_steps.Award,
    "allocate": grant_steps.Allocate,
    "claim": money_steps.Claim,
    "invoice": money_steps.Invoice,
    "red_letter": money_steps.RedLetter,
    "payment": money_steps.Payment,
    "redeem": money_steps.Redeem,
    "verify": money_steps.Verify,
    "approve": money_steps.Approve,
    "order": money_steps.Order,
    "pay": money_steps.Pay,
    "pay_failed": money_steps.PayFailed,
    "settle": money_steps.Settle,
    "hold": money_steps.OnVoucher,
    "release": money_steps.OnVoucher,
    "expire": money_steps.OnVoucher,
    "revoke": money_steps.OnVoucher,
    "suspend_provider": party_steps.SuspendProvider,
    "rotate_key": party_steps.RotateKey,
    "revoke_key": party_steps.RevokeKey,
    "clawback": money_steps.OpenClawback,
    "determine": money_steps.Determine,
    "repay": money_steps.OfClawback,
    "fine": money_steps.OfClawback,
    "write_off": money_steps.WriteOff,
    "amend_policy": grant_steps.AmendPolicy,
    "parallel": Parallel,
    "totals": Totals,
}
MADE_BY: Mapping[Kind, tuple[str, ...]] = {
    Kind.PARTY: ("beneficiary", "provider"),
    Kind.PROVIDER: ("provider",),
    Kind.CONTRACT: ("contract",),
    Kind.APPLICATION: ("apply",),
    Kind.OBJECTION: ("object",),
    Kind.VOUCHER: ("award", "grant"),
    Kind.CLAIM: ("claim",),
    Kind.INVOICE: ("invoice",),
    Kind.PAYMENT: ("payment",),
    Kind.REDEMPTION: ("redeem",),
    Kind.CLAWBACK: ("clawback",),
}
