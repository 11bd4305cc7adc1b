"""Openings of commitments: right ones count, wrong ones are findings, erased subjects are listed and no finding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.draft import VKEY, seal
from audit_forge.memory import MemorySource
from audit_forge.year import make_year
from unit.audit.leaves import leaf

from ledger.errors import MalformedError, UsageError
from ledger.proof.commitment import commitment
from ledger.v1 import redemption_pb2, registry_pb2
from ledger_audit.findings import Findings
from ledger_audit.openings import Openings
from ledger_audit.report import Outcomes
from ledger_audit.scan import KeyTable, scan
from ledger_audit.verify import BYTES_LAYERS, verify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LEDGER = bytes(range(16))
ANN, BOB = b"a" * 16, b"b" * 16
SALT = bytes(range(32))
VALUE = "6222 0210 0100 1234 567"


def committed(value: str = VALUE, *, salt: bytes = SALT) -> bytes:
    """The commitment to an account."""
    return commitment(salt=salt, label="payee-account", value=value.encode())


def item(**changes: Any) -> dict[str, Any]:
    """One opening as the file has it."""
    return {
        "participant_id": ANN.hex(),
        "label": "payee-account",
        "commitment": committed().hex(),
        "salt": SALT.hex(),
        "value": VALUE,
    } | changes


def openings(*items: dict[str, Any], ledger_id: bytes = LEDGER) -> Openings:
    """A file of openings, read."""
    return Openings.parse(json.dumps({"ledger_id": ledger_id.hex(), "openings": items}).encode())


def request(commitment_: bytes, subject: bytes = ANN) -> bytes:
    """A redemption that names a commitment."""
    statement = redemption_pb2.RedemptionRequest(payee_commitment=commitment_)
    return leaf("redemption_requested", "redemption-request", statement, actor=subject)


def erasure(subject: bytes) -> bytes:
    """The erasure of a subject."""
    statement = registry_pb2.PersonalDataErasure(participant_id=subject)
    return leaf("personal_data_erased", "personal-data-erasure", statement)


def judged(given: Openings, leaves: Sequence[bytes]) -> tuple[list[tuple[int | None, str]], dict[str, Any]]:
    """Findings as (index, actual), and the summary, after two chunks."""
    findings = Findings()
    for start, part in ((0, leaves[:1]), (1, leaves[1:])):
        result = scan(start, list(part), KeyTable())
        given.take(result, findings)
    return [(found.index, found.actual) for found in findings.ordered()], given.summary()


def test_a_right_opening_is_counted() -> None:
    """Also where two redemptions name one commitment; an opening that no leaf needs is counted apart."""
    spare = item(commitment=committed("other").hex(), value="other")
    found, summary = judged(openings(item(), spare), [request(committed()), request(committed())])
    assert found == []
    assert summary == {
        "opened": 2,
        "tampered": 0,
        "erased": 0,
        "not_opened": 0,
        "unused": 1,
        "erased_indexes": [],
        "kept_after_erasure_indexes": [],
    }


@pytest.mark.parametrize("change", [{"value": VALUE + "0"}, {"salt": bytes(32).hex()}, {"label": "another"}])
def test_a_wrong_opening_is_tampered(change: dict[str, str]) -> None:
    """A finding at the redemption that shows neither value nor salt."""
    found, summary = judged(openings(item(**change)), [request(bytes(32)), request(committed())])
    ((index, actual),) = found
    assert index == 1
    assert actual.startswith("tampered: the opening gives ")
    assert VALUE not in actual
    assert SALT.hex() not in actual
    assert (summary["tampered"], summary["not_opened"]) == (1, 1)


def test_an_erased_subject_is_erased_and_no_finding() -> None:
    """Its redemptions before the erasure; later ones and other subjects' are only not opened."""
    leaves = [
        request(committed()),
        request(committed("b"), BOB),
        erasure(ANN),
        request(committed("c")),
        erasure(b"c" * 16),
    ]
    found, summary = judged(openings(), leaves)
    assert found == []
    assert (summary["erased"], summary["erased_indexes"], summary["not_opened"]) == (1, [0], 2)


def test_a_second_erasure_covers_what_came_between() -> None:
    """Each covers what was before it."""
    _, summary = judged(
        openings(), [request(committed()), erasure(ANN), request(committed("c")), erasure(ANN)]
    )
    assert (summary["erased_indexes"], summary["not_opened"]) == ([0, 2], 0)


def test_data_that_was_kept_in_spite_of_an_erasure_is_listed() -> None:
    """It opens, so it is counted; that it could be opened is shown."""
    found, summary = judged(openings(item()), [request(committed()), erasure(ANN)])
    assert found == []
    assert (summary["opened"], summary["erased"], summary["kept_after_erasure_indexes"]) == (1, 0, [0])


def test_openings_of_another_ledger_check_nothing() -> None:
    """The check is skipped, which is no pass."""
    for ledger_id, skipped in ((LEDGER, set()), (bytes(16), {"commitments"})):
        outcomes = Outcomes()
        openings(ledger_id=ledger_id).finish(LEDGER, outcomes)
        assert set(outcomes.skipped) == skipped


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"ledger_id": "", "openings": []}',
        b'{"ledger_id": "00", "ledger_id": "00", "openings": []}',
        b'{"ledger_id": "' + b"00" * 16 + b'", "openings": {}}',
        b'{"ledger_id": "' + b"00" * 16 + b'", "openings": [1]}',
    ],
)
def test_a_file_of_openings_is_strict(data: bytes) -> None:
    """Anything else than its grammar is refused."""
    with pytest.raises(MalformedError):
        Openings.parse(data)


@pytest.mark.parametrize(
    "change",
    [
        {"participant_id": "00"},
        {"commitment": committed().hex().upper()},
        {"salt": "00" * 31},
        {"value": ""},
        {"value": 5},
        {"value": VALUE * 4096},
        {"label": "Payee"},
        {"label": None},
        {"more": 1},
    ],
)
def test_an_opening_is_strict_and_no_error_shows_its_value(change: dict[str, Any]) -> None:
    """Sizes, types and spelling; the error names the opening by its number."""
    with pytest.raises(MalformedError) as caught:
        openings(item(commitment=committed("b").hex(), value="b"), item(**change))
    assert VALUE not in caught.value.diagnostics()


def test_a_commitment_is_opened_once_in_a_file(tmp_path: Path) -> None:
    """A second opening of it is refused; so is a file that is not there."""
    with pytest.raises(MalformedError, match="opening 2: its commitment is there twice"):
        openings(item(), item())
    with pytest.raises(UsageError, match="cannot read the openings"):
        Openings.load(tmp_path / "none.json")


def test_the_check_stands_in_the_report() -> None:
    """NOT_REQUESTED without openings, PASS and counts with them, FAIL at the redemptions that were tampered with."""
    year = make_year()
    for draft in year.drafts:
        if getattr(draft.statement, "payee_commitment", b""):
            draft.statement.payee_commitment = committed()
    requests = [index for index, draft in enumerate(year.drafts) if draft.kind == "redemption_requested"]
    source = MemorySource(seal(year.drafts))

    def status(given: Openings | None, **options: Any) -> tuple[str, list[int | None]]:
        report = verify(source, log_key=VKEY, openings=given, **options)
        statuses = {check.name: check.status.value for check in report.checks}
        named = [found.index for found in report.findings if found.check == "commitments"]
        return statuses["commitments"], named

    assert requests
    assert status(None) == ("NOT_REQUESTED", [])
    assert "commitments" not in verify(source, log_key=VKEY).to_json()
    given = openings(item(), ledger_id=year.ledger_id)
    assert status(given) == ("PASS", [])
    assert given.summary()["opened"] == len(requests)
    wrong = openings(item(value="another"), ledger_id=year.ledger_id)
    assert status(wrong) == ("FAIL", requests)
    assert status(openings(item())) == ("SKIPPED", [])
    assert status(openings(item()), layers=BYTES_LAYERS) == ("NOT_REQUESTED", [])
