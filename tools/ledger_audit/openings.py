"""Openings of commitments that an auditor was given, and what they say about the redemptions in the log.

A redemption whose subject was erased and that nobody opens is listed as erased and is no finding; an opening
that does not open its commitment is one. No salt or value leaves this module.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.errors import MalformedError, UsageError
from ledger.proof.commitment import MAX_VALUE_SIZE, SALT_SIZE, TAG_SIZE, check_label, commitment
from ledger.v1 import redemption_pb2, registry_pb2
from ledger_audit.strict_json import object_once

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ledger_audit.findings import Findings
    from ledger_audit.report import Outcomes
    from ledger_audit.scan import Scan

CHECK = "commitments"

_ID_SIZE = 16
_FILE_FIELDS = frozenset({"ledger_id", "openings"})
_OPENING_FIELDS = frozenset({"participant_id", "label", "commitment", "salt", "value"})
_HEXADECIMAL = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class _Secret:
    """What is said to open a commitment."""

    label: str
    salt: bytes = field(repr=False)
    value: bytes = field(repr=False)


class Openings:
    """The openings of one ledger by commitment; `take` judges leaves, in order, `summary` says what came out.

    Their subject is the one whose key signed the redemption's request. An erasure covers the redemptions
    before it.
    """

    def __init__(self, ledger_id: bytes, secrets: Mapping[bytes, _Secret]) -> None:
        self.ledger_id = ledger_id
        self._secrets = secrets
        self._used: set[bytes] = set()
        self._opened: dict[bytes, list[int]] = {}
        self._closed: dict[bytes, list[int]] = {}
        self._counts = {"opened": 0, "tampered": 0}
        self._erased: list[int] = []
        self._kept: list[int] = []

    @classmethod
    def parse(cls, data: bytes) -> Openings:
        """The content of a file of `voucherd personal export`; MalformedError, without a value, otherwise."""
        try:
            value = json.loads(data.decode("utf-8"), object_pairs_hook=object_once)
        except (UnicodeDecodeError, json.JSONDecodeError):
            raise MalformedError("the file of openings is not JSON") from None
        items = value["openings"] if isinstance(value, dict) and set(value) == _FILE_FIELDS else None
        if not isinstance(items, list):
            raise MalformedError("a file of openings has exactly ledger_id and a list openings")
        secrets: dict[bytes, _Secret] = {}
        for number, item in enumerate(items, start=1):
            committed, secret = _opening(item, number)
            if committed in secrets:
                raise MalformedError(f"opening {number}: its commitment is there twice")
            secrets[committed] = secret
        return cls(_hexadecimal(value["ledger_id"], _ID_SIZE, "ledger_id"), secrets)

    @classmethod
    def load(cls, path: Path) -> Openings:
        """The file at `path`; UsageError if it cannot be read."""
        try:
            return cls.parse(path.read_bytes())
        except OSError as error:
            raise UsageError(f"cannot read the openings: {error.strerror}") from None

    def take(self, scan: Scan, findings: Findings) -> None:
        """Judge the redemptions and erasures of a chunk; a wrong opening is a finding at its redemption."""
        leaves = zip(scan.hashes, scan.events, scan.statements, strict=False)
        for index, (leaf_hash, event, statement) in enumerate(leaves, scan.start):
            if isinstance(statement, redemption_pb2.RedemptionRequest):
                # A request is no claim, so its event was parsed whole.
                subject: bytes = event.actor  # type: ignore[union-attr]
                self._judge(index, leaf_hash, subject, statement.payee_commitment, findings)
            elif isinstance(statement, registry_pb2.PersonalDataErasure):
                self._erased += self._closed.pop(statement.participant_id, [])
                self._kept += self._opened.pop(statement.participant_id, [])

    def _judge(
        self, index: int, leaf_hash: bytes, subject: bytes, committed: bytes, findings: Findings
    ) -> None:
        secret = self._secrets.get(committed)
        if secret is None:
            self._closed.setdefault(subject, []).append(index)
            return
        self._used.add(committed)
        made = commitment(salt=secret.salt, label=secret.label, value=secret.value)
        if made == committed:
            self._counts["opened"] += 1
            self._opened.setdefault(subject, []).append(index)
        else:
            self._counts["tampered"] += 1
            findings.add(CHECK, index, committed, f"tampered: the opening gives {made.hex()}", leaf_hash)

    def finish(self, ledger_id: bytes, outcomes: Outcomes) -> None:
        """Note that openings of another ledger checked nothing."""
        if ledger_id != self.ledger_id:
            outcomes.skip("the openings are those of another ledger", CHECK)

    def summary(self) -> dict[str, Any]:
        """Counts, and the leaf indexes of what was erased and of what was opened in spite of an erasure."""
        return {
            **self._counts,
            "erased": len(self._erased),
            "not_opened": sum(map(len, self._closed.values())),
            "unused": len(self._secrets) - len(self._used),
            "erased_indexes": sorted(self._erased),
            "kept_after_erasure_indexes": sorted(self._kept),
        }


def _opening(item: Any, number: int) -> tuple[bytes, _Secret]:
    if not isinstance(item, dict) or set(item) != _OPENING_FIELDS:
        raise MalformedError(
            f"opening {number}: it has exactly the fields {', '.join(sorted(_OPENING_FIELDS))}"
        )
    _hexadecimal(item["participant_id"], _ID_SIZE, f"opening {number}: participant_id")
    committed = _hexadecimal(item["commitment"], TAG_SIZE, f"opening {number}: commitment")
    salt = _hexadecimal(item["salt"], SALT_SIZE, f"opening {number}: salt")
    label, text = item["label"], item["value"]
    if not isinstance(label, str) or not isinstance(text, str):
        raise MalformedError(f"opening {number}: label and value are text")
    value = text.encode("utf-8", "surrogatepass")
    if not 0 < len(value) <= MAX_VALUE_SIZE:
        raise MalformedError(f"opening {number}: the value has 1 to {MAX_VALUE_SIZE} bytes")
    return committed, _Secret(check_label(label), salt, value)


def _hexadecimal(value: object, size: int, name: str) -> bytes:
    if not isinstance(value, str) or len(value) != 2 * size or not _HEXADECIMAL.issuperset(value):
        raise MalformedError(f"{name}: something else than {size} bytes in lower-case hexadecimal")
    return bytes.fromhex(value)
