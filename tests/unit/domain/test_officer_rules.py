"""Genesis, officers, their keys and certificates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.domain.registrar import KEYMASTERS, ROOTS, ident, key_id
from unit.domain.town import Town, small_town

from ledger.domain.rejections import Reason
from ledger.domain.vocabulary import Role


def opened() -> Town:
    """A ledger with its officers."""
    town = Town()
    town.open_ledger()
    return town


# Genesis.


def test_a_ledger_is_opened_once() -> None:
    """A second genesis is STATE_CONFLICT at leaf 0."""
    town = opened()
    assert town.conflict(town.genesis()) == (Reason.STATE_CONFLICT, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"root_threshold": 1},
        {"root_threshold": 4},
        {"roots": ()},
        {"origin": "ledger.example/other/e0"},
        {"signature_algorithm": "ecdsa"},
        {"hash_algorithm": "sha512"},
        {"zone": "+00:00"},
        {"format_version": 2},
        {"rules_version": 2},
        {"bureaux": ()},
        {"base_name": " "},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_genesis_with_other_constants_is_malformed(changes: dict[str, Any]) -> None:
    """The constants of format version 1 leave no choice."""
    town = Town()
    assert town.reason(replace(town.genesis(), **changes)) == Reason.MALFORMED


@pytest.mark.parametrize("field", ["public_key", "person_tag"])
def test_roots_differ_in_key_and_person(field: str) -> None:
    """Two roots with one key or one person are malformed."""
    town = Town()
    genesis = town.genesis()
    first, second, third = genesis.roots
    twin = replace(second, **{field: getattr(first, field)})
    assert town.reason(replace(genesis, roots=(first, twin, third))) == Reason.MALFORMED


# Officers.


@pytest.mark.parametrize(
    "roots",
    [("root-1",), ("root-1", "root-1"), (), ("root-1", "clerk")],
    ids=["one", "one twice", "none", "a clerk"],
)
def test_officers_need_the_threshold_of_different_roots(roots: tuple[str, ...]) -> None:
    """One root, or one root twice, or a root and an officer, are below the threshold of two."""
    town = opened()
    appointment = town.appoint("auditor", Role.AUDITOR, by=roots)
    assert town.reason(appointment) == Reason.SEPARATION_OF_DUTY


def test_more_roots_than_the_threshold_may_sign() -> None:
    """All three roots appoint an officer."""
    town = opened()
    assert town.reason(town.appoint("auditor", Role.AUDITOR, by=("root-1", "root-2", "root-3"))) is None


def test_an_unknown_root_is_no_root() -> None:
    """A key that nobody registered is KEY_UNKNOWN before the missing threshold."""
    town = opened()
    assert town.reason(town.appoint("auditor", Role.AUDITOR, by=("root-1", "root-9"))) == Reason.KEY_UNKNOWN


def test_a_key_administrator_holds_no_other_role() -> None:
    """Neither does a key administrator become a clerk, nor a clerk a key administrator."""
    town = opened()
    more = town.appoint("second", Role.CLERK, person="keymaster-1")
    assert town.reason(more) == Reason.SEPARATION_OF_DUTY
    other = town.appoint("third", Role.KEY_ADMINISTRATOR, person="clerk")
    assert town.reason(other) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.appoint("fourth", Role.REVIEWER, person="clerk")) is None


def test_an_officer_id_is_used_once() -> None:
    """An id of an officer or participant is STATE_CONFLICT for another officer."""
    town = opened()
    town.ok(town.participant("acme"))
    for taken in ("clerk", "acme"):
        appointment = replace(town.appoint("new", Role.AUDITOR), officer_id=ident(taken))
        assert town.reason(appointment) == Reason.STATE_CONFLICT


def test_an_officer_serves_a_bureau_of_the_genesis() -> None:
    """Another bureau is STATE_CONFLICT."""
    town = opened()
    assert town.reason(town.appoint("new", Role.AUDITOR, bureau="nowhere")) == Reason.STATE_CONFLICT


def test_a_key_is_registered_once() -> None:
    """A registered key as new key is WEAK_KEY and names its leaf."""
    town = opened()
    appointment = town.appoint("new", Role.AUDITOR)
    header = replace(appointment.header, key_ids=(*appointment.header.key_ids[:2], key_id("clerk")))
    leaf = town.state.keys[key_id("clerk")].registered_index
    assert town.conflict(replace(appointment, header=header)) == (Reason.WEAK_KEY, leaf)
    town.ok(town.participant("acme"))
    town.ok(town.register_key("acme"))
    town.ok(town.participant("beta"))
    assert town.reason(town.register_key("beta", "acme")) == Reason.WEAK_KEY


# Keys.


@pytest.mark.parametrize(
    "by",
    [("keymaster-1",), ("keymaster-1", "keymaster-1"), ("keymaster-1", "clerk"), ("root-1", "root-2")],
    ids=["one", "one twice", "a clerk", "roots"],
)
def test_keys_need_two_key_administrators(by: tuple[str, ...]) -> None:
    """One administrator, the same one twice, or other officers are SEPARATION_OF_DUTY."""
    town = opened()
    town.ok(town.participant("acme"))
    assert town.reason(town.register_key("acme", by=by)) == Reason.SEPARATION_OF_DUTY


def test_two_keys_of_one_person_are_not_two_administrators() -> None:
    """Two key administrators with one person tag are one person."""
    town = opened()
    # An appointment that shares a key administrator's tag is refused, so the state is told otherwise here:
    # the rule about signatures must hold on its own.
    third = town.state.officers[ident("keymaster-2")]
    town.state.officers.base[ident("keymaster-2")] = replace(
        third, person_tag=town.state.officers[ident("keymaster-1")].person_tag
    )
    town.ok(town.participant("acme"))
    assert town.reason(town.register_key("acme")) == Reason.SEPARATION_OF_DUTY


def test_keys_belong_to_registered_participants() -> None:
    """A key of nobody, and a key of an officer, are STATE_CONFLICT: there is no such participant."""
    town = opened()
    assert town.reason(town.register_key("nobody")) == Reason.STATE_CONFLICT
    assert town.reason(town.register_key("clerk", "clerk/2")) == Reason.STATE_CONFLICT


def test_a_rotated_key_and_the_older_one_both_sign() -> None:
    """A second key of a participant does not end the first."""
    town = small_town()
    town.ok(town.register_key("acme", "acme/2"))
    for contract, signer in (("c1", "acme"), ("c2", "acme/2")):
        town.ok(town.contract(contract, "1_000"))
        assert town.reason(town.apply(f"a-{contract}", contract, by=signer)) is None


def test_a_retired_key_signs_until_its_end() -> None:
    """At `until_ms` the key still signs; a millisecond later it is KEY_REVOKED."""
    town = small_town()
    town.ok(town.contract("c1", "1_000"))
    town.ok(town.contract("c2", "1_000"))
    town.ok(town.retire("acme", town.now_ms + 1_000))
    town.now_ms += 1_000
    assert town.reason(town.apply("a1", "c1")) is None
    town.now_ms += 1
    assert town.reason(town.apply("a2", "c2")) == Reason.KEY_REVOKED


def test_a_key_is_retired_once() -> None:
    """A second retirement, or one of a revoked key, is KEY_REVOKED."""
    town = small_town()
    town.ok(town.retire("acme", town.now_ms))
    assert town.reason(town.retire("acme", town.now_ms - 1)) == Reason.KEY_REVOKED
    town.ok(town.revoke("cloud", town.now_ms))
    assert town.reason(town.retire("cloud", town.now_ms)) == Reason.KEY_REVOKED


def test_a_revocation_is_final() -> None:
    """A second revocation is KEY_REVOKED, whatever its time."""
    town = small_town()
    since = town.now_ms
    town.ok(town.revoke("acme", since))
    for again in (since, since + 1, since - 1):
        assert town.reason(town.revoke("acme", again)) == Reason.KEY_REVOKED


def test_a_correction_only_moves_a_revocation_earlier() -> None:
    """`invalid_since_ms` may move earlier, not stay and not move later; there has to be a revocation."""
    town = small_town()
    since = town.now_ms
    assert town.reason(town.correct("acme", since)) == Reason.STATE_CONFLICT
    town.ok(town.revoke("acme", since))
    assert town.reason(town.correct("acme", since)) == Reason.STATE_CONFLICT
    assert town.reason(town.correct("acme", since + 1)) == Reason.STATE_CONFLICT
    assert town.reason(town.correct("acme", -1)) == Reason.MALFORMED
    assert town.reason(town.correct("nobody", 1)) == Reason.KEY_UNKNOWN
    assert town.reason(town.correct("acme", since - 1)) is None
    assert town.state.keys[key_id("acme")].invalid_since_ms == since - 1


def test_an_owner_does_not_correct_a_revocation() -> None:
    """Two key administrators correct a participant's, the root threshold an officer's or root's."""
    town = small_town()
    town.ok(town.register_key("acme", "acme/2"))
    town.ok(town.revoke("acme", 9))
    town.ok(town.revoke("payer", 9, by=ROOTS))
    assert town.reason(town.correct("acme", 8, by=("acme/2",))) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.correct("acme", 8, by=ROOTS)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.correct("payer", 8)) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.correct("acme", 8)) is None
    assert town.reason(town.correct("payer", 8, by=ROOTS)) is None


def test_an_owner_revokes_its_own_key() -> None:
    """A participant's one signature is enough for its own key, not for another's."""
    town = small_town()
    town.ok(town.register_key("acme", "acme/2"))
    assert town.reason(town.revoke("cloud", town.now_ms, by=("acme",))) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.revoke("acme", town.now_ms, by=("acme/2",))) is None
    assert town.reason(town.revoke("acme/2", town.now_ms, by=("acme",))) == Reason.KEY_REVOKED


def test_roots_end_an_officers_key() -> None:
    """Key administrators cannot end an officer's or a root's key; the root threshold can."""
    town = opened()
    for key in ("clerk", "root-3"):
        assert town.reason(town.revoke(key, town.now_ms, by=KEYMASTERS)) == Reason.SEPARATION_OF_DUTY
        assert town.reason(town.retire(key, town.now_ms, by=KEYMASTERS)) == Reason.SEPARATION_OF_DUTY
        assert town.reason(town.revoke(key, town.now_ms, by=("root-1", "root-2"))) is None
    assert town.reason(town.participant("acme")) == Reason.KEY_REVOKED
    assert town.reason(town.appoint("x", Role.AUDITOR, by=("root-1", "root-3"))) == Reason.KEY_REVOKED


def test_an_officer_revokes_its_own_key_but_does_not_retire_it() -> None:
    """The owner may revoke; a retirement is decided by others."""
    town = opened()
    assert town.reason(town.retire("payer", 1, by=("payer",))) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.revoke("payer", 1, by=("payer",))) is None


def test_an_unknown_key_cannot_end() -> None:
    """Retirement and revocation of a key that nobody registered are KEY_UNKNOWN."""
    town = opened()
    assert town.reason(town.retire("nobody", 1)) == Reason.KEY_UNKNOWN
    assert town.reason(town.revoke("nobody", 1)) == Reason.KEY_UNKNOWN


def test_times_of_keys_are_not_negative() -> None:
    """A time before 1970 is malformed."""
    town = opened()
    assert town.reason(town.retire("clerk", -1)) == Reason.MALFORMED
    assert town.reason(town.revoke("clerk", -1)) == Reason.MALFORMED


def test_a_certificate_belongs_to_one() -> None:
    """A certificate moves with its owner and is STATE_CONFLICT for another."""
    town = small_town()
    assert town.reason(town.certificate("acme", "tls-1")) is None
    assert town.reason(town.certificate("acme", "tls-2")) is None
    assert town.reason(town.certificate("acme", "tls-1")) is None
    assert town.reason(town.certificate("cloud", "tls-1")) == Reason.STATE_CONFLICT
    assert town.reason(town.certificate("nobody", "tls-3")) == Reason.STATE_CONFLICT
    assert town.reason(town.certificate("clerk", "tls-3", by=("clerk", "payer"))) == Reason.SEPARATION_OF_DUTY
    assert town.reason(town.appoint("new", Role.AUDITOR, certificate="tls-1")) == Reason.STATE_CONFLICT
