"""A scenario file as a value: parsed strictly, so that what a step means is settled before anything happens.

Errors name file, line, step and key, and what is allowed. This module must not act on a ledger; that a clock
would go back because an award moved it is noticed only when the file is played.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from ledger.domain.days import civil_from_day, day_of_ms, format_rfc3339
from ledger.domain.quantities import printable
from ledger.errors import MalformedError
from ledger.profiles.loader import apply_overrides, list_profiles, load_profile
from ledger.profiles.strict_toml import malformed, parse_toml, place, read_toml_text
from ledger.profiles.tables import ALLOWED as POLICY_ALLOWED
from ledger.profiles.tables import StrictTable
from ledger_play.scenario.grant_steps import AmendPolicy
from ledger_play.scenario.steps import MADE_BY, STEPS, Parallel
from ledger_play.scenario.values import OK, Instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ledger.profiles.loader import Profile
    from ledger.profiles.strict_toml import KeyPath
    from ledger_play.scenario.step import Step

MAX_STEPS = 10_000
_LABEL_REASONS = frozenset({"STATE_CONFLICT", "REQUEST_ID_REUSED"})
_NUMBER = "{n}"


class _ScenarioFile(StrictTable):
    name: Annotated[str, Field(min_length=1, max_length=200, description="a text")]
    profile: Annotated[str, Field(description="the name of a shipped profile")]
    start: Instant
    policy: Annotated[
        dict[str, dict[str, object]],
        Field(default_factory=dict, description="tables [policy.PROGRAMME] of profile keys"),
    ]
    step: Annotated[
        list[dict[str, object]],
        Field(min_length=1, max_length=MAX_STEPS, description="tables [[step]], at least one"),
    ]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a scenario stands: what an error names, and the text in which a line is found."""

    name: str
    text: str

    def malformed(self, path: KeyPath, problem: str, *, allowed: str) -> MalformedError:
        """The error of a value at `path`."""
        return MalformedError(
            f"{place(source=self.name, text=self.text, path=path)}: {problem}", hint=f"allowed: {allowed}"
        )

    def invalid(
        self, error: ValidationError, *, path: KeyPath, allowed: Mapping[str, str], keys: tuple[str, ...]
    ) -> MalformedError:
        """The error of a table at `path` that its schema refuses."""
        return malformed(
            error, source=self.name, text=self.text, prefix=path, allowed=allowed, keys_of=lambda _: keys
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """A step in its place, counted from 0; of a parallel one also the steps that are sent at once."""

    position: int
    step: Step
    at_once: tuple[Step, ...] = ()

    @property
    def path(self) -> KeyPath:
        """Where the step stands in the file."""
        return ("step", self.position)

    @property
    def each(self) -> tuple[Step, ...]:
        """The steps that are sent."""
        return self.at_once or (self.step,)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario that can be played; `profile` has the file's overrides in it."""

    source: Source
    name: str
    profile: Profile
    start_ms: int
    steps: tuple[Planned, ...]

    @property
    def fiscal_year(self) -> int:
        """The year for which the programmes are opened."""
        return civil_from_day(day_of_ms(self.start_ms))[0]


def load_scenario(path: Path) -> Scenario:
    """Read and parse a scenario file; UsageError if it cannot be read, MalformedError if it is malformed."""
    return parse_scenario(read_toml_text(path, source=str(path)), name=str(path))


def parse_scenario(text: str, *, name: str) -> Scenario:
    """Parse the text of a scenario file; `name` stands for it in errors. Raises MalformedError."""
    source = Source(name, text)
    values = parse_toml(text, source=name)
    try:
        parsed = _ScenarioFile.model_validate(values)
    except ValidationError as error:
        allowed = {key: field.description or "" for key, field in _ScenarioFile.model_fields.items()}
        raise source.invalid(error, path=(), allowed=allowed, keys=tuple(allowed)) from error
    profile = _profile(source, parsed)
    steps = tuple(_planned(source, number, table) for number, table in enumerate(parsed.step))
    _check_clock(source, parsed.start, steps)
    _check_programmes(source, profile, steps)
    _check_labels(source, steps)
    return Scenario(source, parsed.name, profile, parsed.start, steps)


def _profile(source: Source, parsed: _ScenarioFile) -> Profile:
    if parsed.profile not in list_profiles():
        raise source.malformed(
            ("profile",), f"no profile {printable(parsed.profile)}", allowed=", ".join(list_profiles())
        )
    profile = load_profile(parsed.profile)
    for programme, overrides in parsed.policy.items():
        profile = apply_overrides(
            profile, overrides, programme=programme, source=source.name, text=source.text
        )
        check_appropriation(source, profile, programme, ("policy", programme, "appropriation"))
    return profile


def check_appropriation(source: Source, profile: Profile, programme: str, path: KeyPath) -> None:
    """A programme needs money to be opened or amended."""
    if profile.programmes[programme].appropriation_fen == 0:
        raise source.malformed(path, "it is 0.00", allowed=f"{POLICY_ALLOWED['appropriation']}, above 0.00")


def _planned(source: Source, position: int, table: Mapping[str, object]) -> Planned:
    path: KeyPath = ("step", position)
    step = _step(source, path, table)
    if not isinstance(step, Parallel):
        return Planned(position, step)
    if step.expect != OK:
        raise source.malformed((*path, "expect"), "a parallel step counts", allowed="expect_refused")
    inner: KeyPath = (*path, "step")
    for key in ("at", "expect"):
        if key in step.step:
            raise source.malformed((*inner, key), "not in a parallel step", allowed="it beside times")
    at_once = tuple(
        _step(source, inner, _numbered(step.step, str(number))) for number in range(1, step.times + 1)
    )
    if isinstance(at_once[0], Parallel):
        raise source.malformed((*inner, "do"), "parallel in parallel", allowed="every other step")
    return Planned(position, step, at_once)


def _step(source: Source, path: KeyPath, table: Mapping[str, object]) -> Step:
    do = table.get("do")
    schema = STEPS.get(do) if isinstance(do, str) else None
    if schema is None:
        problem = "is missing" if do is None else f"no step {printable(str(do))}"
        raise source.malformed((*path, "do"), problem, allowed=", ".join(STEPS))
    allowed = schema.allowed()
    try:
        step = schema.model_validate(table)
    except ValidationError as error:
        raise source.invalid(error, path=path, allowed=allowed, keys=tuple(allowed)) from error
    misfit = step.misfit()
    if misfit is not None:
        raise source.malformed((*path, misfit.key), misfit.problem, allowed=allowed[misfit.key])
    return step


def _numbered(value: Any, number: str) -> Any:
    if isinstance(value, str):
        return value.replace(_NUMBER, number)
    if isinstance(value, dict):
        return {key.replace(_NUMBER, number): _numbered(item, number) for key, item in value.items()}
    return [_numbered(item, number) for item in value] if isinstance(value, list) else value


def _check_clock(source: Source, start_ms: int, steps: tuple[Planned, ...]) -> None:
    now_ms = start_ms
    for planned in steps:
        if planned.step.at is not None:
            check_forward(source, planned, now_ms)
            now_ms = planned.step.at


def check_forward(source: Source, planned: Planned, now_ms: int) -> None:
    """Refuse a step whose `at` lies before the clock."""
    at_ms = planned.step.at
    if at_ms is not None and at_ms < now_ms:
        problem = f"{format_rfc3339(at_ms)} is before the clock"
        raise source.malformed((*planned.path, "at"), problem, allowed=f"{format_rfc3339(now_ms)} or later")


def _check_programmes(source: Source, profile: Profile, steps: tuple[Planned, ...]) -> None:
    changed = profile
    for planned in steps:
        for step in planned.each:
            programme = getattr(step, "programme", None)
            if programme is not None and programme not in profile.programmes:
                problem = f"profile {profile.name} has no programme {programme}"
                allowed = ", ".join(profile.programmes)
                raise source.malformed((*planned.path, "programme"), problem, allowed=allowed)
            if isinstance(step, AmendPolicy):
                changed = amended(source, changed, step, planned.path)


def amended(source: Source, profile: Profile, step: AmendPolicy, path: KeyPath) -> Profile:
    """The profile after an amendment; keys that follow others follow them again unless they were set."""
    changed = apply_overrides(
        profile,
        step.set_,
        programme=step.programme,
        source=source.name,
        text=source.text,
        path=(*path, "set"),
    )
    check_appropriation(source, changed, step.programme, (*path, "set", "appropriation"))
    return changed


def _check_labels(source: Source, steps: tuple[Planned, ...]) -> None:
    """Refuse a label that no step of the file makes, unless that is what the step is about."""
    made: dict[str, set[str]] = {}
    for planned in steps:
        for step in planned.each:
            made.setdefault(step.do, set()).add(step.label)
    for planned in steps:
        if _LABEL_REASONS & {planned.step.expect, *(getattr(planned.step, "expect_refused", None) or ())}:
            continue
        for step in planned.each:
            for key, kind, label in step.named():
                known = [made.get(do, set()) for do in MADE_BY[kind]]
                if not any(label in labels for labels in known):
                    makers = " or ".join(MADE_BY[kind])
                    problem = f"no step makes the {kind} {printable(label)}"
                    raise source.malformed(
                        (*planned.path, key), problem, allowed=f"a label of a step {makers} of this file"
                    )
