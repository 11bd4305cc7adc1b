"""Acting as somebody: connect, sign with everybody whose key is at hand, send, and say what came of it.

One function carries every act of every command. This module must not build statements.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ledger.client.api import LedgerClient
from ledger.client.cosign import write_envelope
from ledger.client.identity import Identity, load_identity
from ledger.client.signing import (
    SigningKey,
    add_signature,
    make_envelope,
    missing_key_ids,
    prepare_envelope,
    statement_of,
)
from ledger.client.statements import basis
from ledger.domain.vocabulary import Role
from ledger.errors import UsageError
from ledger_cli.output import print_object, say
from ledger_cli.values import digest_of, file_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ledger.client.acts import Statement
    from ledger_cli.new_keys import NewKey


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Somebody who reads: an identity and its connection."""

    identity: Identity
    insecure: bool = False

    @cached_property
    def client(self) -> LedgerClient:
        """The connection, made when it is first needed: drafts and refused values need none."""
        return LedgerClient(self.identity, insecure_development=self.insecure)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if "client" in self.__dict__:
            self.client.close()


@dataclass(frozen=True, kw_only=True)
class Acting(Reading):
    """Somebody who acts: identity, connection and signing keys, the own one first."""

    keys: tuple[SigningKey, ...]
    as_json: bool
    signers: int = 1
    reason: str = ""
    evidence: tuple[Path, ...] = ()
    draft: Path | None = None
    draft_signers: tuple[bytes, ...] = ()

    @cached_property
    def basis(self) -> Any:
        """The basis of the decision in the identity's office; UsageError for somebody without one."""
        if self.identity.role not in Role.__members__ or not self.identity.bureau_id:
            raise UsageError(
                f"a {self.identity.role} decides nothing", hint="act --as an officer of a bureau"
            )
        return basis(
            bureau_id=self.identity.bureau_id,
            role=Role[self.identity.role],
            reason_code=self.reason,
            evidence_digests=[file_digest(path, option="--evidence") for path in self.evidence],
        )

    def do(
        self,
        act: str,
        statement: Statement,
        *,
        made: Mapping[str, bytes] | None = None,
        signers: int | None = None,
        last: NewKey | None = None,
    ) -> None:
        """Sign and send the statement, or write it down as a draft; print the receipt.

        `signers` keys of this identity and its co-signers sign (as many as the command needs), then `last`.
        `made` are ids that this act makes known. Raises UsageError where there are too few keys.
        """
        count = self.signers if signers is None else signers
        ids = {name: value.hex() for name, value in (made or {}).items()}
        if self.draft is not None:
            self._write_draft(act, statement, ids=ids, last=last)
            return
        if len(self.keys) < count:
            raise UsageError(
                f"{act} needs {count} signers and {len(self.keys)} are at hand",
                hint="add --with FILE for each co-signer, or --draft FILE to let them sign later",
            )
        keys = [*self.keys[:count], *(last.signers if last is not None else ())]
        envelope = make_envelope(act, statement, keys, ledger_id=self.identity.ledger_id)
        receipt = self.client.submit(envelope)
        print_object("receipt", {"act": act, **ids, **receipt_fields(receipt)}, as_json=self.as_json)

    def _write_draft(
        self, act: str, statement: Statement, *, ids: Mapping[str, str], last: NewKey | None
    ) -> None:
        draft = self.draft
        if draft is None:
            return
        signing = [*self.keys[:1], *(last.signers if last is not None else ())]
        key_ids = [self.keys[0].key_id, *self.draft_signers]
        if last is not None:
            key_ids.append(last.key_id)
        envelope = prepare_envelope(act, statement, ledger_id=self.identity.ledger_id, key_ids=key_ids)
        for key in signing:
            add_signature(envelope, key)
        write_envelope(draft, envelope)
        missing = [key.hex() for key in missing_key_ids(envelope)]
        say(f"written to {draft}; each signer runs: voucherctl keys sign {draft}")
        value = {"act": act, **ids, "file": str(draft), "missing_key_ids": missing}
        print_object("draft", value, as_json=self.as_json)


@contextmanager
def acting(
    who: Path,
    *,
    as_json: bool,
    signers: int = 1,
    reason: str = "",
    evidence: Sequence[Path] | None = None,
    insecure: bool = False,
    co_signers: Sequence[Path] | None = None,
    draft: Path | None = None,
    draft_signers: Sequence[str] | None = None,
) -> Iterator[Acting]:
    """Act as the identity in file `who`, with the keys of the identities in `co_signers`.

    Without `co_signers` the identity's own co-signers are at hand. Keys are read now; for a draft the own one
    only, as the others sign the file. Nothing is sent yet.
    """
    identity = load_identity(who)
    if draft is not None and co_signers:
        raise UsageError("--with and --draft exclude each other", hint="name the keys: --signer KEY_ID")
    others = [load_identity(path).signing_key for path in co_signers or ()] or identity.co_signers
    paths = [identity.signing_key, *(others if draft is None else ())]
    actor = Acting(
        identity=identity,
        keys=tuple(SigningKey.load(path) for path in paths),
        as_json=as_json,
        signers=signers,
        reason=reason,
        evidence=tuple(evidence or ()),
        insecure=insecure,
        draft=draft,
        draft_signers=tuple(digest_of(text, option="--signer") for text in draft_signers or ()),
    )
    with closing(actor):
        yield actor


@contextmanager
def reading(who: Path, *, insecure: bool = False) -> Iterator[LedgerClient]:
    """A connection as the identity in file `who`, without any signing key."""
    with closing(Reading(identity=load_identity(who), insecure=insecure)) as reader:
        yield reader.client


def submit_file(client: LedgerClient, envelope: Any, *, as_json: bool) -> None:
    """Send a finished envelope and print its receipt."""
    receipt = client.submit(envelope)
    statement = statement_of(envelope)
    act = envelope.payload_type.removeprefix("application/vnd.voucher-ledger.").removesuffix(".v1+protobuf")
    value = {"act": act, "request_id": statement.header.request_id.hex(), **receipt_fields(receipt)}
    print_object("receipt", value, as_json=as_json)


def receipt_fields(receipt: Any) -> dict[str, Any]:
    """A receipt for people and scripts."""
    return {
        "index": str(receipt.index),
        "leaf_hash": receipt.leaf_hash.hex(),
        "event_count": receipt.event_count,
        "repeated_request": receipt.repeated_request,
        "proven": bool(receipt.tlog_proof),
    }
