"""C2SP tlog-policy: how many witnesses must have cosigned a checkpoint.

It must not verify anything but cosignatures, and never counts the log itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.errors import MalformedError
from ledger.proof.cosignature import CosignatureVerifier, verify_cosignatures
from ledger.proof.strict import parse_decimal


@dataclass(slots=True)
class Policy:
    """Witnesses by name, groups as (threshold, members), and the name that must be satisfied."""

    witnesses: dict[str, CosignatureVerifier] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = ""

    @classmethod
    def parse(cls, text: str) -> Policy:
        """The policy, or MalformedError (C2SP tlog-policy)."""
        policy = cls()
        for line in text.splitlines():
            words = line.split()
            if words and not words[0].startswith("#"):
                policy._take(words)
        if not policy.quorum:
            raise MalformedError("a witness policy has no quorum")
        return policy

    def satisfied(self, note: bytes, *, origin: str) -> bool:
        """Whether the cosignatures on the note reach the quorum; raises if a known witness's one is wrong."""
        counted = {n: w for n, w in self.witnesses.items() if w.name != origin}
        seen = {(c.name, c.public_key) for c in verify_cosignatures(note, tuple(counted.values()))}
        good = {name for name, w in counted.items() if (w.name, w.vkey.public_key) in seen}
        for name, (threshold, members) in self.groups.items():
            if sum(member in good for member in members) >= threshold:
                good.add(name)
        return self.quorum == "none" or self.quorum in good

    def _take(self, words: list[str]) -> None:
        match words:
            case ["log", _] | ["log", _, _]:
                return
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                self._fresh(name)
                self.witnesses[name] = CosignatureVerifier.parse(vkey)
            case ["group", name, threshold, *members] if members:
                self._fresh(name)
                if len(set(members)) != len(members) or not all(map(self._known, members)):
                    raise MalformedError("a group of witnesses has an unknown or repeated member")
                self.groups[name] = (_threshold(threshold, len(members)), tuple(members))
            case ["quorum", name] if not self.quorum and (name == "none" or self._known(name)):
                self.quorum = name
            case _:
                raise MalformedError(f"a line of the witness policy is not understood: {words[0]}")

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _fresh(self, name: str) -> None:
        if self._known(name) or name == "none":
            raise MalformedError("a name of the witness policy is used twice")


def _threshold(word: str, members: int) -> int:
    if word in {"any", "all"}:
        return 1 if word == "any" else members
    threshold = parse_decimal(word, what="a group's threshold", maximum=members)
    if threshold == 0:
        raise MalformedError("a group's threshold is 0")
    return threshold
