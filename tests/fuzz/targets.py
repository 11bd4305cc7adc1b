"""Every parser of bytes from outside, with seeds, and what has to hold of whatever it accepts.

To add one is a line in `TARGETS`. A target raises for what must not happen; the declared error of a parser is
`LedgerError`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from audit_forge.draft import VKEY

from ledger.client.usage.generic_csv import parse_generic_csv
from ledger.client.usage.gres import parse_gres, parse_tres
from ledger.client.usage.service_csv import parse_service_csv
from ledger.codec import byte_profile
from ledger.codec.envelopes import SignedEnvelope
from ledger.codec.events import columns_of, decode_event
from ledger.codec.registry import entries
from ledger.codec.statements import decode_statement
from ledger.domain.days import parse_day, parse_rfc3339_ms
from ledger.domain.identifiers import check_credit_code, normalise, parse_id
from ledger.domain.quantities import format_yuan_plain, parse_yuan
from ledger.errors import LedgerError
from ledger.profiles.calendar import parse_calendar
from ledger.profiles.loader import parse_profile
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import CosignatureVerifier, parse_timestamped_signature
from ledger.proof.ed25519 import SMALL_ORDER_ENCODINGS, Signer, check_public_key, check_signature_r
from ledger.proof.frontier import Frontier
from ledger.proof.merkle import verify_consistency, verify_inclusion
from ledger.proof.note import Ed25519NoteVerifier, Note, open_note
from ledger.proof.policy import Policy
from ledger.proof.strict import decode_base64, encode_base64, parse_decimal
from ledger.proof.tiles import TilePath, decode_bundle, decode_tile, encode_bundle
from ledger.proof.tlog_proof import TlogProof
from ledger.proof.tlog_witness import AddCheckpoint, parse_size
from ledger.proof.vkey import VKey
from ledger.store.location import StoreLocation
from ledger.v1 import event_pb2
from ledger.web.address import parse_address
from ledger_audit.claim_cut import END, cut_claim
from ledger_audit.digest_file import DigestFile
from ledger_audit.errors import BrokenBundleError
from ledger_audit.fraud.judge import judge_bytes
from ledger_audit.fraud.proof_file import FORMAT
from ledger_audit.fraud.proof_file import parse as parse_proof
from ledger_audit.fraud.registry import BY_NAME
from ledger_audit.http_exchange import Url
from ledger_audit.openings import Openings
from ledger_audit.scan import KeyTable, parse_again, scan
from ledger_audit.tile_source import read_bundle
from ledger_audit.trust import Trust
from ledger_cli.cursors import parse_cursor
from ledger_play.scenario.file import parse_scenario
from ledger_server.identity import parse_certificate

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
Run = Callable[[bytes], object]


@dataclass(frozen=True)
class Target:
    """A parser under fire: `run` may raise LedgerError and nothing else."""

    name: str
    run: Run
    seeds: Callable[[], list[bytes]]
    max_len: int = 4_096

    def fire(self, data: bytes) -> None:
        """One execution."""
        try:
            self.run(data)
        except LedgerError as error:
            str(error)


def _text(parse: Callable[[str], object]) -> Run:
    """A parser of text takes what decodes."""
    return lambda data: parse(data.decode("utf-8", "surrogateescape"))


def _same(parse: Callable[[bytes], object], render: Callable[[object], bytes]) -> Run:
    """What is accepted comes back byte for byte."""

    def run(data: bytes) -> None:
        back = render(parse(data))
        if back != data:
            raise AssertionError(f"read {data!r}, wrote {back!r}")

    return run


@cache
def golden_entries() -> tuple[bytes, ...]:
    """Some entries of every kind, and all claims, of the newest golden ledgers."""
    found: dict[str, bytes] = {}
    for path in sorted(GOLDEN.glob("*/*/export/tile/entries/**/*")):
        if path.is_file():
            width = int(path.name) if path.parent.name.endswith(".p") else 256
            for entry in decode_bundle(path.read_bytes(), width=width):
                found[columns_of(entry)[2]] = entry
    return tuple(found.values())


def _golden(pattern: str) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for path in sorted(GOLDEN.glob(pattern))][:20]


def _literal(*seeds: str | bytes) -> Callable[[], list[bytes]]:
    return lambda: [seed.encode() if isinstance(seed, str) else seed for seed in seeds]


def _files(pattern: str) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for path in sorted(ROOT.glob(pattern))][:6]


def _event(data: bytes) -> None:
    """The server's and the auditor's reading of one leaf agree, and neither breaks."""
    try:
        byte_profile.parse(event_pb2.Event, data)
        mine = True
    except LedgerError:
        mine = False
    found = scan(0, [data], KeyTable())
    wrong = {finding[0] for finding in found.findings}
    event, _ = parse_again(data)
    known = event is not None and event.WhichOneof("payload") is not None
    # A payload in another encoding is the auditor's finding alone: the server reads payloads apart.
    if known and mine and "byte_profile" in wrong and not _odd_payload(data):
        raise AssertionError("the auditor refuses an event that the server reads")
    # Of a claim that was cut out quickly the fold compares every byte.
    if known and not mine and "byte_profile" not in wrong and isinstance(found.events[0], event_pb2.Event):
        raise AssertionError("the server refuses an event that the auditor reads")
    columns_of(data)
    decode_event(data)


def _odd_payload(data: bytes) -> bool:
    event, _ = parse_again(data)
    envelopes = [] if event is None else event.envelopes
    for envelope in envelopes:
        try:
            decode_statement(SignedEnvelope(envelope.payload_type, envelope.payload, ()))
        except LedgerError:
            return True
    return False


def _cut(data: bytes) -> None:
    """The quick cut of a claim reads what the general parser reads."""
    entry = data if data.endswith(END) else data + END
    cut = cut_claim(entry)
    if cut is None:
        return
    event, _ = parse_again(entry)
    if event is None or len(event.envelopes) != 1:
        return
    envelope = event.envelopes[0]
    said = (
        envelope.payload,
        envelope.signatures[0].signature if envelope.signatures else b"",
        event.recorded_ms,
    )
    canonical = event.SerializeToString(deterministic=True) == entry
    if canonical and said != (cut.payload, cut.signature, cut.recorded_ms):
        raise AssertionError("the quick cut is not the event")


_TYPES = tuple(
    f"application/vnd.voucher-ledger.{entry.act.name}.v1+protobuf"
    for entry in entries()
    if entry.statement_message
)


def _statement(data: bytes) -> None:
    """The first byte chooses the act."""
    payload_type = _TYPES[data[0] % len(_TYPES)] if data else ""
    decode_statement(SignedEnvelope(payload_type, data[1:], ()))


def _statement_seeds() -> list[bytes]:
    parsed = (parse_again(entry)[0] for entry in golden_entries())
    envelopes = [envelope for event in parsed if event is not None for envelope in event.envelopes]
    return [bytes([_TYPES.index(envelope.payload_type)]) + envelope.payload for envelope in envelopes]


def _numbers(data: bytes) -> tuple[int, int, list[bytes]]:
    hashes = [data[place : place + 32] for place in range(8, len(data), 32)]
    return int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big"), hashes


def _inclusion(data: bytes) -> None:
    index, size, hashes = _numbers(data)
    if len(hashes) >= 2:
        verify_inclusion(index=index, size=size, leaf_hash=hashes[0], root=hashes[1], proof=hashes[2:])


def _consistency(data: bytes) -> None:
    old, new, hashes = _numbers(data)
    if len(hashes) >= 2:
        verify_consistency(size1=old, size2=new, root1=hashes[0], root2=hashes[1], proof=hashes[2:])


def _key(data: bytes) -> None:
    """A key that is accepted is one that no small-order trick passes."""
    check_public_key.__wrapped__(data)
    if data in SMALL_ORDER_ENCODINGS:
        raise AssertionError("a small-order key was accepted")


def _bundle(data: bytes) -> None:
    width = data[0] or 1 if data else 1
    back = encode_bundle(decode_bundle(data[1:], width=width))
    if back != data[1:]:
        raise AssertionError("a bundle reads in two ways")


def _broken_bundle(data: bytes) -> None:
    try:
        read_bundle(data, path=TilePath(None, 0, 7), start=0)
    except BrokenBundleError as error:
        if len(error.entries) > 7:
            raise AssertionError("more entries than a bundle has") from None


def _yuan(text: str) -> None:
    if format_yuan_plain(parse_yuan(text, signed=True)) != text:
        raise AssertionError("an amount reads in two ways")


def _decimal(text: str) -> None:
    if str(parse_decimal(text, what="a number")) != text:
        raise AssertionError("a number reads in two ways")


def _base64(text: str) -> None:
    if encode_base64(decode_base64(text, what="data")) != text:
        raise AssertionError("base64 reads in two ways")


def _csv(parse: Callable[..., object]) -> Run:
    return lambda data: list(parse(io.BytesIO(data), name="f.csv"))  # type: ignore[call-overload]


_SIGNER = Signer.from_seed(bytes(32))
_NOTE = "ledger.example/e0\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— ledger.example/e0 AAAAAAAA\n"


def _fraud_seeds() -> list[bytes]:
    """An equivocation, and a leaf with an excerpt, of notes that nobody signed for this."""
    note = (GOLDEN / "0.1.0" / "forged" / "older-checkpoint").read_text(encoding="utf-8")
    excerpt = {"checkpoint": note, "leaves": [{"index": 0, "entry": "AAAA", "proof": []}]}
    head = {"format": FORMAT}
    values: list[dict[str, object]] = [{**head, "type": "equivocation", "notes": [note, note]}]
    values += [{**head, "type": name, "accused": 0, "roles": {}, "excerpt": excerpt} for name in BY_NAME]
    return [json.dumps(value).encode() for value in values]


def _fraud(data: bytes) -> None:
    """Whatever it is, there is a verdict, and nothing is proven of a log whose trust is another."""
    if judge_bytes(data, Trust.from_log_key(VKEY)).is_proven:
        raise AssertionError("proven without a proof")
    parse_proof(data, BY_NAME)


TARGETS = (
    Target("fraud_proof", _fraud, _fraud_seeds),
    Target("url", _text(Url.parse), _literal("https://h.example:8443/log/x"), 120),
    Target("note", _same(Note.parse, lambda note: note.render()), _golden("*/*/older-checkpoint"), 2_048),  # type: ignore[attr-defined]
    Target(
        "open_note",
        lambda data: open_note(data, (Ed25519NoteVerifier.parse(VKEY),)),
        _golden("*/forged/older-checkpoint"),
        2_048,
    ),
    Target(
        "checkpoint",
        _same(Checkpoint.parse, lambda head: head.render()),
        _literal(_NOTE.split("\n\n", maxsplit=1)[0] + "\n"),
    ),  # type: ignore[attr-defined]
    Target("vkey", _text(VKey.parse), _literal(VKEY)),
    Target("cosigner", _text(CosignatureVerifier.parse), _literal(VKEY)),
    Target("cosignature", parse_timestamped_signature, _literal(bytes(72))),
    Target(
        "tlog_proof",
        _same(TlogProof.parse, lambda proof: proof.render()),
        _golden("*/*/receipts/*.tlog-proof"),
    ),  # type: ignore[attr-defined]
    Target("tlog_policy", _text(Policy.parse), _literal(f"log {VKEY}\ngroup g any a b\nquorum none\n")),
    Target(
        "add_checkpoint",
        _same(AddCheckpoint.parse, lambda asked: asked.render()),
        _literal("old 3\n\n" + _NOTE),
    ),  # type: ignore[attr-defined]
    Target("witness_size", parse_size, _literal("17\n")),
    Target(
        "tile_path",
        _text(TilePath.parse),
        _literal("tile/0/x001/234.p/7", "tile/entries/000"),
        80,
    ),
    Target(
        "tile",
        lambda data: decode_tile(data[1:], width=data[0] if data else 0),
        _literal(b"\x02" + bytes(64)),
    ),
    Target("bundle", _bundle, _literal(b"\x02\x00\x03abc\x00\x00")),
    Target("broken_bundle", _broken_bundle, _literal(b"\x00\x03abc\x00\x00")),
    Target("frontier", Frontier.from_bytes, _literal((5).to_bytes(8, "big") + bytes(64))),
    Target("inclusion", _inclusion, _literal(bytes(3) + b"\x01" + bytes(3) + b"\x05" + bytes(160))),
    Target("consistency", _consistency, _literal(bytes(3) + b"\x03" + bytes(3) + b"\x07" + bytes(192))),
    Target("decimal", _text(_decimal), _literal("0", "18446744073709551615", "+5", "0_5", " 5", "٥"), 40),
    Target("base64", _text(_base64), _literal("AAA=", "AA==", "AB==", "A A="), 80),
    Target("public_key", _key, _literal(_SIGNER.public_key, *sorted(SMALL_ORDER_ENCODINGS)), 33),
    Target("signature_r", check_signature_r, _literal(bytes(64), b"\xff" * 64), 65),
    Target("event", _event, lambda: list(golden_entries())),
    Target("claim_cut", _cut, lambda: [entry for entry in golden_entries() if entry.endswith(END)]),
    Target("statement", _statement, _statement_seeds),
    Target("trust_file", Trust.parse, _golden("*/*/trust.json")),
    Target(
        "digest_file",
        DigestFile.parse,
        _literal(
            '{"format":"voucher-ledger/digests/1","genesis_leaf_hash":"'
            + "0" * 64
            + '","tree_size":9,"digests":[[3,"'
            + "0" * 64
            + '"]]}'
        ),
    ),
    Target("openings", Openings.parse, _literal("[]", "{}")),
    Target(
        "profile",
        _text(lambda text: parse_profile(text, name="p", source="p.toml")),
        _files("ledger/profiles/shenzhen-2026.toml"),
    ),
    Target(
        "calendar",
        _text(lambda text: parse_calendar(text, year=2026, source="c.toml")),
        _files("ledger/profiles/calendar-2026.toml"),
    ),
    Target(
        "scenario", _text(lambda text: parse_scenario(text, name="s.toml")), _files("tests/scenarios/a*.toml")
    ),
    Target("usage_csv", _csv(parse_generic_csv), _files("tools/ledger_play/sample-usage.csv")),
    Target(
        "service_csv",
        _csv(parse_service_csv),
        _literal(
            "unit,quantity,start,end,amount_yuan\nTOKENS,5,2026-01-05T00:00:00Z,2026-01-05T01:00:00Z,1.00\n"
        ),
    ),
    Target("tres", _text(parse_tres), _literal("billing=8,cpu=8,gres/gpu:h100=4,gres/gpu=4"), 200),
    Target("gres", _text(parse_gres), _literal("gpu:h100:4(IDX:0-3)", "gpu:2"), 200),
    Target("yuan", _text(_yuan), _literal("1234.56", "-0.01"), 40),
    Target("day", _text(parse_day), _literal("2026-01-05"), 40),
    Target("rfc3339", _text(parse_rfc3339_ms), _literal("2026-01-05T10:00:00.123+08:00"), 60),
    Target("id", _text(parse_id), _literal("0" * 32), 60),
    Target("credit_code", _text(check_credit_code), _literal("91110000802100433B"), 60),
    Target("reference", _text(lambda text: normalise(text, name="x")), _literal("ＩＣＢＣ", "ﬁ")),
    Target("cursor", _text(parse_cursor), _literal("5:" + "0" * 64 + ":0"), 120),
    Target(
        "store_url",
        _text(StoreLocation.parse),
        _literal("postgresql://h/d?schema=x&writer=w", "sqlite:///a/b"),
        200,
    ),
    Target("address", _text(parse_address), _literal("[::1]:80", "127.0.0.1:0"), 80),
    Target(
        "certificate",
        parse_certificate,
        _literal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ),
)
