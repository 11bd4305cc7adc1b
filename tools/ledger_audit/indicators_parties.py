"""Indicators in contracts and applications: who contracts with whom, when, and for how much."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ledger_audit.entitlement import cap_limit, eligible_amount, entitlement
from ledger_audit.indicators_types import Indicator, Record
from ledger_audit.money import BP
from ledger_audit.rules_holding import common_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger_audit.dossiers import Application
    from ledger_audit.entities import Contract, Policy
    from ledger_audit.fold import Fold
    from ledger_audit.indicators_types import Thresholds
    from ledger_audit.state import State
    from ledger_audit.watch import Seen

_APPLICATION = "application_submitted"
_MOST_PARTNERS = 100
"""Contracts signed next that one contract is compared with, so that no number of contracts takes for ever."""


class _Terms(NamedTuple):
    """Under what a beneficiary applied in a programme last."""

    policy: Policy
    startup: bool


class SplitContracts:
    """Two contracts of one pair of parties that only together pass a minimum or a cap."""

    kinds = (_APPLICATION,)

    def __init__(self, thresholds: Thresholds) -> None:
        self._days = thresholds.split_days
        self._terms: dict[bytes, dict[bytes, _Terms]] = defaultdict(dict)
        """By beneficiary and programme."""

    def see(self, fold: Fold, seen: Seen) -> None:
        """Remember the terms of an application."""
        application = _application(fold, seen)
        if application is not None and application.programme.policy is not None:
            terms = _Terms(application.programme.policy, application.startup)
            self._terms[application.beneficiary_id][application.programme.programme_id] = terms

    def finish(self, state: State) -> Iterator[Record]:
        """Compare contracts that were signed within so many days."""
        by_pair: dict[tuple[bytes, bytes], list[Contract]] = defaultdict(list)
        for contract in state.contracts.values():
            pair = (contract.terms.beneficiary_id, contract.terms.provider_id)
            if pair[0] in self._terms:
                by_pair[pair].append(contract)
        for (beneficiary_id, _), contracts in by_pair.items():
            for first, second in self._near(contracts):
                for programme_id, terms in self._terms[beneficiary_id].items():
                    yield from _split(beneficiary_id, programme_id, terms, first, second)

    def _near(self, contracts: list[Contract]) -> Iterator[tuple[Contract, Contract]]:
        contracts.sort(key=lambda contract: (contract.terms.signed_day, contract.index))
        for place, first in enumerate(contracts):
            for second in contracts[place + 1 : place + 1 + _MOST_PARTNERS]:
                if second.terms.signed_day - first.terms.signed_day > self._days:
                    break
                yield first, second


class AtTheCap:
    """A contract that is worth, but for a little, exactly what a cap lets through."""

    kinds = (_APPLICATION,)

    def __init__(self, thresholds: Thresholds) -> None:
        self._distance_bp = thresholds.cap_distance_bp
        self._found: list[Record] = []

    def see(self, fold: Fold, seen: Seen) -> None:
        """Compare an application with the caps of the policy in force."""
        application = _application(fold, seen)
        if application is None or application.contract is None or application.programme.policy is None:
            return
        contract, policy = application.contract, application.programme.policy
        worth = _worth([contract], policy, startup=application.startup)
        caps = {
            cap_limit(policy, startup=application.startup, named_approval=named) for named in (False, True)
        }
        for cap in sorted(caps):
            distance = abs(worth - cap)
            if cap > 0 and distance * BP <= self._distance_bp * cap:
                record = Record.of(
                    Indicator.AT_THE_CAP,
                    application.beneficiary_id,
                    (contract.index, application.index),
                    contract_fen=contract.terms.amount_fen,
                    worth_fen=worth,
                    cap_fen=cap,
                    distance_bp=distance * BP // cap,
                )
                self._found.append(record)

    def finish(self, state: State) -> Iterator[Record]:
        """What was found."""
        del state
        yield from self._found


class LateAdmission:
    """A contract that was signed before its provider was admitted."""

    kinds = ("provider_admitted", _APPLICATION)

    def __init__(self, thresholds: Thresholds) -> None:
        del thresholds
        self._admissions: dict[bytes, int] = {}
        """Leaf of a provider's first admission."""
        self._found: list[Record] = []

    def see(self, fold: Fold, seen: Seen) -> None:
        """Remember admissions; compare an application with its provider's."""
        if seen.kind != _APPLICATION:
            self._admissions.setdefault(seen.statement.provider_id, seen.index)
            return
        application = _application(fold, seen)
        contract = application.contract if application is not None else None
        if application is None or contract is None:
            return
        terms = contract.terms
        provider = fold.state.participants.get(terms.provider_id)
        admission = self._admissions.get(terms.provider_id)
        if provider is None or admission is None or provider.admitted_from_day <= terms.signed_day:
            return
        record = Record.of(
            Indicator.LATE_ADMISSION,
            application.beneficiary_id,
            (contract.index, admission, application.index),
            signed_day=terms.signed_day,
            admitted_day=provider.admitted_from_day,
            provider=terms.provider_id.hex(),
        )
        self._found.append(record)

    def finish(self, state: State) -> Iterator[Record]:
        """What was found."""
        del state
        yield from self._found


class NearAffiliation:
    """Applicant and provider who would be one group if a smaller share were control.

    Looked at when they apply and again at the end, when holdings may have grown past what the rules refuse.
    """

    kinds = ("holding_declared", _APPLICATION)

    def __init__(self, thresholds: Thresholds) -> None:
        self._control_bp = thresholds.holding_bp
        self._leaves: dict[tuple[bytes, bytes], int] = {}
        """Newest declaration of a holding."""
        self._pairs: dict[tuple[bytes, bytes], int] = {}
        """The first application of applicant and provider."""
        self._found: dict[tuple[bytes, bytes], Record] = {}

    def see(self, fold: Fold, seen: Seen) -> None:
        """Remember holdings; look at the parties of an application."""
        if seen.kind != _APPLICATION:
            self._leaves[seen.statement.owner_id, seen.statement.owned_id] = seen.index
            return
        application = _application(fold, seen)
        if application is not None and application.contract is not None:
            pair = (application.beneficiary_id, application.contract.terms.provider_id)
            self._pairs.setdefault(pair, application.index)
            self._look(fold.state, pair)

    def finish(self, state: State) -> Iterator[Record]:
        """What was found, and what holdings of today add."""
        for pair in self._pairs:
            self._look(state, pair)
        yield from self._found.values()

    def _look(self, state: State, pair: tuple[bytes, bytes]) -> None:
        holdings = state.holdings
        if pair in self._found or not holdings:
            return
        group = next(common_groups(holdings, *pair, control_bp=max(self._control_bp, 1)), None)
        if group is None:
            return
        inner = [name for name in holdings if holdings[name] and group.issuperset(name)]
        joint: dict[bytes, int] = defaultdict(int)
        for owner, owned in inner:
            joint[owned] += holdings[owner, owned]
        self._found[pair] = Record.of(
            Indicator.NEAR_AFFILIATION,
            pair[0],
            (self._pairs[pair], *(self._leaves[name] for name in inner if name in self._leaves)),
            share_bp=min(joint.values()),
            provider=pair[1].hex(),
        )


def _application(fold: Fold, seen: Seen) -> Application | None:
    """The application of this event, unless the event names one that was there before."""
    application = fold.state.applications.get(seen.statement.application_id)
    return application if application is not None and application.index == seen.index else None


def _worth(contracts: Sequence[Contract], policy: Policy, *, startup: bool) -> int:
    """What contracts are worth together before any cap, fen."""
    parts = [
        (part.origin, part.amount_fen) for contract in contracts for part in contract.terms.origin_amounts
    ]
    base = sum(eligible_amount(contract, policy) for contract in contracts)
    return entitlement(policy, startup=startup, base_fen=base, parts=parts)


def _split(
    beneficiary_id: bytes, programme_id: bytes, terms: _Terms, first: Contract, second: Contract
) -> Iterator[Record]:
    policy, startup = terms
    amounts = [contract.terms.amount_fen for contract in (first, second)]
    worths = [_worth([contract], policy, startup=startup) for contract in (first, second)]
    cap, least = cap_limit(policy, startup=startup, named_approval=False), policy.parameters.min_contract_fen
    together = _worth([first, second], policy, startup=startup)
    passed = []
    if max(amounts) < least <= sum(amounts):
        passed.append(("minimum", sum(amounts), least))
    if max(worths) <= cap < together:
        passed.append(("cap", together, cap))
    for limit, measured, at in passed:
        yield Record.of(
            Indicator.SPLIT_CONTRACTS,
            beneficiary_id,
            (first.index, second.index),
            days=second.terms.signed_day - first.terms.signed_day,
            first_fen=amounts[0],
            second_fen=amounts[1],
            measured_fen=measured,
            limit=limit,
            limit_fen=at,
            programme=programme_id.hex(),
            provider=first.terms.provider_id.hex(),
        )
