"""Commands that are acts: a function of what the act is about becomes a command with all common options.

The function gets an `Acting` (who acts, on which basis, with whose keys) and its own options; it must not
look at the common ones. This module must not import the library: it is read for every `--help`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ledger_cli.options import As, Draft, Evidence, Insecure, Json, Reason, Signers, With
from ledger_cli.signatures import Shared, command_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.client.api import LedgerClient
    from ledger_cli.acting import Acting

_WHO = {"who": Shared(As)}
_CO_SIGNERS = {"co_signers": Shared(With, None)}
_COMMON = {
    "draft": Shared(Draft, None),
    "draft_signers": Shared(Signers, None),
    "insecure": Shared(Insecure, False),
    "as_json": Shared(Json, False),
}


def act_command(
    *, reason: str = "", signers: int = 1
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a command of `body(actor, own options)`, which makes a statement and calls `actor.do`.

    All commands take --as, --draft, --signer, --insecure-development and --json. With a `reason`, the default
    of --reason, the act is a decision and takes --evidence, too. With several `signers` there is --with.
    """
    decision = {"reason": Shared(Reason, reason), "evidence": Shared(Evidence, None)}
    last = {**(decision if reason else {}), **(_CO_SIGNERS if signers > 1 else {}), **_COMMON}

    def make(body: Callable[..., None]) -> Callable[..., None]:
        def run(given: dict[str, Any]) -> None:
            from ledger_cli.acting import acting

            shared = {name: given.pop(name) for name in (*_WHO, *last)}
            with acting(shared.pop("who"), signers=signers, **shared) as actor:
                body(actor, **given)

        return command_of(body, run, first=_WHO, last=last)

    return make


class About(NamedTuple):
    """What an act is about: its option, the statement's field, and how its subject is read."""

    option: str
    field: str
    help: str
    subject: Callable[[LedgerClient, bytes], Any] | None = None


APPLICATION = About(
    "--application",
    "application_id",
    "The application.",
    lambda client, application_id: client.get_application(application_id).application.subject,
)
PARTICIPANT = About("--participant", "participant_id", "The participant.")
PROGRAMME = About("--programme", "programme_id", "The programme.")
VOUCHER = About("--voucher", "voucher_id", "The voucher.")
VOUCHER_ISSUE = VOUCHER._replace(subject=lambda client, voucher_id: client.get_voucher(voucher_id).subject)


def plain_act(
    act: str, text: str, *, about: About, reason: str = "", signers: int = 1
) -> Callable[..., None]:
    """A command for a statement of nothing but {basis, id, subject}, or less; `text` is its help.

    The builder of the statement has the act's name; the subject is the thing's newest leaf, from the server.
    """

    def body(actor: Acting, entity: str) -> None:
        from ledger.client import statements
        from ledger_cli.values import id_of

        entity_id = id_of(entity, option=about.option)
        values: dict[str, Any] = {about.field: entity_id}
        if reason:
            values["basis"] = actor.basis
        if about.subject is not None:
            values["subject"] = about.subject(actor.client, entity_id)
        build = getattr(statements, act.replace("-", "_"))
        actor.do(act, build(**values))

    body.__doc__ = text
    body.__annotations__["entity"] = Annotated[str, typer.Option(about.option, metavar="ID", help=about.help)]
    return act_command(reason=reason, signers=signers)(body)
