"""The schema of a profile file: which keys exist, what each may hold, and its value in ledger units.

This module validates and converts parsed values. It must not read files or decide by the parameters.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ledger.domain.days import MAX_NOTICE_DAYS, parse_day
from ledger.domain.policy import (
    MAX_MONTHS,
    MAX_NAMES,
    ORIGINS,
    Allocation,
    Instrument,
    Mode,
    Origin,
    OriginRate,
    Payee,
    PolicyParameters,
    Stacking,
)
from ledger.domain.quantities import BP_FULL, INT64_MAX, parse_yuan, printable
from ledger.errors import MalformedError

_AMOUNT = 'an amount in yuan, as text with two decimals, for example "500000.00"'
_RATE = f"an integer number of basis points from 0 to {BP_FULL}"
_MONTHS = f"an integer number of months up to {MAX_MONTHS}"
_NAMES = f"a list of up to {MAX_NAMES} different names"
_FLAG = "true or false"
_MONEY = f"a whole number, or {_AMOUNT}"
_EXCHANGE_RATE = 'a positive number as text with at most 8 decimals, for example "7.35", or an integer'

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,8}))?")
_RATE_SCALE = 100_000_000
_TOLERANCE_PERCENT = 20


def _amount(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError(f"{printable(repr(value))} is not text")  # noqa: TRY004 - pydantic collects ValueError
    try:
        return parse_yuan(value)
    except MalformedError as error:
        raise ValueError(error.summary) from error


def _money(value: object) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INT64_MAX // 100
    return _amount(f"{value}.00") if whole else _amount(value)


def _exchange_rate(value: object) -> int:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    match = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{printable(repr(value))} is not an exchange rate")
    return int(match[1]) * _RATE_SCALE + int((match[2] or "").ljust(8, "0"))


def _day(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError(f"{printable(repr(value))} is not text")  # noqa: TRY004 - pydantic collects ValueError
    if not value:
        return 0
    try:
        day = parse_day(value)
    except MalformedError as error:
        raise ValueError(error.summary) from error
    if day <= 0:
        raise ValueError(f"{printable(value)} is before 1970-01-02")
    return day


def _different(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("a name is repeated")
    return names


Amount = Annotated[int, BeforeValidator(_amount)]
BasisPoints = Annotated[int, Field(ge=0, le=BP_FULL)]
Months = Annotated[int, Field(ge=0, le=MAX_MONTHS)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$")]
Names = Annotated[list[Name], Field(max_length=MAX_NAMES), AfterValidator(_different)]


class StrictTable(BaseModel):
    """A table that refuses unknown keys and every coercion."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PolicyTable(StrictTable):
    """The keys of `[programme.…]`, amounts already in fen; a key left out is not in `model_fields_set`."""

    appropriation: Annotated[Amount, Field(description=_AMOUNT)] = 0
    rate_bp: Annotated[BasisPoints, Field(description=_RATE)] = 0
    startup_rate_bp: Annotated[BasisPoints | None, Field(description=_RATE)] = None
    cap: Annotated[Amount, Field(description=_AMOUNT)] = 0
    startup_cap: Annotated[Amount | None, Field(description=_AMOUNT)] = None
    hard_cap: Annotated[Amount | None, Field(description=_AMOUNT)] = None
    min_contract: Annotated[Amount, Field(description=_AMOUNT)] = 0
    min_spend: Annotated[Amount, Field(description=_AMOUNT)] = 0
    startup_max_age_months: Annotated[Months, Field(description=_MONTHS)] = 0
    stacking: Annotated[
        Literal["CEILING", "EXCLUSIVE", "NONE"], Field(description='"CEILING", "EXCLUSIVE" or "NONE"')
    ] = "NONE"
    stacking_ceiling_bp: Annotated[BasisPoints, Field(description=_RATE)] = BP_FULL
    startup_stacking_ceiling_bp: Annotated[BasisPoints | None, Field(description=_RATE)] = None
    public_notice_days: Annotated[
        int,
        Field(ge=0, le=MAX_NOTICE_DAYS, description=f"an integer, working days up to {MAX_NOTICE_DAYS}"),
    ] = 5
    validity_months: Annotated[int, Field(ge=1, le=MAX_MONTHS, description=f"{_MONTHS}, at least 1")] = 12
    allocation: Annotated[Literal["FCFS", "PRO_RATA"], Field(description='"FCFS" or "PRO_RATA"')] = "FCFS"
    payee: Annotated[Literal["APPLICANT", "PROVIDER"], Field(description='"APPLICANT" or "PROVIDER"')] = (
        "APPLICANT"
    )
    mode: Annotated[Literal["QUOTA", "EX_POST"], Field(description='"QUOTA" or "EX_POST"')] = "QUOTA"
    allowed_vendors: Annotated[Names, Field(description=f"{_NAMES}; empty for any")] = []
    rate_bp_by_origin: Annotated[
        dict[Literal["DOMESTIC", "FOREIGN"], BasisPoints],
        Field(description=f"a table with DOMESTIC and FOREIGN, each {_RATE}; empty for none"),
    ] = {}
    excluded_items: Annotated[Names, Field(description=_NAMES)] = []
    contract_not_before: Annotated[
        int, BeforeValidator(_day), Field(description='a day as text, "YYYY-MM-DD", or "" for none')
    ] = 0
    requires_filing: Annotated[bool, Field(description=_FLAG)] = False
    requires_exchange: Annotated[bool, Field(description=_FLAG)] = False
    open_data_award_cap: Annotated[Amount, Field(description=_AMOUNT)] = 0

    def overridden_by(self, other: PolicyTable) -> PolicyTable:
        """The table with every key that `other` sets; keys set by neither stay absent."""
        return self.model_copy(update={key: getattr(other, key) for key in other.model_fields_set})

    def parameters(self) -> PolicyParameters:
        """The table as a value in ledger units, absent keys filled in by the rules of the format."""
        return PolicyParameters(
            appropriation_fen=self.appropriation,
            rate_bp=self.rate_bp,
            startup_rate_bp=_or(self.startup_rate_bp, self.rate_bp),
            cap_fen=self.cap,
            startup_cap_fen=_or(self.startup_cap, self.cap),
            hard_cap_fen=_or(self.hard_cap, self.cap),
            min_contract_fen=self.min_contract,
            min_spend_fen=self.min_spend,
            startup_max_age_months=self.startup_max_age_months,
            stacking=Stacking[self.stacking],
            stacking_ceiling_bp=self.stacking_ceiling_bp,
            startup_stacking_ceiling_bp=_or(self.startup_stacking_ceiling_bp, self.stacking_ceiling_bp),
            public_notice_days=self.public_notice_days,
            validity_months=self.validity_months,
            allocation=Allocation[self.allocation],
            payee=Payee[self.payee],
            mode=Mode[self.mode],
            allowed_vendors=tuple(self.allowed_vendors),
            rate_bp_by_origin=tuple(
                OriginRate(origin=Origin[origin], rate_bp=rate_bp)
                for origin, rate_bp in sorted(self.rate_bp_by_origin.items())
            ),
            excluded_items=tuple(self.excluded_items),
            contract_not_before_day=self.contract_not_before,
            requires_filing=self.requires_filing,
            requires_exchange=self.requires_exchange,
            open_data_award_cap_fen=self.open_data_award_cap,
        )


def _or(value: int | None, fallback: int) -> int:
    return fallback if value is None else value


class CrosscheckTable(StrictTable):
    """One sum in two currencies: fen, US cents, and yuan per dollar in units of 10⁻⁸."""

    cny: Annotated[int, BeforeValidator(_money), Field(gt=0, description=_MONEY)]
    usd: Annotated[int, BeforeValidator(_money), Field(gt=0, description=_MONEY)]
    cny_per_usd: Annotated[int, BeforeValidator(_exchange_rate), Field(gt=0, description=_EXCHANGE_RATE)]

    @model_validator(mode="after")
    def sums_agree(self) -> Self:
        """Refuse sums more than 20 % apart, measured on the dollars converted."""
        converted = self.usd * self.cny_per_usd
        if abs(self.cny * _RATE_SCALE - converted) * 100 > _TOLERANCE_PERCENT * converted:
            raise ValueError(f"cny and the converted usd are more than {_TOLERANCE_PERCENT} % apart")
        return self


class ProfileFile(StrictTable):
    """The top of a profile file."""

    programme: Annotated[
        dict[Literal["GPU_TRAINING", "MODEL", "CORPUS"], PolicyTable],
        Field(
            min_length=1, description="tables [programme.GPU_TRAINING], [programme.MODEL], [programme.CORPUS]"
        ),
    ]
    crosscheck: Annotated[
        CrosscheckTable | None,
        Field(description=f"cny, usd and cny_per_usd that agree to {_TOLERANCE_PERCENT} %"),
    ] = None


POLICY_KEYS = tuple(PolicyTable.model_fields)
ALLOWED = {
    key: field.description or ""
    for table in (PolicyTable, CrosscheckTable, ProfileFile)
    for key, field in table.model_fields.items()
}


def keys_of(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that the table at `path` of a profile file may hold."""
    if not path:
        return tuple(ProfileFile.model_fields)
    if path[-1] == "rate_bp_by_origin":
        return ORIGINS
    if path[0] == "crosscheck":
        return tuple(CrosscheckTable.model_fields)
    return tuple(name.name for name in Instrument) if len(path) == 1 else POLICY_KEYS
