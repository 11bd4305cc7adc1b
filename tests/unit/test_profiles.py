"""Profiles: the shipped values, strictness with file, line and key, cross-checks, overrides."""

from __future__ import annotations

import dataclasses
import re
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.days import parse_day
from ledger.domain.policy import Allocation, Mode, Origin, OriginRate, Payee, PolicyParameters, Stacking
from ledger.domain.quantities import format_yuan_plain
from ledger.errors import MalformedError, UsageError
from ledger.profiles.loader import Profile, apply_overrides, list_profiles, load_profile, parse_profile
from ledger.profiles.strict_toml import find_line
from ledger.profiles.tables import POLICY_KEYS

if TYPE_CHECKING:
    from pathlib import Path

MILLION_FEN = 100_000_000


def _rate(origin: str, rate_bp: int) -> OriginRate:
    """A rate for an origin by its name."""
    return OriginRate(origin=Origin[origin], rate_bp=rate_bp)


MINIMAL = '[programme.MODEL]\nrate_bp = 3000\ncap = "10.00"\n'


def parse(text: str) -> Profile:
    """Parse a profile text under a fixed name."""
    return parse_profile(text, name="test", source="test.toml")


def refusal(text: str) -> str:
    """The diagnostics with which a profile text is refused."""
    with pytest.raises(MalformedError) as caught:
        parse(text)
    return caught.value.diagnostics()


def test_all_profiles_are_listed_and_load() -> None:
    """The shipped files are the five cities' and years', without the calendars."""
    assert list_profiles() == ("beijing", "hangzhou", "shenzhen-2025", "shenzhen-2026", "yangzhou")
    for name in list_profiles():
        assert load_profile(name).name == name


@pytest.mark.parametrize(
    ("profile", "programme", "appropriation", "rate_bp", "cap", "hard_cap"),
    [
        ("shenzhen-2025", "GPU_TRAINING", 500, 5000, 10, 10),
        ("shenzhen-2025", "MODEL", 100, 3000, 1, 2),
        ("shenzhen-2025", "CORPUS", 50, 3000, 2, 2),
        ("shenzhen-2026", "GPU_TRAINING", 500, 5000, 10, 10),
        ("shenzhen-2026", "MODEL", 100, 3000, 1, 2),
        ("shenzhen-2026", "CORPUS", 50, 3000, 2, 2),
        ("beijing", "GPU_TRAINING", 100, 2000, 2, 2),
        ("hangzhou", "GPU_TRAINING", 250, 2000, 8, 8),
        ("yangzhou", "GPU_TRAINING", 10, 3000, 1, 1),
    ],
)
def test_money_of_shipped_programmes(
    profile: str, programme: str, appropriation: int, rate_bp: int, cap: int, hard_cap: int
) -> None:
    """Appropriations and caps in million yuan, rates in basis points."""
    policy = load_profile(profile).programmes[programme]
    assert policy.appropriation_fen == appropriation * MILLION_FEN
    assert policy.rate_bp == rate_bp
    assert (policy.cap_fen, policy.hard_cap_fen) == (cap * MILLION_FEN, hard_cap * MILLION_FEN)
    assert (policy.mode, policy.allocation) == (Mode.QUOTA, Allocation.FCFS)
    assert (policy.public_notice_days, policy.validity_months) == (5, 12)


@pytest.mark.parametrize("name", list_profiles())
def test_every_shipped_value_has_its_source_or_is_marked_assumed(name: str) -> None:
    """A reader of the file sees for each value whether an official or published text says it."""
    text = (resources.files("ledger.profiles") / f"{name}.toml").read_text(encoding="utf-8")
    values = [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "["))]
    assert len(values) > 8
    unmarked = [line for line in values if not re.search(r"#.*(source: \w{3}|assumed)", line)]
    assert unmarked == []


@pytest.mark.parametrize("name", list_profiles())
def test_shipped_programmes_hold_together(name: str) -> None:
    """Money is there, a start-up gets no worse rate, and no cap is larger than the appropriation."""
    for policy in load_profile(name).programmes.values():
        assert policy.appropriation_fen >= policy.hard_cap_fen >= policy.cap_fen > 0
        assert policy.startup_rate_bp >= policy.rate_bp > 0
        assert policy.startup_stacking_ceiling_bp >= policy.stacking_ceiling_bp
        assert policy.startup_rate_bp <= policy.startup_stacking_ceiling_bp


def test_what_is_assumed_can_be_read_from_the_files() -> None:
    """The values that no official text confirms are those that the documentation names."""
    assumed: dict[str, set[str]] = {}
    for name in list_profiles():
        text = (resources.files("ledger.profiles") / f"{name}.toml").read_text(encoding="utf-8")
        assumed[name] = set(re.findall(r"^(\w+) = .*assumed", text, re.MULTILINE))
    always = {"public_notice_days", "validity_months", "allocation"}
    shenzhen = always | {"startup_max_age_months", "startup_stacking_ceiling_bp", "mode"}
    assert assumed == {
        "shenzhen-2025": shenzhen,
        "shenzhen-2026": shenzhen,
        "beijing": always | {"appropriation", "payee", "mode"},
        "hangzhou": always | {"appropriation", "stacking", "payee", "mode"},
        "yangzhou": always | {"appropriation", "rate_bp", "cap"},
    }


def test_the_two_shenzhen_profiles_differ_as_published() -> None:
    """The guide for 2026 raises the start-up cap and adds minimums and the model filing."""
    old, new = (load_profile(name).programmes for name in ("shenzhen-2025", "shenzhen-2026"))
    assert old["GPU_TRAINING"].startup_cap_fen == 6 * MILLION_FEN
    assert (
        dataclasses.replace(
            old["GPU_TRAINING"], startup_cap_fen=10 * MILLION_FEN, min_contract_fen=MILLION_FEN // 2
        )
        == (new["GPU_TRAINING"])
    )
    assert (
        dataclasses.replace(old["MODEL"], min_spend_fen=MILLION_FEN // 2, requires_filing=True)
        == new["MODEL"]
    )
    assert old["CORPUS"] == new["CORPUS"]
    gpu, corpus = new["GPU_TRAINING"], new["CORPUS"]
    assert (gpu.startup_rate_bp, gpu.startup_max_age_months, gpu.stacking) == (6000, 12, Stacking.CEILING)
    assert (gpu.stacking_ceiling_bp, gpu.startup_stacking_ceiling_bp) == (5000, 6000)
    assert (corpus.requires_exchange, corpus.open_data_award_cap_fen) == (True, MILLION_FEN)


def test_sibling_programmes_need_no_code() -> None:
    """Excluded items, rates by origin and provider payment are data; none has a start-up rule."""
    beijing, hangzhou, yangzhou = (
        load_profile(name).programmes["GPU_TRAINING"] for name in ("beijing", "hangzhou", "yangzhou")
    )
    assert beijing.excluded_items == ("network", "security", "storage")
    assert beijing.contract_not_before_day == parse_day("2023-09-01")
    rates = [(entry.origin.name, entry.rate_bp) for entry in hangzhou.rate_bp_by_origin]
    assert rates == [("DOMESTIC", 3000), ("FOREIGN", 2000)]
    assert yangzhou.payee == Payee.PROVIDER
    assert [policy.stacking.name for policy in (beijing, hangzhou, yangzhou)] == [
        "EXCLUSIVE",
        "NONE",
        "EXCLUSIVE",
    ]
    for policy in (beijing, hangzhou, yangzhou):
        assert policy.startup_max_age_months == 0
        assert (policy.startup_rate_bp, policy.startup_cap_fen) == (policy.rate_bp, policy.cap_fen)


def test_absent_keys_follow_the_others() -> None:
    """Start-up values and the hard cap follow; the rest has the defaults of the format."""
    assert parse(MINIMAL).programmes["MODEL"] == PolicyParameters(
        appropriation_fen=0,
        rate_bp=3000,
        startup_rate_bp=3000,
        cap_fen=1_000,
        startup_cap_fen=1_000,
        hard_cap_fen=1_000,
        startup_stacking_ceiling_bp=10_000,
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "rate_bps = 1",
            ("line 4: programme.MODEL.rate_bps: unknown key", "allowed keys: appropriation, rate_bp"),
        ),
        (
            "min_spend = 5.0",
            ("line 4: programme.MODEL.min_spend: '5.0' is not text", "text with two decimals"),
        ),
        ("min_spend = 5", ("line 4: programme.MODEL.min_spend", "is not text")),
        ('min_spend = "5"', ("line 4: programme.MODEL.min_spend: '5' is not an amount", "two decimals")),
        ('min_spend = "-5.00"', ("programme.MODEL.min_spend", "is not allowed here")),
        (
            "startup_rate_bp = 30.5",
            ("line 4: programme.MODEL.startup_rate_bp: 30.5", "basis points from 0 to 10000"),
        ),
        ('startup_rate_bp = "3000"', ("programme.MODEL.startup_rate_bp", "basis points")),
        ("startup_rate_bp = 10001", ("programme.MODEL.startup_rate_bp: 10001", "basis points")),
        ("public_notice_days = true", ("programme.MODEL.public_notice_days", "working days")),
        ("validity_months = 0", ("programme.MODEL.validity_months", "at least 1")),
        ('stacking = "SOME"', ("programme.MODEL.stacking: 'SOME'", '"CEILING", "EXCLUSIVE" or "NONE"')),
        ("requires_filing = 1", ("programme.MODEL.requires_filing", "true or false")),
        ("contract_not_before = 2026-01-01", ("programme.MODEL.contract_not_before", "a day as text")),
        ('contract_not_before = "2026-02-30"', ("programme.MODEL.contract_not_before", "a day as text")),
        ('allowed_vendors = ["a", "a"]', ("programme.MODEL.allowed_vendors", "different names")),
        ('excluded_items = [""]', ("line 4: programme.MODEL.excluded_items.0", "different names")),
        (
            "rate_bp_by_origin = { MARS = 1 }",
            ("line 4: programme.MODEL.rate_bp_by_origin.MARS", "DOMESTIC, FOREIGN"),
        ),
        ("rate_bp_by_origin = { FOREIGN = 1.5 }", ("rate_bp_by_origin.FOREIGN: 1.5", "basis points")),
        ("[programme.GPU]", ("line 4: programme.GPU: unknown key", "GPU_TRAINING, MODEL, CORPUS")),
        ("[extra]", ("line 4: extra: unknown key", "allowed keys: programme, crosscheck")),
        ("rate_bp = 1", ("not TOML", "line 4")),
    ],
)
def test_errors_name_file_line_key_and_what_is_allowed(line: str, expected: tuple[str, ...]) -> None:
    """A person can mend the file from the message alone."""
    text = refusal(MINIMAL + line + "\n")
    assert text.startswith("test.toml")
    for part in expected:
        assert part in text


def test_an_empty_profile_is_refused() -> None:
    """A profile holds at least one programme."""
    assert "programme: is missing" in refusal("")
    assert "programme" in refusal("[programme]\n")


@pytest.mark.parametrize(
    ("cny", "usd", "rate", "agrees"),
    [
        ('"500000000.00"', '"68000000.00"', '"7.35"', True),
        ("500000000", "68000000", "7", True),
        ('"5000000000.00"', '"68000000.00"', '"7.35"', False),
        ('"120.00"', '"100.00"', '"1"', True),
        ('"120.01"', '"100.00"', '"1"', False),
        ('"80.00"', '"100.00"', "1", True),
        ('"79.99"', '"100.00"', "1", False),
    ],
)
def test_crosschecks_disagree_by_at_most_a_fifth(cny: str, usd: str, rate: str, *, agrees: bool) -> None:
    """A slip of a zero is found; rounding in an article is not."""
    text = f"{MINIMAL}[crosscheck]\ncny = {cny}\nusd = {usd}\ncny_per_usd = {rate}\n"
    if agrees:
        assert parse(text).crosscheck is not None
    else:
        assert "test.toml, line 4: crosscheck: cny and the converted usd are more than 20 % apart" in refusal(
            text
        )


@pytest.mark.parametrize("rate", ["7.35", '"7,35"', '"0"', "-7", "true", '"1e1"', '"7.123456789"'])
def test_exchange_rates_are_exact_text(rate: str) -> None:
    """A float would be another number than the one written."""
    text = f'{MINIMAL}[crosscheck]\ncny = "7.00"\nusd = "1.00"\ncny_per_usd = {rate}\n'
    assert "line 7: crosscheck.cny_per_usd" in refusal(text)


def test_overrides_are_put_on_what_was_really_set() -> None:
    """A new cap moves the start-up cap that beijing leaves out, and not the one that shenzhen-2025 sets."""
    beijing = apply_overrides(
        load_profile("beijing"), {"cap": "3.00"}, programme="GPU_TRAINING", source="s.toml"
    ).programmes["GPU_TRAINING"]
    assert (beijing.cap_fen, beijing.startup_cap_fen, beijing.hard_cap_fen) == (300, 300, 300)
    shenzhen = load_profile("shenzhen-2025")
    changed = apply_overrides(shenzhen, {"cap": "3.00"}, programme="GPU_TRAINING", source="s.toml")
    assert changed.programmes["GPU_TRAINING"].startup_cap_fen == 6 * MILLION_FEN
    again = apply_overrides(changed, {"startup_cap": "4.00"}, programme="GPU_TRAINING", source="s.toml")
    policy = again.programmes["GPU_TRAINING"]
    assert (policy.cap_fen, policy.startup_cap_fen) == (300, 400)
    assert shenzhen.programmes["GPU_TRAINING"].cap_fen == 10 * MILLION_FEN
    assert again.programmes["MODEL"] == shenzhen.programmes["MODEL"]


def test_overrides_of_overrides_follow_as_if_they_were_one() -> None:
    """Put on in two steps or in one: a key that neither sets follows, one that is set for the value stays."""
    profile = load_profile("beijing")
    steps: list[dict[str, object]] = [{"rate_bp": 2500}, {"cap": "9.00", "startup_rate_bp": 2600}]
    one_by_one = profile
    for step in steps:
        one_by_one = apply_overrides(one_by_one, step, programme="GPU_TRAINING", source="s.toml")
    at_once = apply_overrides(profile, steps[0] | steps[1], programme="GPU_TRAINING", source="s.toml")
    assert one_by_one.programmes == at_once.programmes
    policy = at_once.programmes["GPU_TRAINING"]
    assert (policy.rate_bp, policy.startup_rate_bp) == (2500, 2600)
    assert (policy.cap_fen, policy.startup_cap_fen, policy.hard_cap_fen) == (900, 900, 900)


@pytest.mark.parametrize("key", POLICY_KEYS)
def test_every_profile_key_is_a_parameter(key: str) -> None:
    """Each key changes the parameter of its name, in ledger units, and nothing but what follows it."""
    values: dict[str, object] = {
        "rate_bp": 7,
        "startup_rate_bp": 7,
        "stacking_ceiling_bp": 7,
        "startup_stacking_ceiling_bp": 7,
        "startup_max_age_months": 7,
        "public_notice_days": 7,
        "validity_months": 7,
        "stacking": "CEILING",
        "allocation": "PRO_RATA",
        "payee": "PROVIDER",
        "mode": "EX_POST",
        "allowed_vendors": ["a"],
        "excluded_items": ["a"],
        "rate_bp_by_origin": {"FOREIGN": 7},
        "contract_not_before": "1970-01-08",
        "requires_filing": True,
        "requires_exchange": True,
    }
    before = parse('[programme.MODEL]\nappropriation = "0.00"\n')
    after = apply_overrides(before, {key: values.get(key, "0.07")}, programme="MODEL", source="s.toml")
    old, new = (dataclasses.asdict(profile.programmes["MODEL"]) for profile in (before, after))
    changed = {name for name in new if new[name] != old[name]}
    suffix = "_fen" if key not in values else "_day" if key == "contract_not_before" else ""
    following = {
        "rate_bp": {"startup_rate_bp"},
        "cap": {"startup_cap_fen", "hard_cap_fen"},
        "stacking_ceiling_bp": {"startup_stacking_ceiling_bp"},
    }
    assert changed == {key + suffix} | following.get(key, set())


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"capp": "1.00"}, "s.toml, line 3: policy.GPU_TRAINING.capp: unknown key"),
        ({"cap": 1.5}, "s.toml, line 4: policy.GPU_TRAINING.cap: '1.5' is not text"),
        ({"rate_bp": 0.5}, "s.toml, line 2: policy.GPU_TRAINING.rate_bp: 0.5 is not allowed"),
    ],
)
def test_overrides_are_as_strict_as_files(overrides: dict[str, object], expected: str) -> None:
    """The error points into the file that holds the override."""
    text = 'name = "x"\n[policy.GPU_TRAINING]\ncapp = 1\ncap = 1.5\n'
    with pytest.raises(MalformedError) as caught:
        apply_overrides(
            load_profile("beijing"), overrides, programme="GPU_TRAINING", source="s.toml", text=text
        )
    assert expected in caught.value.diagnostics()


def test_overriding_an_absent_programme_is_refused() -> None:
    """A profile gains no programme by an override."""
    with pytest.raises(MalformedError, match="no programme 'MODEL'"):
        apply_overrides(load_profile("beijing"), {}, programme="MODEL", source="s.toml")


def test_profiles_load_from_a_path(tmp_path: Path) -> None:
    """A path ends in .toml; an unknown name lists the known ones."""
    (tmp_path / "mine.toml").write_text(MINIMAL)
    assert load_profile(tmp_path / "mine.toml").name == "mine"
    with pytest.raises(UsageError, match="cannot be read"):
        load_profile(tmp_path / "absent.toml")
    for name in ("shenzhen", "calendar-2026", "../profiles/beijing", ""):
        with pytest.raises(UsageError) as caught:
            load_profile(name)
        assert "shenzhen-2025" in caught.value.hint


def test_lines_are_found_in_arrays_of_tables_and_quoted_keys() -> None:
    """The nearest enclosing table stands in for a key that has no line of its own."""
    text = '[[step]]\na = 1\n\n[[step]] # second\n"a" = { b = 2 }\n[x.y]\nz.w = 1\n'
    assert find_line(text, ("step", 1, "a")) == 5
    assert find_line(text, ("step", 1, "a", "b")) == 5
    assert find_line(text, ("step", 0, "absent")) == 1
    assert find_line(text, ("x", "y", "z", "w")) == 7
    assert find_line(text, ("other",)) is None


@given(st.integers(min_value=0, max_value=10**15), st.integers(min_value=0, max_value=10_000))
def test_any_amount_and_rate_arrives_exactly(cap_fen: int, rate_bp: int) -> None:
    """Text to fen without a detour."""
    policy = parse(f'[programme.CORPUS]\nrate_bp = {rate_bp}\ncap = "{format_yuan_plain(cap_fen)}"\n')
    assert policy.programmes["CORPUS"].cap_fen == cap_fen
    assert policy.programmes["CORPUS"].rate_bp == rate_bp


@pytest.mark.parametrize(
    "change",
    [
        {"cap_fen": -1},
        {"rate_bp": 10_001},
        {"validity_months": 0},
        {"allowed_vendors": ("a", "a")},
        {"rate_bp_by_origin": (_rate("FOREIGN", 1), _rate("DOMESTIC", 1))},
        {"rate_bp_by_origin": (_rate("FOREIGN", -1),)},
    ],
)
def test_the_value_itself_refuses_what_no_policy_may_hold(change: dict[str, object]) -> None:
    """Whoever makes parameters, a range is kept."""
    with pytest.raises(MalformedError, match=next(iter(change))):
        dataclasses.replace(load_profile("beijing").programmes["GPU_TRAINING"], **change)  # type: ignore[arg-type]
