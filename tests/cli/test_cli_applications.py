"""Applications from the command line: handled, objected to, queued; awards; affiliation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli.commands import Bureau, bureau_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MONDAY = "2027-01-04T09:00:00+08:00"
LAST_NOTICE_DAY = "2027-01-08"
AFTER_NOTICE = "2027-01-09T09:00:00+08:00"


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    """A ledger with a calendar and a firm."""
    with bureau_at(tmp_path / "ledger", MONDAY) as opened:
        opened.calendar(2027)
        opened.join("firm", "ENTERPRISE", "BENEFICIARY")
        yield opened


def admitted(bureau: Bureau, kind: str = "COMPUTE") -> str:
    """A provider that is admitted; its id."""
    provider = bureau.join("provider", kind, "PROVIDER")
    bureau.ctl("clerk", f"bureau admit-provider --provider {provider} --item gpu --from 2027-01-01")
    return provider


def step(bureau: Bureau, application: str) -> tuple[str, str]:
    """State and next step of an application, the step without the program and the id."""
    (row,) = (row for row in bureau.rows("clerk", "applications") if row["application_id"] == application)
    return row["state"], row["next_step"].removeprefix("voucherctl bureau ").replace(application, "A")


def test_an_application_is_handled_step_by_step(bureau: Bureau) -> None:
    """Returned, resubmitted, checked, reviewed, publicised, objected to, granted; the list names each step."""
    provider = admitted(bureau)
    programme = bureau.programme()
    contract = bureau.contract(provider, "C-1", "--price H800=100.00")
    application = bureau.ctl("firm", f"bureau apply --programme {programme} --contract {contract}")[
        "application_id"
    ]
    chosen = f"--application {application}"
    for expected, who, command in (
        (("SUBMITTED", "application check --application A"), "clerk", "return"),
        (("RETURNED", "application resubmit --application A"), "firm", "resubmit"),
        (("SUBMITTED", "application check --application A"), "clerk", "check"),
        (("CHECKED", "application review --application A"), "reviewer", "review"),
        (("REVIEWED", "application publicise --application A"), "clerk", "publicise"),
    ):
        assert step(bureau, application) == expected
        bureau.ctl(who, f"bureau application {command} {chosen}")
    bureau.refused("clerk", f"bureau application check {chosen}", "STATE_CONFLICT")
    wait = f"grant --application A (from {AFTER_NOTICE[:10]} on)"
    assert step(bureau, application) == ("PUBLICISED", wait)
    objection = bureau.ctl("clerk", f"bureau objection record {chosen}")["objection_id"]
    assert step(bureau, application) == ("PUBLICISED", "objections --application A")
    bureau.clock(AFTER_NOTICE)
    bureau.refused("approver-1", f"bureau grant {chosen}", "OBJECTION_OPEN")
    (waiting,) = bureau.rows("reviewer", "objections")
    assert waiting["objection_id"] == objection
    decide = f"bureau objection decide {chosen} --objection {objection}"
    assert waiting["next_step"] == f"voucherctl {decide} --dismissed (or --upheld)"
    bureau.ctl("reviewer", decide, code=2)
    bureau.ctl("reviewer", f"{decide} --dismissed")
    assert bureau.rows("reviewer", "objections") == []
    (decided,) = bureau.rows("reviewer", f"objections {chosen}")
    assert (decided["decided"], decided["upheld"], decided["next_step"]) == (True, False, "none")
    assert step(bureau, application) == ("PUBLICISED", "grant --application A")
    bureau.ctl("approver-1", f"bureau grant {chosen}")
    assert step(bureau, application) == ("GRANTED", f"vouchers --programme {programme}")


def test_an_application_ends_without_a_grant(bureau: Bureau) -> None:
    """Rejected, withdrawn, or ended by an objection that was upheld; nothing follows."""
    provider = admitted(bureau)
    programme = bureau.programme()
    contract = bureau.contract(provider, "C-1", "--price H800=100.00")
    made = [
        bureau.ctl("firm", f"bureau apply --programme {programme} --contract {contract}")["application_id"]
        for _ in range(3)
    ]
    rejected, withdrawn, objected = made
    bureau.ctl("clerk", f"bureau application reject --application {rejected} --reason FALSE_STATEMENT")
    bureau.ctl("firm", f"bureau application withdraw --application {withdrawn}")
    bureau.publicise(objected)
    chosen = f"--application {objected}"
    objection = bureau.ctl("clerk", f"bureau objection record {chosen}")["objection_id"]
    bureau.ctl("reviewer", f"bureau objection decide {chosen} --objection {objection} --upheld")
    assert [step(bureau, application) for application in made] == [
        ("REJECTED", "none"),
        ("WITHDRAWN", "none"),
        ("REJECTED", "none"),
    ]


def test_a_queue_is_allocated(bureau: Bureau, tmp_path: Path) -> None:
    """Under PRO_RATA grants wait for the window's end; then each gets its share."""
    profile = tmp_path / "pro-rata.toml"
    profile.write_text(
        "[programme.GPU_TRAINING]\n"
        'appropriation = "60000.00"\nrate_bp = 5000\ncap = "100000.00"\nstacking = "NONE"\n'
        'public_notice_days = 0\nvalidity_months = 12\nallocation = "PRO_RATA"\n'
        'payee = "APPLICANT"\nmode = "QUOTA"\n',
        encoding="utf-8",
    )
    provider = admitted(bureau)
    programme = bureau.programme(profile=str(profile))
    for number in (1, 2):
        contract = bureau.contract(provider, f"C-{number}", "--price H800=100.00")
        applied = bureau.ctl("firm", f"bureau apply --programme {programme} --contract {contract}")
        bureau.publicise(applied["application_id"])
        bureau.ctl("approver-1", f"bureau grant --application {applied['application_id']}")
        allocate = f"allocate --programme {programme}"
        assert step(bureau, applied["application_id"]) == ("QUEUED", allocate)
    (row,) = bureau.rows("clerk", "programmes")
    assert (row["queued_fen"], row["next_step"]) == ("10000000", f"voucherctl bureau {allocate}")
    bureau.ctl("clerk", f"bureau {allocate}")
    faces = [voucher["face_fen"] for voucher in bureau.rows("clerk", f"vouchers --programme {programme}")]
    assert faces == ["3000000"] * 2


def test_an_award_is_applied_for_granted_and_paid(bureau: Bureau) -> None:
    """Without contract, claims or evidence; the review proposes the amount."""
    programme = bureau.programme("CORPUS")
    manifest = bureau.folder / "manifest.json"
    manifest.write_text("[]", encoding="utf-8")
    applied = bureau.ctl(
        "firm",
        f"bureau apply-for-award --programme {programme} --platform SZ_OPEN_DATA --manifest",
        manifest,
    )
    application = applied["application_id"]
    bureau.ctl("clerk", f"bureau application check --application {application}")
    assert step(bureau, application) == ("CHECKED", "application review --application A --proposed YUAN")
    bureau.ctl("reviewer", f"bureau application review --application {application} --proposed 300000.00")
    bureau.ctl("clerk", f"bureau application publicise --application {application}")
    bureau.clock(AFTER_NOTICE)
    voucher = bureau.ctl("approver-1", f"bureau grant --application {application}")["voucher_id"]
    (row,) = bureau.rows("firm", "vouchers")
    redeem = f"bureau redeem --voucher {voucher} --payee-commitment"
    assert (row["face_fen"], row["next_step"]) == ("30000000", f"voucherctl {redeem} HEX")
    redemption = bureau.redeem(voucher)
    bureau.approved(redemption)
    bureau.paid(redemption, reference="A1", day="2027-01-09")
    (programme_row,) = bureau.rows("auditor", "programmes")
    assert programme_row["disbursed_fen"] == "30000000"


def test_a_firm_does_not_buy_from_its_own_group(bureau: Bureau) -> None:
    """A holding of 26 % makes affiliates, the next declaration of the pair undoes it; an item is added."""
    provider = admitted(bureau)
    programme = bureau.programme()
    firm = bureau.rows("clerk", "participants")[-2]["participant_id"]
    declare = f"bureau declare-holding --owner {firm} --owned {provider} --as-of 2027-01-01 --share"
    bureau.ctl("clerk", f"{declare} 26")
    (holding,) = bureau.rows("auditor", "holdings")
    assert (holding["share_bp"], holding["owner_id"]) == (2600, firm)
    bureau.ctl("clerk", f"{declare} 100.01", code=2)
    contract = bureau.contract(provider, "C-1", "--price H800=100.00")
    apply = f"bureau apply --programme {programme} --contract {contract}"
    bureau.refused("firm", apply, "AFFILIATED")
    bureau.ctl("clerk", f"{declare} 24.99")
    bureau.ctl("firm", apply)
    bureau.ctl("clerk", f"bureau admit-provider --provider {provider} --item storage --from 2027-02-01")
    (row,) = (row for row in bureau.rows("clerk", "participants") if row["participant_id"] == provider)
    assert sorted(row["items"]) == ["gpu", "storage"]


def test_a_year_without_a_calendar_has_no_notice(bureau: Bureau) -> None:
    """The shipped years are there at once; a file has to be of the year; a version counts on."""
    bureau.ctl("clerk", "bureau publish-calendar --year 2026")
    bureau.ctl("clerk", "bureau publish-calendar --year 2026 --reason CORRECTED")
    versions = {row["year"]: row["version"] for row in bureau.rows("auditor", "calendars")}
    assert versions == {2026: 2, 2027: 1}
    talk = bureau.ctl("clerk", "bureau publish-calendar --year 2028", code=2)["stderr"]
    assert "CALENDAR_NOT_COVERED" in talk
    wrong = bureau.folder / "calendar-2027.toml"
    assert (
        "allowed: 2028"
        in bureau.ctl("clerk", "bureau publish-calendar --year 2028 --file", wrong, code=2)["stderr"]
    )
