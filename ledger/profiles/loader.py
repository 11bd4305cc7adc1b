"""Load policy profiles, shipped or from a path, and put overrides on them.

`load_profile` gives a profile by name or path, `apply_overrides` the same profile with some profile keys set
anew (a scenario's `[policy.PROGRAMME]`, an amended policy, a policy that somebody tries); after each,
`profile.programmes[NAME]` are the parameters of a programme in ledger units. Profile keys have the names of
the file (`cap`, yuan as text), parameters those of the domain (`cap_fen`); keys that are absent in the end
follow others. This module finds files and joins schema and values. It must not decide by a
parameter or open a programme.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ledger.domain.quantities import printable
from ledger.errors import MalformedError, UsageError
from ledger.profiles.strict_toml import malformed, parse_toml, place, read_toml_text
from ledger.profiles.tables import ALLOWED, POLICY_KEYS, CrosscheckTable, PolicyTable, ProfileFile, keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.domain.policy import PolicyParameters
    from ledger.profiles.strict_toml import KeyPath

_SUFFIX = ".toml"
_CALENDAR_PREFIX = "calendar-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named set of programmes: `programmes` by instrument name, `tables` the keys that were really set."""

    name: str
    programmes: Mapping[str, PolicyParameters]
    tables: Mapping[str, PolicyTable]
    crosscheck: CrosscheckTable | None


def list_profiles() -> tuple[str, ...]:
    """The names of the shipped profiles, sorted."""
    names = (entry.name for entry in resources.files("ledger.profiles").iterdir())
    return tuple(
        sorted(
            name.removesuffix(_SUFFIX)
            for name in names
            if name.endswith(_SUFFIX) and not name.startswith(_CALENDAR_PREFIX)
        )
    )


def load_profile(name_or_path: str | Path) -> Profile:
    """Load a shipped profile by its name, or any profile file by a path that ends in `.toml`.

    Raises UsageError for an unknown name or an unreadable file, MalformedError naming file, line and key
    for unknown keys, floats, other types, values out of range and cross-checks that disagree.
    """
    text_form = str(name_or_path)
    if text_form.endswith(_SUFFIX):
        source = text_form
        text = read_toml_text(Path(name_or_path), source=source)
        return parse_profile(text, name=Path(name_or_path).stem, source=source)
    if text_form not in list_profiles():
        raise UsageError(
            f"no profile {printable(text_form)}",
            hint=f"allowed: {', '.join(list_profiles())}, or the path of a .toml file",
        )
    source = text_form + _SUFFIX
    text = read_toml_text(resources.files("ledger.profiles") / source, source=source)
    return parse_profile(text, name=text_form, source=source)


def parse_profile(text: str, *, name: str, source: str) -> Profile:
    """Parse the text of a profile file; `source` names it in errors. Raises MalformedError."""
    values = parse_toml(text, source=source)
    try:
        parsed = ProfileFile.model_validate(values)
    except ValidationError as error:
        raise malformed(
            error, source=source, text=text, prefix=(), allowed=ALLOWED, keys_of=keys_of
        ) from error
    tables = {str(programme): table for programme, table in parsed.programme.items()}
    return Profile(
        name=name,
        programmes=MappingProxyType({key: table.parameters() for key, table in tables.items()}),
        tables=MappingProxyType(tables),
        crosscheck=parsed.crosscheck,
    )


def apply_overrides(
    profile: Profile,
    overrides: Mapping[str, object],
    *,
    programme: str,
    source: str,
    text: str = "",
    path: KeyPath | None = None,
) -> Profile:
    """The profile with `overrides` (profile keys and their TOML values) put on one programme.

    Keys that are absent afterwards follow the others again: a new `cap` moves a start-up cap that the
    profile does not set. `source`, `text` and `path` (default `policy`, `programme`) name file, line and
    key in errors. Raises MalformedError with the same checks as a profile file, also for a programme that
    the profile lacks.
    """
    prefix: KeyPath = ("policy", programme) if path is None else path
    if programme not in profile.tables:
        where = place(source=source, text=text, path=prefix)
        raise MalformedError(
            f"{where}: profile {profile.name} has no programme {printable(programme)}",
            hint=f"allowed: {', '.join(profile.tables)}",
        )
    try:
        other = PolicyTable.model_validate(dict(overrides))
    except ValidationError as error:
        raise malformed(
            error, source=source, text=text, prefix=prefix, allowed=ALLOWED, keys_of=_override_keys
        ) from error
    table = profile.tables[programme].overridden_by(other)
    return replace(
        profile,
        programmes=MappingProxyType({**profile.programmes, programme: table.parameters()}),
        tables=MappingProxyType({**profile.tables, programme: table}),
    )


def _override_keys(path: KeyPath) -> tuple[str, ...]:
    return keys_of(path) if path else POLICY_KEYS
