"""What a record says in a sentence, with its values in yuan, per cent and dates.

It must not decide anything.
"""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger_audit.indicators_types import Indicator
from ledger_audit.money import year_of_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger_audit.indicators_types import Record

_EPOCH = date(1970, 1, 1).toordinal()
_SENTENCES: Mapping[Indicator, str] = MappingProxyType(
    {
        Indicator.SPLIT_CONTRACTS: (
            "two contracts with one provider, {first_fen} and {second_fen}, were signed {days} days apart:"
            " {measured_fen} together against the {limit} of {limit_fen}, which neither passes alone"
        ),
        Indicator.AT_THE_CAP: (
            "the contract of {contract_fen} is worth {worth_fen}, {distance_bp} from the cap of {cap_fen}"
        ),
        Indicator.HIGH_PRICE: (
            "{model} costs {price_fen} a card-hour; the median of {prices} prices is {median_fen}"
        ),
        Indicator.IDLE_DEVICE: (
            "device {device} was allocated {allocated_bp} of {month} and active in {active_bp} of that"
        ),
        Indicator.LATE_ADMISSION: (
            "the contract was signed on {signed_day}, its provider is admitted from {admitted_day} on"
        ),
        Indicator.NEAR_AFFILIATION: (
            "applicant and provider are one group if {share_bp} of the shares is control"
        ),
        Indicator.LAST_DAY_USAGE: "{claims} claims end on {last_day}, the last day of the {bound}",
        Indicator.SHARED_PAYEE: "one account is the payee of {applicants} applicants",
        Indicator.CANCELLED_INVOICE: (
            "an invoice is {status} since {used_fen} of it was redeemed and {paid_fen} paid;"
            " nothing is claimed back"
        ),
        Indicator.SEQUENCE_GAP: (
            "{missing} attestation numbers up to {newest} are not in the record: {numbers}"
            " (refused on the voucher: {refused})"
        ),
    }
)


def sentence(record: Record) -> str:
    """The record in words."""
    shown = {name: _shown(name, value) for name, value in record.values.items()}
    return _SENTENCES[record.indicator].format_map(shown)


def values_to_json(record: Record) -> dict[str, int | str]:
    """The values for programs: fen as text, days as dates, all else as it is."""
    return {
        name: str(value) if name.endswith("_fen") else _day(value) if name.endswith("_day") else value
        for name, value in record.values.items()
    }


def _shown(name: str, value: int | str) -> str:
    if isinstance(value, int) and name.endswith("_fen"):
        return f"{value // 100:,}.{value % 100:02d}"
    if isinstance(value, int) and name.endswith("_bp"):
        return f"{value // 100}.{value % 100:02d} %"
    return str(_day(value)) if name.endswith("_day") else str(value)


def _day(value: int | str) -> int | str:
    """A day as a date; one that no calendar has as its number."""
    if isinstance(value, int) and year_of_day(value)[0]:
        return date.fromordinal(value + _EPOCH).isoformat()
    return value
