"""A whole programme year from the command line, over a real server with mutual TLS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cli.commands import RUN, Bureau, bureau_at, run

from ledger_cli import voucherctl, voucherd

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "cluster,job_id,tenant,node,device_id,device_model,start_time,end_time,state\n"


def test_a_programme_year_from_the_command_line(tmp_path: Path) -> None:
    """Open, publish, join, admit, contract, apply, grant, attest, submit, redeem, pay, list, follow."""
    with bureau_at(tmp_path / "ledger", "2027-01-04T09:00:00+08:00") as bureau:
        _play(bureau, tmp_path)


def _play(bureau: Bureau, tmp_path: Path) -> None:
    programme = bureau.programme()
    bureau.calendar(2027)
    provider = bureau.join("provider", "COMPUTE", "PROVIDER")
    bureau.join("firm", "ENTERPRISE", "BENEFICIARY")
    bureau.ctl("clerk", f"bureau admit-provider --provider {provider} --item gpu --from 2027-01-01")
    _register_a_device(bureau, tmp_path)
    contract = bureau.contract(provider, "C-1", "--price H800=100.00")
    applied = bureau.ctl("firm", f"bureau apply --programme {programme} --contract {contract}")
    application = applied["application_id"]
    (waiting,) = bureau.rows("approver-1", "applications")
    assert waiting["next_step"] == f"voucherctl bureau application check --application {application}"
    bureau.refused("approver-1", f"bureau grant --application {application}", "STATE_CONFLICT")
    bureau.publicise(application)
    bureau.refused("clerk", f"bureau grant --application {application}", "NOTICE_NOT_OVER")
    bureau.clock("2027-01-20T09:00:00+08:00")
    voucher = bureau.ctl("approver-1", f"bureau grant --application {application}")["voucher_id"]

    bureau.clock("2027-02-20T09:00:00+08:00")
    operator = ("--as", bureau.identity("operator"))
    back = run(voucherd.app, "set-clock", "2027-02-19T09:00:00+08:00", *operator, code=6)["stderr"]
    assert "the clock would go back" in back
    assert "the ledger's time is 2027-02-20T09:00:00" in back
    _attest_and_submit(bureau, tmp_path, voucher)

    bureau.evidence(contract, "24000.00", "1")
    redemption = bureau.redeem(voucher, "--instalments 5000,5000")
    bureau.ctl("reviewer", f"bureau verify --redemption {redemption}")
    bureau.ctl("approver-1", f"bureau approve --redemption {redemption}")
    bureau.refused("approver-1", f"bureau approve --redemption {redemption}", "SEPARATION_OF_DUTY")
    bureau.ctl("approver-2", f"bureau approve --redemption {redemption}")
    bureau.ctl("payer", f"bureau order --redemption {redemption}")
    bureau.ctl("payer", f"bureau fail --redemption {redemption} --bank PBC --reference F1")
    for number in (1, 2):
        bureau.paid(redemption, reference=f"T{number}", day="2027-02-19")
    (paid,) = bureau.rows("auditor", "redemptions")
    assert (paid["state"], paid["amount_fen"], paid["next_step"]) == ("PAID", "1200000", "none")
    (programme_row,) = bureau.rows("auditor", "programmes")
    assert programme_row["disbursed_fen"] == "1200000"
    bureau.ctl("payer", f"bureau order --redemption {redemption}", code=2)
    bureau.refused("clerk", f"bureau expire --voucher {voucher}", "STATE_CONFLICT")
    bureau.clock("2028-01-21T09:00:00+08:00")
    (expiring,) = bureau.rows("clerk", f"vouchers --programme {programme}")
    assert expiring["next_step"] == f"voucherctl bureau expire --voucher {voucher}"
    expired = bureau.ctl("clerk", f"bureau expire --voucher {voucher}")
    assert bureau.ctl("clerk", f"bureau expire --voucher {voucher}")["index"] == expired["index"]
    _lists(bureau, provider=provider, contract=contract, voucher=voucher)
    _follow(bureau, last=int(expired["index"]))
    report = bureau.ctl(
        "auditor",
        f"audit verify grpcs://{bureau.server}",
        *("--trust", bureau.folder / "trust.json", "--receipts", tmp_path / "out"),
    )
    statuses = {check["name"]: check["status"] for check in report["checks"]}
    assert (report["result"], statuses["receipts"]) == ("ok", "PASS")


def _register_a_device(bureau: Bureau, tmp_path: Path) -> None:
    """By a draft that the clerk confirms; submitting it twice has one effect."""
    devices = tmp_path / "devices.csv"
    devices.write_text("device_id,vendor,model,origin\ngpu-0,nvidia,H800,FOREIGN\n", encoding="utf-8")
    draft = tmp_path / "devices.json"
    clerk_key = run(voucherctl.app, "keys", "show", bureau.folder / "keys" / "clerk.pem")["key_id"]
    written = bureau.ctl(
        "provider",
        f"provider register-devices --signer {clerk_key}",
        *("--devices", devices, "--draft", draft),
    )
    assert written["missing_key_ids"] == [clerk_key]
    bureau.ctl("clerk", "keys submit", draft, code=2)
    bureau.ctl("clerk", "keys sign", draft)
    first = bureau.ctl("clerk", "keys submit", draft)
    again = bureau.ctl("clerk", "keys submit", draft)
    assert (again["index"], again["repeated_request"]) == (first["index"], True)


def _attest_and_submit(bureau: Bureau, tmp_path: Path, voucher: str) -> None:
    """One claim is accepted, one overlaps, one replaces the first; the chain goes on."""
    usage, out = tmp_path / "usage.csv", tmp_path / "out"
    interval = "2027-02-01T00:00:00+08:00,2027-02-11T00:00:00+08:00"
    usage.write_text(HEADER + f"c,j-1,lab,n,gpu-0,H800,{interval},COMPLETED\n", encoding="utf-8")
    attest = f"provider attest --format csv --voucher lab={voucher}"
    bureau.ctl("provider", attest, "--usage", usage, "--out", out)
    (sent,) = bureau.ctl("provider", "provider submit", out)["items"]
    assert (sent["state"], sent["proven"], sent["amount_fen"]) == ("ACCEPTED", True, "2400000")
    overlap = tmp_path / "overlap.csv"
    overlap.write_text(usage.read_text(encoding="utf-8").replace("j-1", "j-2"), encoding="utf-8")
    bureau.ctl("provider", attest, "--usage", overlap, "--out", out)
    _, clash = bureau.ctl("provider", "provider submit", out, code=6)["items"]
    assert (clash["reason"], clash["conflicting_index"]) == ("DEVICE_OVERLAP", sent["index"])
    _supersede(bureau, usage, attest, sent)
    terms = tmp_path / "terms.json"
    bureau.ctl("provider", f"provider terms --voucher lab={voucher} --out", terms)
    heads = json.loads(terms.read_text(encoding="utf-8"))["heads"]
    assert heads[voucher]["sequence"] == "3"


def _supersede(bureau: Bureau, usage: Path, attest: str, sent: dict[str, Any]) -> None:
    """A corrected file replaces the claim; once replaced, it is not there to be replaced again."""
    receipts = usage.with_name("out")
    assert receipts.joinpath("0001.event").exists()
    replaces = f"{attest} --supersede {sent['index']} --reason LOG_CORRECTED"
    corrected = usage.with_name("corrected.csv")
    for job, state in (("j-3", "ACCEPTED"), ("j-4", "REFUSED")):
        corrected.write_text(usage.read_text(encoding="utf-8").replace("j-1", job), encoding="utf-8")
        bureau.ctl("provider", replaces, "--usage", corrected, "--out", receipts)
        answer = bureau.ctl("provider", "provider submit", receipts, code=6)["items"][-1]
        assert answer["state"] == state


def _lists(bureau: Bureau, *, provider: str, contract: str, voucher: str) -> None:
    """Every list has rows with a next step, as JSON and as a table."""
    filled = (
        *("programmes", "calendars", "participants", "contracts", "applications", "vouchers", "redemptions"),
        f"devices --provider {provider}",
        f"evidence --contract {contract}",
        f"claims --voucher {voucher}",
    )
    for line in filled:
        assert bureau.rows("auditor", line)
    for line in (*filled, "holdings", "objections", "clawbacks"):
        table = RUN.invoke(voucherctl.app, ["bureau", *line.split(), "--as", str(bureau.identity("auditor"))])
        assert table.exit_code == 0
        if line in filled:
            assert table.stdout.splitlines()[0].endswith("NEXT STEP")
        else:
            assert (table.stdout, table.stderr) == ("", "none\n")


def _follow(bureau: Bureau, *, last: int) -> None:
    """All events once; then again after a cursor in the middle; then only the claims."""
    command = ["subscribe", "--until-caught-up", "--as", str(bureau.identity("auditor"))]

    def lines(*more: str) -> list[dict[str, Any]]:
        outcome = RUN.invoke(voucherctl.app, [*command, *more])
        assert outcome.exit_code == 0, outcome.output
        return [json.loads(line) for line in outcome.stdout.splitlines()]

    events = lines()
    assert [int(event["index"]) for event in events] == list(range(last + 1))
    assert {event["schema"] for event in events} == {"voucher-ledger/cli/event/1"}
    middle = len(events) // 2
    resumed = lines("--after", events[middle]["cursor"], "--raw")
    assert [event["leaf_hash"] for event in resumed] == [event["leaf_hash"] for event in events[middle + 1 :]]
    kinds = [
        event["event"]["event_type"] for event in lines("--type", "claim_accepted", "--type", "claim_refused")
    ]
    assert kinds == ["claim_accepted", "claim_refused"] * 2
    fork = events[middle]["cursor"].split(":")
    wrong = RUN.invoke(voucherctl.app, [*command, "--after", f"{fork[0]}:{'0' * 64}:{fork[2]}"])
    assert wrong.exit_code == 6
    assert "CURSOR_MISMATCH" in wrong.stderr
