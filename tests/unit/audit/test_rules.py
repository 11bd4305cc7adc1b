"""Every rule of docs/reference/format.md: a ledger that breaks it yields the named finding at the right event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from audit_forge import cases_frame, cases_rules
from audit_forge.draft import ACT_NAMES
from audit_forge.memory import audit
from audit_forge.year import make_year

if TYPE_CHECKING:
    from audit_forge.breaking import Case

CASES = (*cases_frame.CASES, *cases_rules.CASES)


def test_a_ledger_that_keeps_every_rule_is_found_in_order() -> None:
    """A clean year with every event type ends ok, with the totals counted by hand."""
    year = make_year()
    report = audit(year.drafts)
    assert report.findings == ()
    assert report.result == "ok"
    (totals,) = report.totals.values()
    assert totals["available"] == "49614000"
    assert totals["disbursed"] == "386000"
    assert totals["encumbered"] == totals["obligated"] == "0"
    assert {draft.kind for draft in year.drafts} == {
        *ACT_NAMES,
        "voucher_expired",
        "voucher_closed",
        "claim_refused",
    }


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
