"""Writes tests/vectors/fraud: fraud proofs, and what any reader of the format must make of each of them.

`python tests/vectors/make_fraud_vectors.py`; with `--check` it only compares.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from audit_forge.people import STRANGER
from fraud_forge.files import MALFORMED
from fraud_forge.forks import FORKS
from fraud_forge.frauds import FRAUDS, OPERATOR, Fraud
from fraud_forge.innocents import INNOCENTS
from fraud_forge.scene import TRUST, Scene, honest, under_key, under_root, with_leaf

from ledger_audit.fraud.proof_file import EQUIVOCATION, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger_audit.fraud.proof_file import FraudProof, LeafProof

FOLDER = Path(__file__).resolve().parent / "fraud"
PROVEN, NOT_PROVEN, BAD = "proven", "not proven", "malformed"
COMMENT = (
    "Fraud proofs (format.md, section 8). Every file is judged under trust.json; `result` is the verdict and,"
    " where it is proven, `accused` whom it names."
)


def vectors() -> Iterator[tuple[dict[str, Any], bytes]]:
    """Every case with the bytes of its file."""
    seen: set[str] = set()
    for fraud in FRAUDS:
        scene = fraud.make()
        proof = fraud.proof(scene)
        accused = list(fraud.accused)
        yield _case(fraud.type, fraud.comment, PROVEN, accused=accused), render(proof)
        if fraud.type not in seen:
            seen.add(fraud.type)
            yield from _spoilt(fraud, scene, proof)
    for innocent in INNOCENTS:
        proof = innocent.proof(innocent.make())
        flags = ["honest ledger"] if innocent.honest else []
        yield _case(innocent.type, innocent.comment, NOT_PROVEN, flags), render(proof)
    for fork in FORKS:
        accused = list(OPERATOR) if fork.proven else []
        result = PROVEN if fork.proven else NOT_PROVEN
        yield _case(EQUIVOCATION, fork.comment, result, accused=accused), render(fork.proof())
    for malformed in MALFORMED:
        yield _case(BAD, malformed.comment, BAD), malformed.data()


def _spoilt(fraud: Fraud, scene: Scene, proof: LeafProof) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The same proof where one thing about the log is not right."""
    entry = scene.entries[proof.accused]
    other = entry[:-1] + bytes([entry[-1] ^ 1])
    spoilt: tuple[tuple[str, str, FraudProof], ...] = (
        ("under a note of another key", "key", under_key(proof, STRANGER)),
        ("under the root of the honest ledger", "root", under_root(proof, honest())),
        ("with another byte in the accused leaf", "leaf", with_leaf(proof, proof.accused, other)),
    )
    for comment, flag, made in spoilt:
        yield _case(fraud.type, f"{fraud.comment}, {comment}", NOT_PROVEN, [flag]), render(made)


def _case(
    name: str, comment: str, result: str, flags: list[str] | None = None, **more: Any
) -> dict[str, Any]:
    return {"type": name, "comment": comment, "flags": flags or [], "result": result, **more}


def files() -> dict[str, bytes]:
    """Every file below the folder with its content."""
    made: dict[str, bytes] = {}
    cases = []
    for number, (case, data) in enumerate(vectors(), 1):
        words = re.findall(r"[a-z0-9]+", case["comment"].lower())
        name = f"{case['type']}/{'-'.join(words[:16])}.json"
        assert name not in made, name
        made[name] = data
        cases.append({"id": number, "file": name, **case})
    head = {"format": "voucher-ledger/vectors/1", "comment": COMMENT}
    lines = ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in cases)
    index = json.dumps(head, ensure_ascii=False)[:-1] + f', "cases": [\n{lines}\n]}}\n'
    trust = {
        "ledger_id": (TRUST.ledger_id or b"").hex(),
        "genesis_leaf_hash": (TRUST.genesis_leaf_hash or b"").hex(),
        "origins": dict(TRUST.vkeys),
        "policy": "",
    }
    made["cases.json"] = index.encode()
    made["trust.json"] = (json.dumps(trust, indent=2) + "\n").encode()
    return made


def present() -> dict[str, bytes]:
    """What the folder holds now."""
    paths = (path for path in FOLDER.rglob("*") if path.is_file())
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in paths}


def main() -> None:
    """Write the files and remove those that are no more; with `--check` exit 1 if anything has drifted."""
    made, there = files(), present()
    if "--check" in sys.argv[1:]:
        if made != there:
            sys.exit("tests/vectors/fraud has drifted: run tests/vectors/make_fraud_vectors.py")
        return
    for name in there.keys() - made.keys():
        (FOLDER / name).unlink()
    for name, data in made.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
