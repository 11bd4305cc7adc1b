"""The next step of every row: one for each state, and each a command that can be typed."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import check_docs
import pytest

from ledger.client.acts import ACTS
from ledger.client.rendering import plain
from ledger.v1 import application_service_pb2 as pb
from ledger.v1 import (
    claim_service_pb2,
    programme_service_pb2,
    redemption_service_pb2,
    registry_service_pb2,
    voucher_service_pb2,
)
from ledger_cli import steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Row = dict[str, Any]

ROOT = Path(__file__).parents[2]
TODAY = 20_000


def rows(message: Any, fields: str = "", **choices: tuple[Any, ...]) -> Iterator[Row]:
    """A row for each state of each of the enum `fields`, with each of the values that others may have."""
    for field in fields.split():
        numbers = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
        choices[field] = tuple(sorted(numbers))
    for values in product(*choices.values()):
        yield plain(message(**dict(zip(choices, values, strict=True))), complete=True)


def cases() -> Iterator[tuple[Callable[..., str], Iterable[Row], Row]]:
    """Step function, rows in every state and with all that the step looks at, and further arguments."""
    either = (False, True)
    today = {"today": TODAY}
    objections = ({"application_id": "00" * 16, **row} for row in rows(pb.Objection, decided=either))
    vouchers = {
        "valid_until_day": (TODAY, TODAY + 1),
        "held": either,
        "metered_ms": (0, 1),
        "redeemed_fen": (0, 1),
        "contract_id": (b"", b"c" * 16),
        "programme_id": (b"p" * 16,),
    }
    keys = ([], [registry_service_pb2.Key()])
    amounts = (0, 1)
    yield (
        steps.after_programme,
        rows(
            programme_service_pb2.Programme,
            policy_version=amounts,
            available_fen=amounts,
            queued_fen=amounts,
        ),
        {},
    )
    yield steps.after_calendar, rows(programme_service_pb2.Calendar, year=(2027,)), {}
    yield (
        steps.after_participant,
        rows(registry_service_pb2.Participant, "kind role", keys=keys, admitted=either, suspended=either),
        {},
    )
    yield steps.after_holding, rows(registry_service_pb2.Holding), {}
    yield steps.after_device, rows(registry_service_pb2.Device), {}
    yield steps.after_contract, rows(pb.Contract, public_money_fen=amounts, registration=({},)), {}
    yield steps.after_evidence, rows(redemption_service_pb2.Evidence, "kind status", amount_fen=amounts), {}
    yield (
        steps.after_application,
        rows(
            pb.Application,
            "state",
            award=either,
            open_objections=amounts,
            last_notice_day=(TODAY - 1, TODAY),
        ),
        today,
    )
    yield steps.after_objection, objections, {}
    yield steps.after_voucher, rows(voucher_service_pb2.Voucher, "state", **vouchers), today
    services = {**today, "services": {(b"p" * 16).hex()}}
    yield steps.after_voucher, rows(voucher_service_pb2.Voucher, "state", **vouchers), services
    yield (
        steps.after_claim,
        rows(claim_service_pb2.Claim, "state", disputed=either, redemption_id=(b"", b"r" * 16)),
        {},
    )
    yield steps.after_redemption, rows(redemption_service_pb2.Redemption, "state", suspended=either), {}
    yield steps.after_clawback, rows(redemption_service_pb2.Clawback, "state"), {}


def test_every_step_is_none_or_a_command_with_its_options() -> None:
    """As in the documents: command and options exist; what is in brackets is for the reader."""
    found = {step(row, **more) for step, some, more in cases() for row in some}
    for text in found - {steps.NONE}:
        command = re.sub(r" \(.*\)$", "", text).replace("…", "")
        assert list(check_docs.wrong_commands(f"```console\n$ {command}\n```\n", ROOT)) == []
        assert command.startswith("voucherctl ")
    assert len(found) > 30


@pytest.mark.parametrize("name", [name for name in vars(steps) if name.startswith("after_")])
def test_every_step_function_is_tried(name: str) -> None:
    """With at least one row."""
    assert name in {step.__name__ for step, some, _ in cases() if any(some)}


def test_every_act_has_a_command() -> None:
    """Except the opening, which is a file, and attestations, which go through an outbox."""
    sources = sorted((ROOT / "tools" / "ledger_cli").glob("*.py"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    without = {act.name for act in ACTS if f'"{act.name}"' not in text}
    assert without <= {"genesis", "usage-attestation", "service-attestation"}
