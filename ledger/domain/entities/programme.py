"""Programmes, their policies, and calendars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.domain.policy import Instrument, PolicyParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """A programme of one bureau, instrument and fiscal year."""

    programme_id: bytes
    bureau_id: bytes
    instrument: Instrument
    fiscal_year: int
    appropriation_fen: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy version and the leaf that put it in force."""

    index: int
    version: int
    parameters: PolicyParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The working days of a year: one character a day, `1` for a working day."""

    year: int
    version: int
    working_days: str
    index: int
