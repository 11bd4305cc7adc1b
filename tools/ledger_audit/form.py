"""The form of statements: lengths of ids and digests, enumerations, and the basis of decisions.

The lengths are those that the comments in protos/ledger/v1 name. It must not look anything up.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.message import Message

    from ledger_audit.dossiers import Leaf
    from ledger_audit.entities import Officer
    from ledger_audit.frame import Act
    from ledger_audit.state import State

_ID_SIZE, _HASH_SIZE, _REASON_SIZE = 16, 32, 32
_HASHES = frozenset(
    {
        "key_id",
        "key_ids",
        "fingerprint",
        "reference_fingerprint",
        "payee_commitment",
        "person_tag",
        "leaf_hash",
    }
    | {"certificate_sha256", "document_digest", "contract_digest", "raw_log_digest", "previous_digest"}
    | {"evidence_digests", "public_key", "publication_digest", "red_letter_fingerprint", "payee_tag"}
)
_MAY_BE_EMPTY = frozenset(
    {
        ("ParticipantRegistration", "person_tag"),
        ("UsageAttestation", "previous_digest"),
        ("ServiceAttestation", "previous_digest"),
        ("InvoiceCancellation", "red_letter_fingerprint"),
        ("RedemptionRequest", "payee_tag"),
    }
)
_MAY_BE_UNSPECIFIED = frozenset({"superseding_reason"})
_REASON_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def check_form(act: Act, message: Message) -> None:
    """Report every id, digest or enumeration of a statement that cannot be one."""
    for problem in _problems(message):
        act.fail("statement", problem[0], problem[1])


def check_basis(
    state: State, act: Act, officers: Sequence[Officer | None], *, role: int, bureau_id: bytes | None
) -> None:
    """The basis names bureau and role of the first officer; all officers are of that bureau (I12).

    `bureau_id` is the programme's, None where no programme is concerned.
    """
    basis = act.statement.basis
    if not act.statement.HasField("basis"):
        act.fail("basis", "a basis", "none")
        return
    act.equal("basis", role, basis.role)
    act.require(basis.bureau_id in state.bureaux, "basis", "a bureau of the genesis", basis.bureau_id)
    reason = basis.reason_code
    good = 0 < len(reason) <= _REASON_SIZE and _REASON_CHARACTERS.issuperset(reason)
    act.require(good, "basis", "a reason code", reason)
    for officer in officers:
        if officer is not None:
            act.equal("basis", officer.bureau_id, basis.bureau_id)
    if bureau_id is not None:
        act.equal("basis", bureau_id, basis.bureau_id)


def check_subject(act: Act, leaf: Leaf) -> None:
    """The decision names the leaf that it judges, by index and hash."""
    subject = act.statement.subject
    named = (subject.leaf_index if subject.HasField("leaf_index") else None, subject.leaf_hash)
    index, leaf_hash = leaf
    act.require(named == leaf, "subject", f"{index} {leaf_hash.hex()}", f"{named[0]} {named[1].hex()}")


def _problems(message: Message) -> Iterator[tuple[str, str]]:
    for field, size, values in _rules(message.DESCRIPTOR):
        value: Any = getattr(message, field.name)
        for item in value if field.is_repeated else (value,):
            if values is not None:
                if item not in values:
                    yield f"a known {field.name}", str(item)
            elif size and len(item) != size and (item or not _optional(field)):
                yield f"{size} bytes of {field.name}", f"{len(item)} bytes"
            elif field.message_type is not None and (field.is_repeated or message.HasField(field.name)):
                yield from _problems(item)


def _optional(field: FieldDescriptor) -> bool:
    owner = field.containing_type
    return owner is not None and (owner.name, field.name) in _MAY_BE_EMPTY


@cache
def _rules(descriptor: Descriptor) -> tuple[tuple[FieldDescriptor, int, frozenset[int] | None], ...]:
    """For each field of interest: its length if it has one, the values of its enumeration if it has one."""
    rules: list[tuple[FieldDescriptor, int, frozenset[int] | None]] = []
    for field in descriptor.fields:
        if field.type == FieldDescriptor.TYPE_BYTES:
            rules.append((field, _HASH_SIZE if field.name in _HASHES else _ID_SIZE, None))
        elif field.enum_type is not None:
            rules.append((field, 0, _values(field.enum_type, field.name)))
        elif field.message_type is not None:
            rules.append((field, 0, None))
    return tuple(rules)


def _values(enum: EnumDescriptor, name: str) -> frozenset[int]:
    return frozenset(v.number for v in enum.values if v.number or name in _MAY_BE_UNSPECIFIED)
