"""The folder of a witness: its name, the keys of its cosigners, and the policy lines that name them."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.client.signing import SigningKeyError, load_private_key, save_private_key
from ledger.errors import UsageError
from ledger.proof import ed25519, mldsa44
from ledger.proof.vkey import check_key_name
from ledger_witness.cosigner import Cosigner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.proof.signing import Signer

CONFIG: Final = "witness.toml"
_ALGORITHMS: Final = (ed25519.ED25519, mldsa44.ML_DSA_44)


@dataclass(frozen=True, slots=True)
class WitnessFolder:
    """Paths and settings of a witness's folder."""

    root: Path

    def key(self, cosigner: str, algorithm: str) -> Path:
        """The file of a cosigner's key."""
        return self.root / f"{cosigner}-{algorithm}.pem"

    def make(self, *, name: str, rules_name: str, ml_dsa: bool) -> None:
        """Make keys and settings; UsageError where there are some already."""
        if (self.root / CONFIG).exists():
            raise UsageError(
                f"{self.root} is a witness's folder already", hint="Choose a new folder with --dir."
            )
        names = {"plain": check_key_name(name)}
        if rules_name:
            names["rules"] = check_key_name(rules_name)
        if name == rules_name:
            raise UsageError("the two cosigners have one name", hint="give --rules-name another")
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for cosigner in names:
            save_private_key(self.key(cosigner, ed25519.ED25519), Ed25519PrivateKey.generate())
            if ml_dsa:
                save_private_key(self.key(cosigner, mldsa44.ML_DSA_44), MLDSA44PrivateKey.generate())
        lines = [f"{cosigner} = {json.dumps(value)}\n" for cosigner, value in names.items()]
        (self.root / CONFIG).write_text("".join(lines), encoding="utf-8")

    def names(self) -> dict[str, str]:
        """The names of the cosigners, `plain` and `rules`; those of the settings, or none."""
        try:
            values = tomllib.loads((self.root / CONFIG).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise UsageError(f"{self.root / CONFIG} cannot be read") from error
        return {key: str(value) for key, value in values.items()}

    def cosigner(
        self, cosigner: str, *, name: str = "", key: Path | None = None, ml_dsa_key: Path | None = None
    ) -> Cosigner | None:
        """A cosigner of the folder, given name and files taking the place of its own; None without a name."""
        found = name or self.names().get(cosigner, "")
        if not found:
            return None
        files = dict(zip(_ALGORITHMS, (key, ml_dsa_key), strict=True))
        paths = [given or self.key(cosigner, algorithm) for algorithm, given in files.items()]
        signers = tuple(
            load_signer(path)
            for path, given in zip(paths, files.values(), strict=True)
            if given is not None or path.exists()
        )
        if not signers:
            raise UsageError(
                f"the cosigner {found} has no key in {self.root}",
                hint="make some with `voucherctl witness init`, or give --key FILE",
            )
        return Cosigner(check_key_name(found), signers)


def load_signer(path: Path) -> Signer:
    """The signer of a PKCS #8 PEM file, Ed25519 or ML-DSA-44; SigningKeyError for any other."""
    key = load_private_key(path)
    if isinstance(key, Ed25519PrivateKey):
        return ed25519.Signer(key)
    if isinstance(key, MLDSA44PrivateKey):
        return mldsa44.Signer(key)
    raise SigningKeyError(
        f"signing key {path}: neither Ed25519 nor ML-DSA-44 in unencrypted PKCS #8 PEM",
        hint="make one with `voucherctl witness init`",
    )


def described(cosigner: Cosigner, *, as_: str) -> Iterator[dict[str, Any]]:
    """The keys of a cosigner, for a policy."""
    for signer, vkey in zip(cosigner.signers, cosigner.vkeys, strict=True):
        yield {"cosigner": as_, "name": cosigner.name, "algorithm": signer.algorithm, "vkey": vkey.render()}
