"""The audit of a played ledger: exported over the auditor's connection, verified offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.client.channel import open_channel
from ledger_audit.export import export
from ledger_audit.sources import ExportSource, GrpcSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_audit.report import Report
    from ledger_play.actors import Cast


def export_and_verify(cast: Cast, export_dir: Path) -> Report:
    """Export everything recorded so far and verify it with the trust file alone."""
    auditor = cast["auditor"]
    auditor.client.get_receipt(auditor.client.get_ledger().tree_size - 1)
    with open_channel(auditor.identity) as channel:
        export(GrpcSource(channel), export_dir)
    return verify(ExportSource(export_dir), trust=Trust.load(cast.ledger.directory.trust_file))
