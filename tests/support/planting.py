"""What a planted bug is: one rule of the server broken, a story that touches it, and the check that sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.house import HOUR_MS, PRICE_FEN, House, accepted, policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import pytest

    from ledger.app.outcomes import Accepted

HOURS = 20
"""Use of a device that comes to 40,000 fen, which are 20,000 of support."""
USED_FEN = HOURS * PRICE_FEN


@dataclass(frozen=True, slots=True)
class Plant:
    """`plant` breaks a rule of the domain, `story` is a history in which that matters.

    Without the bug the story stops at a refusal, or is right to the end.
    """

    plant: Callable[[pytest.MonkeyPatch], None]
    story: Callable[[House], None]
    check: str

    @property
    def name(self) -> str:
        """Name of the bug."""
        return self.plant.__name__


def ground(house: House, **parameters: Any) -> None:
    """A provider, a programme with these parameters, and a firm."""
    house.provider()
    house.programme(policy(**parameters))
    house.party("acme")


def used(
    house: House, voucher: str = "v", *, device: int = 0, label: str = "", key: str = "", days: int = 10
) -> Accepted:
    """Time passes, in which a device was used, with the papers about it."""
    first_ms = house.now_ms
    house.wait(days=days)
    line = (house.devices["cloud"][device], first_ms, first_ms + HOURS * HOUR_MS)
    outcome = accepted(house.claim(voucher, [line], key=key))
    house.evidence(f"contract of {voucher}", amount_fen=USED_FEN, buyer="acme", label=label)
    return outcome


def requested(house: House, name: str = "r", voucher: str = "v", *, label: str = "", key: str = "") -> None:
    """A use, and the request to redeem it."""
    used(house, voucher, label=label, key=key)
    accepted(house.redeem(name, voucher, "acme", amount_fen=USED_FEN, label=label))


def paid(house: House, name: str = "r", voucher: str = "v", *, label: str = "") -> None:
    """The same up to the payment."""
    requested(house, name, voucher, label=label)
    house.settle(name)


def determined(house: House, name: str = "back") -> None:
    """A payment whose invoice was red-lettered: 20,000 fen are to be paid back."""
    paid(house)
    accepted(house.cancel("contract of v"), house.claw_back(name, "r"))
    accepted(house.notify(name), house.determine(name))
