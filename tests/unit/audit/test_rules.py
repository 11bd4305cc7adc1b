"""Every rule of docs/reference/format.md: a ledger that breaks it yields the named finding at the right event."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audit_forge import cases_after, cases_frame, cases_grant, cases_people, cases_rules
from audit_forge.draft import ACT_NAMES, SYSTEM
from audit_forge.ground import CORPORA, PROGRAMME
from audit_forge.memory import audit
from audit_forge.year import make_year

from ledger_audit.findings import CHECK_NAMES, CHECKS, Layer

if TYPE_CHECKING:
    from audit_forge.breaking import Case

ROOMS = (cases_frame, cases_rules, cases_people, cases_grant, cases_after)
CASES = tuple(case for room in ROOMS for case in room.CASES)


def test_a_ledger_that_keeps_every_rule_is_found_in_order() -> None:
    """A clean year with every event type ends ok, with the totals counted by hand."""
    year = make_year()
    report = audit(year.drafts)
    assert report.findings == ()
    assert report.result == "ok"
    assert list(report.totals) == [PROGRAMME.hex(), CORPORA.hex()]
    training, corpora = (
        [int(value) for name, value in totals.items() if name not in {"instrument", "fiscal_year"}]
        for totals in report.totals.values()
    )
    assert training == [51_000_000, 50_614_000, 0, 0, 386_000, 0, 100_000, 175_000]
    assert corpora == [239_999, 75_001, 124_999, 0, 39_999, 0, 0, 0]
    assert {draft.kind for draft in year.drafts} == {*ACT_NAMES, *SYSTEM}


def test_every_check_of_rules_and_signatures_has_a_case() -> None:
    """But those that whole years break: an overdrawn appropriation, totals that do not tie out."""
    due = {check.name for check in CHECKS if check.layer in {Layer.SIGNATURES, Layer.RULES}}
    assert due - {case.check for case in CASES} == {"i1_budget", "tie_out", "commitments"}


def test_the_page_of_invariants_names_every_check() -> None:
    """And no other."""
    page = (Path(__file__).parents[3] / "docs/reference/invariants.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`([a-z0-9_]+)`", page)) == CHECK_NAMES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_broken_rule_is_found_where_it_is_broken(case: Case) -> None:
    """The named check fails at the event, and no check fails before it."""
    year = make_year()
    case.change(year)
    report = audit(year.drafts)
    index = year.named[case.later or case.where]
    found = {(finding.check, finding.index) for finding in report.findings}
    assert (case.check, index) in found
    assert min(at for _, at in found if at is not None) >= index
    assert report.result == "findings"
