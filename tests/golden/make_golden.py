"""Makes the golden ledgers of a release: `python tests/golden/make_golden.py VERSION`.

Two, each a year with every event type: one written by the server, one by the forge that knows only the
format. What is made stays in the repository and has to verify for ever; it is never made again.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from audit_forge import draft  # noqa: E402
from audit_forge.year import make_year  # noqa: E402
from support import everything  # noqa: E402
from support.house import House  # noqa: E402

from ledger.proof.hashing import leaf_hash  # noqa: E402
from ledger_audit.prove import prove, write_proof  # noqa: E402
from ledger_audit.sources import ExportSource  # noqa: E402
from ledger_audit.trust import Trust  # noqa: E402
from ledger_audit.verify import verify  # noqa: E402

RECEIPTS = 5


def served(out: Path) -> None:
    """The year of the server."""
    with tempfile.TemporaryDirectory() as folder:
        house = House.open(Path(folder) / "ledger")
        everything.start(house)
        older = house.export(Path(folder) / "older")
        shutil.copy(older / "checkpoint", out / "older-checkpoint")
        for chapter in everything.CHAPTERS:
            chapter(house)
        house.export(out / "export")
        shutil.copy(house.made.directory.trust_file, out / "trust.json")
        house.close()


def forged(out: Path) -> None:
    """The year of the forge."""
    made = make_year()
    entries = draft.seal(made.drafts)
    draft.write(entries, out / "export")
    (out / "older-checkpoint").write_bytes(draft.checkpoint(entries[: len(entries) // 2]))
    trust = {
        "ledger_id": made.ledger_id.hex(),
        "genesis_leaf_hash": leaf_hash(entries[0]).hex(),
        "origins": {draft.ORIGIN: draft.VKEY},
        "policy": "",
    }
    (out / "trust.json").write_text(json.dumps(trust, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Make both, with receipts and the result that every later release has to reach."""
    (version,) = sys.argv[1:]
    for name, make in (("served", served), ("forged", forged)):
        out = FOLDER / version / name
        out.mkdir(parents=True)
        make(out)
        source = ExportSource(out / "export")
        report = verify(source, trust=Trust.load(out / "trust.json"))
        if report.result != "ok":
            sys.exit(f"{name}: {report.findings[:3]}")
        (out / "receipts").mkdir()
        for place in range(RECEIPTS):
            index = place * (report.tree_size - 1) // (RECEIPTS - 1)
            write_proof(prove(source, index=index), out / "receipts" / str(index))
        said = {
            "tree_size": report.tree_size,
            "root_hash": report.root_hash.hex(),
            "genesis_leaf_hash": report.genesis_leaf_hash.hex(),
            "totals": report.totals,
        }
        (out / "expected.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
        print(f"{out}: {report.tree_size} events")


if __name__ == "__main__":
    main()
