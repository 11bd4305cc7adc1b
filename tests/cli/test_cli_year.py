"""A whole programme year from the command line, over a real server with mutual TLS."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ledger.domain.identifiers import complete_credit_code
from ledger_cli import voucherctl, voucherd
from ledger_play.serving import EmbeddedServer
from ledger_server.directory import LedgerDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = CliRunner()
HEADER = "cluster,job_id,tenant,node,device_id,device_model,start_time,end_time,state\n"


def run(app: Any, *arguments: object, code: int = 0) -> dict[str, Any]:
    """Run a command with --json; what it prints."""
    outcome = RUN.invoke(app, [*map(str, arguments), "--json"])
    assert outcome.exit_code == code, (arguments, outcome.output, outcome.exception)
    return json.loads(outcome.stdout) if outcome.stdout else {"stderr": outcome.stderr}


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Bureau:
    """Runs commands as roles of one ledger."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self.server = server

    def identity(self, name: str) -> Path:
        """The identity file of a role."""
        return self.folder / "as" / f"{name}.toml"

    def ctl(self, who: str, *arguments: object, code: int = 0) -> dict[str, Any]:
        """Run voucherctl as a role."""
        return run(voucherctl.app, *arguments, "--as", self.identity(who), code=code)

    def join(self, name: str, kind: str, role: str, free: str) -> str:
        """Register a participant with key and certificate; its id."""
        registered = self.ctl(
            "clerk",
            "bureau",
            "register-participant",
            "--kind",
            kind,
            "--registered",
            "2020-01-01",
            "--code",
            complete_credit_code(free),
        )
        participant = registered["participant_id"]
        made = run(
            voucherd.app,
            "dev-identity",
            "--dir",
            self.folder,
            "--participant",
            participant,
            "--name",
            name,
            "--role",
            role,
            "--server",
            self.server,
        )
        self.ctl("keymaster", "keys", "register", "--participant", participant, "--new-key", made["key"])
        self.ctl(
            "keymaster",
            "keys",
            "register-certificate",
            "--participant",
            participant,
            "--certificate",
            made["certificate"],
        )
        return str(participant)

    def clock(self, time: str) -> None:
        """Move the ledger's clock."""
        run(voucherd.app, "set-clock", time, "--as", self.identity("operator"))


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    """A development ledger that is served."""
    server = f"127.0.0.1:{free_port()}"
    folder = tmp_path / "ledger"
    opened = run(
        voucherd.app, "init", "--dir", folder, "--profile", "shenzhen-2025", "--dev", "--server", server
    )
    assert opened["schema"] == "voucher-ledger/cli/init/1"
    with EmbeddedServer(LedgerDirectory(folder), listen=server):
        yield Bureau(folder, server)


def test_a_programme_year_from_the_command_line(bureau: Bureau, tmp_path: Path) -> None:
    """Open, publish, join, admit, devices, contract, apply, grant, attest, submit, redeem, pay, list, follow."""
    bureau.clock("2027-01-04T09:00:00+08:00")
    opened = bureau.ctl("clerk", "bureau", "open-programme", "--profile", "shenzhen-2025", "--year", 2027)
    programme = opened["programme_id"]
    (listed,) = bureau.ctl("auditor", "bureau", "programmes")["items"]
    assert "publish-policy" in listed["next_step"]
    bureau.ctl("clerk", "bureau", "publish-policy", "--programme", programme, "--profile", "shenzhen-2025")
    provider = bureau.join("provider", "COMPUTE", "PROVIDER", "91440300MA5FUAAA")
    bureau.join("firm", "ENTERPRISE", "BENEFICIARY", "91440300MA5FUBBB")
    bureau.ctl(
        "clerk", "bureau", "admit-provider", "--provider", provider, "--item", "gpu", "--from", "2027-01-01"
    )
    devices = tmp_path / "devices.csv"
    devices.write_text("device_id,vendor,model,origin\ngpu-0,nvidia,H800,FOREIGN\n", encoding="utf-8")
    draft = tmp_path / "devices.json"
    clerk_key = run(voucherctl.app, "keys", "show", bureau.folder / "keys" / "clerk.pem")
    written = bureau.ctl(
        "provider",
        "provider",
        "register-devices",
        "--devices",
        devices,
        "--draft",
        draft,
        "--signer",
        clerk_key["key_id"],
    )
    assert written["missing_key_ids"] == [clerk_key["key_id"]]
    bureau.ctl("clerk", "keys", "submit", draft, code=2)
    bureau.ctl("clerk", "keys", "sign", draft)
    first = bureau.ctl("clerk", "keys", "submit", draft)
    again = bureau.ctl("clerk", "keys", "submit", draft)
    assert (first["index"], again["index"], again["repeated_request"]) == (first["index"],) * 2 + (True,)

    document = tmp_path / "contract.pdf"
    document.write_bytes(b"contract")
    contract = bureau.ctl(
        "firm",
        "bureau",
        "register-contract",
        "--provider",
        provider,
        "--number",
        "C-1",
        "--item",
        "gpu",
        "--signed",
        "2027-01-02",
        "--from",
        "2027-01-02",
        "--to",
        "2027-12-31",
        "--amount",
        "100000.00",
        "--document",
        document,
        "--price",
        "H800=100.00",
        "--with",
        bureau.identity("provider"),
    )["contract_id"]
    application = bureau.ctl("firm", "bureau", "apply", "--programme", programme, "--contract", contract)
    application_id = application["application_id"]
    (waiting,) = bureau.ctl("approver-1", "bureau", "applications")["items"]
    assert waiting["next_step"] == f"voucherctl bureau grant --application {application_id}"
    refused = bureau.ctl("clerk", "bureau", "grant", "--application", application_id, code=6)
    assert "voucherctl explain" in refused["stderr"]
    bureau.clock("2027-01-20T09:00:00+08:00")
    voucher = bureau.ctl("approver-1", "bureau", "grant", "--application", application_id)["voucher_id"]

    bureau.clock("2027-02-20T09:00:00+08:00")
    operator = ("--as", bureau.identity("operator"))
    back = run(voucherd.app, "set-clock", "2027-02-19T09:00:00+08:00", *operator, code=6)["stderr"]
    assert "the clock would go back" in back
    assert "the ledger's time is 2027-02-20T09:00:00" in back
    usage = tmp_path / "usage.csv"
    interval = "2027-02-01T00:00:00+08:00,2027-02-11T00:00:00+08:00"
    usage.write_text(HEADER + f"c,j-1,lab,n,gpu-0,H800,{interval},COMPLETED\n", encoding="utf-8")
    out = tmp_path / "out"
    bureau.ctl(
        "provider",
        "provider",
        "attest",
        "--usage",
        usage,
        "--format",
        "csv",
        "--out",
        out,
        "--voucher",
        f"lab={voucher}",
    )
    (sent,) = bureau.ctl("provider", "provider", "submit", out)["items"]
    assert (sent["state"], sent["proven"], sent["amount_fen"]) == ("ACCEPTED", True, "2400000")
    overlap = tmp_path / "overlap.csv"
    overlap.write_text(usage.read_text(encoding="utf-8").replace("j-1", "j-2"), encoding="utf-8")
    bureau.ctl(
        "provider",
        "provider",
        "attest",
        "--usage",
        overlap,
        "--format",
        "csv",
        "--out",
        out,
        "--voucher",
        f"lab={voucher}",
    )
    _, clash = bureau.ctl("provider", "provider", "submit", out, code=6)["items"]
    assert (clash["reason"], clash["conflicting_index"]) == ("DEVICE_OVERLAP", sent["index"])
    _supersede(bureau, usage, voucher, sent)
    terms = tmp_path / "terms.json"
    bureau.ctl("provider", "provider", "terms", "--out", terms, "--voucher", f"lab={voucher}")
    heads = json.loads(terms.read_text(encoding="utf-8"))["heads"]
    assert heads[voucher]["sequence"] == "3"

    bureau.ctl(
        "provider",
        "bureau",
        "register-invoice",
        "--contract",
        contract,
        "--number",
        "1" * 20,
        "--amount",
        "24000.00",
        "--net",
        "22641.51",
        "--issued",
        "2027-02-15",
        "--document",
        document,
    )
    bureau.ctl(
        "firm",
        "bureau",
        "register-payment",
        "--contract",
        contract,
        "--bank",
        "ICBC",
        "--reference",
        "R1",
        "--amount",
        "24000.00",
        "--paid",
        "2027-02-16",
        "--document",
        document,
    )
    redemption = bureau.ctl(
        "firm",
        "bureau",
        "redeem",
        "--voucher",
        voucher,
        "--payee-commitment",
        "ab" * 32,
        "--instalments",
        "5000,5000",
    )["redemption_id"]
    bureau.ctl("reviewer", "bureau", "verify", "--redemption", redemption)
    bureau.ctl("approver-1", "bureau", "approve", "--redemption", redemption)
    bureau.ctl("approver-1", "bureau", "approve", "--redemption", redemption, code=6)
    bureau.ctl("approver-2", "bureau", "approve", "--redemption", redemption)
    reference = ("--bank", "PBC", "--reference")
    bureau.ctl("payer", "bureau", "order", "--redemption", redemption)
    bureau.ctl("payer", "bureau", "fail", "--redemption", redemption, *reference, "F1")
    for number in (1, 2):
        bureau.ctl("payer", "bureau", "order", "--redemption", redemption)
        bureau.ctl(
            "payer",
            "bureau",
            "pay",
            "--redemption",
            redemption,
            *reference,
            f"T{number}",
            "--paid",
            "2027-02-19",
        )
    (paid,) = bureau.ctl("auditor", "bureau", "redemptions")["items"]
    assert (paid["state"], paid["amount_fen"], paid["next_step"]) == ("PAID", "1200000", "none")
    (programme_row,) = bureau.ctl("auditor", "bureau", "programmes")["items"]
    assert programme_row["disbursed_fen"] == "1200000"
    bureau.ctl("payer", "bureau", "order", "--redemption", redemption, code=2)
    bureau.ctl("clerk", "bureau", "expire", "--voucher", voucher, code=6)
    bureau.clock("2028-01-21T09:00:00+08:00")
    (expiring,) = bureau.ctl("clerk", "bureau", "vouchers", "--programme", programme)["items"]
    assert expiring["next_step"] == f"voucherctl bureau expire --voucher {voucher}"
    expired = bureau.ctl("clerk", "bureau", "expire", "--voucher", voucher)
    assert bureau.ctl("clerk", "bureau", "expire", "--voucher", voucher)["index"] == expired["index"]
    for name, more in (("participants", ()), ("contracts", ()), ("claims", ("--voucher", voucher))):
        rows = bureau.ctl("auditor", "bureau", name, *more)["items"]
        assert rows
        assert all(row["next_step"] for row in rows)
    assert bureau.ctl("auditor", "bureau", "devices", "--provider", provider)["count"] == 1
    for name in ("programmes", "participants", "contracts", "applications", "vouchers", "redemptions"):
        table = RUN.invoke(voucherctl.app, ["bureau", name, "--as", str(bureau.identity("auditor"))])
        assert table.exit_code == 0
        assert table.stdout.splitlines()[0].endswith("NEXT STEP")
    _follow(bureau, last=int(expired["index"]))


def _supersede(bureau: Bureau, usage: Path, voucher: str, sent: dict[str, Any]) -> None:
    """A corrected file replaces the claim; once replaced, it is not there to be replaced again."""
    receipts = usage.with_name("out")
    assert receipts.joinpath("0001.event").exists()
    replaces = ("--supersede", sent["index"], "--reason", "LOG_CORRECTED", "--voucher", f"lab={voucher}")
    corrected = usage.with_name("corrected.csv")
    for job, state in (("j-3", "ACCEPTED"), ("j-4", "REFUSED")):
        corrected.write_text(usage.read_text(encoding="utf-8").replace("j-1", job), encoding="utf-8")
        fixed = ("--usage", corrected, "--format", "csv", "--out", receipts)
        bureau.ctl("provider", "provider", "attest", *fixed, *replaces)
        answer = bureau.ctl("provider", "provider", "submit", receipts, code=6)["items"][-1]
        assert answer["state"] == state
    trust = bureau.folder / "trust.json"
    server = f"grpcs://{bureau.server}"
    report = bureau.ctl("auditor", "audit", "verify", server, "--trust", trust, "--receipts", receipts)
    statuses = {check["name"]: check["status"] for check in report["checks"]}
    assert (report["result"], statuses["receipts"]) == ("ok", "PASS")


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
