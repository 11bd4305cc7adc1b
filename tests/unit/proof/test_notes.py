"""Signed notes, checkpoints, cosignatures and receipts: round trips, and what is refused."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.proof.cosignature import (
    CosignatureVerifier,
    cosign,
    cosigned_message,
    parse_timestamped_signature,
    verify_cosignatures,
)
from ledger.proof.ed25519 import Signer
from ledger.proof.hashing import EMPTY_ROOT, leaf_hash, node_hash
from ledger.proof.note import (
    Ed25519NoteVerifier,
    Note,
    NoteSignature,
    add_signatures,
    open_note,
    parse_signature_lines,
    sign_note,
)
from ledger.proof.tlog_proof import TlogProof, verify_tlog_proof
from ledger.proof.vkey import VKey

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = "ledger.example/city/e0"
LOG = Signer.from_seed(b"\1" * 32)
WITNESS = Signer.from_seed(b"\2" * 32)
LOG_VERIFIER = Ed25519NoteVerifier(VKey(ORIGIN, 1, LOG.public_key))
WITNESS_VERIFIER = CosignatureVerifier(VKey("witness.example", 4, WITNESS.public_key))
LEAVES = [leaf_hash(b"zero"), leaf_hash(b"one")]
ROOT = node_hash(*LEAVES)
HEAD = Checkpoint(ORIGIN, 2, ROOT)
SIGNED = sign_checkpoint(HEAD, LOG)
RECEIPT = TlogProof(1, (LEAVES[0],), SIGNED)


def refuses(action: Callable[[], object], kind: type[LedgerError]) -> None:
    """Assert that the action raises exactly this kind."""
    with pytest.raises(LedgerError) as caught:
        action()
    assert type(caught.value) is kind


def test_checkpoint_known_answer() -> None:
    """The text of a head, and that it opens under its key and origin only."""
    assert HEAD.render() == f"{ORIGIN}\n2\n{b64encode(ROOT).decode()}\n".encode()
    assert SIGNED.startswith(HEAD.render() + f"\n— {ORIGIN} ".encode())
    assert open_checkpoint(SIGNED, LOG_VERIFIER, ORIGIN) == HEAD
    refuses(lambda: open_checkpoint(SIGNED, LOG_VERIFIER, "ledger.example/city/e1"), VerificationError)
    stranger = Ed25519NoteVerifier(VKey(ORIGIN, 1, WITNESS.public_key))
    refuses(lambda: open_checkpoint(SIGNED, stranger, ORIGIN), VerificationError)


def test_an_empty_tree_has_the_empty_root() -> None:
    """A signed head of no leaves with any other root is a lie of the log."""
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(empty, LOG), LOG_VERIFIER, ORIGIN) == empty
    wrong = sign_checkpoint(Checkpoint(ORIGIN, 0, ROOT), LOG)
    refuses(lambda: open_checkpoint(wrong, LOG_VERIFIER, ORIGIN), VerificationError)


def test_vkey_text() -> None:
    """A key renders and parses; unusual spellings are refused."""
    text = LOG_VERIFIER.vkey.render()
    assert Ed25519NoteVerifier.parse(text) == LOG_VERIFIER
    name, key_id, key = text.split("+", 2)
    for wrong in (
        f"{name}+{key_id.upper()}+{key}" if key_id.upper() != key_id else f"{name}++{key}",
        f"{name}+{key_id}+{key}=",
        f"{name}+{key_id}+{key}\n",
        f" {name}+{key_id}+{key}",
        f"{name}+{key_id}",
        f"+{key_id}+{key}",
    ):
        refuses(lambda wrong=wrong: VKey.parse(wrong), MalformedError)
    refuses(lambda: CosignatureVerifier.parse(text), MalformedError)
    refuses(lambda: Ed25519NoteVerifier(WITNESS_VERIFIER.vkey), MalformedError)
    refuses(lambda: Ed25519NoteVerifier(VKey("a", 1, (1).to_bytes(32, "little"))), MalformedError)
    refuses(lambda: VKey("a", 6, bytes(32)), MalformedError)


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=8)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=40),
    NAMES.filter(lambda name: "+" not in name and not any(character.isspace() for character in name)),
)
@settings(deadline=None, max_examples=50)
def test_note_round_trip(text: str, name: str) -> None:
    """Any text, with blank lines and dashes, survives signing, parsing and rendering."""
    body = (text + "\n").encode()
    data = sign_note(body, name=name, signer=LOG)
    verifier = Ed25519NoteVerifier(VKey(name, 1, LOG.public_key))
    assert Note.parse(data).render() == data
    assert open_note(data, [verifier]).text == body


@given(st.integers(0, 8 * len(SIGNED) - 1))
@settings(deadline=None, max_examples=300)
def test_no_flipped_bit_opens(bit: int) -> None:
    """A changed note does not parse or does not verify."""
    changed = bytearray(SIGNED)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(LedgerError):
        open_checkpoint(bytes(changed), LOG_VERIFIER, ORIGIN)


@given(st.binary(max_size=120) | st.sampled_from([SIGNED, RECEIPT.render(), HEAD.render()]), st.data())
@settings(max_examples=400)
def test_what_parses_renders_back(data: bytes, draw: st.DataObject) -> None:
    """Notes, checkpoint texts and receipts have one byte form, under any splice."""
    if data:
        start = draw.draw(st.integers(0, len(data)))
        end = draw.draw(st.integers(start, min(len(data), start + 3)))
        inserted = draw.draw(st.sampled_from([b"", b"\n", b"0", b" ", b"=", b"\r", b"+", "٣".encode(), b"_"]))
        data = data[:start] + inserted + data[end:]
    for parse in (Note.parse, Checkpoint.parse, TlogProof.parse):
        try:
            value = parse(data)
        except MalformedError:
            continue
        assert value.render() == data


@pytest.mark.parametrize(
    "size", ["+2", " 2", "2 ", "02", "2_0", "٢", "", "-0", "0x2", "2.0", str(2**64), "9" * 5000]
)
def test_unusual_sizes_are_refused(size: str) -> None:
    """Only the digits of the number, as int() alone would not have it."""
    text = f"{ORIGIN}\n{size}\n{b64encode(ROOT).decode()}\n".encode()
    refuses(lambda: Checkpoint.parse(text), MalformedError)


@pytest.mark.parametrize(
    "root",
    [
        "",
        "AA==",
        b64encode(bytes(33)).decode(),
        "A" * 42 + "B=",
        "A" * 43,
        " " + "A" * 43 + "=",
        "_" * 43 + "=",
    ],
)
def test_unusual_roots_are_refused(root: str) -> None:
    """Standard padded base64 of exactly 32 bytes, with zero trailing bits."""
    refuses(lambda: Checkpoint.parse(f"{ORIGIN}\n2\n{root}\n".encode()), MalformedError)


def test_extension_lines_are_kept_and_may_not_be_empty() -> None:
    """Other logs' extension lines survive; an empty line or control character is refused."""
    extended = Checkpoint(ORIGIN, 2, ROOT, ("a b", "c"))
    assert Checkpoint.parse(extended.render()) == extended
    refuses(lambda: Checkpoint.parse(HEAD.render() + b"\n"), MalformedError)
    for line in ("", "a\nb", "a\rb", "\ud800"):
        refuses(lambda line=line: Checkpoint(ORIGIN, 2, ROOT, (line,)), MalformedError)


def test_known_keys_must_verify_and_unknown_ones_are_set_apart() -> None:
    """One bad line of a known key spoils the note, even after a good one; strangers do not."""
    good = Note.parse(SIGNED).signatures[0]
    bad = NoteSignature(good.name, good.key_id, bytes(64))
    stranger = NoteSignature("stranger.example", good.key_id, b"x")
    same_name = NoteSignature(good.name, b"abcd", b"x")
    opened = open_note(add_signatures(SIGNED, [stranger, same_name, good]), [LOG_VERIFIER])
    assert opened.verified == (good,)
    assert opened.unverified == (stranger, same_name)
    refuses(lambda: open_note(add_signatures(SIGNED, [bad]), [LOG_VERIFIER]), VerificationError)
    refuses(lambda: open_note(SIGNED, []), VerificationError)
    refuses(lambda: open_note(SIGNED, [LOG_VERIFIER, LOG_VERIFIER]), MalformedError)


def test_note_limits() -> None:
    """100 signatures and a million bytes are accepted, more are not."""
    lines = [NoteSignature(f"w{number}", b"abcd", b"x") for number in range(100)]
    full = add_signatures(SIGNED, lines[:99])
    assert len(open_note(full, [LOG_VERIFIER]).unverified) == 99
    refuses(lambda: add_signatures(SIGNED, lines), MalformedError)
    refuses(lambda: open_note(full + lines[99].render(), [LOG_VERIFIER]), MalformedError)
    refuses(lambda: sign_note(b"a" * 1_000_000 + b"\n", name="a", signer=LOG), MalformedError)
    for text, name in (
        (b"no newline", "a"),
        (b"\xff\n", "a"),
        (b"a\n", "a b"),
        (b"a\n", ""),
        (b"a\n", "a+b"),
    ):
        refuses(lambda text=text, name=name: sign_note(text, name=name, signer=LOG), MalformedError)


def test_signature_lines() -> None:
    """A witness's answer parses to its lines; a fragment does not."""
    line = Note.parse(SIGNED).signatures[0]
    assert parse_signature_lines(line.render() * 2) == (line, line)
    for data in (
        b"",
        b"\n",
        line.render()[:-1],
        line.render() + b"\n",
        b"- a AAAAAAAA\n",
        "— a AAAA\n".encode(),
    ):
        refuses(lambda data=data: parse_signature_lines(data), MalformedError)


def test_cosignature_message_and_line() -> None:
    """The signed bytes are those of the specification, and the line carries the time."""
    assert cosigned_message(HEAD.render(), timestamp_s=1679315147) == (
        b"cosignature/v1\ntime 1679315147\n" + HEAD.render()
    )
    line = cosign(HEAD.render(), name="witness.example", signer=WITNESS, timestamp_s=1679315147)
    assert line.key_id == WITNESS_VERIFIER.key_id
    assert parse_timestamped_signature(line.signature)[0] == 1679315147
    cosigned = add_signatures(SIGNED, [line])
    assert open_checkpoint(cosigned, LOG_VERIFIER, ORIGIN) == HEAD
    (found,) = verify_cosignatures(cosigned, [WITNESS_VERIFIER])
    assert (found.name, found.public_key, found.timestamp_s) == (
        "witness.example",
        WITNESS.public_key,
        1679315147,
    )
    assert verify_cosignatures(SIGNED, [WITNESS_VERIFIER]) == ()


def test_one_witness_counts_once_with_its_latest_time() -> None:
    """Two lines of one witness are one cosignature, and a wrong second line spoils the note."""
    early, late = (
        cosign(HEAD.render(), name="witness.example", signer=WITNESS, timestamp_s=time) for time in (10, 20)
    )
    both = add_signatures(SIGNED, [late, early])
    assert [found.timestamp_s for found in verify_cosignatures(both, [WITNESS_VERIFIER])] == [20]
    moved = NoteSignature(late.name, late.key_id, (30).to_bytes(8, "big") + late.signature[8:])
    refuses(lambda: verify_cosignatures(add_signatures(both, [moved]), [WITNESS_VERIFIER]), VerificationError)


def test_one_key_under_two_names_is_refused() -> None:
    """The signed message does not name the witness, so one key must not be two witnesses."""
    alias = CosignatureVerifier(VKey("other.example", 4, WITNESS.public_key))
    refuses(lambda: verify_cosignatures(SIGNED, [WITNESS_VERIFIER, alias]), MalformedError)


def test_impossible_cosignatures_are_refused() -> None:
    """Times beyond 63 bits, cut signatures, and texts that are no checkpoint."""
    for signature in (bytes(71), bytes(73), b"\x80" + bytes(71)):
        refuses(lambda signature=signature: parse_timestamped_signature(signature), MalformedError)
    for time, text in ((-1, HEAD.render()), (2**63, HEAD.render()), (1, b"not a checkpoint\n")):
        refuses(
            lambda time=time, text=text: cosign(text, name="w", signer=WITNESS, timestamp_s=time),
            MalformedError,
        )


def test_receipt_known_answer() -> None:
    """The text of a receipt with and without extra data."""
    hash_line = b64encode(LEAVES[0])
    assert RECEIPT.render() == b"c2sp.org/tlog-proof@v1\nindex 1\n" + hash_line + b"\n\n" + SIGNED
    with_extra = TlogProof(1, (LEAVES[0],), SIGNED, b"extra")
    assert with_extra.render() == (
        b"c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 1\n" + hash_line + b"\n\n" + SIGNED
    )
    for receipt in (RECEIPT, with_extra):
        assert TlogProof.parse(receipt.render()) == receipt
        checkpoint = verify_tlog_proof(receipt.render(), event=b"one", verifier=LOG_VERIFIER, origin=ORIGIN)
        assert checkpoint == HEAD


def test_receipt_of_the_only_leaf_has_no_hashes() -> None:
    """An empty proof is followed by the blank line at once."""
    head = Checkpoint(ORIGIN, 1, LEAVES[0])
    data = TlogProof(0, (), sign_checkpoint(head, LOG)).render()
    assert b"index 0\n\n" + ORIGIN.encode() in data
    assert verify_tlog_proof(data, event=b"zero", verifier=LOG_VERIFIER, origin=ORIGIN) == head


def test_receipts_that_do_not_verify() -> None:
    """Another event, index, origin or key."""
    moved = TlogProof(0, (LEAVES[0],), SIGNED).render()
    beyond = TlogProof(2, (LEAVES[0],), SIGNED).render()
    stranger = Ed25519NoteVerifier(VKey(ORIGIN, 1, WITNESS.public_key))
    for data, event, verifier, origin in (
        (RECEIPT.render(), b"two", LOG_VERIFIER, ORIGIN),
        (moved, b"one", LOG_VERIFIER, ORIGIN),
        (beyond, b"one", LOG_VERIFIER, ORIGIN),
        (RECEIPT.render(), b"one", stranger, ORIGIN),
        (RECEIPT.render(), b"one", LOG_VERIFIER, "other"),
    ):
        refuses(
            lambda data=data, event=event, verifier=verifier, origin=origin: verify_tlog_proof(
                data, event=event, verifier=verifier, origin=origin
            ),
            VerificationError,
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"proof@v1", b"proof@v2"),
        (b"index 1\n", b""),
        (b"index 1\n", b"index 01\n"),
        (b"index 1\n", b"index 1 \n"),
        (b"index 1\n", b"index  1\n"),
        (b"index 1\n", b"index 1\nextra ZXh0cmE=\n"),
        (b"index 1\n", b"extra \nindex 1\n"),
        (b"index 1\n", b"extra ZXh0cmE\nindex 1\n"),
        (b"index 1\n", b"index 1\nAA==\n"),
        (b"index 1\n", b"index 1\n" + (b64encode(bytes(32)) + b"\n") * 65),
        (b"\n\n" + ORIGIN.encode(), b"\n" + ORIGIN.encode()),
        (b"c2sp", b"\nc2sp"),
        (b"\n", b"\r\n"),
    ],
)
def test_malformed_receipts(old: bytes, new: bytes) -> None:
    """Lines that are missing, moved, unusual or too many."""
    changed = RECEIPT.render().replace(old, new)
    assert changed != RECEIPT.render()
    refuses(lambda: TlogProof.parse(changed), MalformedError)
