"""Personal data is erased beside a ledger that verifies the same before and after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.house import House, accepted, refused
from support.paid import settle_of_contract
from typer.testing import CliRunner

from ledger.client.signing import new_id
from ledger.client.statements import registry
from ledger.domain.identifiers import normalise
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind, Role
from ledger.proof.commitment import equality_tag
from ledger_audit.openings import Openings
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify
from ledger_cli import voucherd

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_audit.report import Report

RUN = CliRunner()
ACCOUNTS = {"acme": "6222 0210 0100 1234 567", "beta": "6217 0001 2345 6789 012"}


def personal(
    house: House, command: str, *arguments: object, stdin: str = "", code: int = 0
) -> dict[str, Any]:
    """Run `voucherd personal` on the ledger's folder; what it prints."""
    line = ["personal", command, "--dir", str(house.root), *map(str, arguments)]
    done = RUN.invoke(voucherd.app, [*line, "--json"], input=stdin)
    assert done.exit_code == code, (done.output, done.exception)
    assert not any(account in done.stderr for account in ACCOUNTS.values())
    return json.loads(done.stdout) if done.stdout else {"stderr": done.stderr}


@pytest.fixture
def settled(house: House) -> House:
    """Two firms that were paid; their accounts lie beside the ledger."""
    house.provider()
    house.programme()
    for number, (firm, account) in enumerate(ACCOUNTS.items()):
        house.party(firm)
        kept = personal(house, "add", "--participant", house.ids[firm].hex(), stdin=f"{account}\n")
        settle_of_contract(
            house,
            f"voucher of {firm}",
            firm,
            commitment=bytes.fromhex(kept["commitment"]),
            references=[f"R{number}"],
        )
    return house


def audited(house: House, name: str, *, checkpoint: bytes | None = None) -> tuple[Report, Path]:
    """An audit of a fresh export with all openings that there are; its folder."""
    openings = house.root.parent / f"{name}.json"
    personal(house, "export", "--out", openings)
    out = house.export(house.root.parent / name)
    trust = Trust.load(house.made.directory.trust_file)
    report = verify(ExportSource(out), trust=trust, openings=Openings.load(openings), checkpoint=checkpoint)
    return report, out


def test_an_erased_ledger_verifies_as_before(settled: House) -> None:
    """Erased, not tampered: no finding, the same totals, and the earlier checkpoint is contained."""
    before, folder = audited(settled, "before")
    assert (before.result, before.findings) == ("ok", ())
    assert before.commitments is not None
    assert (before.commitments["opened"], before.commitments["erased"]) == (2, 0)
    acme = settled.ids["acme"].hex()
    refused = personal(settled, "erase", "--participant", acme, code=6)["stderr"]
    assert "is in the ledger since its data was added" in refused
    assert "voucherctl bureau erase-personal-data" in refused
    accepted(settled.erase("acme"))
    assert personal(settled, "erase", "--participant", acme)["openings_erased"] == 1
    after, _ = audited(settled, "after", checkpoint=(folder / "checkpoint").read_bytes())
    assert (after.result, after.findings) == ("ok", ())
    assert after.totals == before.totals
    assert after.tree_size == before.tree_size + 1
    assert after.commitments is not None
    request = settled.redemption("redemption of voucher of acme").index
    assert after.commitments == {
        "opened": 1,
        "tampered": 0,
        "erased": 1,
        "not_opened": 0,
        "unused": 0,
        "erased_indexes": [request],
        "kept_after_erasure_indexes": [],
    }
    written = (settled.root / "personal.db").read_bytes()
    assert not any(account.encode() in written for account in ACCOUNTS.values())
    assert personal(settled, "show", "--participant", acme)["items"] == []
    assert personal(settled, "erase", "--participant", acme)["openings_erased"] == 0


def test_an_opening_that_was_changed_is_tampered(settled: House) -> None:
    """The redemption's leaf is named; the other one is still right."""
    openings = settled.root.parent / "openings.json"
    personal(settled, "export", "--out", openings)
    text = openings.read_text(encoding="utf-8").replace("1234 567", "1234 568")
    openings.write_text(text, encoding="utf-8")
    out = settled.export(settled.root.parent / "export")
    trust = Trust.load(settled.made.directory.trust_file)
    report = verify(ExportSource(out), trust=trust, openings=Openings.load(openings))
    (finding,) = report.findings
    request = settled.redemption("redemption of voucher of acme").index
    assert (finding.check, finding.index) == ("commitments", request)
    assert finding.actual.startswith("tampered")
    assert "1234" not in finding.expected + finding.actual


def test_one_person_has_one_name(house: House) -> None:
    """Two spellings of one document make one tag; the second participant is refused, also after an erasure."""

    def registration(number: str) -> Any:
        tag = equality_tag(
            pepper=bytes(range(32)),
            document_type=normalise("id_card", name="type"),
            number=normalise(number, name="number"),
        )
        return registry.participant_registration(
            basis=house.basis(Role.CLERK),
            participant_id=new_id(),
            kind=ParticipantKind.PERSON,
            registered_day=0,
            person_tag=tag,
        )

    first = registration("44030119900101123x")
    accepted(house.submit("participant-registration", first, "clerk"))
    for _ in range(2):
        again = house.submit("participant-registration", registration(" ４４030119900101123X"), "clerk")
        assert refused(again) == Reason.STATE_CONFLICT
        house.ids["ann"] = first.participant_id
        accepted(house.erase("ann"))
    accepted(house.submit("participant-registration", registration("44030119900101124X"), "clerk"))
