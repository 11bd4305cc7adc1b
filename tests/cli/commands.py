"""Both programs as roles of one development ledger: every test types commands and reads their JSON."""

from __future__ import annotations

import json
import shlex
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from ledger.domain.identifiers import complete_credit_code
from ledger_cli import voucherctl, voucherd
from ledger_play.serving import EmbeddedServer
from ledger_server.directory import LedgerDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = CliRunner()
ITEM = "gpu"
FREE_CODES = ("91440300MA5FUAAA", "91440300MA5FUBBB", "91440300MA5FUCCC", "91440300MA5FUDDD")


def run(app: Any, *arguments: object, code: int = 0) -> dict[str, Any]:
    """Run a command with --json; what it prints, or its talk if it prints nothing."""
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
    """Runs commands as roles of one ledger. Its calendar has no holidays: 2027-01-04 is a Monday."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self.server = server
        self.document = folder / "document.pdf"
        self.document.write_bytes(b"document")
        self._codes = list(FREE_CODES)

    def identity(self, name: str) -> Path:
        """The identity file of a role."""
        return self.folder / "as" / f"{name}.toml"

    def ctl(self, who: str, line: str, *more: object, code: int = 0) -> dict[str, Any]:
        """Run voucherctl as a role: a command line, and further arguments."""
        return run(voucherctl.app, *shlex.split(line), *more, "--as", self.identity(who), code=code)

    def rows(self, who: str, line: str) -> list[dict[str, Any]]:
        """The items of a list, which all name a next step."""
        items: list[dict[str, Any]] = self.ctl(who, f"bureau {line}")["items"]
        assert all(item["next_step"] for item in items)
        return items

    def refused(self, who: str, line: str, reason: str) -> None:
        """Run voucherctl as a role; the ledger refuses with a reason, and the command points to `explain`."""
        talk = self.ctl(who, line, code=6)["stderr"]
        assert f"error: {reason}: " in talk
        assert f"voucherctl explain {reason}" in talk

    def clock(self, time: str) -> None:
        """Move the ledger's clock."""
        run(voucherd.app, "set-clock", time, "--as", self.identity("operator"))

    def join(self, name: str, kind: str, role: str) -> str:
        """Register a participant with key and certificate; its id."""
        code = complete_credit_code(self._codes.pop(0))
        registered = self.ctl(
            "clerk", f"bureau register-participant --kind {kind} --registered 2020-01-01 --code {code}"
        )
        participant = str(registered["participant_id"])
        made = run(
            voucherd.app,
            *("dev-identity", "--dir", self.folder, "--participant", participant),
            *("--name", name, "--role", role, "--server", self.server),
        )
        self.ctl("keymaster", f"keys register --participant {participant} --new-key", made["key"])
        self.ctl(
            "keymaster",
            f"keys register-certificate --participant {participant} --certificate",
            made["certificate"],
        )
        return participant

    def calendar(self, year: int) -> None:
        """Publish a calendar without holidays."""
        path = self.folder / f"calendar-{year}.toml"
        path.write_text(f"year = {year}\nholiday = []\n", encoding="utf-8")
        self.ctl("clerk", f"bureau publish-calendar --year {year} --file", path)

    def programme(self, instrument: str = "GPU_TRAINING", profile: str = "shenzhen-2025") -> str:
        """Open a programme and publish its policy; its id."""
        chosen = f"--profile {profile}"
        opened = self.ctl("clerk", f"bureau open-programme {chosen} --year 2027 --instrument {instrument}")
        programme = str(opened["programme_id"])
        self.ctl("clerk", f"bureau publish-policy --programme {programme} {chosen}")
        return programme

    def contract(self, provider: str, number: str, more: str = "", *, seller: str = "provider") -> str:
        """Register a contract of the firm over 100,000.00 for the year; its id."""
        days = "--signed 2027-01-02 --from 2027-01-02 --to 2027-12-31"
        terms = f"--number {number} --item {ITEM} --amount 100000.00 {days} {more}"
        registered = self.ctl(
            "firm",
            f"bureau register-contract --provider {provider} {terms}",
            *("--document", self.document, "--with", self.identity(seller)),
        )
        return str(registered["contract_id"])

    def publicise(self, application: str, *, proposed: str = "") -> None:
        """Check, review and publicise an application."""
        chosen = f"--application {application}"
        self.ctl("clerk", f"bureau application check {chosen}")
        award = f"--proposed {proposed}" if proposed else ""
        self.ctl("reviewer", f"bureau application review {chosen} {award}")
        self.ctl("clerk", f"bureau application publicise {chosen}")

    def granted(self, programme: str, contract: str, *, at: str) -> str:
        """Apply, publicise, and grant at a time after the notice; the id of the voucher."""
        applied = self.ctl("firm", f"bureau apply --programme {programme} --contract {contract}")
        self.publicise(applied["application_id"])
        self.clock(at)
        issued = self.ctl("approver-1", f"bureau grant --application {applied['application_id']}")
        return str(issued["voucher_id"])

    def evidence(self, contract: str, amount: str, number: str) -> None:
        """Register an invoice and a payment of one amount."""
        named = f"--contract {contract} --amount {amount}"
        paper = ("--document", self.document)
        net = f"--net {amount} --issued 2027-02-15 --number {number.zfill(20)}"
        self.ctl("provider", f"bureau register-invoice {named} {net}", *paper)
        paid = f"--bank ICBC --reference {number} --paid 2027-02-16"
        self.ctl("firm", f"bureau register-payment {named} {paid}", *paper)

    def redeem(self, voucher: str, more: str = "") -> str:
        """Ask to redeem; the id of the redemption."""
        asked = self.ctl("firm", f"bureau redeem --voucher {voucher} --payee-commitment {'ab' * 32} {more}")
        return str(asked["redemption_id"])

    def approved(self, redemption: str) -> None:
        """Verify, and approve twice."""
        self.ctl("reviewer", f"bureau verify --redemption {redemption}")
        for approver in ("approver-1", "approver-2"):
            self.ctl(approver, f"bureau approve --redemption {redemption}")

    def paid(self, redemption: str, *, reference: str, day: str) -> None:
        """Order and pay the next instalment."""
        self.ctl("payer", f"bureau order --redemption {redemption}")
        bank = f"--bank PBC --reference {reference} --paid {day}"
        self.ctl("payer", f"bureau pay --redemption {redemption} {bank}")


@contextmanager
def bureau_at(folder: Path, time: str) -> Iterator[Bureau]:
    """A development ledger that is served, at a time of its clock."""
    server = f"127.0.0.1:{free_port()}"
    opened = run(
        voucherd.app, "init", "--dir", folder, "--profile", "shenzhen-2025", "--dev", "--server", server
    )
    assert opened["schema"] == "voucher-ledger/cli/init/1"
    with EmbeddedServer(LedgerDirectory(folder), listen=server):
        bureau = Bureau(folder, server)
        bureau.clock(time)
        yield bureau
