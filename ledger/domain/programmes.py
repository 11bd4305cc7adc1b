"""Programmes, their appropriation and the policy versions that govern them (rules I1, I11, I15).

This module must not know who applies or what is used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.domain import authority, checks
from ledger.domain.commands import Command, Refusals, missing
from ledger.domain.entities import Policy, Programme
from ledger.domain.events import PolicyPublished, ProgrammeOpened
from ledger.domain.journal import Account, Draft, Link, LinkKind, Posting, ProgrammeTotals, Recorded, transfer
from ledger.domain.rejections import Reason, Rejection
from ledger.domain.vocabulary import Role

if TYPE_CHECKING:
    from ledger.domain.state import State
    from ledger.domain.statements import PolicyPublication, ProgrammeOpening

    Decision = tuple[Draft, ...] | Rejection

FIRST_YEAR, LAST_YEAR = 2000, 2199


def decide_programme_opening(state: State, command: Command[ProgrammeOpening]) -> Decision:
    """Open a programme and post its appropriation."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    checks.check_id(statement.programme_id, "programme_id")
    checks.check_amount(statement.appropriation_fen, "appropriation_fen")
    checks.expect(FIRST_YEAR <= statement.fiscal_year <= LAST_YEAR, "fiscal_year: 2000 to 2199")
    refusals = Refusals()
    officers = authority.check_officers(
        refusals, state, command, Role.CLERK, Role.APPROVER, basis=statement.basis
    )
    if statement.programme_id in state.programmes:
        refusals.add(Reason.STATE_CONFLICT, "the programme id is in use")
    place = (statement.instrument, statement.fiscal_year, statement.basis.bureau_id)
    known = state.programme_of.get(place)
    if known is not None:
        index = state.programmes[known].index
        refusals.add(Reason.STATE_CONFLICT, "the bureau has this programme for that year already", index)
    if refusals.first:
        return refusals.first
    totals = ProgrammeTotals(statement.appropriation_fen, 0, 0, 0, 0, 0, 0)
    draft = Draft(
        payload=ProgrammeOpened(),
        stream_id=f"programme/{statement.programme_id.hex()}",
        actor=officers[0].officer_id,
        premises=authority.key_premises(command.keys),
        links=(state.link(LinkKind.PROGRAMME, statement.programme_id, totals),),
        postings=_appropriated(statement.programme_id, statement.appropriation_fen),
    )
    return (draft,)


def evolve_programme_opened(state: State, recorded: Recorded) -> None:
    """Fold a programme."""
    statement: ProgrammeOpening = recorded.statement
    state.programmes[statement.programme_id] = Programme(
        programme_id=statement.programme_id,
        bureau_id=statement.basis.bureau_id,
        instrument=statement.instrument,
        fiscal_year=statement.fiscal_year,
        appropriation_fen=statement.appropriation_fen,
        index=recorded.index,
    )
    place = (statement.instrument, statement.fiscal_year, statement.basis.bureau_id)
    state.programme_of[place] = statement.programme_id


def decide_policy_publication(state: State, command: Command[PolicyPublication]) -> Decision:
    """Put the next policy version of a programme in force."""
    statement = command.statement
    checks.check_basis_shape(statement.basis)
    programme = state.programmes.get(statement.programme_id)
    if programme is None:
        return missing("the programme")
    refusals = Refusals()
    officers = authority.check_officers(
        refusals, state, command, Role.CLERK, Role.APPROVER, basis=statement.basis
    )
    authority.check_bureau(refusals, statement.basis, programme.bureau_id)
    current = state.policies.get(statement.programme_id)
    expected = 1 if current is None else current.version + 1
    if statement.version != expected:
        refusals.add(
            Reason.STATE_CONFLICT, f"the next version is {expected}", current.index if current else None
        )
    checks.check_amount(statement.parameters.appropriation_fen, "parameters.appropriation_fen")
    change_fen = statement.parameters.appropriation_fen - programme.appropriation_fen
    totals = state.programme_totals(statement.programme_id)
    after = totals._replace(available_fen=totals.available_fen + change_fen)
    if after.available_fen < 0:
        committed_fen = programme.appropriation_fen - totals.available_fen
        text = f"{committed_fen} fen are committed, more than the appropriation would be"
        refusals.add(Reason.STATE_CONFLICT, text, programme.index)
    if refusals.first:
        return refusals.first
    links: tuple[Link, ...] = (state.link(LinkKind.POLICY, statement.programme_id),)
    if change_fen:
        links = (*links, state.link(LinkKind.PROGRAMME, statement.programme_id, after))
    draft = Draft(
        payload=PolicyPublished(),
        stream_id=f"programme/{statement.programme_id.hex()}",
        actor=officers[0].officer_id,
        premises=authority.key_premises(command.keys),
        links=links,
        postings=_appropriated(statement.programme_id, change_fen),
    )
    return (draft,)


def _appropriated(programme_id: bytes, change_fen: int) -> tuple[Posting, ...]:
    """The double entry of an appropriation that grew or shrank."""
    debit, credit = Account.AVAILABLE, Account.APPROPRIATION
    if change_fen < 0:
        debit, credit = credit, debit
    return transfer(programme_id, debit=debit, credit=credit, amount_fen=abs(change_fen))


def evolve_policy_published(state: State, recorded: Recorded) -> None:
    """Fold a policy version; its appropriation is the programme's from here on."""
    statement: PolicyPublication = recorded.statement
    state.policies[statement.programme_id] = Policy(
        index=recorded.index, version=statement.version, parameters=statement.parameters
    )
    state.programmes[statement.programme_id] = replace(
        state.programmes[statement.programme_id],
        appropriation_fen=statement.parameters.appropriation_fen,
    )
