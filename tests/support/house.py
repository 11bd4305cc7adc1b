"""A whole ledger in one process for tests: real store, real signatures, real rules, no network.

`House.submit` takes a statement with its signers by name; `House.export` writes what an auditor reads. The
acts are in the rooms that it is made of: `house_registry`, `house_grants`, `house_claims`, `house_money`.
"""

from __future__ import annotations

from support.house_base import (
    DAY_MS,
    FIRST_DAY,
    HOUR_MS,
    ITEM,
    MODEL,
    PRICE_FEN,
    START_MS,
    accepted,
    digest,
    policy,
    refused,
)
from support.house_money import MoneyActs

__all__ = [
    "DAY_MS",
    "FIRST_DAY",
    "HOUR_MS",
    "ITEM",
    "MODEL",
    "PRICE_FEN",
    "START_MS",
    "House",
    "accepted",
    "digest",
    "policy",
    "refused",
]


class House(MoneyActs):
    """A ledger with its officers; parties are added by `party`, everything by a name of its own."""
