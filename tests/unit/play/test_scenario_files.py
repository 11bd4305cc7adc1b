"""Scenario files are parsed strictly: an error names file, line, step and key, and says what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger.errors import MalformedError, UsageError
from ledger_play.scenario.file import load_scenario, parse_scenario
from ledger_play.scenario.player import PHASES
from ledger_play.scenario.steps import MADE_BY, STEPS, Parallel
from ledger_play.scenario.values import Kind

if TYPE_CHECKING:
    from pathlib import Path

TOP = 'name = "x"\nprofile = "shenzhen-2026"\nstart = "2026-01-05T09:00:00+08:00"\n'
FIRM = '[[step]]\ndo = "beneficiary"\nid = "acme"\nkind = "ENTERPRISE"\nregistered = "2019-03-01"\n'
CLOUD = '[[step]]\ndo = "provider"\nid = "cloud"\nadmitted = "2026-01-01"\nitems = ["h"]\n'
CONTRACT = (
    '[[step]]\ndo = "contract"\nid = "c1"\nbeneficiary = "acme"\nprovider = "cloud"\nitem = "h"\n'
    'date = "2026-01-04"\nfrom = "2026-02-01"\nto = "2026-12-31"\namount = "100.00"\n'
)
AWARD = '[[step]]\ndo = "award"\nvoucher = "v1"\nprogramme = "GPU_TRAINING"\ncontract = "c1"\n'
VOUCHER = FIRM + CLOUD + CONTRACT + AWARD
CLAIM = (
    '[[step]]\ndo = "claim"\nid = "u1"\nvoucher = "v1"\n'
    'from = "2026-02-01T00:00:00+08:00"\nto = "2026-02-02T00:00:00+08:00"\n'
)
TOTALS = '[[step]]\ndo = "totals"\nprogramme = "GPU_TRAINING"\n'
REDEEM = '[[step]]\ndo = "redeem"\nid = "r1"\nvoucher = "v1"\nclaims = "all"\ninvoices = {}\npayments = {}\n'
PARALLEL = '[[step]]\ndo = "parallel"\ntimes = 2\n'


def refusal(text: str) -> str:
    """What a person reads of a file that is refused."""
    with pytest.raises(MalformedError) as caught:
        parse_scenario(text, name="file.toml")
    return caught.value.diagnostics()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["file.toml: name: is missing (and 3 more)", "allowed: a text"]),
        (TOP.replace('"x"', "1") + FIRM, ["file.toml, line 1: name: 1 is not allowed", "allowed: a text"]),
        (TOP + 'note = "y"\n' + FIRM, ["line 4: note: unknown key", "allowed keys: name, profile, start, policy, step"]),
        (TOP, ["file.toml: step: is missing", "allowed: tables [[step]]"]),
        (TOP.replace("shenzhen-2026", "no-such") + FIRM, ["line 2: profile: no profile 'no-such'", "shenzhen-2025"]),
        (TOP.replace("shenzhen-2026", "./x.toml") + FIRM, ["line 2: profile: no profile './x.toml'"]),
        (TOP.replace("+08:00", "") + FIRM, ["line 3: start: '2026-01-05T09:00:00' is not an instant", "RFC 3339"]),
        ("[[step]\n", ["file.toml: not TOML"]),
    ],
)  # fmt: skip
def test_the_top_of_a_file_is_strict(text: str, expected: list[str]) -> None:
    """Name, profile and start are needed, and nothing else is known."""
    assert [part for part in expected if part not in refusal(text)] == []


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('[policy.GPU_TRAINING]\ncapp = "1.00"\n', ["line 5: policy.GPU_TRAINING.capp: unknown key", "rate_bp"]),
        ('[policy.GPU_TRAINING]\ncap = "1.0"\n', ["line 5: policy.GPU_TRAINING.cap: '1.0' is not an amount"]),
        ("[policy.GPU_TRAINING]\nrate_bp = 10001\n", ["line 5: policy.GPU_TRAINING.rate_bp: 10001", "0 to 10000"]),
        ('[policy.LOAN]\ncap = "1.00"\n', ["line 4: policy.LOAN: profile shenzhen-2026 has no programme 'LOAN'"]),
        ('[policy.MODEL]\nappropriation = "0.00"\n', ["line 5: policy.MODEL.appropriation: it is 0.00"]),
    ],
)  # fmt: skip
def test_overrides_are_profile_keys(table: str, expected: list[str]) -> None:
    """An override is as strict as a profile, of a programme that the profile has."""
    text = refusal(TOP + table + FIRM)
    assert [part for part in expected if part not in text] == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ('[[step]]\nid = "x"\n', ["line 4: step 1: do: is missing", "allowed: beneficiary, provider, holding"]),
        (FIRM + '[[step]]\ndo = "pays"\n', ["line 10: step 2: do: no step 'pays'", "pay_failed"]),
        (FIRM + 'note = "x"\n', ["line 9: step 1: note: unknown key", "allowed keys: do, at, by, expect, id, kind"]),
        (FIRM.replace('kind = "ENTERPRISE"\n', ""), ["line 4: step 1: kind: is missing", "UNIVERSITY"]),
        (FIRM.replace("ENTERPRISE", "FIRM"), ["line 7: step 1: kind: 'FIRM' is not allowed", "ENTERPRISE, UNIVERSITY"]),
        (FIRM.replace("2019-03-01", "2019-02-29"), ["line 8: step 1: registered: '2019-02-29' is not a day"]),
        (FIRM.replace('"2019-03-01"', "2019-03-01"), ["line 8: step 1: registered: 'datetime.date(2019, 3, 1)' is not"]),
        (FIRM.replace('"acme"', '" acme"'), ["line 6: step 1: id: ' acme' is not allowed", "without outer spaces"]),
        (FIRM.replace("ENTERPRISE", "PERSON") + 'code = "1"\n', ["line 9: step 1: code: a PERSON has none"]),
        (FIRM + 'by = "boss"\n', ["line 9: step 1: by: 'boss' is not allowed", "clerk, reviewer, approver-1"]),
        (FIRM + 'expect = "NO"\n', ["line 9: step 1: expect: 'NO' is not a reason", "one of ok, ", "MIN_CONTRACT"]),
        (FIRM + 'expect = "NOT_READY"\n', ["line 9: step 1: expect: 'NOT_READY' is not a reason"]),
        (FIRM + 'at = "2026-01-05T08:59:59+08:00"\n', ["line 9: step 1: at", "before the clock", "09:00:00+08:00 or later"]),
        (CLOUD + "devices = 8\n", ["line 4: step 1: vendor: is missing beside devices"]),
        (CLOUD.replace('["h"]', '["h", "h"]'), ["line 8: step 1: items: a value is repeated"]),
        (CLOUD.replace('["h"]', "[]"), ["line 8: step 1: items: [] is not allowed"]),
        ('[[step]]\ndo = "holding"\nowner = "a"\nowned = "a"\nbp = 1\n', ["line 7: step 1: owned: it is the owner"]),
        ('[[step]]\ndo = "holding"\nowner = "a"\nowned = "b"\nbp = 10001\n', ["line 8: step 1: bp: 10001"]),
        (TOTALS, ["step 1: available: is missing, as is every account"]),
        (TOTALS + "fines = 1.0\n", ["line 7: step 1: fines: '1.0' is not text", "two decimals"]),
        (TOTALS + 'fines = "1,000.00"\n', ["line 7: step 1: fines: '1,000.00' is not an amount"]),
        (TOTALS.replace("GPU_TRAINING", "LOAN") + 'fines = "0.00"\n', ["line 6: step 1: programme: 'LOAN' is not"]),
    ],
)  # fmt: skip
def test_a_step_is_strict(steps: str, expected: list[str]) -> None:
    """Unknown keys and words, other types, amounts and days that are none: line, step and key are named."""
    text = refusal(TOP + steps)
    assert [part for part in expected if part not in text] == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("to = ", 'to = "2026-01-31" #'), "step 3: to: it is before from"),
        (("100.00", "0.00"), "step 3: amount: '0.00' is not allowed"),
        (('"100.00"', '"100.00"\nexcluded = { s = "60.00", n = "40.01" }'), "line 24: step 3: excluded: the sum is more"),
        (
            ('"100.00"', '"100.00"\norigin_amounts = { DOMESTIC = "60.00", FOREIGN = "40.01" }'),
            "line 24: step 3: origin_amounts: the sum is not the amount",
        ),
        (('"100.00"', '"100.00"\norigin_amounts = { MARS = "100.00" }'), "line 24: step 3: origin_amounts.MARS: unknown key"),
        (('"h"\ndate', '"ä"\ndate'), "step 3: item: "),
        (('"acme"\nprovider', '"acne"\nprovider'), "step 3: beneficiary: no step makes the participant 'acne'"),
    ],
)  # fmt: skip
def test_a_contract_fits_together(change: tuple[str, str], expected: str) -> None:
    """Its parts are within its amount, its days are in order."""
    assert expected in refusal(TOP + (FIRM + CLOUD + CONTRACT).replace(*change))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (CLAIM, "step 5: devices: is missing, as is amount"),
        (CLAIM + 'devices = "7-0"\n', "step 5: devices: '7-0' is no range of devices"),
        (CLAIM + 'devices = "0-1001"\n', "at most 1001"),
        (CLAIM + "devices = 7\n", "step 5: devices: '7' is not text"),
        (CLAIM + 'devices = "0-7"\namount = "1.00"\n', "step 5: devices: it does not stand beside amount"),
        (CLAIM + 'amount = "1.00"\nmodel = "m"\n', "step 5: model: it does not stand beside amount"),
        (CLAIM.replace("02-02", "02-01") + 'devices = "0-7"\n', "step 5: to: it is not after from"),
        (CLAIM.replace("T00:00:00+08:00", "") + 'devices = "0-7"\n', "step 5: from: '2026-02-01' is not an instant"),
        (REDEEM + "instalments_bp = [3000, 3000]\n", "step 5: instalments_bp: the sum is not 10000"),
        (REDEEM + "instalments_bp = [10000, 0]\n", "step 5: instalments_bp.1: 0 is not allowed"),
        (REDEEM.replace('"all"', '"every"'), "step 5: claims: 'every' is not allowed"),
        (REDEEM.replace('"all"', '["u1", "u1"]'), "step 5: claims: a value is repeated"),
        (REDEEM.replace('"all"', '["u1"]'), "step 5: claims: no step makes the claim 'u1'"),
        (REDEEM.replace("invoices = {}", 'invoices = { i1 = "1.00" }'), "step 5: invoices: no step makes the invoice 'i1'"),
        (REDEEM.replace("invoices = {}", 'invoices = { i1 = "0.00" }'), "step 5: invoices.i1: '0.00' is not allowed"),
        (REDEEM.replace("payments = {}\n", ""), "step 5: payments: is missing"),
        ('[[step]]\ndo = "hold"\nvoucher = "v2"\n', "step 5: voucher: no step makes the voucher 'v2'"),
        ('[[step]]\ndo = "rotate_key"\nprovider = "acme"\n', "step 5: provider: no step makes the provider 'acme'"),
        ('[[step]]\ndo = "amend_policy"\nprogramme = "MODEL"\nset = { capp = "1.00" }\n', "step 5: set.capp: unknown key"),
        ('[[step]]\ndo = "amend_policy"\nprogramme = "MODEL"\nset = {}\n', "step 5: set: {} is not allowed"),
    ],
)  # fmt: skip
def test_later_steps_fit_together(steps: str, expected: str) -> None:
    """Sums, ranges, and labels that some step of the file makes."""
    assert expected in refusal(TOP + VOUCHER + steps)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ('step = { do = "hold", voucher = "v1" }\nexpect_ok = 3\n', "expect_ok: more than 2, the times"),
        ('step = { do = "hold", voucher = "v1" }\nexpect_ok = 1\nexpect_refused = {}\n', "expect_ok: with expect_refused"),
        ('step = { do = "hold", voucher = "v1" }\nexpect_refused = { NO = 1 }\n', "expect_refused.NO: 'NO' is not a reason"),
        ('step = { do = "hold", voucher = "v1" }\nexpect = "VOUCHER_HELD"\n', "expect: a parallel step counts"),
        ('step = { do = "hold", voucher = "v1", expect = "ok" }\n', "step.expect: not in a parallel step"),
        ('step = { do = "hold", voucher = "v{n}" }\n', "voucher: no step makes the voucher 'v2'"),
        ('step = { do = "parallel", times = 1, step = { do = "hold", voucher = "v1" } }\n', "step.do: parallel in parallel"),
        ('step = { do = "hold" }\n', "step 5: step.voucher: is missing"),
    ],
)  # fmt: skip
def test_a_parallel_step_is_strict(step: str, expected: str) -> None:
    """The step inside is checked like any other, with its number in it; the counts fit."""
    assert expected in refusal(TOP + VOUCHER + PARALLEL + step)


def test_numbers_are_put_into_every_text() -> None:
    """`{n}` is the number, from 1, also inside lists and tables."""
    step = 'step = { do = "contract", id = "c-{n}", beneficiary = "acme", provider = "cloud", item = "h{n}", '
    step += 'date = "2026-01-04", from = "2026-02-01", to = "2026-12-31", amount = "{n}.00", excluded = { "s{n}" = "0.10" } }\n'
    scenario = parse_scenario(TOP + FIRM + CLOUD + PARALLEL + step, name="x")
    planned = scenario.steps[2]
    assert isinstance(planned.step, Parallel)
    assert [each.label for each in planned.each] == ["c-1", "c-2"]
    assert [(each.content()["amount"], each.content()["excluded"]) for each in planned.each] == [
        (100, {"s1": 10}),
        (200, {"s2": 10}),
    ]


def test_a_label_that_is_to_be_missed_may_be_missing() -> None:
    """Where the step expects STATE_CONFLICT an unknown label is the point; defined later is fine anyway."""
    hold = '[[step]]\ndo = "hold"\nvoucher = "v1"\n'
    assert len(parse_scenario(TOP + hold + 'expect = "STATE_CONFLICT"\n', name="x").steps) == 1
    assert len(parse_scenario(TOP + hold + VOUCHER, name="x").steps) == 5


def test_overrides_are_in_the_profile_and_the_year_is_that_of_the_start() -> None:
    """A key that follows another follows the override."""
    start = TOP.replace("2026-01-05T09", "2025-12-31T23")
    scenario = parse_scenario(start + '[policy.MODEL]\ncap = "3.00"\n' + FIRM, name="x")
    assert scenario.profile.programmes["MODEL"].startup_cap_fen == 300
    assert scenario.fiscal_year == 2025


def test_the_content_of_a_step_is_what_it_asks_for() -> None:
    """When, by whom and what is expected are no part of the request."""
    more = 'by = "clerk"\nat = "2026-01-06T00:00:00+08:00"\nexpect = "STATE_CONFLICT"\n'
    one = parse_scenario(TOP + AWARD + more, name="x").steps[0].step
    other = AWARD + 'expect = "STATE_CONFLICT"\nexpect_face = "1.00"\n'
    two = parse_scenario(TOP + other, name="x").steps[0].step
    assert one.content() == two.content()
    assert two.expectations() == {"expect_face": 100}


def test_every_step_is_carried_out_and_every_label_is_made() -> None:
    """The registries name the same steps."""
    assert set(PHASES) | {"parallel"} == set(STEPS)
    assert set(MADE_BY) == set(Kind)
    assert {do for makers in MADE_BY.values() for do in makers} == {
        do for do, step in STEPS.items() if step.makes
    }
    silent = {(do, key) for do, step in STEPS.items() for key, words in step.allowed().items() if not words}
    assert silent == set()


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(UsageError, match=r"absent\.toml: cannot be read"):
        load_scenario(tmp_path / "absent.toml")
