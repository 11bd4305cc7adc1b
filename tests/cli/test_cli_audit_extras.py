"""`voucherctl audit indicators` and `audit whatif`: JSON, tables, exit codes, and what they read."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.house import FIRST_DAY, House, accepted
from support.paid import AMOUNT_FEN, settle_of_contract
from typer.testing import CliRunner

from ledger.domain.quantities import format_yuan
from ledger_cli import voucherctl
from ledger_play.serving import EmbeddedServer
from ledger_server.directory import LedgerDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

RUN = CliRunner()
PAID_FEN = AMOUNT_FEN // 2
PROFILE = """
[programme.GPU_TRAINING]
appropriation = "500000000.00"
rate_bp = {rate}
startup_rate_bp = 6000
cap = "10000000.00"
startup_cap = "6000000.00"
startup_max_age_months = 12
public_notice_days = 0
min_contract = "{least}"
"""


class Made(NamedTuple):
    """An export, its trust file, the ledger's folder, and ids."""

    export: Path
    trust: Path
    ledger: Path
    programme: str
    acme: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A redemption that was paid, a contract that was signed before its provider was admitted."""
    root = tmp_path_factory.mktemp("extras")
    house = House.open(root / "ledger")
    house.provider()
    programme = house.programme()
    acme = house.party("acme")
    settle_of_contract(house, "v", "acme", commitment=bytes(32), references=["R-1", "R-2"])
    house.contract("early", "acme", amount_fen=700_000, signed_day=FIRST_DAY - 20)
    accepted(house.apply("for early", "acme", "early"))
    made = Made(
        house.export(root / "export"),
        house.made.directory.trust_file,
        root / "ledger",
        programme.hex(),
        acme.hex(),
    )
    house.close()
    return made


@pytest.fixture(scope="module")
def broken(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export with another last byte in its newest bundle."""
    folder = tmp_path_factory.mktemp("broken") / "export"
    shutil.copytree(made.export, folder)
    (bundle,) = (path for path in (folder / "tile" / "entries").rglob("*") if path.is_file())
    data = bundle.read_bytes()
    bundle.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    return folder


def profile(folder: Path, *, rate: int = 5000, least: str = "0.00") -> Path:
    """A profile file of the plain policy with another rate or minimum."""
    path = folder / "other.toml"
    path.write_text(PROFILE.format(rate=rate, least=least), encoding="utf-8")
    return path


def run(*arguments: object, code: int = 0) -> Result:
    """Run an audit command."""
    done = RUN.invoke(voucherctl.app, ["audit", *map(str, arguments)])
    assert done.exit_code == code, (done.output, done.exception)
    return done


def answer(*arguments: object, code: int = 0) -> dict[str, Any]:
    """What it prints as JSON."""
    value: dict[str, Any] = json.loads(run(*arguments, "--json", code=code).stdout)
    return value


def test_indicators_are_leads_and_end_with_0(made: Made) -> None:
    """With trust the log is verified in the same pass; thresholds are shown with their defaults."""
    value = answer("indicators", made.export, "--trust", made.trust)
    assert value["schema"] == "voucher-ledger/cli/audit-indicators/1"
    assert value["verification"] == {"scope": "whole", "result": "ok", "findings": 0}
    assert value["thresholds"]["alert_indicators"] == 4
    assert value["counts"]["LATE_ADMISSION"] == 1
    (late,) = (record for record in value["records"] if record["indicator"] == "LATE_ADMISSION")
    assert (late["applicant"], late["thresholds"]) == (made.acme, {})
    assert late["values"]["signed_day"] == "2025-12-16"
    assert late["sentence"].startswith("the contract was signed on 2025-12-16")
    assert value["alerts"] == []


def test_thresholds_change_what_is_listed(made: Made) -> None:
    """Each by its name; the one alert needs one indicator now."""
    value = answer(
        "indicators", made.export, *("--threshold", "alert_indicators=1"), *("--threshold", "split_days=0")
    )
    assert value["verification"]["scope"] == "rules"
    assert (value["thresholds"]["split_days"], len(value["alerts"])) == (0, 1)
    assert value["alerts"][0]["applicant"] == made.acme


def test_indicators_for_people(made: Made) -> None:
    """A table, the thresholds, and on stderr that nothing else was looked at."""
    done = run("indicators", made.export)
    assert "LATE_ADMISSION" in done.stdout
    assert "split_days: 30" in done.stdout
    assert "signatures and tree were not looked at" in done.stderr


def test_a_threshold_that_is_none_ends_with_2(made: Made) -> None:
    """The names are said."""
    done = run("indicators", made.export, "--threshold", "days=3", code=2)
    assert "split_days" in done.stderr


def test_whatif_under_the_policy_of_the_record(made: Made, tmp_path: Path) -> None:
    """No difference in any sum."""
    value = answer("whatif", made.export, "--profile", profile(tmp_path), "--trust", made.trust)
    assert (value["schema"], value["profile"]) == ("voucher-ledger/cli/audit-whatif/1", "other")
    assert value["verification"] == {"scope": "whole", "result": "ok", "findings": 0}
    assert value["totals"]["paid"] == {
        "recorded": str(PAID_FEN),
        "counterfactual": str(PAID_FEN),
        "difference": "0",
    }
    assert value["nothing"] == []
    assert any("refused" in note for note in value["notes"])


def test_whatif_under_another_rate(made: Made, tmp_path: Path) -> None:
    """By programme and beneficiary, in fen; a quarter in place of the half."""
    value = answer("whatif", made.export, "--profile", profile(tmp_path, rate=2500))
    (programme,) = value["programmes"]
    assert (programme["programme"], programme["instrument"]) == (made.programme, "GPU_TRAINING")
    assert (programme["fiscal_year"], programme["replayed"]) == (2026, True)
    (acme,) = programme["beneficiaries"]
    expected = {
        "recorded": str(PAID_FEN),
        "counterfactual": str(PAID_FEN // 2),
        "difference": str(-PAID_FEN // 2),
    }
    assert acme["beneficiary"] == made.acme
    assert acme["face"] == acme["paid"] == programme["paid"] == value["totals"]["paid"] == expected


def test_whatif_says_why_nothing_is_granted(made: Made, tmp_path: Path) -> None:
    """The grant and its redemption, with the reason of a refusal."""
    value = answer("whatif", made.export, "--profile", profile(tmp_path, least="100000.00"))
    assert [(zero["kind"], zero["reason"], zero["recorded"]) for zero in value["nothing"]] == [
        ("GRANT", "MIN_CONTRACT", str(PAID_FEN)),
        ("REDEMPTION", "MIN_CONTRACT", str(PAID_FEN)),
    ]


def test_whatif_for_people(made: Made, tmp_path: Path) -> None:
    """Yuan with separators, differences last, and what it cannot say on stderr."""
    done = run("whatif", made.export, "--profile", profile(tmp_path, rate=2500))
    assert format_yuan(-PAID_FEN // 2) in done.stdout
    assert "paid difference: " in done.stdout
    assert "stay refused" in done.stderr


def test_shipped_profiles_are_known_by_name(made: Made) -> None:
    """All programmes of the profile; one that is not there ends with 2."""
    value = answer("whatif", made.export, "--profile", "beijing")
    assert value["programmes"][0]["appropriation"]["counterfactual"] == "10000000000"
    run("whatif", made.export, "--profile", "nowhere", code=2)


@pytest.mark.parametrize(
    "command", [("indicators",), ("whatif", "--profile", "beijing")], ids=["indicators", "whatif"]
)
def test_exit_codes_are_those_of_the_audit(
    made: Made, broken: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """3 for a changed byte, 5 for a folder that is not there, 2 for two kinds of trust."""
    value = answer(*command, broken, "--trust", made.trust, code=3)
    assert value["verification"]["result"] == "findings"
    run(*command, tmp_path / "none", code=5)
    run(*command, made.export, "--trust", made.trust, "--log-key", "key", code=2)


@pytest.mark.parametrize(
    "command", [("indicators",), ("whatif", "--profile", "beijing")], ids=["indicators", "whatif"]
)
def test_a_server_is_read_like_an_export(made: Made, command: tuple[str, ...]) -> None:
    """Over mutual TLS with the auditor's identity: the same answer."""
    expected = answer(*command, made.export, "--trust", made.trust)
    with EmbeddedServer(LedgerDirectory(made.ledger), listen="localhost:0") as server:
        source = f"grpcs://localhost:{server.port}"
        identity = made.ledger / "as" / "auditor.toml"
        assert answer(*command, source, "--trust", made.trust, "--as", identity) == expected
