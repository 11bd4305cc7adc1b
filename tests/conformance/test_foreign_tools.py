"""Go's checksum-database packages accept our export: signed note, tree hashes, every record and tree proof.

Our own program `foreign/verify_export.go` only feeds them. These tests are collected where a Go toolchain and
golang.org/x/mod are installed; the head of a test run says whether they are.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.foreign import GoToolchain, go_toolchain
from support.house import House

from ledger.app.outcomes import Accepted
from ledger.client.statements import registry
from ledger.domain.identifiers import complete_credit_code
from ledger.domain.vocabulary import ParticipantKind, Role

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(__file__).parent / "foreign" / "verify_export.go"
EVENTS = 650
BATCH = 100
RECEIPT_OF = 300


@dataclass(frozen=True)
class Exported:
    """An export of more than two full tiles of leaves, and a receipt from the middle of it."""

    directory: Path
    vkey: str
    size: int
    root: bytes
    receipt: Path
    event: Path


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verifier, compiled."""
    toolchain = go_toolchain()
    assert isinstance(toolchain, GoToolchain)
    binary = tmp_path_factory.mktemp("go") / "verify_export"
    built = toolchain.run("build", "-o", binary, SOURCE)
    assert built.returncode == 0, built.stderr
    return binary


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A ledger of 650 participants and more."""
    root = tmp_path_factory.mktemp("exported")
    house = House.open(root / "ledger")
    envelopes = [
        house.envelope(
            "participant-registration",
            registry.participant_registration(
                basis=house.basis(Role.CLERK),
                participant_id=number.to_bytes(16, "big"),
                kind=ParticipantKind.ENTERPRISE,
                registered_day=20_000,
                credit_code=complete_credit_code(f"91440300{number:08d}"),
            ),
            "clerk",
        )
        for number in range(1, EVENTS + 1)
    ]
    for start in range(0, EVENTS, BATCH):
        outcomes = house.send(
            "participant-registration", *envelopes[start : start + BATCH], submitter="clerk"
        )
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    out = house.export(root / "export")
    signed = house.ledger.checkpoint()
    assert signed is not None
    event, proof = house.run(house.ledger.receipt(RECEIPT_OF))
    (root / "r.event").write_bytes(event)
    (root / "r.tlog-proof").write_bytes(proof)
    vkey = house.made.opened.log_vkey
    house.close()
    return Exported(out, vkey, signed.size, signed.root, root / "r.tlog-proof", root / "r.event")


def check(program: Path, directory: Path, vkey: str, *receipt: Path) -> subprocess.CompletedProcess[str]:
    """Run the verifier."""
    command = [str(program), str(directory), vkey, *map(str, receipt)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_foreign_implementation_accepts_every_proof(program: Path, exported: Exported) -> None:
    """The tree hash from tiles and from entries, a proof of every record and from every earlier size."""
    done = check(program, exported.directory, exported.vkey, exported.receipt, exported.event)
    assert done.returncode == 0, done.stderr
    assert exported.size > EVENTS
    assert json.loads(done.stdout) == {
        "origin": exported.vkey.partition("+")[0],
        "size": exported.size,
        "root": exported.root.hex(),
        "tiles": 4,
        "record_proofs": exported.size,
        "tree_proofs": exported.size,
        "receipt": True,
    }


def _flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(bytes(data))


SPOILED: dict[str, Callable[[Path], object]] = {
    "an entry": lambda copy: _flip(copy / "tile/entries/001", 5_000),
    "a hash tile": lambda copy: _flip(copy / "tile/0/000", 77),
    "the tile above": lambda copy: _flip(copy / "tile/1/000.p/2", 3),
    "the signature": lambda copy: _flip(copy / "checkpoint", -8),
    "the origin": lambda copy: _flip(copy / "checkpoint", 0),
    "an entry left out": lambda copy: (copy / "tile/entries/002.p").rename(copy / "gone"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_it_refuses_what_was_changed(program: Path, exported: Exported, tmp_path: Path, name: str) -> None:
    """Or accepting would mean nothing."""
    copy = shutil.copytree(exported.directory, tmp_path / "copy")
    SPOILED[name](copy)
    done = check(program, copy, exported.vkey)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("verify_export:")


def test_it_refuses_another_key_and_another_event(program: Path, exported: Exported, tmp_path: Path) -> None:
    """A verifier key that did not sign, and a receipt beside an event that is not its own."""
    other = House.open(tmp_path / "other")
    vkey = other.made.opened.log_vkey
    other.close()
    assert check(program, exported.directory, vkey).returncode == 1
    foreign = tmp_path / "event"
    foreign.write_bytes(exported.event.read_bytes() + b"\0")
    assert check(program, exported.directory, exported.vkey, exported.receipt, foreign).returncode == 1
