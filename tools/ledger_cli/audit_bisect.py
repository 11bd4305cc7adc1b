"""`voucherctl audit bisect`: where two logs, or two auditors of one log, part."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.options import Authorities, Json, Reader

if TYPE_CHECKING:
    from ledger_audit.bisection import Parting, Side


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bisect)


def bisect(
    a: Annotated[
        str,
        typer.Argument(metavar="A", help="A log, or a file of `audit verify --digests`.", show_default=False),
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The other one.", show_default=False)],
    who: Reader = None,
    ca: Authorities = None,
    as_json: Json = False,
) -> None:
    """Find the first stretch in which two sides differ, by bisecting their state digests.

    Two logs part at a leaf. Two auditors of one log part where their rules do: each writes its digests with
    `audit verify --digests FILE`. Exit 0 if they agree as far as both go, 3 if they do not.
    """
    from ledger.errors import ExitCode
    from ledger_audit.bisection import find_parting
    from ledger_cli.output import print_object

    with ExitStack() as held:
        sides = [_side(held, text, who, ca) for text in (a, b)]
        parting, covered = find_parting(*sides)
        value = {
            "result": "equal" if parting is None else "differ",
            "size_a": sides[0].size,
            "size_b": sides[1].size,
            "covered": covered,
            "parting": None if parting is None else parting.to_json(),
        }
    if as_json:
        print_object("audit-bisect", value, as_json=True)
    else:
        _tell(parting, covered, sides)
    if parting is not None:
        raise typer.Exit(int(ExitCode.FINDINGS))


def _side(held: ExitStack, text: str, who: Path | None, ca: Path | None) -> Side:
    from ledger_audit.bisection import FileSide, LogSide
    from ledger_audit.digest_file import DigestFile
    from ledger_cli.audit_sources import opened

    if "://" not in text and Path(text).is_file():
        return FileSide(DigestFile.load(Path(text)))
    return LogSide(held.enter_context(opened(text, who, ca)))


def _tell(parting: Parting | None, covered: int, sides: list[Side]) -> None:
    sizes = " and ".join(str(side.size) for side in sides)
    if parting is None:
        typer.echo(f"equal up to event {covered - 1} (sizes {sizes})" if covered else "nothing to compare")
        return
    typer.echo(f"they part in events {parting.first} to {parting.last} (sizes {sizes})")
    if parting.leaf is not None:
        typer.echo(f"the first event that differs: {parting.leaf}")
    else:
        typer.echo("the events are not compared, or are the same: the two recompute differently")
    for name, digest in (("A", parting.digest_a), ("B", parting.digest_b)):
        typer.echo(f"digest {name}: {digest.hex() or 'none here'}")
