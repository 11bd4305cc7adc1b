"""Options that many commands share, by one name and one help text.

This module must not import the library: it is read for every `--help`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

As: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--as", envvar="VOUCHERCTL_AS", metavar="FILE", show_envvar=True, help="Identity file of who acts."
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Insecure: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--insecure-development", help="Connect without TLS; only to a development server on this machine."
    ),
]
With: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--with", metavar="FILE", help="Identity file of a co-signer, in signing order; repeatable."
    ),
]
Draft: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--draft",
        metavar="FILE",
        help="Do not send: write the statement for others to sign (`voucherctl keys sign`).",
    ),
]
Signers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--signer", metavar="KEY_ID", help="With --draft: the keys that sign after yours, in order."
    ),
]
Reason: TypeAlias = Annotated[
    str, typer.Option("--reason", metavar="CODE", help="Code of the decision's reason (A-Z, 0-9, _).")
]
Evidence: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--evidence", metavar="FILE", help="Document on which the decision rests; repeatable."),
]
Officer: TypeAlias = Annotated[
    str,
    typer.Option(
        "--officer",
        metavar="ID",
        help="The officer's id, which the certificate names; new: `openssl rand -hex 16`.",
    ),
]
Document: TypeAlias = Annotated[
    Path, typer.Option("--document", metavar="FILE", help="The document; only its SHA-256 is sent.")
]
ProgrammeId: TypeAlias = Annotated[str, typer.Option("--programme", metavar="ID", help="The programme.")]
ProviderId: TypeAlias = Annotated[str, typer.Option("--provider", metavar="ID", help="The provider.")]
ContractId: TypeAlias = Annotated[str, typer.Option("--contract", metavar="ID", help="The contract.")]
ApplicationId: TypeAlias = Annotated[
    str, typer.Option("--application", metavar="ID", help="The application.")
]
VoucherId: TypeAlias = Annotated[str, typer.Option("--voucher", metavar="ID", help="The voucher.")]
RedemptionId: TypeAlias = Annotated[str, typer.Option("--redemption", metavar="ID", help="The redemption.")]
Amount: TypeAlias = Annotated[
    str, typer.Option("--amount", metavar="YUAN", help="Amount, with tax where there is one.")
]
TreasuryBank: TypeAlias = Annotated[str, typer.Option("--bank", help="The treasury's bank.")]
TreasuryReference: TypeAlias = Annotated[str, typer.Option("--reference", help="The bank's reference.")]
Location: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="SRC",
        help="An export directory, http(s)://HOST/PREFIX, or grpc(s)://HOST:PORT.",
        show_default=False,
    ),
]
Reader: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--as",
        envvar="VOUCHERCTL_AS",
        metavar="FILE",
        help="Identity file, for a grpc(s) source.",
        show_envvar=True,
    ),
]
Authorities: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--ca", metavar="FILE", help="Authorities (PEM) to trust for https and grpcs, not the system's."
    ),
]
StateFolder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--state",
        envvar="VOUCHER_LEDGER_STATE",
        show_envvar=True,
        metavar="DIR",
        help="Where verified checkpoints are remembered; by default among the user's files.",
    ),
]
NoState: TypeAlias = Annotated[
    bool, typer.Option("--no-state", help="Remember nothing, compare with nothing.")
]
TrustIfAny: TypeAlias = Annotated[
    Path | None, typer.Option("--trust", metavar="FILE", help="Verify under this trust file (JSON).")
]
LogKeyIfAny: TypeAlias = Annotated[
    str, typer.Option("--log-key", metavar="VKEY", help="Verify under the log's verifier key.")
]
