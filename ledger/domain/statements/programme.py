"""Programmes, policies, calendars and the allocation of a window."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.policy import Instrument, PolicyParameters
from ledger.domain.statements.shared import DecisionBasis, StatementHeader


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeOpening:
    """Opens a programme with its appropriation; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    programme_id: bytes
    instrument: Instrument
    fiscal_year: int
    appropriation_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPublication:
    """Puts a policy version in force; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    programme_id: bytes
    version: int
    parameters: PolicyParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPublication:
    """Publishes the working days of a year; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    year: int
    version: int
    working_days: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundAllocation:
    """Closes the window of a PRO_RATA programme whose grants wait; signed by a clerk and an approver."""

    header: StatementHeader
    basis: DecisionBasis
    programme_id: bytes
