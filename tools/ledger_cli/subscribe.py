"""`voucherctl subscribe`: the event stream as NDJSON, to be gone on with after any interruption."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger_cli.groups import part_app
from ledger_cli.options import As, Insecure, Json

app = part_app("Follow the event stream as NDJSON.")


@app.command()
def subscribe(
    who: As,
    after: Annotated[
        str, typer.Option("--after", metavar="INDEX:HASH:EPOCH", help="Go on after this cursor of a line.")
    ] = "",
    event_type: Annotated[
        list[str] | None, typer.Option("--type", metavar="NAME", help="Only such events; repeatable.")
    ] = None,
    programme: Annotated[list[str] | None, typer.Option("--programme", metavar="ID")] = None,
    voucher: Annotated[list[str] | None, typer.Option("--voucher", metavar="ID")] = None,
    participant: Annotated[list[str] | None, typer.Option("--participant", metavar="ID")] = None,
    until_caught_up: Annotated[
        bool, typer.Option("--until-caught-up", help="End at the head instead of waiting.")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Stored bytes in base64 instead of the fields.")] = False,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Print every event once, in order, one JSON object a line, each with the cursor to go on from.

    It is JSON with and without --json.
    Reconnects by itself. Without a filter each event's link to the one before is checked.
    """
    from ledger.client.rendering import plain_event
    from ledger.client.subscription import Subscription, make_filter
    from ledger.proof.strict import encode_base64
    from ledger_cli.acting import reading
    from ledger_cli.cursors import format_cursor, parse_cursor
    from ledger_cli.output import print_line, schema
    from ledger_cli.values import id_of

    del as_json

    def ids(texts: list[str] | None, option: str) -> list[bytes]:
        return [id_of(text, option=option) for text in texts or ()]

    cursor = parse_cursor(after) if after else None
    event_filter = make_filter(
        event_types=event_type or (),
        programme_ids=ids(programme, "--programme"),
        voucher_ids=ids(voucher, "--voucher"),
        participant_ids=ids(participant, "--participant"),
    )
    with reading(who, insecure=insecure) as client:
        subscription = Subscription(
            channel=client.channel,
            cursor=cursor,
            event_filter=event_filter,
            until_caught_up=until_caught_up,
        )
        for event in subscription:
            content = {"data": encode_base64(event.data)} if raw else {"event": plain_event(event.data)}
            print_line(
                {
                    "schema": schema("event"),
                    "index": str(event.index),
                    "leaf_hash": event.leaf_hash.hex(),
                    "cursor": format_cursor(event.cursor),
                    **content,
                }
            )
