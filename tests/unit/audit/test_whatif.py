"""Another policy over the same history: nothing changes under the same one, and each rule changes what it should."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.draft import seal
from audit_forge.memory import MemorySource as ForgedSource
from audit_forge.year import make_year
from support import everything
from support.auditing import MemorySource, trust_of
from support.chance import NORTH
from support.histories import History
from support.house import DAY_MS, FIRST_DAY, HOUR_MS, PRICE_FEN, House, accepted, policy
from support.life_cycles import Crowd

from ledger.client.statements.programme import policy_parameters
from ledger.domain.days import start_ms
from ledger.domain.policy import Allocation, Instrument, Mode, Origin, OriginRate, Stacking
from ledger.domain.vocabulary import ClawbackCause, ParticipantKind
from ledger_audit.indicators import look
from ledger_audit.whatif import MEASURES, WhatIf, plan_of, whatif
from ledger_play.ceremony import BUREAU_CODE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ledger_audit.entities import Policy, Programme

HISTORIES, STEPS, CYCLES = 6, 120, 120
GPU, MODEL, CORPUS = (int(instrument) for instrument in Instrument)


def as_recorded(programme: Programme) -> Policy | None:
    """The plan that decides everything anew under the very policy of the record at that time."""
    return programme.policy


def assert_nothing_changes(result: WhatIf) -> None:
    """No sum of any programme or beneficiary differs, and nothing comes to nothing."""
    assert result.checked.result == "ok"
    for row in result.programmes:
        for sums in (row.sums, *row.beneficiaries.values()):
            assert {name: found.difference for name, found in sums.items()} == dict.fromkeys(sums, 0)
        assert row.appropriation.difference == 0
    assert (result.zeros, result.unaccepted_claims) == ((), {})


# The same policy.


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_random_histories_come_out_the_same_under_their_own_policy(tmp_path: Path, seed: int) -> None:
    """Every grant, redemption, release and clawback is decided anew, to the same fen."""
    bureaux = (BUREAU_CODE, NORTH)
    with closing(House.open(tmp_path / "ledger", bureaux=bureaux, in_memory=True)) as house:
        History(house, seed).play(STEPS)
        result = whatif(MemorySource(*house.entries()), as_recorded, trust=trust_of(house))
    assert_nothing_changes(result)
    assert result.totals["face"].recorded > 0
    assert all(row.replayed for row in result.programmes)


@pytest.mark.parametrize(
    "acts", [everything.play, lambda house: Crowd(house, 7, CYCLES).play()], ids=["everything", "crowd"]
)
def test_whole_years_come_out_the_same(tmp_path: Path, acts: Callable[[House], None]) -> None:
    """Every event type there is; and many life cycles in tight programmes."""
    with closing(House.open(tmp_path / "ledger", in_memory=True)) as house:
        acts(house)
        result = whatif(MemorySource(*house.entries()), as_recorded)
    assert_nothing_changes(result)
    assert min(found.recorded for found in result.totals.values()) > 0


def test_a_forged_year_comes_out_the_same() -> None:
    """A ledger that the server's code did not make."""
    assert_nothing_changes(whatif(ForgedSource(seal(make_year().drafts)), as_recorded))


@pytest.mark.parametrize("at", range(0, 120, 6))
def test_a_broken_ledger_is_looked_at_to_its_end(at: int) -> None:
    """Whatever event is missing: the audit finds it, and the reports beside it say what they can."""
    entries = seal(make_year().drafts)
    del entries[at]
    source = ForgedSource(entries)
    strict = policy(rate_bp=3000, validity_months=1, min_contract_fen=600_000, allowed_vendors=("nobody",))
    for plan in (as_recorded, plan_of({GPU: policy_parameters(strict)})):
        replayed = whatif(source, plan)
        assert replayed.checked.result == "findings"
        assert replayed.to_json()["tree_size"] == len(entries)
    assert look(source).to_json()["verification"]["result"] == "findings"


# Another policy.


class Story:
    """A history to replay, and what it comes to for people by name."""

    def __init__(self, house: House) -> None:
        self.source = MemorySource(*house.entries())
        self.ids = dict(house.ids)

    def under(self, instrument: int = GPU, **changes: Any) -> Other:
        """The same history with a plain policy and these changes for one instrument."""
        plan = plan_of({instrument: policy_parameters(policy(**changes))})
        return Other(whatif(self.source, plan), self.ids)


class Other:
    """A result with names."""

    def __init__(self, result: WhatIf, ids: dict[str, bytes]) -> None:
        self.result = result
        self._names = {identity: name for name, identity in ids.items()}
        self._ids = ids
        assert result.checked.result == "ok"

    def of(self, buyer: str, measure: str = "paid", programme: str = "gpu") -> tuple[int, int]:
        """What the record and the other policy give somebody."""
        row = next(row for row in self.result.programmes if row.programme_id == self._ids[programme])
        found = row.beneficiaries[self._ids[buyer]][measure]
        return found.recorded, found.counterfactual

    @property
    def reasons(self) -> dict[str, str]:
        """Why what comes to nothing, by name of voucher or redemption."""
        return {
            self._names[bytes.fromhex(zero["id"])]: zero["reason"]
            for zero in self.result.to_json()["nothing"]
        }


def used(house: House, voucher: str, buyer: str, *, hours: int, label: str = "", **more: Any) -> None:
    """A fortnight in which each of some devices works so many hours, asked for at once."""
    first_ms = house.now_ms
    house.wait(days=14)
    devices = house.devices["cloud"][:1]
    accepted(house.claim(voucher, [(device, first_ms, first_ms + hours * HOUR_MS) for device in devices]))
    amount_fen = hours * PRICE_FEN
    house.evidence(f"contract of {voucher}", amount_fen=amount_fen, buyer=buyer, label=label)
    name = f"r {voucher}{label}"
    accepted(house.redeem(name, voucher, buyer, amount_fen=amount_fen, label=label, **more))


def play(folder: Path, **changes: Any) -> Story:
    """Three firms of one programme, a fourth later, and a model voucher on one of their contracts.

    acme: 4,000.00 of which 3,000.00 are used; the first of two instalments is paid. young, a start-up:
    10,000.00 of which 2,000.00 are used and paid, and claimed back. lab: 6,000.00, used after more than a month,
    with other support, paid; the rest expires. late gets its voucher from what is free then.
    """
    with closing(House.open(folder / "ledger", in_memory=True)) as house:
        house.provider(devices=2)
        house.provider("models", kind=ParticipantKind.MODEL, devices=0)
        for name in ("acme", "lab", "late"):
            house.party(name)
        house.party("young", age_days=100)
        house.programme(policy(**changes))
        house.programme(name="model", instrument=Instrument.MODEL)
        accepted(house.voucher("a", "acme", amount_fen=400_000))
        accepted(house.voucher("y", "young", amount_fen=1_000_000))
        accepted(house.voucher("l", "lab", amount_fen=600_000))
        accepted(house.apply("on a", "acme", "contract of a", "model"), house.grant("m", "on a"))
        used(house, "a", "acme", hours=150, instalments_bp=(3000, 7000))
        accepted(house.verify("r a"), *(house.approve("r a", f"approver-{n}") for n in (1, 2)))
        accepted(house.order("r a"), house.pay("r a"))
        used(house, "y", "young", hours=100)
        house.settle("r y")
        accepted(house.cancel("contract of y"))
        accepted(house.claw_back("back", "r y", ClawbackCause.RED_LETTER), house.notify("back"))
        accepted(house.determine("back"))
        house.wait(days=20)
        accepted(house.support("contract of l", 100_000))
        used(house, "l", "lab", hours=50)
        house.settle("r l")
        house.at(start_ms(house.found("l").valid_until_day))
        accepted(house.expire("l"))
        house.contract("contract of z", "late", amount_fen=800_000, signed_day=house.today)
        accepted(house.apply("for z", "late", "contract of z"), house.grant("z", "for z"))
        return Story(house)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The history under a plain policy."""
    return play(tmp_path_factory.mktemp("what-if"))


def test_the_policy_of_the_record_changes_nothing(story: Story) -> None:
    """Given as a profile, for one instrument; the other one is kept."""
    seen = story.under()
    assert_nothing_changes(seen.result)
    assert [row.replayed for row in seen.result.programmes] == [True, False]
    assert seen.of("acme", "face") == (200_000, 200_000)
    assert seen.of("acme") == (45_000, 45_000)
    assert seen.of("young", "clawed_back") == (120_000, 120_000)
    assert seen.of("lab", "released") == (250_000, 250_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"rate_bp": 3333, "startup_rate_bp": 2500},
        {"startup_max_age_months": 3, "hard_cap_fen": 0},
        {"cap_fen": 150_000, "startup_cap_fen": 150_000, "hard_cap_fen": 150_000},
        {"appropriation_fen": 900_000},
        {"stacking": Stacking.CEILING, "stacking_ceiling_bp": 2000, "startup_stacking_ceiling_bp": 2500},
        {"rate_bp_by_origin": (OriginRate(origin=Origin.FOREIGN, rate_bp=2000),)},
    ],
    ids=["rate", "startup", "cap", "appropriation", "ceiling", "origin"],
)
def test_it_foretells_what_the_ledger_records_under_that_policy(
    story: Story, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """People who do the same under the other policy get, to the fen, what the replay said."""
    other = play(tmp_path, **changes).under(**changes)
    assert_nothing_changes(other.result)
    foretold = story.under(**changes)
    for buyer in ("acme", "young", "lab", "late"):
        for measure in MEASURES:
            assert foretold.of(buyer, measure)[1] == other.of(buyer, measure)[0], (buyer, measure)


def test_another_rate(story: Story) -> None:
    """Faces, redemptions, instalments by the same percentages, clawbacks and releases follow it."""
    seen = story.under(rate_bp=3333, startup_rate_bp=2500)
    assert seen.of("acme", "face") == (200_000, 133_320)
    assert seen.of("acme") == (45_000, 29_997)
    assert seen.of("young") == (120_000, 50_000)
    assert seen.of("young", "clawed_back") == (120_000, 50_000)
    assert seen.of("lab", "released") == (250_000, 199_980 - 33_330)
    assert seen.reasons == {}


def test_no_rule_for_startups(story: Story) -> None:
    """Who is a start-up is decided anew."""
    assert story.under(startup_max_age_months=0).of("young") == (120_000, 100_000)
    assert story.under(startup_max_age_months=3).of("young", "face") == (600_000, 500_000)


def test_a_cap_binds_and_a_used_up_one_says_so(story: Story) -> None:
    """The second grant of a beneficiary would need a named approval; the first gets the cap."""
    seen = story.under(cap_fen=150_000, startup_cap_fen=150_000, hard_cap_fen=150_000)
    assert seen.of("acme", "face") == (200_000, 150_000)
    assert seen.of("young", "face") == (600_000, 150_000)
    assert seen.of("young") == (120_000, 120_000)


def test_an_appropriation_ends_and_releases_open_it_again(story: Story) -> None:
    """First come, first served; what expires goes to who comes later."""
    seen = story.under(appropriation_fen=850_000)
    assert seen.of("lab", "face") == (300_000, 50_000)
    assert seen.of("lab") == (50_000, 50_000)
    assert seen.of("late", "face") == (400_000, 0)
    assert seen.reasons == {"z": "BUDGET_EXHAUSTED"}
    seen = story.under(appropriation_fen=900_000)
    assert seen.of("late", "face") == (400_000, 50_000)


@pytest.mark.parametrize(
    ("changes", "reason", "kept"),
    [
        ({"requires_filing": True}, "FILING_MISSING", set()),
        ({"requires_exchange": True}, "EXCHANGE_REQUIRED", set()),
        ({"contract_not_before_day": FIRST_DAY}, "CONTRACT_TOO_EARLY", {"late"}),
        ({"min_contract_fen": 700_000}, "MIN_CONTRACT", {"late", "young"}),
        ({"min_contract_fen": 700_000, "contract_not_before_day": FIRST_DAY}, "CONTRACT_TOO_EARLY", {"late"}),
        ({"rate_bp": 0, "startup_rate_bp": 0}, "STATE_CONFLICT", set()),
    ],
)
def test_what_a_contract_lacks(story: Story, changes: dict[str, Any], reason: str, kept: set[str]) -> None:
    """The grant gives nothing with the reason of a refusal, and so do its redemptions."""
    seen = story.under(**changes)
    buyers = {"a": "acme", "y": "young", "l": "lab", "z": "late"}
    lost = {voucher for voucher, buyer in buyers.items() if buyer not in kept}
    assert seen.reasons == dict.fromkeys(lost | {f"r {voucher}" for voucher in lost - {"z"}}, reason)
    for voucher in lost:
        assert seen.of(buyers[voucher], "face")[1] == seen.of(buyers[voucher])[1] == 0


def test_a_minimum_of_payments(story: Story) -> None:
    """The voucher is there, the redemption is not, and nothing can be claimed back."""
    seen = story.under(min_spend_fen=250_000)
    assert seen.reasons == {"r y": "MIN_SPEND", "r l": "MIN_SPEND"}
    assert seen.of("young", "face") == (600_000, 600_000)
    assert seen.of("young") == (120_000, 0)
    assert seen.of("young", "clawed_back") == (120_000, 0)
    assert seen.of("lab", "released") == (250_000, 300_000)


def test_vendors_that_are_not_allowed(story: Story) -> None:
    """Their claims count nothing."""
    seen = story.under(allowed_vendors=("huawei",))
    assert seen.result.unaccepted_claims == {"VENDOR_NOT_ALLOWED": 3}
    assert set(seen.reasons.values()) == {"FACE_EXCEEDED"}
    assert seen.result.totals["paid"].counterfactual == 0
    assert story.under(allowed_vendors=("huawei", "nvidia")).result.totals["paid"].difference == 0


def test_a_shorter_validity(story: Story) -> None:
    """Usage after its end counts nothing; the expiry stays when it was."""
    seen = story.under(validity_months=1)
    assert seen.result.unaccepted_claims == {"OUTSIDE_VALIDITY": 1}
    assert seen.reasons == {"r l": "FACE_EXCEEDED"}
    assert seen.of("lab") == (50_000, 0)
    assert story.under(validity_months=24).result.totals["paid"].difference == 0


def test_exclusive_stacking(story: Story) -> None:
    """Support that was declared after the grant rules the redemption out, another voucher before it the grant."""
    seen = story.under(stacking=Stacking.EXCLUSIVE)
    assert seen.reasons == {"r l": "STACKING_EXCLUSIVE"}
    assert seen.of("lab", "released") == (250_000, 300_000)
    seen = story.under(MODEL, stacking=Stacking.EXCLUSIVE)
    assert seen.reasons == {"m": "STACKING_EXCLUSIVE"}


def test_a_ceiling_counts_what_others_get(story: Story) -> None:
    """A ceiling of 60 % leaves the model voucher what the kept one on its contract does not take."""
    seen = story.under(MODEL, stacking=Stacking.CEILING, stacking_ceiling_bp=6000)
    assert seen.of("acme", "face", "model") == (200_000, 40_000)
    seen = story.under(MODEL, stacking=Stacking.CEILING, stacking_ceiling_bp=5000)
    assert seen.reasons == {"m": "STACKING_CEILING"}
    seen = story.under(stacking=Stacking.CEILING, stacking_ceiling_bp=2000)
    assert seen.of("lab", "face") == (300_000, 120_000)
    assert seen.of("lab") == (50_000, 20_000)


def test_rates_by_origin(story: Story) -> None:
    """Usage is weighed by the origin of the devices, the contract has no parts."""
    rates = (OriginRate(origin=Origin.FOREIGN, rate_bp=2000),)
    seen = story.under(rate_bp_by_origin=rates)
    assert seen.of("acme", "face") == (200_000, 200_000)
    assert seen.of("lab") == (50_000, 20_000)


def test_usage_before_the_voucher_needs_ex_post(tmp_path: Path) -> None:
    """Under QUOTA what was used before the grant would have been refused."""
    with closing(House.open(tmp_path / "ledger", in_memory=True)) as house:
        house.provider(devices=1)
        house.party("acme")
        house.programme(policy(mode=Mode.EX_POST))
        first_ms = house.now_ms
        house.wait(days=20)
        accepted(house.voucher("v", "acme", amount_fen=400_000))
        device = house.devices["cloud"][0]
        accepted(house.claim("v", [(device, first_ms, first_ms + 10 * HOUR_MS)]))
        accepted(house.claim("v", [(device, house.now_ms - HOUR_MS, house.now_ms)]))
        house.evidence("contract of v", amount_fen=22_000, buyer="acme")
        accepted(house.redeem("r", "v", "acme", amount_fen=22_000))
        house.settle("r")
        story = Story(house)
    assert story.under(mode=Mode.EX_POST).of("acme") == (11_000, 11_000)
    seen = story.under(mode=Mode.QUOTA)
    assert seen.of("acme") == (11_000, 1_000)
    assert seen.result.unaccepted_claims == {"OUTSIDE_VALIDITY": 1}


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two grants of 1,000,000 and 500,000 that wait for a window of 900,000, and a third after it."""
    with closing(House.open(tmp_path_factory.mktemp("window") / "ledger", in_memory=True)) as house:
        house.provider(devices=1)
        for name in ("one", "two", "three"):
            house.party(name)
        house.programme(policy(appropriation_fen=900_000, allocation=Allocation.PRO_RATA))
        accepted(house.voucher("v1", "one", amount_fen=2_000_000))
        accepted(house.voucher("v2", "two", amount_fen=1_000_000))
        accepted(house.allocate("gpu"))
        accepted(house.voucher("v3", "three", amount_fen=500_000))
        return Story(house)


def test_a_window_with_more_or_less_money(window: Story) -> None:
    """Everybody gets the floor of a share of it; who waits at the end has nothing on either side."""
    shared = {"allocation": Allocation.PRO_RATA}
    seen = window.under(appropriation_fen=900_000, **shared)
    assert_nothing_changes(seen.result)
    assert (seen.of("one", "face"), seen.of("two", "face")) == ((600_000, 600_000), (300_000, 300_000))
    seen = window.under(appropriation_fen=100_000, **shared)
    assert (seen.of("one", "face"), seen.of("two", "face")) == ((600_000, 66_666), (300_000, 33_333))
    seen = window.under(appropriation_fen=1, **shared)
    assert seen.reasons == {"v1": "BUDGET_EXHAUSTED", "v2": "BUDGET_EXHAUSTED"}


def test_first_come_first_served_in_place_of_a_window(window: Story) -> None:
    """A grant that waited in the record gets its voucher at once, as long as there is money."""
    seen = window.under(appropriation_fen=1_200_000)
    assert (seen.of("one", "face"), seen.of("two", "face")) == ((600_000, 1_000_000), (300_000, 200_000))
    assert seen.reasons == {"v3": "BUDGET_EXHAUSTED"}


def test_a_window_where_the_record_has_none(story: Story) -> None:
    """What was granted at once is granted at once: there is no window that would close."""
    assert_nothing_changes(story.under(allocation=Allocation.PRO_RATA).result)


def test_an_award(tmp_path: Path) -> None:
    """The cap of awards counts; without one there is none."""
    with closing(House.open(tmp_path / "ledger", in_memory=True)) as house:
        house.party("lab")
        house.programme(policy(open_data_award_cap_fen=300_000), "corpus", instrument=Instrument.CORPUS)
        accepted(house.apply_for_award("opened", "lab"))
        accepted(house.handle("opened", proposed_fen=123_456), house.grant("award", "opened"))
        accepted(house.redeem("r", "award", "lab", amount_fen=0, claim_ids=()))
        house.settle("r")
        story = Story(house)
    assert_nothing_changes(story.under(CORPUS, open_data_award_cap_fen=300_000).result)
    seen = story.under(CORPUS, open_data_award_cap_fen=100_000)
    assert seen.of("lab", programme="corpus") == (123_456, 100_000)
    seen = story.under(CORPUS)
    assert seen.reasons == {"award": "STATE_CONFLICT", "r": "STATE_CONFLICT"}


def test_a_cap_over_two_grants_asks_for_a_name(tmp_path: Path) -> None:
    """Between cap and hard cap only a named approval helps; the record says whether there was one."""
    with closing(House.open(tmp_path / "ledger", in_memory=True)) as house:
        house.provider(devices=1)
        house.party("acme")
        house.programme()
        accepted(house.voucher("v1", "acme", amount_fen=400_000))
        accepted(house.voucher("v2", "acme", amount_fen=400_000))
        house.contract("contract of v3", "acme", amount_fen=400_000)
        accepted(house.apply("for v3", "acme", "contract of v3"))
        accepted(house.grant("v3", "for v3", named_approval=True))
        story = Story(house)
    seen = story.under(cap_fen=200_000, hard_cap_fen=250_000)
    assert seen.reasons == {"v2": "NAMED_APPROVAL_REQUIRED"}
    assert seen.of("acme", "face") == (600_000, 250_000)
    seen = story.under(cap_fen=200_000, hard_cap_fen=200_000)
    assert seen.reasons == {"v2": "CAP_EXHAUSTED", "v3": "CAP_EXHAUSTED"}


def test_what_falls_at_the_verification(tmp_path: Path) -> None:
    """A claim that is in doubt by then counts nothing; of an expired voucher the rest is free."""
    with closing(House.open(tmp_path / "ledger", in_memory=True)) as house:
        house.provider(devices=2)
        house.add_key("cloud", "stolen")
        house.party("acme")
        house.programme()
        accepted(house.voucher("v", "acme", amount_fen=400_000))
        first_ms = house.now_ms
        house.wait(days=14)
        for device, key in zip(house.devices["cloud"], ("cloud", "stolen"), strict=True):
            accepted(house.claim("v", [(device, first_ms, first_ms + 50 * HOUR_MS)], key=key))
        house.evidence("contract of v", amount_fen=200_000, buyer="acme")
        accepted(house.redeem("r", "v", "acme", amount_fen=200_000))
        house.at(start_ms(house.found("v").valid_until_day))
        accepted(house.expire("v"), house.revoke("stolen", since_ms=first_ms + DAY_MS))
        house.settle("r")
        story = Story(house)
    assert_nothing_changes(story.under().result)
    seen = story.under(rate_bp=1000)
    assert seen.of("acme") == (50_000, 10_000)
    assert seen.of("acme", "released") == (150_000, 30_000)
