"""What may happen to vouchers and money from the command line: holds, doubts, clawbacks, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli.commands import Bureau, bureau_at, run

from ledger_cli import voucherctl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = "unit,quantity,start,end,amount\n"
WEEK = "2027-02-01T00:00:00+08:00,2027-02-08T00:00:00+08:00"


class Case:
    """A firm with a voucher for a model service under a contract of 100,000.00."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        bureau.calendar(2027)
        self.firm = bureau.join("firm", "ENTERPRISE", "BENEFICIARY")
        self.provider = bureau.join("provider", "MODEL", "PROVIDER")
        bureau.ctl("clerk", f"bureau admit-provider --provider {self.provider} --item gpu --from 2027-01-01")
        self.programme = bureau.programme("MODEL")
        self.contract = bureau.contract(self.provider, "M-1")
        self.voucher = bureau.granted(self.programme, self.contract, at="2027-01-20T09:00:00+08:00")
        self._files = 0

    def attest(self, amount: str) -> Path:
        """Sign one claim, of a week in February; the outbox."""
        self._files += 1
        usage, out = self.bureau.folder / f"s{self._files}.csv", self.bureau.folder / "out"
        usage.write_text(HEADER + f"CALLS,{self._files},{WEEK},{amount}\n", encoding="utf-8")
        attest = f"provider attest-service --voucher {self.voucher}"
        self.bureau.ctl("provider", attest, "--usage", usage, "--out", out)
        return out

    def claim(self, amount: str, *, code: int = 0) -> str:
        """Have one claim accepted; its id. The exit code is 6 where another of the outbox was refused."""
        items = self.bureau.ctl("provider", "provider submit", self.attest(amount), code=code)["items"]
        assert items[-1]["state"] == "ACCEPTED"
        return str(items[-1]["claim_id"])

    def state(self) -> tuple[str, bool, str]:
        """State of the voucher, whether it is held, and the next step without the id."""
        (row,) = (row for row in self.bureau.rows("clerk", "vouchers") if row["voucher_id"] == self.voucher)
        return row["state"], row["held"], row["next_step"].replace(self.voucher, "V")


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """The case, in February."""
    with bureau_at(tmp_path / "ledger", "2027-01-04T09:00:00+08:00") as bureau:
        opened = Case(bureau)
        bureau.clock("2027-02-20T09:00:00+08:00")
        yield opened


def test_each_office_holds_and_releases_and_a_voucher_is_revoked(case: Case) -> None:
    """A held voucher takes no claim; the auditor's hold outlasts the clerk's release; what is unused is free."""
    bureau = case.bureau
    chosen = f"--voucher {case.voucher}"
    for who in ("clerk", "auditor"):
        bureau.ctl(who, f"bureau hold {chosen}")
    bureau.refused("clerk", f"bureau hold {chosen}", "STATE_CONFLICT")
    out = case.attest("10000.00")
    (refused,) = bureau.ctl("provider", "provider submit", out, code=6)["items"]
    assert refused["reason"] == "VOUCHER_HELD"
    bureau.ctl("clerk", f"bureau release-hold {chosen}")
    release = (
        "voucherctl bureau release-hold --voucher V (or settle the clawback: voucherctl bureau clawbacks)"
    )
    assert case.state() == ("ACTIVE", True, release)
    bureau.ctl("auditor", f"bureau release-hold {chosen} --reason EXAMINED")
    assert case.state()[:2] == ("ACTIVE", False)
    bureau.ctl("approver-1", f"bureau revoke-voucher {chosen}", code=2)
    bureau.ctl("clerk", f"bureau revoke-voucher {chosen}")
    assert case.state() == ("REVOKED", False, "none")
    (programme,) = bureau.rows("clerk", "programmes")
    assert programme["encumbered_fen"] == "0"


def test_a_suspended_provider_claims_nothing_until_it_is_readmitted(case: Case) -> None:
    """From the day on; the list says so; a removed one never comes back."""
    bureau = case.bureau
    chosen = f"--provider {case.provider}"
    today, tomorrow = "--from 2027-02-20", "--from 2027-02-21"
    bureau.ctl("clerk", f"bureau suspend-provider {chosen} {today}")
    (row,) = (row for row in bureau.rows("clerk", "participants") if row["participant_id"] == case.provider)
    readmit = f"voucherctl bureau readmit-provider {chosen} --from DAY (unless removed)"
    assert (row["suspended"], row["next_step"]) == (True, readmit)
    out = case.attest("10000.00")
    (refused,) = bureau.ctl("provider", "provider submit", out, code=6)["items"]
    assert refused["reason"] == "PROVIDER_NOT_ADMITTED"
    bureau.ctl("clerk", f"bureau readmit-provider {chosen} {tomorrow}")
    bureau.clock("2027-02-21T09:00:00+08:00")
    case.claim("10000.00", code=6)
    bureau.ctl("clerk", f"bureau remove-provider {chosen} {tomorrow}")
    bureau.refused("clerk", f"bureau readmit-provider {chosen} {tomorrow}", "STATE_CONFLICT")


def test_money_comes_back_after_outside_support_is_reported(case: Case, tmp_path: Path) -> None:
    """Opened, notified, appealed, determined, repaid in parts, fined, the rest written off; other vouchers wait."""
    bureau = case.bureau
    case.claim("100000.00")
    bureau.evidence(case.contract, "100000.00", "1")
    redemption = bureau.redeem(case.voucher)
    bureau.approved(redemption)
    bureau.paid(redemption, reference="S1", day="2027-02-19")
    second = bureau.contract(case.provider, "M-2")
    bureau.clock("2027-03-01T09:00:00+08:00")
    other = bureau.granted(case.programme, second, at="2027-03-20T09:00:00+08:00")
    bureau.ctl(
        "clerk",
        f"bureau declare-outside-support --contract {case.contract} --source PROVINCE --amount 40000.00",
    )
    (contract, _) = bureau.rows("clerk", "contracts")
    assert contract["outside_support_fen"] == "4000000"
    opened = bureau.ctl("clerk", f"bureau clawback open --redemption {redemption} --cause STACKING")
    chosen = f"--clawback {opened['clawback_id']}"
    (held,) = (row for row in bureau.rows("clerk", "vouchers") if row["voucher_id"] == other)
    assert held["held"]
    paper = ("--document", bureau.document)
    for state, step, who, command in (
        ("OPENED", f"notify {chosen} --document FILE", "clerk", "notify"),
        ("NOTIFIED", f"determine {chosen}", "firm", "appeal"),
        ("APPEALED", f"determine {chosen}", "reviewer", "determine"),
    ):
        (row,) = bureau.rows("auditor", "clawbacks")
        assert (row["state"], row["next_step"]) == (state, f"voucherctl bureau clawback {step}")
        bureau.ctl(who, f"bureau clawback {command} {chosen}", *(() if command == "determine" else paper))
    repay = f"repay {chosen} --amount YUAN --bank B --reference R --received DAY"
    (row,) = bureau.rows("auditor", "clawbacks")
    assert row["next_step"] == f"voucherctl bureau clawback {repay}"
    assert (row["determined_fen"], row["outstanding_fen"]) == ("2000000", "2000000")
    treasury = "--bank PBC --reference B1 --received 2027-03-20"
    bureau.ctl("payer", f"bureau clawback repay {chosen} --amount 15000.00 {treasury}")
    bureau.ctl("reviewer", f"bureau clawback fine {chosen} --amount 2000.00")
    bureau.ctl("clerk", f"bureau clawback write-off {chosen}")
    (row,) = bureau.rows("auditor", "clawbacks")
    assert (row["state"], row["outstanding_fen"], row["next_step"]) == ("WRITTEN_OFF", "0", "none")
    (programme,) = bureau.rows("auditor", "programmes")
    assert (programme["recovered_fen"], programme["fines_fen"]) == ("1500000", "200000")
    (free,) = (row for row in bureau.rows("clerk", "vouchers") if row["voucher_id"] == other)
    assert not free["held"]


def test_a_revoked_key_puts_claims_in_doubt(case: Case) -> None:
    """One is confirmed again, one set aside; the time of the revocation moves only back."""
    bureau = case.bureau
    first, second = case.claim("10000.00"), case.claim("20000.00")
    key = run(voucherctl.app, "keys", "show", bureau.folder / "keys" / "provider.pem")["key_id"]
    since = "--cause COMPROMISED --invalid-since 2027-02"
    bureau.ctl("provider", f"keys revoke --key-id {key} {since}-21T00:00:00+08:00")
    assert not any(row["disputed"] for row in bureau.rows("clerk", f"claims --voucher {case.voucher}"))
    bureau.refused(
        "keymaster", f"keys correct-revocation --key-id {key} {since}-22T00:00:00+08:00", "STATE_CONFLICT"
    )
    bureau.ctl("keymaster", f"keys correct-revocation --key-id {key} {since}-20T00:00:00+08:00")
    doubted = bureau.rows("clerk", f"claims --voucher {case.voucher}")
    assert [row["next_step"] for row in doubted] == [
        f"voucherctl bureau reconfirm --claim {row['claim_id']} (or set-aside)" for row in doubted
    ]
    both = ("--with", bureau.identity("approver-2"))
    bureau.ctl("approver-1", "bureau reconfirm", *both, code=2)
    bureau.ctl("approver-1", f"bureau reconfirm --claim {first}", *both)
    bureau.ctl("clerk", f"bureau set-aside --claim {second}")
    states = {
        row["claim_id"]: (row["state"], row["disputed"])
        for row in bureau.rows("clerk", f"claims --voucher {case.voucher}")
    }
    assert states == {first: ("RECONFIRMED", False), second: ("SET_ASIDE", False)}


def test_a_cancelled_invoice_is_not_redeemed(case: Case) -> None:
    """It shows in the list; `redeem` names what is valid; an acceptance paper is evidence, too."""
    bureau = case.bureau
    case.claim("30000.00")
    for number in ("1", "2", "3"):
        bureau.evidence(case.contract, "30000.00", number)
    cancel = "bureau cancel-invoice --cancelled 2027-02-18 --number"
    bureau.ctl("clerk", f"{cancel} {'1'.zfill(20)}", code=2)
    bureau.ctl("clerk", f"{cancel} {'1'.zfill(20)} --void")
    bureau.ctl("clerk", f"{cancel} {'2'.zfill(20)} --red-letter-number {'9'.zfill(20)}")
    bureau.ctl(
        "firm",
        f"bureau register-acceptance --contract {case.contract} --accepted 2027-02-10 --document",
        bureau.identity("firm"),
    )
    rows = bureau.rows("auditor", f"evidence --contract {case.contract}")
    found = [(row["kind"], row["status"]) for row in rows]
    assert sorted(found) == [
        ("ACCEPTANCE", ""),
        ("INVOICE", "RED_LETTERED"),
        ("INVOICE", "VALID"),
        ("INVOICE", "VOID"),
        *[("PAYMENT", "")] * 3,
    ]
    redemption = bureau.redeem(case.voucher)
    bureau.approved(redemption)
    rows = bureau.rows("auditor", f"evidence --contract {case.contract}")
    used = [row["status"] for row in rows if row["kind"] == "INVOICE" and row["consumed_fen"] != "0"]
    assert used == ["VALID"]


def test_personal_data_is_erased(case: Case) -> None:
    """Any participant; a second time, too; an officer's id is no participant."""
    case.bureau.ctl("clerk", f"bureau erase-personal-data --participant {case.firm}")
    case.bureau.refused("clerk", f"bureau erase-personal-data --participant {'0' * 32}", "STATE_CONFLICT")
