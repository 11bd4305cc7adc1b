"""Model services from the command line: attested in units and amounts, redeemed, paid; and read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cli.commands import RUN, Bureau, bureau_at

from ledger.client.cosign import read_envelope
from ledger.client.signing import statement_of
from ledger.client.usage.service_csv import ServiceRow, read_service_csv
from ledger_cli import voucherctl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = "unit,quantity,start,end,amount\n"
WEEK = "2027-02-01T00:00:00+08:00,2027-02-08T00:00:00+08:00"
ROWS = f"TOKENS_M,1200,{WEEK},12000.00\nCALLS,15,{WEEK},0.50\n"


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    """A ledger with a MODEL programme, a model service and a firm, in February."""
    with bureau_at(tmp_path / "ledger", "2027-01-04T09:00:00+08:00") as opened:
        opened.calendar(2027)
        yield opened


def granted(bureau: Bureau) -> tuple[str, str]:
    """A voucher for a model service, and its contract."""
    bureau.join("firm", "ENTERPRISE", "BENEFICIARY")
    provider = bureau.join("provider", "MODEL", "PROVIDER")
    bureau.ctl("clerk", f"bureau admit-provider --provider {provider} --item gpu --from 2027-01-01")
    programme = bureau.programme("MODEL")
    contract = bureau.contract(provider, "M-1")
    voucher = bureau.granted(programme, contract, at="2027-01-20T09:00:00+08:00")
    bureau.clock("2027-02-20T09:00:00+08:00")
    return voucher, contract


def test_services_are_attested_redeemed_and_paid(bureau: Bureau, tmp_path: Path) -> None:
    """Through the outbox; a corrected file replaces the claim; a second attempt is refused and kept."""
    voucher, contract = granted(bureau)
    attest = f"provider attest-service --voucher {voucher}"
    (row,) = bureau.rows("provider", "vouchers")
    assert row["next_step"] == f"voucherctl {attest} …"
    usage, out = tmp_path / "services.csv", tmp_path / "out"
    usage.write_text(HEADER + ROWS, encoding="utf-8")
    made = bureau.ctl("provider", attest, "--usage", usage, "--out", out)
    assert (made["attestations"], made["lines"], made["amount_fen"]) == (1, 2, "1200050")
    (sent,) = bureau.ctl("provider", "provider submit", out)["items"]
    assert (sent["state"], sent["proven"], sent["lines"]) == ("ACCEPTED", True, 2)
    replaces = f"{attest} --supersede {sent['index']} --reason LOG_CORRECTED"
    for amount, state, code in (("11000.00", "ACCEPTED", 0), ("10000.00", "REFUSED", 6)):
        usage.write_text(HEADER + f"TOKENS_M,1100,{WEEK},{amount}\n", encoding="utf-8")
        bureau.ctl("provider", replaces, "--usage", usage, "--out", out)
        answer = bureau.ctl("provider", "provider submit", out, code=code)["items"][-1]
        assert answer["state"] == state
    assert answer["reason"] == "STATE_CONFLICT"
    states = [claim["state"] for claim in bureau.rows("auditor", f"claims --voucher {voucher}")]
    assert sorted(states) == ["ACCEPTED", "REFUSED", "SUPERSEDED"]
    bureau.evidence(contract, "12000.50", "1")
    redemption = bureau.redeem(voucher)
    bureau.approved(redemption)
    bureau.paid(redemption, reference="S1", day="2027-02-19")
    (programme,) = bureau.rows("auditor", "programmes")
    assert programme["disbursed_fen"] == "330000"


def test_services_are_attested_without_a_server(bureau: Bureau, tmp_path: Path) -> None:
    """Terms are fetched before; long files become a chain of attestations; what does not fit is refused."""
    voucher, _ = granted(bureau)
    terms, usage, out = tmp_path / "terms.json", tmp_path / "services.csv", tmp_path / "out"
    bureau.ctl("provider", f"provider terms --voucher model={voucher} --out", terms)
    offline = ("--terms", terms, "--usage", usage, "--out", out)
    usage.write_text(HEADER + f"CALLS,1,{WEEK},0.01\n" * 501, encoding="utf-8")
    replaces = f"provider attest-service --voucher {voucher} --supersede 3 --reason LOG_CORRECTED"
    assert "2 attestations" in bureau.ctl("provider", replaces, *offline, code=2)["stderr"]
    made = bureau.ctl("provider", f"provider attest-service --voucher {voucher}", *offline)
    assert (made["attestations"], made["lines"], made["rows"]) == (2, 501, 501)
    statements: Any = [statement_of(read_envelope(out / f"000{number}.envelope")) for number in (1, 2)]
    assert [statement.sequence for statement in statements] == [1, 2]
    assert [len(statement.lines) for statement in statements] == [500, 1]
    usage.write_text(HEADER + ROWS.replace("2027-02-01", "2026-12-31"), encoding="utf-8")
    talk = bureau.ctl("provider", f"provider attest-service --voucher {voucher}", *offline, code=2)
    assert "2 rows lie outside contract or validity: line 2, 3" in talk["stderr"]
    usage.write_text(HEADER + ROWS, encoding="utf-8")
    other = f"provider attest-service --voucher {'0' * 32}"
    assert "has no voucher" in bureau.ctl("provider", other, *offline, code=2)["stderr"]


@pytest.mark.parametrize(("mode", "code"), [("EX_POST", 0), ("QUOTA", 2)])
def test_usage_before_the_grant_counts_only_ex_post(
    bureau: Bureau, tmp_path: Path, mode: str, code: int
) -> None:
    """The contract's first day is the first day of usage then; else the voucher's."""
    bureau.join("firm", "ENTERPRISE", "BENEFICIARY")
    provider = bureau.join("provider", "MODEL", "PROVIDER")
    bureau.ctl("clerk", f"bureau admit-provider --provider {provider} --item gpu --from 2027-01-01")
    profile = tmp_path / "profile.toml"
    profile.write_text(
        "[programme.MODEL]\n"
        'appropriation = "60000.00"\nrate_bp = 5000\ncap = "100000.00"\nstacking = "NONE"\n'
        'public_notice_days = 0\nvalidity_months = 12\nallocation = "FCFS"\n'
        f'payee = "APPLICANT"\nmode = "{mode}"\n',
        encoding="utf-8",
    )
    programme = bureau.programme("MODEL", profile=str(profile))
    contract = bureau.contract(provider, "M-1")
    voucher = bureau.granted(programme, contract, at="2027-01-20T09:00:00+08:00")
    usage, out = tmp_path / "services.csv", tmp_path / "out"
    week = "2027-01-05T00:00:00+08:00,2027-01-12T00:00:00+08:00"
    usage.write_text(HEADER + f"CALLS,15,{week},0.50\n", encoding="utf-8")
    attest = f"provider attest-service --voucher {voucher}"
    bureau.ctl("provider", attest, "--usage", usage, "--out", out, code=code)
    if code == 0:
        (sent,) = bureau.ctl("provider", "provider submit", out)["items"]
        assert sent["state"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "services.csv, line 1: missing column 'unit'"),
        ("unit,quantity,start,end,amount,price\n", "line 1: unknown column 'price'"),
        (HEADER + "tokens,1,x,x,0.00\n", "line 2, column unit"),
        (HEADER + f"TOKENS,0,{WEEK},0.00\n", "line 2, column quantity"),
        (HEADER + f"TOKENS,1.5,{WEEK},0.00\n", "line 2, column quantity"),
        (HEADER + f"TOKENS,{10**19},{WEEK},0.00\n", "line 2, column quantity"),
        (HEADER + f"TOKENS,{2**63},{WEEK},0.00\n", "line 2, column quantity"),
        (HEADER + "TOKENS,1,yesterday,x,0.00\n", "line 2, column start"),
        (HEADER + f"TOKENS,1,{','.join(reversed(WEEK.split(',')))},0.00\n", "line 2, column end"),
        (HEADER + f"TOKENS,1,{WEEK},1\n", "line 2, column amount"),
        (HEADER + f"TOKENS,1,{WEEK},-1.00\n", "line 2, column amount"),
        (HEADER + f"TOKENS,1,{WEEK}\n", "line 2: 4 columns"),
        (HEADER, "services.csv: no row to attest"),
    ],
)
def test_a_broken_file_is_exit_2_naming_line_and_column(tmp_path: Path, text: str, named: str) -> None:
    """Before anybody is asked or anything is signed."""
    usage = tmp_path / "services.csv"
    usage.write_text(text, encoding="utf-8")
    command = ["provider", "attest-service", "--voucher", "0" * 32, "--as", str(tmp_path / "none.toml")]
    outcome = RUN.invoke(voucherctl.app, [*command, "--usage", str(usage), "--out", str(tmp_path / "out")])
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert named in outcome.stderr


def test_a_unit_may_be_one_character_and_columns_in_any_order(tmp_path: Path) -> None:
    """The reader takes what the page of usage files says."""
    path = tmp_path / "s.csv"
    start, end = WEEK.split(",")
    path.write_text(f"amount,end,start,quantity,unit\n0.00,{end},{start},1,A\n", encoding="utf-8")
    (row,) = read_service_csv(path)
    week_ms = 7 * 86_400_000
    assert row == ServiceRow(
        unit="A", quantity=1, start_ms=row.start_ms, end_ms=row.start_ms + week_ms, amount_fen=0, line=2
    )
