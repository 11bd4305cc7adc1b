"""Keys and envelopes: private files, one serialisation, signatures in the order of the header."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.client.acts import ACTS, act_named, act_of
from ledger.client.cosign import read_envelope, write_envelope
from ledger.client.signing import (
    SigningKey,
    SigningKeyError,
    add_signature,
    check_complete,
    make_envelope,
    missing_key_ids,
    new_ordered_id,
    payload_type,
    prepare_envelope,
    statement_of,
)
from ledger.client.statements import application_submission, certificate_registration
from ledger.codec.byte_profile import parse
from ledger.errors import MalformedError, UsageError, VerificationError
from ledger.proof.dsse import verify_payload
from ledger.proof.ed25519 import Verifier

if TYPE_CHECKING:
    from pathlib import Path

LEDGER_ID = b"L" * 16
STATEMENT = certificate_registration(participant_id=b"p" * 16, certificate_sha256=b"c" * 32)
ACT = "certificate-registration"
KEYS = tuple(SigningKey.from_seed(bytes([number]) * 32) for number in range(3))


def test_a_saved_key_is_private_and_the_same_key(tmp_path: Path) -> None:
    """PKCS 8, mode 0600; the key id is SHA-256(algorithm ‖ public key)."""
    path = tmp_path / "keys" / "key.pem"
    KEYS[0].save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    loaded = SigningKey.load(path)
    assert loaded.key_id == hashlib.sha256(b"ed25519" + KEYS[0].public_key).digest()


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    """A second key in the same file would lose the first."""
    KEYS[0].save(tmp_path / "key.pem")
    with pytest.raises(SigningKeyError, match="cannot be written"):
        KEYS[1].save(tmp_path / "key.pem")
    assert SigningKey.load(tmp_path / "key.pem").key_id == KEYS[0].key_id


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """The hint tells the command that helps."""
    KEYS[0].save(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o640)
    with pytest.raises(SigningKeyError, match="others may read it") as caught:
        SigningKey.load(tmp_path / "key.pem")
    assert "chmod 600" in caught.value.hint


def test_other_keys_and_other_files_are_refused(tmp_path: Path) -> None:
    """An EC key, an encrypted key, no key, no file."""
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    other = ec.generate_private_key(ec.SECP256R1())
    contents = {
        "ec": other.private_bytes(*pem, serialization.NoEncryption()),
        "encrypted": other.private_bytes(*pem, serialization.BestAvailableEncryption(b"x")),
        "text": b"nothing",
    }
    for name, data in contents.items():
        path = tmp_path / name
        path.touch(0o600)
        path.write_bytes(data)
        with pytest.raises(SigningKeyError, match="not an Ed25519 key"):
            SigningKey.load(path)
    with pytest.raises(SigningKeyError, match="cannot be read"):
        SigningKey.load(tmp_path / "none")


def test_every_signature_verifies_in_the_order_of_the_header() -> None:
    """Signature n is by key n over the very bytes that are sent."""
    envelope = make_envelope(ACT, STATEMENT, KEYS, ledger_id=LEDGER_ID, not_after_ms=5)
    header = statement_of(envelope).header
    assert list(header.key_ids) == [key.key_id for key in KEYS]
    assert (header.ledger_id, header.not_after_ms, len(header.request_id)) == (LEDGER_ID, 5, 16)
    for key, place in zip(KEYS, envelope.signatures, strict=True):
        assert place.algorithm == "ed25519"
        verify_payload(
            Verifier(key.public_key),
            payload_type=payload_type(ACT),
            payload=envelope.payload,
            signature=place.signature,
        )
    with pytest.raises(VerificationError):
        verify_payload(
            Verifier(KEYS[0].public_key),
            payload_type=payload_type("genesis"),
            payload=envelope.payload,
            signature=envelope.signatures[0].signature,
        )


def test_the_payload_keeps_the_byte_profile_and_the_statement_is_left_alone() -> None:
    """Building twice from one statement gives two request ids and no change of the statement."""
    before = STATEMENT.SerializeToString()
    first = make_envelope(ACT, STATEMENT, KEYS[:1], ledger_id=LEDGER_ID)
    second = make_envelope(ACT, STATEMENT, KEYS[:1], ledger_id=LEDGER_ID)
    assert STATEMENT.SerializeToString() == before
    assert statement_of(first).header.request_id != statement_of(second).header.request_id
    assert parse(type(STATEMENT), first.payload) == statement_of(first)


def test_a_given_request_id_makes_the_same_bytes() -> None:
    """So that a lost answer can be asked for again."""
    envelopes = [
        make_envelope(ACT, STATEMENT, KEYS[:1], ledger_id=LEDGER_ID, request_id=b"r" * 16) for _ in range(2)
    ]
    assert envelopes[0] == envelopes[1]


def test_what_cannot_be_signed_is_refused() -> None:
    """Another act's statement, no signer, one signer twice, an act that does not exist, too many bytes."""
    other = application_submission(application_id=b"a" * 16, programme_id=b"p" * 16, contract_id=b"c" * 16)
    with pytest.raises(UsageError, match="not the statement"):
        make_envelope(ACT, other, KEYS, ledger_id=LEDGER_ID)
    with pytest.raises(UsageError, match="no signer"):
        make_envelope(ACT, STATEMENT, [], ledger_id=LEDGER_ID)
    with pytest.raises(UsageError, match="named twice"):
        make_envelope(ACT, STATEMENT, [KEYS[0], KEYS[0]], ledger_id=LEDGER_ID)
    with pytest.raises(MalformedError, match="no act"):
        make_envelope("payment", STATEMENT, KEYS, ledger_id=LEDGER_ID)
    large = certificate_registration(participant_id=b"p" * 45_000, certificate_sha256=b"")
    with pytest.raises(UsageError, match="45"):
        make_envelope(ACT, large, KEYS, ledger_id=LEDGER_ID)


@pytest.mark.parametrize("name", ["draft.json", "draft.envelope"])
def test_several_people_sign_one_file_in_any_order(tmp_path: Path, name: str) -> None:
    """Prepare → sign → sign → complete, through files; the same bytes as signing at once."""
    path = tmp_path / name
    key_ids = [key.key_id for key in KEYS]
    draft = prepare_envelope(ACT, STATEMENT, ledger_id=LEDGER_ID, key_ids=key_ids, request_id=b"r" * 16)
    write_envelope(path, draft)
    for key in reversed(KEYS):
        envelope = read_envelope(path)
        with pytest.raises(UsageError, match="missing"):
            check_complete(envelope)
        add_signature(envelope, key)
        write_envelope(path, envelope)
    signed = check_complete(read_envelope(path))
    assert signed == make_envelope(ACT, STATEMENT, KEYS, ledger_id=LEDGER_ID, request_id=b"r" * 16)
    assert missing_key_ids(signed) == ()


def test_ids_of_requests_grow_with_time_and_differ() -> None:
    """48 bits of Unix ms, then randomness; a request id is one of them."""
    before_ms = time.time_ns() // 1_000_000
    ids = [new_ordered_id() for _ in range(1000)]
    envelope = make_envelope(ACT, STATEMENT, KEYS, ledger_id=LEDGER_ID)
    ids.append(statement_of(envelope).header.request_id)
    times = [int.from_bytes(value[:6], "big") for value in ids]
    assert times == sorted(times)
    assert before_ms <= times[0] <= times[-1] <= time.time_ns() // 1_000_000
    assert {len(value) for value in ids} == {16}
    assert len({value[6:] for value in ids}) == len(ids)


def test_a_key_that_is_not_named_does_not_sign() -> None:
    """The header says who signs; nobody else can."""
    draft = prepare_envelope(ACT, STATEMENT, ledger_id=LEDGER_ID, key_ids=[KEYS[0].key_id])
    with pytest.raises(SigningKeyError, match="does not name"):
        add_signature(draft, KEYS[1])


def test_a_readable_statement_that_is_not_the_payload_is_refused(tmp_path: Path) -> None:
    """What a person reads in the file is what the signature is over, or the file is refused."""
    path = tmp_path / "draft.json"
    write_envelope(path, prepare_envelope(ACT, STATEMENT, ledger_id=LEDGER_ID, key_ids=[KEYS[0].key_id]))
    value = json.loads(path.read_text(encoding="utf-8"))
    value["statement"]["participant_id"] = "00" * 16
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(UsageError, match="readable statement"):
        read_envelope(path)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"schema": 1}', b"\xff", b'"x"', b"null"])
@pytest.mark.parametrize("name", ["broken.json", "broken.envelope"])
def test_a_broken_envelope_file_is_a_usage_error(tmp_path: Path, name: str, data: bytes) -> None:
    """Whatever is in the file, the error names it."""
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UsageError, match="broken"):
        read_envelope(path)


def test_the_table_of_acts_is_closed_and_its_types_are_read_back() -> None:
    """55 acts; only the genesis has no RPC."""
    assert len({act.payload_type for act in ACTS}) == len({act.statement for act in ACTS}) == 55
    assert [act.name for act in ACTS if not act.path] == ["genesis"]
    for act in ACTS:
        assert act_of(act.payload_type) is act_named(act.name) is act
    for wrong in ("", "application/json", payload_type("genesis") + "x", "x" + payload_type("genesis")):
        with pytest.raises(MalformedError):
            act_of(wrong)
