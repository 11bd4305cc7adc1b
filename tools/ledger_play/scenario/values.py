"""The kinds of values in a scenario file, each parsed once into the ledger's units.

Amounts become fen, days and instants numbers. This module must not know a step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ledger.domain.days import parse_day, parse_rfc3339_ms
from ledger.domain.policy import MAX_DAY
from ledger.domain.quantities import BP_FULL, INT64_MAX, parse_yuan, printable
from ledger.domain.rejections import Reason, is_transient
from ledger.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_FEN = INT64_MAX // 100_000
MOST_DEVICES = 1_001
"""Devices of one claim; one of more than 500 is judged, too, but never accepted."""
OK = "ok"
CODES = (OK, *(reason.name for reason in Reason if not is_transient(reason)))

_RANGE = re.compile(r"(0|[1-9][0-9]{0,5})-(0|[1-9][0-9]{0,5})")
_NAME = r"^[!-~]([ -~]{0,62}[!-~])?$"
_YUAN = 'yuan as text with two decimals, for example "500000.00"'


class Kind(StrEnum):
    """What a label stands for."""

    PARTY = "participant"
    PROVIDER = "provider"
    CONTRACT = "contract"
    APPLICATION = "application"
    OBJECTION = "objection"
    VOUCHER = "voucher"
    CLAIM = "claim"
    INVOICE = "invoice"
    PAYMENT = "payment"
    REDEMPTION = "redemption"
    CLAWBACK = "clawback"


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a key whose value is a label, or holds labels, of something that an earlier step made."""

    kind: Kind


def _parsed(parse: Callable[[str], Any]) -> BeforeValidator:
    def check(value: object) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"{printable(repr(value))} is not text")  # noqa: TRY004 - pydantic collects ValueError
        try:
            return parse(value)
        except MalformedError as error:
            raise ValueError(error.summary) from error

    return BeforeValidator(check)


def _device_range(text: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(text)
    first, last = (int(match[1]), int(match[2])) if match else (0, -1)
    if not 0 <= last - first < MOST_DEVICES:
        raise MalformedError(f"{printable(text)} is no range of devices")
    return first, last


def _distinct(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise ValueError("a value is repeated")
    return values


def _all(value: object) -> object:
    """TOML has no null: none stands for "all"."""
    return None if value == "all" else value


def _code(text: str) -> str:
    if text not in CODES:
        raise MalformedError(f"{printable(text)} is not a reason")
    return text


def _given(value: object) -> object:
    """`true` and `false` say only whether there is a number."""
    if isinstance(value, bool):
        return "given" if value else ""
    return value


Label = Annotated[
    str, Field(pattern=r"^\S(.{0,62}\S)?$", description="a label, 1 to 64 characters without outer spaces")
]
Name = Annotated[str, Field(pattern=_NAME, description="1 to 64 printable ASCII characters")]
Items = Annotated[
    list[Name], Field(min_length=1, description="a list of different names"), AfterValidator(_distinct)
]
Number = Annotated[
    str,
    BeforeValidator(_given),
    Field(pattern=rf"{_NAME}|^$", description="a number as text, or true"),
]
Amount = Annotated[int, _parsed(parse_yuan), Field(ge=0, le=MOST_FEN, description=_YUAN)]
Positive = Annotated[
    int, _parsed(parse_yuan), Field(gt=0, le=MOST_FEN, description=f"{_YUAN}, greater than 0")
]
Day = Annotated[
    int, _parsed(parse_day), Field(ge=0, le=MAX_DAY, description='a day as text, for example "2026-05-06"')
]
RegisteredDay = Annotated[
    int, _parsed(parse_day), Field(description='a day as text, for example "2019-03-01"')
]
Instant = Annotated[
    int,
    _parsed(parse_rfc3339_ms),
    Field(ge=0, description='an instant as text (RFC 3339), for example "2026-05-06T09:00:00+08:00"'),
]
DeviceRange = Annotated[
    tuple[int, int],
    _parsed(_device_range),
    Field(description=f'numbers of devices as text, for example "0-7", at most {MOST_DEVICES}'),
]
BasisPoints = Annotated[
    int, Field(ge=0, le=BP_FULL, description=f"an integer number of basis points, 0 to {BP_FULL}")
]
Flag = Annotated[bool, Field(description="true or false")]
Officer = Annotated[
    Literal["clerk", "reviewer", "approver-1", "approver-2", "payer", "keymaster"],
    Field(description="clerk, reviewer, approver-1, approver-2, payer or keymaster"),
]
Expected = Annotated[str, _parsed(_code), Field(description=f"one of {', '.join(CODES)}")]
Refused = Annotated[
    dict[Annotated[str, _parsed(_code)], Annotated[int, Field(ge=0)]],
    Field(description=f"a table of counts by reason: {', '.join(CODES[1:])}"),
]
Claims = Annotated[
    list[Label] | None,
    AfterValidator(lambda value: value if value is None else _distinct(value)),
    BeforeValidator(_all),
    Names(Kind.CLAIM),
    Field(description='"all" or a list of different labels'),
]
ProgrammeName = Annotated[
    Literal["GPU_TRAINING", "MODEL", "CORPUS"],
    Field(description="GPU_TRAINING, MODEL or CORPUS, as far as the profile has it"),
]
OriginName = Literal["DOMESTIC", "FOREIGN"]

ContractLabel = Annotated[Label, Names(Kind.CONTRACT)]
VoucherLabel = Annotated[Label, Names(Kind.VOUCHER)]
ApplicationLabel = Annotated[Label, Names(Kind.APPLICATION)]
RedemptionLabel = Annotated[Label, Names(Kind.REDEMPTION)]
ClawbackLabel = Annotated[Label, Names(Kind.CLAWBACK)]
ProviderLabel = Annotated[Label, Names(Kind.PROVIDER)]
PartyLabel = Annotated[Label, Names(Kind.PARTY)]
