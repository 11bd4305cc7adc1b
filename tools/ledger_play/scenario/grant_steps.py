"""Tables of the steps from the contract to the voucher.

A step here is a parsed table and nothing else; `grants` carries them out.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ledger_play.scenario.step import ExpectAmount, Misfit, Step
from ledger_play.scenario.values import (
    Amount,
    ApplicationLabel,
    ContractLabel,
    Day,
    Flag,
    Kind,
    Label,
    Name,
    Names,
    Number,
    OriginName,
    PartyLabel,
    Positive,
    ProgrammeName,
)

_PARTS = "a table of items and amounts in yuan, together at most the amount"
_ORIGIN_PARTS = "a table of DOMESTIC and FOREIGN with amounts in yuan whose sum is the amount"
_FACES = "a table of vouchers and amounts in yuan"


class Contract(Step):
    """Registers a service contract."""

    makes = "id"
    id: Label
    beneficiary: PartyLabel
    provider: PartyLabel
    item: Name
    date: Day
    from_: Annotated[Day, Field(alias="from")]
    to: Day
    amount: Positive
    unit_price: Positive | None = None
    excluded: Annotated[dict[Name, Amount], Field(default_factory=dict, description=_PARTS)]
    origin_amounts: Annotated[
        dict[OriginName, Amount], Field(default_factory=dict, description=_ORIGIN_PARTS)
    ]
    filing: Number = ""
    exchange_trade: Number = ""

    def misfit(self) -> Misfit | None:
        """Parts belong to the amount, the days to one period."""
        if self.from_ > self.to:
            return Misfit("to", "it is before from")
        if sum(self.excluded.values()) > self.amount:
            return Misfit("excluded", "the sum is more than the amount")
        if self.origin_amounts and sum(self.origin_amounts.values()) != self.amount:
            return Misfit("origin_amounts", "the sum is not the amount")
        return None


class OutsideSupport(Step):
    """Declares other public money on a contract."""

    contract: ContractLabel
    source: Name
    amount: Positive


class Apply(Step):
    """Submits an application."""

    makes = "id"
    id: Label
    programme: ProgrammeName
    contract: ContractLabel


class Review(Step):
    """Formal check by the clerk, then review."""

    application: ApplicationLabel


class Publicise(Step):
    """Starts the public notice."""

    application: ApplicationLabel


class Grant(Step):
    """Issues a voucher, or queues the grant."""

    makes = "voucher"
    application: ApplicationLabel
    voucher: Label
    named_approval: Flag = False
    expect_face: ExpectAmount = None


class Object(Step):
    """Records an objection."""

    makes = "id"
    id: Label
    application: ApplicationLabel


class Decide(Step):
    """Decides an objection."""

    objection: Annotated[Label, Names(Kind.OBJECTION)]
    upheld: Flag


class Award(Step):
    """Everything from the application to the grant, with the clock moved past the notice."""

    makes = "voucher"
    voucher: Label
    programme: ProgrammeName
    contract: ContractLabel
    named_approval: Flag = False
    expect_face: ExpectAmount = None


class Allocate(Step):
    """Divides the money among the grants that wait."""

    programme: ProgrammeName
    expect_faces: Annotated[dict[Label, Amount] | None, Field(description=_FACES), Names(Kind.VOUCHER)] = None


class AmendPolicy(Step):
    """Publishes the next policy version; `set` holds profile keys."""

    programme: ProgrammeName
    set_: Annotated[
        dict[str, object], Field(alias="set", min_length=1, description="a table of profile keys")
    ]
