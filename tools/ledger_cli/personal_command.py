"""`voucherd personal`: the personal data behind a ledger's commitments – add, show, export, erase.

It runs where the ledger's folder is, beside a server or without one; values come from stdin or a file, never
from the command line. This module must not show a value or a salt but where it was asked to.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.store.personal_store import PersonalStore
    from ledger_server.directory import LedgerDirectory

app = part_app("Personal data behind commitments: add, show, export for an auditor, erase.")

Folder = Annotated[Path, typer.Option("--dir", metavar="D", help="Folder of the ledger.")]
Participant = Annotated[str, typer.Option("--participant", metavar="ID", help="Whose data it is.")]
Store = Annotated[str, typer.Option("--store", metavar="URL", help="Event store in place of the folder's.")]

_ERASED = "personal_data_erased"


@app.command()
def add(
    directory: Folder,
    participant: Participant,
    label: Annotated[
        str, typer.Option("--label", help="What the value is: a-z, 0-9 and single hyphens.")
    ] = "payee-account",
    value: Annotated[
        Path | None, typer.Option("--value", metavar="FILE", help="File with the value; without: stdin.")
    ] = None,
    salt: Annotated[
        Path | None,
        typer.Option("--salt", metavar="FILE", help="File with the salt, hexadecimal; without: a new one."),
    ] = None,
    expected: Annotated[
        str, typer.Option("--commitment", metavar="HEX", help="Refuse unless this is the commitment.")
    ] = "",
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Keep a value under a participant's key and print its commitment.

    The value is one line of UTF-8 text. With --salt it opens a commitment that was made before.
    """
    from ledger.errors import UsageError
    from ledger.store.personal_store import new_opening
    from ledger_cli.output import print_object, say
    from ledger_cli.personal_input import read_salt, read_value
    from ledger_cli.values import digest_of, id_of

    subject_id = id_of(participant, option="--participant")
    events = _events(directory, store, subject_id)
    if "participant_registered" not in events.values():
        raise UsageError(
            f"--participant: {participant} is not registered in this ledger",
            hint="allowed: a participant; see: voucherctl bureau participants",
        )
    opening = new_opening(
        subject_id=subject_id,
        label=label,
        value=read_value(value),
        salt=read_salt(salt) if salt is not None else None,
    )
    if expected and digest_of(expected, option="--commitment") != opening.commitment:
        raise UsageError(
            "--commitment: salt, label and value make another one",
            hint=f"they make {opening.commitment.hex()}; nothing was kept",
        )
    with _personal(directory, create=True) as personal:
        new = personal.add(opening, after_version=max(events))
    if _ERASED in events.values():
        say("an erasure of this participant is recorded; what is added now needs one of its own")
    committed = {"participant_id": participant, "label": label, "commitment": opening.commitment.hex()}
    print_object("personal-commitment", {**committed, "new": new}, as_json=as_json)


@app.command()
def show(
    directory: Folder,
    participant: Annotated[
        str, typer.Option("--participant", metavar="ID", help="Show its values; without: who has how many.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Show what is kept of a participant, values in clear, or of whom anything is kept."""
    from ledger_cli.output import Column, print_rows
    from ledger_cli.values import id_of

    subject_id = id_of(participant, option="--participant") if participant else None
    with _personal(directory) as personal:
        if subject_id is None:
            subjects = [
                {"participant_id": subject.hex(), "openings": count}
                for subject, count in personal.subjects().items()
            ]
            heads = [Column("PARTICIPANT ID", "participant_id"), Column("OPENINGS", "openings")]
            print_rows("personal-subjects", subjects, heads, as_json=as_json)
            return
        rows = [
            {"label": opening.label, "commitment": opening.commitment.hex(), "value": opening.value.decode()}
            for opening in personal.openings(subject_id)
        ]
    heads = [Column("LABEL", "label"), Column("COMMITMENT", "commitment"), Column("VALUE", "value")]
    print_rows("personal-data", rows, heads, as_json=as_json)


@app.command()
def export(
    directory: Folder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="New file, JSON, mode 0600.")],
    participant: Annotated[
        list[str] | None,
        typer.Option("--participant", metavar="ID", help="Only of this participant; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write openings, salts and values in clear, for an auditor (`audit verify --openings FILE`)."""
    import json

    from ledger_cli.output import print_object, say
    from ledger_cli.values import id_of
    from ledger_server.dev_authority import write_private

    wanted = {id_of(text, option="--participant") for text in participant or ()}
    ledger_id = _place(directory).read_config().ledger_id
    with _personal(directory) as personal:
        found = [opening for opening in personal.openings() if not wanted or opening.subject_id in wanted]
    openings = [
        {
            "participant_id": opening.subject_id.hex(),
            "label": opening.label,
            "commitment": opening.commitment.hex(),
            "salt": opening.salt.hex(),
            "value": opening.value.decode(),
        }
        for opening in found
    ]
    text = json.dumps({"ledger_id": ledger_id, "openings": openings}, ensure_ascii=False, indent=1)
    write_private(out, f"{text}\n".encode())
    say(f"{out} holds personal data in clear: destroy it when the audit is over")
    print_object("personal-export", {"file": str(out), "openings": len(openings)}, as_json=as_json)


@app.command()
def erase(
    directory: Folder,
    participant: Participant,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Destroy a participant's key and openings, once its erasure is recorded in the ledger.

    The erasure has to be newer than the data. No leaf changes: everything still verifies, and an auditor sees
    "erased". Running it again is no error.
    """
    from ledger_cli.output import print_object
    from ledger_cli.personal_input import ErasureNotRecorded
    from ledger_cli.values import id_of

    subject_id = id_of(participant, option="--participant")
    events = _events(directory, store, subject_id)
    erased_at = max((version for version, name in events.items() if name == _ERASED), default=0)
    with _personal(directory) if _file(directory).exists() else nullcontext() as personal:
        if erased_at <= (personal.newest_version(subject_id) if personal is not None else 0):
            raise ErasureNotRecorded(
                f"no erasure of participant {participant} is in the ledger since its data was added",
                hint="record it first: voucherctl bureau erase-personal-data --as CLERK.toml"
                f" --participant {participant}",
            )
        count = personal.erase(subject_id) if personal is not None else 0
    value = {"participant_id": participant, "openings_erased": count}
    print_object("personal-erased", value, as_json=as_json)


def _place(directory: Path) -> LedgerDirectory:
    from ledger_server.directory import LedgerDirectory

    return LedgerDirectory(directory)


def _file(directory: Path) -> Path:
    from ledger.store.personal_store import FILE_NAME

    return directory / FILE_NAME


@contextmanager
def _personal(directory: Path, *, create: bool = False) -> Iterator[PersonalStore]:
    """The personal data beside the ledger of a folder."""
    from ledger.store.personal_store import PersonalStore

    ledger_id = bytes.fromhex(_place(directory).read_config().ledger_id)
    with PersonalStore(_file(directory), ledger_id=ledger_id, create=create) as personal:
        yield personal


def _events(directory: Path, store: str, participant_id: bytes) -> dict[int, str]:
    """The types of the events on a participant's stream by version; a server may be writing meanwhile."""
    from ledger.app.application import LedgerApplication
    from ledger.app.bootstrap import decode_record

    place = _place(directory)
    ledger_id = bytes.fromhex(place.read_config().ledger_id)
    with LedgerApplication(place.location(store), decode=decode_record, ledger_id=ledger_id) as application:
        stream = f"participant/{participant_id.hex()}"
        return {event.originator_version: event.topic for event in application.recorder.select_events(stream)}
