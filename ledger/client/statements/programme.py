"""Builders for programmes, their policies, the allocation of their money, and calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.statements.shared import origin_value
from ledger.v1 import programme_pb2, quantities_pb2

if TYPE_CHECKING:
    from ledger.domain.policy import Instrument, PolicyParameters


def programme_opening(
    *,
    basis: quantities_pb2.DecisionBasis,
    programme_id: bytes,
    instrument: Instrument,
    fiscal_year: int,
    appropriation_fen: int,
) -> programme_pb2.ProgrammeOpening:
    """Opens a programme with its money; signed by a clerk and an approver."""
    return programme_pb2.ProgrammeOpening(
        basis=basis,
        programme_id=programme_id,
        instrument=quantities_pb2.Instrument.ValueType(instrument),
        fiscal_year=fiscal_year,
        appropriation_fen=appropriation_fen,
    )


def policy_publication(
    *,
    basis: quantities_pb2.DecisionBasis,
    programme_id: bytes,
    version: int,
    parameters: PolicyParameters,
) -> programme_pb2.PolicyPublication:
    """Puts a policy version in force, from 1 upwards; signed by a clerk and an approver."""
    return programme_pb2.PolicyPublication(
        basis=basis, programme_id=programme_id, version=version, parameters=policy_parameters(parameters)
    )


def policy_parameters(parameters: PolicyParameters) -> programme_pb2.PolicyParameters:
    """The wire form of a policy's values, field by field of the same name."""
    return programme_pb2.PolicyParameters(
        appropriation_fen=parameters.appropriation_fen,
        rate_bp=parameters.rate_bp,
        startup_rate_bp=parameters.startup_rate_bp,
        cap_fen=parameters.cap_fen,
        startup_cap_fen=parameters.startup_cap_fen,
        hard_cap_fen=parameters.hard_cap_fen,
        min_contract_fen=parameters.min_contract_fen,
        min_spend_fen=parameters.min_spend_fen,
        startup_max_age_months=parameters.startup_max_age_months,
        stacking=programme_pb2.Stacking.ValueType(parameters.stacking),
        stacking_ceiling_bp=parameters.stacking_ceiling_bp,
        startup_stacking_ceiling_bp=parameters.startup_stacking_ceiling_bp,
        public_notice_days=parameters.public_notice_days,
        validity_months=parameters.validity_months,
        allocation=programme_pb2.Allocation.ValueType(parameters.allocation),
        payee=programme_pb2.Payee.ValueType(parameters.payee),
        mode=programme_pb2.Mode.ValueType(parameters.mode),
        allowed_vendors=parameters.allowed_vendors,
        rate_bp_by_origin=[
            programme_pb2.OriginRate(origin=origin_value(entry.origin), rate_bp=entry.rate_bp)
            for entry in parameters.rate_bp_by_origin
        ],
        excluded_items=parameters.excluded_items,
        contract_not_before_day=parameters.contract_not_before_day,
        requires_filing=parameters.requires_filing,
        requires_exchange=parameters.requires_exchange,
        open_data_award_cap_fen=parameters.open_data_award_cap_fen,
    )


def calendar_publication(
    *, basis: quantities_pb2.DecisionBasis, year: int, version: int, working_days: str
) -> programme_pb2.CalendarPublication:
    """Puts a year's calendar in force, one `0` or `1` a day; signed by a clerk and an approver."""
    return programme_pb2.CalendarPublication(
        basis=basis, year=year, version=version, working_days=working_days
    )


def fund_allocation(
    *, basis: quantities_pb2.DecisionBasis, programme_id: bytes
) -> programme_pb2.FundAllocation:
    """Divides what is available among the queued grants; signed by a clerk and an approver."""
    return programme_pb2.FundAllocation(basis=basis, programme_id=programme_id)
