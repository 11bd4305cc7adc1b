"""Participants, devices, programmes, contracts, evidence, and what every statement has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.registrar import TOO_MUCH, at, credit_code, ident, terms, yuan
from unit.domain.town import Town, small_town

from ledger.domain import acts, rules
from ledger.domain.commands import Command
from ledger.domain.policy import Instrument
from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import ParticipantKind, Role


def opened() -> Town:
    """A ledger with its officers."""
    town = Town()
    town.open_ledger()
    return town


# Participants, providers, devices.


def test_a_participant_has_one_code_and_one_id() -> None:
    """A second participant with the code or the id is STATE_CONFLICT."""
    town = opened()
    first = town.ok(town.participant("acme"))
    again = town.participant("beta", code=credit_code("acme"))
    assert town.conflict(again) == (Reason.STATE_CONFLICT, first.index)
    same_id = replace(town.participant("gamma"), participant_id=ident("acme"))
    assert town.reason(same_id) == Reason.STATE_CONFLICT
    officer_id = replace(town.participant("delta"), participant_id=ident("clerk"))
    assert town.reason(officer_id) == Reason.STATE_CONFLICT


def test_bad_credit_code() -> None:
    """A wrong check character is BAD_CREDIT_CODE, before any reason of the signer."""
    town = opened()
    code = credit_code("acme")
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert town.reason(town.participant("acme", code=wrong, by="payer")) == Reason.BAD_CREDIT_CODE


def test_a_person_has_a_tag_and_others_a_code() -> None:
    """A person with a code, or an enterprise with a tag, is malformed."""
    town = opened()
    person = town.participant("ann", ParticipantKind.PERSON)
    assert town.reason(replace(person, credit_code=credit_code("ann"))) == Reason.MALFORMED
    assert town.reason(replace(person, person_tag=b"")) == Reason.MALFORMED
    assert town.reason(person) is None
    assert town.reason(replace(person, participant_id=ident("bob"))) == Reason.STATE_CONFLICT


def test_a_clerk_registers() -> None:
    """Another officer or a party is SEPARATION_OF_DUTY."""
    town = small_town()
    for other in ("reviewer", "acme"):
        assert town.reason(town.participant("beta", by=other)) == Reason.SEPARATION_OF_DUTY


def test_a_decision_names_the_office_of_its_signer() -> None:
    """Another bureau is NOT_AUTHORISED, another role SEPARATION_OF_DUTY."""
    town = opened()
    statement = town.participant("acme")
    bureau = replace(statement, basis=town.basis(Role.CLERK, "other"))
    assert town.reason(bureau) == Reason.NOT_AUTHORISED
    role = replace(statement, basis=town.basis(Role.REVIEWER))
    assert town.reason(role) == Reason.SEPARATION_OF_DUTY


def test_a_provider_is_admitted_once_and_is_no_person() -> None:
    """A second admission and one of a natural person are STATE_CONFLICT; one of nobody too."""
    town = small_town()
    town.beneficiary("ann", ParticipantKind.PERSON)
    for provider in ("cloud", "ann", "nobody"):
        assert town.reason(town.admit(provider)) == Reason.STATE_CONFLICT


def test_an_admission_needs_clerk_and_approver() -> None:
    """Two clerks' signatures, or one, do not admit; nor do two signatures of one person."""
    town = small_town()
    town.beneficiary("p2")
    assert town.reason(town.admit("p2", by=("clerk", "clerk"))) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.admit("p2", by=("clerk",))) == Reason.MALFORMED
    town.ok(town.appoint("approver-3", Role.APPROVER, person="clerk"))
    assert town.reason(town.admit("p2", by=("clerk", "approver-3"))) == Reason.SEPARATION_OF_DUTY


@pytest.mark.parametrize("items", [(), ("x", "x"), ("",), (" x",), ("x" * 65,)])
def test_items_of_an_admission_are_names(items: tuple[str, ...]) -> None:
    """No items, repeated ones and odd names are malformed."""
    town = small_town()
    assert town.reason(town.admit("acme", items=items)) == Reason.MALFORMED


def test_devices_are_registered_once() -> None:
    """A device of anybody is STATE_CONFLICT and names its leaf; the clerk and the provider sign."""
    town = small_town()
    leaf = town.state.devices[town.devices("cloud", 1).device_ids[0]].registered_index
    assert town.conflict(town.devices("cloud", 1, first=3)) == (Reason.STATE_CONFLICT, leaf)
    for by, reason in (
        (("acme", "clerk"), Reason.NOT_AUTHORISED),
        (("cloud", "payer"), Reason.SEPARATION_OF_DUTY),
        (("cloud",), Reason.MALFORMED),
    ):
        assert town.reason(town.devices("cloud", 1, first=9, by=by)) == reason
    assert town.reason(replace(town.devices("cloud", 1, first=9), device_models=(1,))) == Reason.MALFORMED
    assert town.reason(replace(town.devices("cloud", 1, first=9), device_models=())) == Reason.MALFORMED
    nobody = replace(town.devices("cloud", 1, first=9), provider_id=ident("nobody"))
    assert town.reason(nobody) == Reason.STATE_CONFLICT


# Programmes and policies.


def test_a_bureau_has_one_programme_of_an_instrument_and_year() -> None:
    """The same place, or the same id, is STATE_CONFLICT; no appropriation is malformed."""
    town = small_town()
    assert town.reason(town.programme("gpu2")) == Reason.STATE_CONFLICT
    assert town.reason(town.programme("gpu", instrument=Instrument.MODEL)) == Reason.STATE_CONFLICT
    assert town.reason(replace(town.programme("m"), appropriation_fen=0)) == Reason.MALFORMED
    assert town.reason(town.programme("m", instrument=Instrument.MODEL, by=("clerk", "payer"))) == (
        Reason.SEPARATION_OF_DUTY
    )
    assert town.reason(town.programme("m", instrument=Instrument.MODEL)) is None


def test_policy_versions_count_from_one() -> None:
    """Version 1 again and version 3 are STATE_CONFLICT after version 1; version 2 is taken."""
    town = small_town()
    assert town.reason(town.policy(terms(), version=1)) == Reason.STATE_CONFLICT
    assert town.reason(town.policy(terms(), version=3)) == Reason.STATE_CONFLICT
    assert town.reason(town.policy(terms(), version=2)) is None
    assert town.reason(town.policy(terms(), programme="nothing")) == Reason.STATE_CONFLICT


def test_a_programme_is_governed_by_its_own_bureau() -> None:
    """Officers of another bureau cannot publish its policy or grant on it: NOT_AUTHORISED."""
    town = small_town()
    town.ok(town.appoint("clerk-x", Role.CLERK, bureau="other"))
    town.ok(town.appoint("approver-x", Role.APPROVER, bureau="other"))
    basis = town.basis(Role.CLERK, "other")
    foreign = replace(town.policy(terms(), by=("clerk-x", "approver-x")), basis=basis)
    assert town.reason(foreign) == Reason.NOT_AUTHORISED
    mixed = town.policy(terms(), by=("clerk", "approver-x"))
    assert town.reason(mixed) == Reason.NOT_AUTHORISED
    town.ok(town.contract("c", "1_000"))
    town.ok(town.apply("a", "c"))
    town.handle("a")
    grant = replace(town.grant("v", "a", by="approver-x"), basis=town.basis(Role.APPROVER, "other"))
    assert town.reason(grant) == Reason.NOT_AUTHORISED


# Contracts and evidence.


def test_a_contract_is_signed_by_both_parties() -> None:
    """Signatures in another order or of another are NOT_AUTHORISED; one signature is malformed."""
    town = small_town()
    contract = town.contract("c", "1_000")
    town.ok(town.register_key("acme", "acme/2"))
    for first, second in (("cloud", "acme"), ("acme", "acme/2")):
        header = town.header(first, second)
        assert town.reason(replace(contract, header=header)) == Reason.NOT_AUTHORISED
    assert town.reason(replace(contract, header=town.header("acme"))) == Reason.MALFORMED


def test_a_contract_is_registered_once() -> None:
    """The same fingerprint is DUPLICATE_EVIDENCE and names the first leaf; the same id STATE_CONFLICT."""
    town = small_town()
    first = town.ok(town.contract("c", "1_000"))
    again = replace(town.contract("c", "1_000"), contract_id=ident("d"))
    assert town.conflict(again) == (Reason.DUPLICATE_EVIDENCE, first.index)
    other = replace(town.contract("d", "1_000"), contract_id=ident("c"))
    assert town.conflict(other) == (Reason.STATE_CONFLICT, first.index)


def test_role_conflict_of_a_contract_with_oneself() -> None:
    """A contract with oneself can be registered; nobody can apply with it."""
    town = small_town()
    town.ok(town.register_key("cloud", "cloud/2"))
    contract = town.contract("c", "1_000", beneficiary="cloud")
    town.ok(replace(contract, header=town.header("cloud", "cloud/2")))
    assert town.reason(town.apply("a", "c", by="cloud")) == Reason.ROLE_CONFLICT


def test_somebody_may_be_older_than_the_epoch() -> None:
    """A university that was founded before 1970 is registered with its day."""
    town = small_town()
    town.ok(town.participant("old", ParticipantKind.UNIVERSITY, registered="1898-07-03"))
    assert town.state.participants[ident("old")].registered_day == -26_114


def test_a_contract_names_registered_parties() -> None:
    """An unknown buyer or seller is STATE_CONFLICT."""
    town = small_town()
    assert town.reason(town.contract("c", "1_000", beneficiary="nobody")) == Reason.STATE_CONFLICT
    assert town.reason(town.contract("c", "1_000", provider="nobody")) == Reason.STATE_CONFLICT


@pytest.mark.parametrize(
    "changes",
    [
        {"days": ("2026-02-02", "2026-02-01")},
        {"amount": 0},
        {"amount": TOO_MUCH},
        {"prices": {"H800": 0}},
        {"excluded": {"storage": 100_001}},
        {"origins": {1: 99_999}},
        {"item": ""},
        {"filing": "x" * 65},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_contract_out_of_shape_is_malformed(changes: dict[str, Any]) -> None:
    """Days, amounts, prices, excluded and origin parts fit each other."""
    town = small_town()
    assert town.reason(town.contract("c", **{"amount": "1_000", **changes})) == Reason.MALFORMED


def test_evidence_is_registered_once_by_its_party() -> None:
    """Invoices come from the seller, payments from the buyer, each fingerprint once in the whole ledger."""
    town = small_town()
    town.ok(town.contract("c", "1_000"))
    town.ok(town.contract("d", "1_000"))
    assert town.reason(town.invoice("i", "c", "1_000", by="acme")) == Reason.NOT_AUTHORISED
    assert town.reason(town.payment("p", "c", "1_000", by="cloud")) == Reason.NOT_AUTHORISED
    first = town.ok(town.invoice("i", "c", "1_000"))
    for again in (town.invoice("i", "c", "1_000"), town.invoice("i", "d", "9"), town.payment("i", "c", "1")):
        assert town.conflict(again) == (Reason.DUPLICATE_EVIDENCE, first.index)
    assert town.reason(town.invoice("j", "nothing", "1_000")) == Reason.STATE_CONFLICT
    assert town.reason(town.invoice("j", "c", 0)) == Reason.MALFORMED
    net = replace(town.invoice("j", "c", "10"), net_amount_fen=1_001)
    assert town.reason(net) == Reason.MALFORMED


# What every statement has.


def test_wrong_ledger() -> None:
    """A statement of another ledger is WRONG_LEDGER whatever else is wrong."""
    town = small_town()
    statement = town.apply("a", "nothing")
    header = replace(statement.header, ledger_id=ident("another"))
    assert town.reason(replace(statement, header=header)) == Reason.WRONG_LEDGER


def test_statement_expired() -> None:
    """`not_after_ms` is inclusive."""
    town = small_town()
    town.ok(town.contract("c", "1_000"))
    statement = town.apply("a", "c")
    header = replace(statement.header, not_after_ms=town.now_ms)
    timely = replace(statement, header=header)
    town.now_ms += 1
    assert town.reason(timely) == Reason.STATEMENT_EXPIRED
    town.now_ms -= 1
    assert town.reason(timely) is None


def test_bad_signature() -> None:
    """A signature that does not verify is BAD_SIGNATURE for parties, officers, administrators and roots."""
    town = small_town()
    town.ok(town.contract("c", "1_000"))
    town.beneficiary("beta")
    town.signatures_hold = False
    for statement in (
        town.apply("a", "c"),
        town.participant("gamma"),
        town.register_key("beta", "beta/2"),
        town.appoint("x", Role.AUDITOR),
    ):
        assert town.reason(statement) == Reason.BAD_SIGNATURE


def test_key_unknown() -> None:
    """A key that nobody registered is KEY_UNKNOWN."""
    town = small_town()
    town.ok(town.contract("c", "1_000"))
    assert town.reason(town.apply("a", "c", by="stranger")) == Reason.KEY_UNKNOWN


def test_a_refusal_changes_nothing() -> None:
    """After a refused statement the state and the number of events are those of before."""
    town = small_town()
    before = {id(table): dict(table.base) for table in town.state._tables}
    size = len(town.events)
    assert town.reason(town.apply("a", "nothing")) == Reason.STATE_CONFLICT
    assert ({id(table): dict(table.base) for table in town.state._tables}, len(town.events)) == (before, size)


def test_a_rolled_back_batch_leaves_no_trace() -> None:
    """What was decided on the overlay is forgotten with it."""
    town = small_town()
    before = {id(table): dict(table.base) for table in town.state._tables}
    command_statement = town.contract("c", "1_000")
    town._fetch((command_statement,))
    town._decide(command_statement)
    assert ident("c") in town.state.contracts
    town.state.rollback()
    assert {id(table): dict(table.base) for table in town.state._tables} == before


def test_every_act_has_its_own_statement_event_and_name() -> None:
    """No two acts share a name, a statement or an event."""
    every = (*acts.ACTS, *acts.SYSTEM_ACTS)
    assert len({act.name for act in every}) == len(every)
    assert len({act.event for act in every}) == len(every)
    assert len({act.statement for act in acts.ACTS}) == len(acts.ACTS)
    assert acts.ACTS[0].payload_type == "application/vnd.voucher-ledger.genesis.v1+protobuf"


def test_a_system_event_is_no_command() -> None:
    """Nobody can ask for a closing."""
    town = small_town()
    closing = next(act for act in acts.SYSTEM_ACTS if act.name == "voucher-closing")
    command: Command[Any] = Command(statement=None, header=None, payload_digest=b"", submitter=b"")
    with pytest.raises(TypeError, match="voucher-closing is not a command"):
        rules.decide(closing, town.state, command)


def test_the_fold_of_the_events_is_the_state() -> None:
    """A replay of every event gives every table of the state."""
    town = small_town()
    town.ok(town.contract("c", "8_000_000"))
    town.award("v", "c")
    town.evidence("e", "c", "8_000_000")
    town.now_ms = at("2026-06-01")
    town.redeemed("r", "v", "1_000_000", instalments=(5_000, 5_000))
    assert sum(town.settle("r")) == yuan("500_000")
    town.ok(town.revoke("cloud", town.now_ms))
    again = town.replayed()
    assert again.info == town.state.info
    assert [table.base for table in again._tables] == [table.base for table in town.state._tables]
