"""Towns in which money is claimed back, one step further each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unit.domain.registrar import ident, terms, yuan
from unit.domain.town import Town, with_voucher

from ledger.domain.policy import Stacking

if TYPE_CHECKING:
    from ledger.domain.entities import Clawback
    from ledger.domain.policy import PolicyParameters

CEILING = {"stacking": Stacking.CEILING, "stacking_ceiling_bp": 5_000}


def paid(policy: PolicyParameters | None = None, *, instalments: tuple[int, ...] = ()) -> Town:
    """Scenario 6: 5,000,000 paid on a contract of 10,000,000 under a ceiling of 50 %."""
    town = with_voucher(policy or terms(**CEILING), contract="10_000_000")  # type: ignore[arg-type]
    town.redeemed("r", "v", "10_000_000", instalments=instalments)
    assert sum(town.settle("r")) == yuan("5_000_000")
    return town


def notified(amount: str = "3_000_000") -> Town:
    """Outside support of this amount reported after the payment, clawback `k` opened and notified."""
    town = paid()
    town.ok(town.outside("c", amount))
    town.ok(town.open_clawback("k", "r"))
    town.ok(town.notify("k"))
    return town


def determined() -> Town:
    """3,000,000 determined."""
    town = notified()
    town.ok(town.determine("k", "3_000_000"))
    return town


def clawback(town: Town, label: str = "k") -> Clawback:
    """A clawback as it stands."""
    return town.state.clawbacks[ident(label)]


def recovery(town: Town) -> tuple[int, int, int]:
    """Recoverable, recovered and fines of the programme, fen."""
    return tuple(town.state.programme_totals(ident("gpu"))[4:])  # type: ignore[return-value]
