"""C2SP tlog-policy: known logs, known witnesses, and how many of these must have cosigned a checkpoint.

It must not verify anything but cosignatures, and never counts the log itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from ledger.proof.cosignature import CosignatureVerifier, verify_cosignatures
from ledger.proof.strict import parse_decimal
from ledger.proof.vkey import COSIGNATURE_ML_DSA_44_TYPE, ED25519_TYPE, VKey

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_POLICY_CHARACTERS = 1_000_000
MAX_NAMES = 1_000
NONE = "none"
_SPACE = re.compile(r"[ \t]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LOG_TYPES = (ED25519_TYPE, COSIGNATURE_ML_DSA_44_TYPE)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A known log: its key, whose name is the origin, and where it is read, if the policy says so."""

    vkey: VKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """A known witness: its name inside the policy, its key, and its submission prefix or nothing."""

    name: str
    verifier: CosignatureVerifier
    url: str = ""


@dataclass(slots=True)
class Policy:
    """Logs, witnesses, groups as (threshold, members), and the name that must be satisfied."""

    logs: list[LogLine] = field(default_factory=list)
    witnesses: dict[str, WitnessLine] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = ""
    _grouped: set[str] = field(default_factory=set)

    @classmethod
    def parse(cls, text: str) -> Policy:
        """The policy, or MalformedError with the number of the line (C2SP tlog-policy, "Policy file syntax").

        Only space and tab separate words; a name may be any other run of characters.
        """
        if len(text) > MAX_POLICY_CHARACTERS:
            raise MalformedError(f"a witness policy has more than {MAX_POLICY_CHARACTERS} characters")
        policy = cls()
        for number, line in enumerate(text.split("\n"), 1):
            try:
                policy._take(line)
            except MalformedError as error:
                raise MalformedError(f"line {number} of the witness policy: {error.summary}") from None
        if not policy.quorum:
            raise MalformedError("a witness policy has no quorum", hint="add a line: quorum NAME")
        return policy

    def counted(self, origin: str, *, log_keys: Collection[bytes] = ()) -> tuple[WitnessLine, ...]:
        """The witnesses that count for the log of this origin: all but the log itself, by name or by key."""
        own = {log.vkey.public_key for log in self.logs if log.vkey.name == origin}.union(log_keys)
        return tuple(
            witness
            for witness in self.witnesses.values()
            if witness.verifier.name != origin and witness.verifier.vkey.public_key not in own
        )

    def satisfied(self, note: bytes, *, origin: str) -> bool:
        """Whether the cosignatures on the note reach the quorum; raises if a known witness's one is wrong."""
        counted = self.counted(origin)
        seen = verify_cosignatures(note, [witness.verifier for witness in counted])
        keys = {cosignature.public_key for cosignature in seen}
        return self.reached({w.name for w in counted if w.verifier.vkey.public_key in keys})

    def reached(self, cosigned: set[str]) -> bool:
        """Whether these witnesses, by their names in the policy, reach the quorum."""
        good = set(cosigned)
        for name, (threshold, members) in self.groups.items():
            if sum(member in good for member in members) >= threshold:
                good.add(name)
        return self.quorum == NONE or self.quorum in good

    def _take(self, line: str) -> None:
        if _CONTROL.search(line):
            raise MalformedError("there is a control character")
        words = [word for word in _SPACE.split(line) if word]
        if not words or words[0].startswith("#"):
            return
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._take_log(vkey, "".join(url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._fresh(name)
                self._take_witness(name, vkey, "".join(url))
            case ["group", name, threshold, *members] if members:
                self._fresh(name)
                self._take_members(members)
                self.groups[name] = (_threshold(threshold, len(members)), tuple(members))
            case ["quorum", name]:
                if self.quorum:
                    raise MalformedError("there is a second quorum")
                if name != NONE and not self._known(name):
                    raise MalformedError("the quorum is not defined above")
                self.quorum = name
            case _:
                raise MalformedError(f"it is not understood: {words[0]}")

    def _take_log(self, vkey: str, url: str) -> None:
        key = VKey.parse(vkey)
        if key.signature_type not in _LOG_TYPES:
            raise MalformedError("the key is not one of a log")
        if any(key.public_key == log.vkey.public_key for log in self.logs):
            raise MalformedError("two logs share a public key")
        self.logs.append(LogLine(key, url))

    def _take_witness(self, name: str, vkey: str, url: str) -> None:
        verifier = CosignatureVerifier.parse(vkey)
        if any(verifier.vkey.public_key == w.verifier.vkey.public_key for w in self.witnesses.values()):
            raise MalformedError("two witnesses share a public key")
        self.witnesses[name] = WitnessLine(name, verifier, url)

    def _take_members(self, members: list[str]) -> None:
        """Each name is a member once in the whole policy, so that it counts in one way only."""
        for member in members:
            if not self._known(member):
                raise MalformedError("a member is not defined above")
            if member in self._grouped:
                raise MalformedError("a name is a member twice")
            self._grouped.add(member)

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _fresh(self, name: str) -> None:
        if self._known(name) or name == NONE:
            raise MalformedError("the name is used twice")
        if len(self.witnesses) + len(self.groups) >= MAX_NAMES:
            raise MalformedError(f"there are more than {MAX_NAMES} witnesses and groups")


def _threshold(word: str, members: int) -> int:
    if word in {"any", "all"}:
        return 1 if word == "any" else members
    threshold = parse_decimal(word, what="a group's threshold", maximum=members)
    if threshold == 0:
        raise MalformedError("a group's threshold is 0")
    return threshold
