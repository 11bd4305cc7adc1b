"""Files that are no proofs: each a change of the text of a good one."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fraud_forge.forks import note_of
from fraud_forge.scene import honest
from ledger_audit.fraud.proof_file import FORMAT, TwoNotes, render

if TYPE_CHECKING:
    from collections.abc import Callable

Value = dict[str, Any]


@dataclass(frozen=True)
class Malformed:
    """What is wrong with a file, and the bytes of one."""

    comment: str
    data: Callable[[], bytes]


def good() -> bytes:
    """A proof that parses, and proves nothing."""
    proof = honest().told("cap", "voucher a", policy="policy", application="application a")
    return render(proof)


def _edited(edit: Callable[[Value], Any]) -> Callable[[], bytes]:
    def make() -> bytes:
        value: Value = json.loads(good())
        edit(value)
        return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"

    return make


def _notes(edit: Callable[[Value], Any]) -> Callable[[], bytes]:
    def make() -> bytes:
        note = note_of(honest())
        value: Value = TwoNotes((note, note)).to_json()
        edit(value)
        return json.dumps(value, ensure_ascii=False).encode()

    return make


def _replaced(old: str, new: str) -> Callable[[], bytes]:
    def make() -> bytes:
        text = good().decode()
        assert text.count(old) >= 1
        return text.replace(old, new, 1).encode()

    return make


def _leaf(edit: Callable[[Value], Any]) -> Callable[[], bytes]:
    return _edited(lambda value: edit(value["excerpt"]["leaves"][0]))


def _padded(text: str) -> str:
    """Base64 that ends with `A==`, which spells a zero byte."""
    raw = base64.b64decode(text)
    return base64.b64encode(raw + bytes((3 - len(raw) % 3) + 1)).decode()


MALFORMED: tuple[Malformed, ...] = (
    Malformed("nothing", lambda: b""),
    Malformed("cut short", lambda: good()[: len(good()) // 2]),
    Malformed("two objects", lambda: good() + good()),
    Malformed("a list", lambda: b"[" + good().rstrip() + b"]\n"),
    Malformed("not UTF-8", lambda: good().replace(b'"cap"', b'"c\xe1p"')),
    Malformed("a byte order mark", lambda: b"\xef\xbb\xbf" + good()),
    Malformed("another format", _edited(lambda v: v.update(format=FORMAT.replace("/1", "/2")))),
    Malformed("no format", _edited(lambda v: v.pop("format"))),
    Malformed("an unknown type", _edited(lambda v: v.update(type="theft"))),
    Malformed("a type that is no text", _edited(lambda v: v.update(type=["cap"]))),
    Malformed("a field too many", _edited(lambda v: v.update(verdict="proven"))),
    Malformed("a field named twice", _replaced('"type": "cap",', '"type": "cap", "type": "cap",')),
    Malformed("a role of another type", _edited(lambda v: v["roles"].update(ending=v["roles"]["policy"]))),
    Malformed("a role without leaves", _edited(lambda v: v["roles"].update(contract=[]))),
    Malformed(
        "a role that names a leaf twice",
        _edited(lambda v: v["roles"].update(policy=v["roles"]["policy"] * 2)),
    ),
    Malformed("a role that is no list", _edited(lambda v: v["roles"].update(policy=v["roles"]["policy"][0]))),
    Malformed("roles that are no object", _edited(lambda v: v.update(roles=[]))),
    Malformed("an index with a fraction", _edited(lambda v: v.update(accused=v["accused"] + 0.5))),
    Malformed("an index that is true", _edited(lambda v: v.update(accused=True))),
    Malformed("an index below 0", _edited(lambda v: v.update(accused=-1))),
    Malformed("an index of 2^53", _edited(lambda v: v.update(accused=1 << 53))),
    Malformed("NaN", _edited(lambda v: v.update(accused=float("nan")))),
    Malformed("an accused leaf that is not there", _edited(lambda v: v.update(accused=v["accused"] + 1))),
    Malformed("a leaf without a role", _edited(lambda v: v["roles"].pop("application"))),
    Malformed("a leaf twice", _edited(lambda v: v["excerpt"]["leaves"].append(v["excerpt"]["leaves"][-1]))),
    Malformed("leaves out of order", _edited(lambda v: v["excerpt"]["leaves"].reverse())),
    Malformed(
        "base64 in the alphabet of URLs", _leaf(lambda leaf: leaf.update(entry="-" + leaf["entry"][1:]))
    ),
    Malformed("base64 with a space", _leaf(lambda leaf: leaf.update(entry=" " + leaf["entry"]))),
    Malformed(
        "base64 without padding", _leaf(lambda leaf: leaf.update(entry=_padded(leaf["entry"]).rstrip("=")))
    ),
    Malformed(
        "base64 with loose bits", _leaf(lambda leaf: leaf.update(entry=_padded(leaf["entry"])[:-3] + "B=="))
    ),
    Malformed("a proof of too many hashes", _leaf(lambda leaf: leaf.update(proof=leaf["proof"] * 20))),
    Malformed("a hash of 33 bytes", _leaf(lambda leaf: leaf["proof"].append("A" * 44))),
    Malformed(
        "a checkpoint without signature", _edited(lambda v: v["excerpt"].update(checkpoint="origin\n1\n"))
    ),
    Malformed("a lone surrogate", _replaced('"checkpoint": "', '"checkpoint": "\\ud800')),
    Malformed("one note", _notes(lambda v: v["notes"].pop())),
    Malformed("three notes", _notes(lambda v: v["notes"].append(v["notes"][0]))),
    Malformed("notes and receipts", _notes(lambda v: v.update(receipts=[]))),
    Malformed("a note that is none", _notes(lambda v: v.update(notes=[v["notes"][0], "no note"]))),
)
