"""Tables of the steps about who takes part.

A step here is a parsed table and nothing else; `parties` carries them out.
"""
# ruff: noqa: TC001 - the annotations are read when the tables are made

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ledger_play.scenario.step import Misfit, Step
from ledger_play.scenario.values import (
    BasisPoints,
    Day,
    Instant,
    Items,
    Label,
    Name,
    OriginName,
    ProviderLabel,
    RegisteredDay,
)

MAX_DEVICES = 100_000


class Beneficiary(Step):
    """Registers somebody who may apply."""

    makes = "id"
    id: Label
    kind: Annotated[
        Literal["ENTERPRISE", "UNIVERSITY", "RESEARCH", "PERSON"],
        Field(description="ENTERPRISE, UNIVERSITY, RESEARCH or PERSON"),
    ]
    registered: RegisteredDay
    code: Annotated[str | None, Field(max_length=64, description="a credit code; none for a PERSON")] = None

    def misfit(self) -> Misfit | None:
        """A credit code is for organisations."""
        wrong = self.kind == "PERSON" and self.code is not None
        return Misfit("code", "a PERSON has none") if wrong else None


class Provider(Step):
    """Registers and admits a provider, with devices and a signing key."""

    makes = "id"
    id: Label
    kind: Annotated[
        Literal["COMPUTE", "MODEL", "EXCHANGE"], Field(description="COMPUTE, MODEL or EXCHANGE")
    ] = "COMPUTE"
    admitted: Day
    items: Items
    devices: Annotated[
        int, Field(ge=0, le=MAX_DEVICES, description=f"an integer number up to {MAX_DEVICES}")
    ] = 0
    vendor: Name | None = None
    model: Name | None = None
    origin: Annotated[OriginName | None, Field(description="DOMESTIC or FOREIGN")] = None

    def misfit(self) -> Misfit | None:
        """Devices have a vendor, a model and an origin."""
        missing = [key for key in ("vendor", "model", "origin") if getattr(self, key) is None]
        return Misfit(missing[0], "is missing beside devices") if self.devices and missing else None


class Holding(Step):
    """Declares a shareholding; who holds and who is held may be registered later, or never."""

    owner: Label
    owned: Label
    bp: BasisPoints

    def misfit(self) -> Misfit | None:
        """Nobody holds itself."""
        return Misfit("owned", "it is the owner") if self.owner == self.owned else None


class SuspendProvider(Step):
    """Suspends a provider from today on."""

    provider: ProviderLabel


class RotateKey(Step):
    """Registers a further signing key of a provider."""

    provider: ProviderLabel
    new: Label | None = None


class RevokeKey(Step):
    """Revokes a signing key of a provider."""

    provider: ProviderLabel
    key: Label
    invalid_since: Instant
