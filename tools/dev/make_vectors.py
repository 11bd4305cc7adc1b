"""Writes tests/vectors/*.json: inputs and what any reader of the format must make of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vector_makers import chain, commitments, proofs, record, signatures, sums

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "vectors"
MAKERS: tuple[ModuleType, ...] = (chain, commitments, proofs, record, signatures, sums)


def render(maker: ModuleType) -> str:
    """The file of one maker."""
    cases = [{"id": number, **made} for number, made in enumerate(maker.cases(), 1)]
    head = {"format": "voucher-ledger/vectors/1", "comment": maker.COMMENT}
    lines = ",\n".join("  " + json.dumps(made, ensure_ascii=True) for made in cases)
    return json.dumps(head, ensure_ascii=True)[:-1] + f', "cases": [\n{lines}\n]}}\n'


def files() -> dict[Path, str]:
    """Every file with its content."""
    return {FOLDER / f"{maker.__name__.rpartition('.')[2]}.json": render(maker) for maker in MAKERS}


def main() -> None:
    """Write the files; with `--check` only compare, and exit 1 if one has drifted."""
    for path, text in files().items():
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} has drifted: run tools/dev/make_vectors.py")


if __name__ == "__main__":
    main()
