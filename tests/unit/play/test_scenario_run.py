"""Playing a file: what is reported when something comes out otherwise, and what is malformed only on the way."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from ledger.errors import ExitCode
from ledger_play.auditing import export_and_verify
from ledger_play.scenario import run as running
from ledger_play.scenario.run import FAILED, MALFORMED, PASSED, ScenarioResult, run_file
from ledger_play.scenario.turn import SecondEffect, Sent, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger_audit.report import Report
    from ledger_play.actors import Cast

TOP = 'name = "a try"\nprofile = "shenzhen-2026"\nstart = "2026-01-05T09:00:00+08:00"\n'
NO_NOTICE = "[policy.GPU_TRAINING]\npublic_notice_days = 0\n"
FIRM = '[[step]]\ndo = "beneficiary"\nid = "acme"\nkind = "ENTERPRISE"\nregistered = "2019-03-01"\n'
CLOUD = (
    '[[step]]\ndo = "provider"\nid = "cloud"\nadmitted = "2026-01-01"\nitems = ["h"]\n'
    'devices = 2\nvendor = "nvidia"\nmodel = "H800"\norigin = "FOREIGN"\n'
)
CONTRACT = (
    '[[step]]\ndo = "contract"\nid = "c1"\nbeneficiary = "acme"\nprovider = "cloud"\nitem = "h"\n'
    'date = "2026-01-04"\nfrom = "2026-01-05"\nto = "2026-12-31"\namount = "1000000.00"\n'
)
AWARD = '[[step]]\ndo = "award"\nvoucher = "v1"\nprogramme = "GPU_TRAINING"\ncontract = "c1"\n'
VOUCHER = FIRM + CLOUD + CONTRACT + AWARD
THREE_HOLDS = '[[step]]\ndo = "parallel"\ntimes = 3\nstep = { do = "hold", voucher = "v1" }\n'
CLAIM = (
    '[[step]]\ndo = "claim"\nid = "u1"\nvoucher = "v1"\ndevices = "0-1"\n'
    'from = "2026-01-05T00:00:00+08:00"\nto = "2026-01-05T01:00:00+08:00"\n'
)
HOLD = '[[step]]\ndo = "hold"\nvoucher = "v1"\n'
HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "try-a-policy.md"


@pytest.fixture
def play(tmp_path: Path) -> Callable[[str], ScenarioResult]:
    """Plays the text of a file, in memory."""

    def played(text: str) -> ScenarioResult:
        path = tmp_path / "try.toml"
        path.write_text(text, encoding="utf-8")
        return run_file(path, store="memory:")

    return played


def failed(result: ScenarioResult) -> tuple[int, int | None, str, str, str, str]:
    """Step, line, what it does, key, expected and actual of a failure."""
    assert (result.result, result.exit_code, result.error) == (FAILED, ExitCode.FINDINGS, None)
    found = result.failure
    assert found is not None
    return found.position + 1, result.line, found.do, found.key, found.expected, found.actual


def malformed(result: ScenarioResult) -> str:
    """What a person reads of a malformed file."""
    assert (result.result, result.exit_code, result.failure) == (MALFORMED, ExitCode.USAGE, None)
    assert result.error is not None
    return result.error.diagnostics()


def test_another_reason_than_expected_is_named(play: Callable[[str], ScenarioResult]) -> None:
    """The first step that comes out otherwise ends the scenario; ledger and totals up to it are reported."""
    result = play(TOP + NO_NOTICE + VOUCHER + HOLD + HOLD + HOLD)
    assert failed(result) == (6, 38, "hold", "expect", "ok", "STATE_CONFLICT")
    found = result.to_json()
    assert found["failure"]["why"].startswith("STATE_CONFLICT: the office holds the voucher already")
    assert (found["failure"]["step"], found["failure"]["line"], found["exit_code"]) == (6, 38, 3)
    assert found["totals"]["GPU_TRAINING"]["encumbered"] == "50000000"
    assert found["steps"] == 7


def test_an_accepted_step_that_should_be_refused_is_named(play: Callable[[str], ScenarioResult]) -> None:
    """`ok` is an outcome like any other."""
    result = play(TOP + NO_NOTICE + VOUCHER + HOLD + 'expect = "VOUCHER_HELD"\n')
    assert failed(result) == (5, 35, "hold", "expect", "VOUCHER_HELD", "ok")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ('expect_face = "499999.99"\n', (4, "award", "expect_face", "499999.99", "500000.00")),
        (
            '[[step]]\ndo = "totals"\nprogramme = "GPU_TRAINING"\nencumbered = "500000.00"\nfines = "0.01"\n',
            (5, "totals", "fines", "0.01", "0.00"),
        ),
        (
            THREE_HOLDS,
            (5, "parallel", "expect_ok", "3", "1, refused {'STATE_CONFLICT': 2}"),
        ),
        (
            THREE_HOLDS + "expect_ok = 1\nexpect_refused = { VOUCHER_HELD = 2 }\n",
            (5, "parallel", "expect_refused", "{'VOUCHER_HELD': 2}", "{'STATE_CONFLICT': 2}"),
        ),
    ],
)
def test_another_value_than_expected_is_named(
    play: Callable[[str], ScenarioResult], steps: str, expected: tuple[int, str, str, str, str]
) -> None:
    """Amounts to the fen, as the file writes them; counts of a parallel step."""
    step, _, do, key, wanted, actual = failed(play(TOP + NO_NOTICE + VOUCHER + steps))
    assert (step, do, key, wanted, actual) == expected


def test_the_count_that_is_not_named_is_not_compared(play: Callable[[str], ScenarioResult]) -> None:
    """`expect_ok` alone says nothing of the reasons."""
    result = play(TOP + NO_NOTICE + VOUCHER + THREE_HOLDS + "expect_ok = 1\n")
    assert (result.result, result.exit_code, result.failure) == (PASSED, ExitCode.OK, None)


def test_a_clock_that_an_award_moved_does_not_go_back(play: Callable[[str], ScenarioResult]) -> None:
    """Five working days from Monday the 5th: the award is on the 10th."""
    late = HOLD + 'at = "2026-01-09T23:59:59+08:00"\n'
    said = malformed(play(TOP + VOUCHER + late))
    assert "try.toml, line 36: step 5: at: 2026-01-09T23:59:59+08:00 is before the clock" in said
    assert "allowed: 2026-01-10T00:00:00+08:00 or later" in said


@pytest.mark.parametrize(
    ("policy", "step", "expected"),
    [
        (
            NO_NOTICE,
            CLAIM,
            "step 5: unit_price: the contract has none, nor has the claim",
        ),
        (
            NO_NOTICE + 'allocation = "PRO_RATA"\n',
            AWARD.replace("v1", "v2").replace("c1", "c2") + 'expect_face = "1.00"\n',
            "step 6: expect_face: the grant waits for an allocation",
        ),
    ],
)
def test_what_only_the_run_shows_is_malformed_too(
    play: Callable[[str], ScenarioResult], policy: str, step: str, expected: str
) -> None:
    """Step and key are named as by the parser."""
    more = CONTRACT.replace("c1", "c2") if "PRO_RATA" in policy else ""
    assert expected in malformed(play(TOP + policy + VOUCHER + more + step))


def test_a_file_that_does_not_parse_is_not_played(
    play: Callable[[str], ScenarioResult], tmp_path: Path
) -> None:
    """The same for one that is not there."""
    result = play(TOP)
    assert "step: is missing" in malformed(result)
    assert result.to_json()["error"]["hint"].startswith("allowed: tables [[step]]")
    assert "absent.toml: cannot be read" in malformed(run_file(tmp_path / "absent.toml"))


def test_totals_that_the_auditor_does_not_find_fail(
    play: Callable[[str], ScenarioResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that says another total than its events is caught."""
    honest = running._totals

    def boasting(world: Any) -> dict[str, dict[str, int]]:
        totals = honest(world)
        totals["GPU_TRAINING"]["disbursed"] += 1
        return totals

    monkeypatch.setattr(running, "_totals", boasting)
    result = play(TOP + FIRM)
    assert result.failure is not None
    assert (result.failure.do, result.failure.key) == ("audit", "GPU_TRAINING disbursed")
    assert (result.failure.expected, result.failure.actual, result.line) == ("1", "0", None)
    assert result.to_json()["failure"]["step"] is None


def test_a_finding_of_the_audit_fails(
    play: Callable[[str], ScenarioResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first finding is named."""

    def tampered(played: Cast, export_dir: Path) -> Report:
        report = export_and_verify(played, export_dir)
        check = replace(report.checks[0], status=type(report.checks[0].status).FAIL)
        return replace(report, checks=(check, *report.checks[1:]))

    monkeypatch.setattr(running, "export_and_verify", tampered)
    result = play(TOP + FIRM)
    assert result.failure is not None
    assert (result.failure.do, result.failure.expected, result.failure.actual) == ("audit", "ok", "findings")


def test_a_request_that_has_a_second_effect_is_noticed() -> None:
    """What is sent again has to have its leaf."""

    class Forgetful:
        """A server that records every request anew."""

        def __init__(self) -> None:
            self.size = 7

        def submit(self, envelope: object, *, ack_level: object) -> Any:
            del envelope, ack_level
            self.size += 1
            return type("Receipt", (), {"index": self.size})()

    carrier = type("Carrier", (), {"client": Forgetful()})()
    turn = Turn(cast("Any", None), cast("Any", None), ("step", 0))
    turn.sent.append(Sent(carrier, cast("Any", None), 7))
    with pytest.raises(SecondEffect, match="leaf 7 became leaf 8"):
        turn.repeat()


def test_the_example_of_the_documents_comes_out_as_they_say(play: Callable[[str], ScenarioResult]) -> None:
    """First the surprise, then with the last step replaced, then up to the payment."""
    page = HOW_TO.read_text(encoding="utf-8")
    first, instead, payment, amendment = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    result = play(first)
    step, line, do, key, expected, actual = failed(result)
    assert f"  step {step} ({do}, line {line}), {key}: expected {expected}, actual {actual}\n" in page
    assert f"{result.result:<9}  cap.toml: {result.steps} steps, {result.events} events\n" in page
    assert play(first[: first.rindex("[[step]]")] + instead + payment + amendment).result == PASSED
