"""A cosigner's name and keys, and signing with all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import UsageError
from ledger.proof.cosignature import cosign, cosigner_vkey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.proof.note import NoteSignature
    from ledger.proof.signing import Signer
    from ledger.proof.vkey import VKey


@dataclass(frozen=True, slots=True)
class Cosigner:
    """One name with a key of each algorithm that it signs with."""

    name: str
    signers: tuple[Signer, ...]

    @property
    def vkeys(self) -> tuple[VKey, ...]:
        """What a policy names."""
        return tuple(cosigner_vkey(name=self.name, signer=signer) for signer in self.signers)

    def sign(self, text: bytes, *, timestamp_s: int) -> tuple[NoteSignature, ...]:
        """A cosignature of each key."""
        return tuple(
            cosign(text, name=self.name, signer=signer, timestamp_s=timestamp_s) for signer in self.signers
        )


def check_apart(cosigners: Sequence[Cosigner], log_keys: Sequence[VKey]) -> None:
    """Raise UsageError where a key or name serves two of cosigners and logs.

    An Ed25519 cosignature does not say whose it is, and who counts witnesses would count one twice.
    """
    keys = [key.public_key for cosigner in cosigners for key in cosigner.vkeys]
    names = [cosigner.name for cosigner in cosigners]
    if len(set(keys)) != len(keys) or len(set(names)) != len(names):
        raise UsageError(
            "two cosigners share a name or a key", hint="each has its own: voucherctl witness init"
        )
    if not {key.public_key for key in log_keys}.isdisjoint(keys):
        raise UsageError("a witness's key is the key of a log", hint="a log is not its own witness")
    if not {key.name for key in log_keys}.isdisjoint(names):
        raise UsageError("a witness has the name of a log", hint="give it another name")
