"""What a ledger must refuse: other encodings, wrong signers, weak keys, impossible usage, reused ids.

Each gets one reason and one sentence without the text of an exception, and leaves nothing half-written: the
ledger is as long as before, but for a refusal that the rules say is recorded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from support.house import DAY_MS, HOUR_MS, START_MS, House
from support.wire import LENGTH, VARINT, Field, field_bytes, join, split, varint

from ledger.app.outcomes import Accepted, Refused
from ledger.client.signing import SigningKey, new_id
from ledger.client.statements import registry
from ledger.codec.envelopes import SignedEnvelope
from ledger.proof.dsse import pae
from ledger.proof.ed25519 import SMALL_ORDER_ENCODINGS
from ledger.proof.edwards import FIELD, GROUP_ORDER, decode
from ledger.proof.keys import key_id
from ledger.v1 import claim_pb2, envelope_pb2, registry_pb2
from ledger_audit.sources import ExportSource
from ledger_audit.trust import Trust
from ledger_audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.app.outcomes import Outcome

ACT = "usage-attestation"
TYPE = f"application/vnd.voucher-ledger.{ACT}.v1+protobuf"
INT64_MAX = 2**63 - 1
GOOD = 99
_hours = count()

Attestation = claim_pb2.UsageAttestation


@dataclass
class Bench:
    """A house in which claims succeed, and what it takes to make one that is wrong in a single point."""

    house: House
    devices: list[bytes]
    rival_device: bytes

    def rivals(self) -> Attestation:
        """A claim of the rival with its own device, on a voucher that is bound to somebody else."""
        statement = self.attestation()
        statement.provider_id = self.house.ids["rival"]
        statement.device_ids[0] = self.rival_device
        return statement

    def attestation(self, device: int = 0, **changes: Any) -> Attestation:
        """A claim that would be accepted, of an hour that no other test uses."""
        start_ms = START_MS + next(_hours) * HOUR_MS
        statement = self.house.attestation(
            "v", [(self.devices[device], start_ms, start_ms + HOUR_MS)], **changes
        )
        statement.sequence = 1_000_000 + next(_hours)
        return statement

    def payload(self, statement: Any = None, *, key: str = "cloud", **header: Any) -> bytes:
        """The bytes of a statement with its header."""
        statement = statement or self.attestation()
        values = {
            "ledger_id": self.house.made.opened.ledger_id,
            "request_id": new_id(),
            "key_ids": [self.house.keys[key].key_id],
        }
        statement.header.CopyFrom(envelope_pb2.StatementHeader(**(values | header)))
        data: bytes = statement.SerializeToString(deterministic=True)
        return data

    def sign(self, payload: bytes, *keys: str, payload_type: str = TYPE) -> SignedEnvelope:
        """Any bytes under any type, validly signed."""
        signers = [self.house.keys[key] for key in keys or ("cloud",)]
        message = pae(payload_type, payload)
        signatures = tuple((key.algorithm, key.signer.sign(message)) for key in signers)
        return SignedEnvelope(payload_type, payload, signatures)

    def send(self, envelope: SignedEnvelope, *, act: str = ACT, submitter: str = "cloud") -> Outcome:
        """Submit one envelope."""
        return self.house.send(act, envelope, submitter=submitter)[0]

    def refused(
        self, envelope: SignedEnvelope, *, act: str = ACT, submitter: str = "cloud", recorded: bool = False
    ) -> Refused:
        """Submit what must be refused, and check that nothing but a due refusal was written."""
        house = self.house
        size, totals = house.ledger.size, money(house)
        outcome = self.send(envelope, act=act, submitter=submitter)
        assert isinstance(outcome, Refused), outcome
        assert house.ledger.size == size + recorded
        assert outcome.recorded_index == (size if recorded else None)
        assert money(house) == totals
        assert_clear(outcome.message)
        return outcome


def money(house: House) -> list[Any]:
    """Totals of every programme, voucher and contract."""
    return [dict(table.base) for kind, table in house.ledger.state.heads.items() if kind.name != "DEVICE"]


def assert_clear(message: str) -> None:
    """One sentence for a person, not the text of an exception."""
    assert 0 < len(message) <= 200
    assert "\n" not in message
    assert not [
        word for word in ("Error", "Traceback", "Exception", "object at", "NoneType") if word in message
    ]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One ledger for all tests here; after the last one the auditor has to agree with all that it holds."""
    root = tmp_path_factory.mktemp("bad")
    house = House.open(root / "ledger")
    devices = house.provider(devices=4)
    (rival_device,) = house.provider("rival", devices=1)
    house.programme()
    house.party("acme")
    assert isinstance(house.voucher("v", "acme", amount_fen=900_000_000), Accepted)
    house.at(START_MS + 290 * DAY_MS)
    yield Bench(house, devices, rival_device)
    trust = Trust.load(house.made.directory.trust_file)
    report = verify(ExportSource(house.export(root / "export")), trust=trust)
    house.close()
    assert (report.result, report.findings) == ("ok", ())


def test_the_claim_that_every_test_here_spoils_is_good(bench: Bench) -> None:
    """Without the one fault it is accepted."""
    assert isinstance(bench.send(bench.sign(bench.payload())), Accepted)


# Other bytes for the same message


def _non_minimal(number: int, **widths: int) -> Callable[[bytes], bytes]:
    def change(payload: bytes) -> bytes:
        fields = split(payload)
        return b"".join(field_bytes(field, **(widths if field.number == number else {})) for field in fields)

    return change


def _nested(change: Callable[[bytes], bytes], number: int = 14) -> Callable[[bytes], bytes]:
    def apply(payload: bytes) -> bytes:
        return join(
            field._replace(value=change(field.value))
            if field.number == number and isinstance(field.value, bytes)
            else field
            for field in split(payload)
        )

    return apply


def _unpacked(payload: bytes) -> bytes:
    """`device_models` as one field a value."""
    fields: list[Field] = []
    for field in split(payload):
        if field.number == 12 and isinstance(field.value, bytes):
            fields += [Field(12, VARINT, value) for value in field.value]
        else:
            fields.append(field)
    return join(fields)


def _twice(payload: bytes) -> bytes:
    fields = split(payload)
    position = next(place for place, field in enumerate(fields) if field.number == 8)
    return join([*fields[: position + 1], *fields[position:]])


def _swapped(payload: bytes) -> bytes:
    fields = split(payload)
    return join([fields[1], fields[0], *fields[2:]])


def _halved(payload: bytes) -> bytes:
    """The header in two parts, which parsers merge."""
    first, *rest = split(payload)
    assert isinstance(first.value, bytes)
    header = split(first.value)
    return join([first._replace(value=join(header[:1])), first._replace(value=join(header[1:])), *rest])


OTHER_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "no message": lambda _: b"\xff\xff\xff",
    "cut short": lambda payload: payload[:-1],
    "a byte more": lambda payload: payload + b"\0",
    "a tag with more bytes than it needs": _non_minimal(8, tag_width=2),
    "a varint with more bytes than it needs": _non_minimal(8, value_width=2),
    "a varint of ten bytes": _non_minimal(8, value_width=10),
    "a length with more bytes than it needs": _non_minimal(2, value_width=2),
    "fields in another order": _swapped,
    "fields reversed": lambda payload: join(reversed(split(payload))),
    "a default written out": lambda payload: payload + varint(24 << 3) + b"\0",
    "an empty field written out": lambda payload: payload + varint(9 << 3 | LENGTH) + b"\0",
    "a singular field twice": _twice,
    "a message in two parts": _halved,
    "a packed column unpacked": _unpacked,
    "an unknown field": lambda payload: payload + field_bytes(Field(99, VARINT, 1)),
    "an unknown field within": _nested(lambda lines: lines + field_bytes(Field(99, LENGTH, b"x"))),
    "another order within": _nested(lambda lines: join(reversed(split(lines)))),
    "a group": lambda payload: payload + varint(30 << 3 | 3) + varint(30 << 3 | 4),
    "a string that is not UTF-8": lambda payload: join([Field(9, LENGTH, b"\xff\xfe"), *split(payload)]),
    "a wrong wire type": lambda payload: payload + field_bytes(Field(24, LENGTH, b"x")),
    "field number 0": lambda payload: payload + b"\0\0",
    "no header": lambda payload: join(split(payload)[1:]),
    "no lines": lambda payload: join(field for field in split(payload) if field.number != 14),
}


@pytest.mark.parametrize("name", OTHER_BYTES)
def test_any_other_encoding_is_refused_although_it_is_signed(bench: Bench, name: str) -> None:
    """Two parsers must not read one leaf differently, so one encoding of a statement exists."""
    change = OTHER_BYTES[name]
    payload = bench.payload()
    changed = change(payload)
    assert changed != payload
    assert bench.refused(bench.sign(changed)).reason.name == "MALFORMED"


def test_taking_a_statement_apart_and_joining_it_changes_nothing(bench: Bench) -> None:
    """The changes above are the ones that they are named for."""
    payload = bench.payload()
    assert join(split(payload)) == payload


@pytest.mark.parametrize(
    "payload_type",
    ["", "application/json", TYPE + " ", TYPE.upper(), TYPE.replace("v1", "v2"), "ü" + TYPE,
     TYPE.replace(ACT, "payment-order"), TYPE.replace(ACT, "claim-refusal"), TYPE.replace(ACT, "voucher-expiry")],
)  # fmt: skip
def test_a_wrong_payload_type_is_refused(bench: Bench, payload_type: str) -> None:
    """Also one that is registered for another act, and one of an act that nobody signs."""
    assert bench.refused(bench.sign(bench.payload(), payload_type=payload_type)).reason.name == "MALFORMED"


@pytest.mark.parametrize("size", [45_001, 200_000])
def test_an_oversized_payload_is_refused(bench: Bench, size: int) -> None:
    """45,000 bytes are the most, whatever is in them."""
    statement = bench.attestation()
    statement.strings.append("x" * size)
    assert bench.refused(bench.sign(bench.payload(statement))).reason.name == "MALFORMED"


# Header


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"ledger_id": bytes(15) + b"\1"}, "WRONG_LEDGER"),
        ({"ledger_id": b""}, "MALFORMED"),
        ({"ledger_id": bytes(16)}, "MALFORMED"),
        ({"request_id": b""}, "MALFORMED"),
        ({"request_id": bytes(16)}, "MALFORMED"),
        ({"request_id": b"x" * 17}, "MALFORMED"),
        ({"not_after_ms": 1}, "STATEMENT_EXPIRED"),
        ({"not_after_ms": START_MS + 290 * DAY_MS - 1}, "STATEMENT_EXPIRED"),
        ({"not_after_ms": -1}, "MALFORMED"),
        ({"key_ids": []}, "MALFORMED"),
        ({"key_ids": [b"x" * 31]}, "MALFORMED"),
        ({"key_ids": [b"x" * 32]}, "KEY_UNKNOWN"),
        ({"key_ids": [b"x" * 32, b"x" * 32]}, "MALFORMED"),
        ({"key_ids": [bytes([n]) * 32 for n in range(10)]}, "MALFORMED"),
    ],
)
def test_a_wrong_header_is_refused(bench: Bench, header: dict[str, Any], reason: str) -> None:
    """Wrong ledger, past its time, without an id, with keys that are none."""
    payload = bench.payload(**header)
    count = len(header.get("key_ids", [b""]))
    envelope = bench.sign(payload, *["cloud"] * max(count, 1))
    assert bench.refused(envelope).reason.name == reason


def test_a_statement_is_good_up_to_and_at_its_last_millisecond(bench: Bench) -> None:
    """not_after is inclusive."""
    payload = bench.payload(not_after_ms=START_MS + 290 * DAY_MS)
    assert isinstance(bench.send(bench.sign(payload)), Accepted)


# Signatures


def _altered(change: Callable[[str, bytes], tuple[str, bytes]]) -> Callable[[SignedEnvelope], SignedEnvelope]:
    return lambda envelope: replace(envelope, signatures=tuple(change(*pair) for pair in envelope.signatures))


def _plus_order(signature: bytes) -> bytes:
    scalar = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


BAD_SIGNATURES: dict[str, tuple[Callable[[SignedEnvelope], SignedEnvelope], str]] = {
    "a flipped bit": (
        _altered(lambda name, data: (name, data[:40] + bytes([data[40] ^ 1]) + data[41:])),
        "BAD_SIGNATURE",
    ),
    "zeros": (_altered(lambda name, _: (name, bytes(64))), "BAD_SIGNATURE"),
    "empty": (_altered(lambda name, _: (name, b"")), "BAD_SIGNATURE"),
    "63 bytes": (_altered(lambda name, data: (name, data[:63])), "BAD_SIGNATURE"),
    "65 bytes": (_altered(lambda name, data: (name, data + b"\0")), "BAD_SIGNATURE"),
    "S plus the group order": (_altered(lambda name, data: (name, _plus_order(data))), "BAD_SIGNATURE"),
    "another algorithm's name": (_altered(lambda _, data: ("ed25519ph", data)), "BAD_SIGNATURE"),
    "the name in upper case": (_altered(lambda _, data: ("ED25519", data)), "BAD_SIGNATURE"),
    "no name": (_altered(lambda _, data: ("", data)), "BAD_SIGNATURE"),
    "a name that is not ASCII": (_altered(lambda _, data: ("ed\u0000ü", data)), "BAD_SIGNATURE"),
    "none": (lambda envelope: replace(envelope, signatures=()), "MALFORMED"),
    "one too many": (lambda envelope: replace(envelope, signatures=envelope.signatures * 2), "MALFORMED"),
    "another payload": (
        lambda envelope: replace(envelope, payload=_renumbered(envelope.payload)),
        "BAD_SIGNATURE",
    ),
}


def _renumbered(payload: bytes) -> bytes:
    statement = Attestation.FromString(payload)
    statement.header.request_id = new_id()
    return statement.SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", BAD_SIGNATURES)
def test_a_signature_that_does_not_hold_is_refused_and_not_recorded(bench: Bench, name: str) -> None:
    """Only a validly signed statement can leave a refusal behind."""
    change, reason = BAD_SIGNATURES[name]
    assert bench.refused(change(bench.sign(bench.payload()))).reason.name == reason


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (["rival"], "NOT_AUTHORISED"),
        (["acme"], "NOT_AUTHORISED"),
        (["clerk"], "NOT_AUTHORISED"),
        (["root-1"], "NOT_AUTHORISED"),
        (["cloud", "rival"], "MALFORMED"),
    ],
)
def test_a_foreign_key_signs_nothing_for_a_provider(bench: Bench, keys: list[str], reason: str) -> None:
    """A registered key of another participant, of an officer, of a root; a second signer."""
    payload = bench.payload(key_ids=[bench.house.keys[key].key_id for key in keys])
    assert bench.refused(bench.sign(payload, *keys)).reason.name == reason


def test_a_key_that_nobody_registered_signs_nothing(bench: Bench) -> None:
    """Its signature holds, and yet nobody knows it."""
    bench.house.keys["stranger"] = SigningKey.generate()
    payload = bench.payload(key="stranger")
    assert bench.refused(bench.sign(payload, "stranger")).reason.name == "KEY_UNKNOWN"


def test_a_claim_of_another_provider_is_refused_and_recorded_as_its_own(bench: Bench) -> None:
    """The rival claims on a voucher that is bound to somebody else: its own refusal, on its own account."""
    envelope = bench.sign(bench.payload(bench.rivals(), key="rival"), "rival")
    assert bench.refused(envelope, submitter="rival", recorded=True).reason.name == "STATE_CONFLICT"


def test_a_refusal_is_recorded_for_the_authenticated_signer_only(bench: Bench) -> None:
    """Sent by somebody else, the same refused claim leaves nothing, and its id is not spent."""
    statement = bench.attestation()
    statement.beneficiary_id = bench.house.ids["rival"]
    envelope = bench.sign(bench.payload(statement))
    assert bench.refused(envelope, submitter="rival").reason.name == "STATE_CONFLICT"
    assert bench.refused(envelope, recorded=True).reason.name == "STATE_CONFLICT"


# Keys


def mixed_order(public_key: bytes) -> bytes:
    """A good key plus the point of order two: (-x, -y)."""
    point = decode(public_key)
    assert point is not None
    x, y = (FIELD - point[0]) % FIELD, (FIELD - point[1]) % FIELD
    return (y | (x & 1) << 255).to_bytes(32, "little")


def off_curve() -> bytes:
    """A y without an x."""
    return next(y.to_bytes(32, "little") for y in range(2, 100) if decode(y.to_bytes(32, "little")) is None)


WEAK_KEYS = {
    **{f"small order {encoding.hex()[:8]} {encoding[31]:02x}": encoding for encoding in sorted(SMALL_ORDER_ENCODINGS)},
    "not canonical": (FIELD + 3).to_bytes(32, "little"),
    "the largest": b"\xff" * 32,
    "off the curve": off_curve(),
    "mixed order": mixed_order(SigningKey.from_seed(b"s" * 32).public_key),
}  # fmt: skip
IDENTITY = (1).to_bytes(32, "little")


def universal_signature() -> bytes:
    """A signature that holds for every message under the identity key: S·B = R."""
    seed = b"u" * 32
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    scalar = int.from_bytes(digest, "little") % GROUP_ORDER
    return SigningKey.from_seed(seed).public_key + scalar.to_bytes(32, "little")


def key_registration(
    bench: Bench, public_key: bytes, *, named: bytes | None = None, last: bytes = b""
) -> SignedEnvelope:
    """A registration of a key for the provider, signed by both administrators and, as far as can be, the key."""
    statement = registry.key_registration(participant_id=bench.house.ids["cloud"], public_key=public_key)
    administrators = ("keymaster", "keymaster-2")
    known = [bench.house.keys[name].key_id for name in administrators]
    new = hashlib.sha256(b"ed25519" + public_key).digest() if named is None else named
    payload = bench.payload(statement, key_ids=[*known, new])
    payload_type = TYPE.replace(ACT, "key-registration")
    envelope = bench.sign(payload, *administrators, payload_type=payload_type)
    return replace(envelope, signatures=(*envelope.signatures, ("ed25519", last or universal_signature())))


@pytest.mark.parametrize("name", WEAK_KEYS)
def test_a_weak_key_is_not_registered(bench: Bench, name: str) -> None:
    """Under the identity key one signature verifies everything; none of these keys ever becomes a key."""
    public_key = WEAK_KEYS[name]
    keys = set(bench.house.ledger.state.keys.base)
    envelope = key_registration(bench, public_key)
    refused = bench.refused(envelope, act="key-registration", submitter="keymaster")
    assert refused.reason.name == "WEAK_KEY"
    assert set(bench.house.ledger.state.keys.base) == keys


def test_the_universal_signature_is_one(bench: Bench) -> None:
    """The library takes it for any message under the identity, so that the test above means something."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for message in (b"", b"anything", bench.payload()):
        Ed25519PublicKey.from_public_bytes(IDENTITY).verify(universal_signature(), message)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused(bench: Bench, size: int) -> None:
    """Before anybody computes with it."""
    refused = bench.refused(
        key_registration(bench, b"k" * size), act="key-registration", submitter="keymaster"
    )
    assert refused.reason.name in {"MALFORMED", "WEAK_KEY"}


@pytest.mark.parametrize("algorithm", ["", "ed25519ph", "ED25519", "rsa", "ü"])
def test_a_key_of_another_algorithm_is_refused(bench: Bench, algorithm: str) -> None:
    """Only the registered name."""
    key = SigningKey.generate()
    bench.house.keys["new"] = key
    statement = registry_pb2.KeyRegistration(
        participant_id=bench.house.ids["cloud"], algorithm=algorithm, public_key=key.public_key
    )
    signers = ("keymaster", "keymaster-2", "new")
    payload = bench.payload(statement, key_ids=[bench.house.keys[name].key_id for name in signers])
    envelope = bench.sign(payload, *signers, payload_type=TYPE.replace(ACT, "key-registration"))
    refused = bench.refused(envelope, act="key-registration", submitter="keymaster")
    assert refused.reason.name in {"MALFORMED", "WEAK_KEY"}


def test_a_new_key_has_to_sign_itself_and_is_registered_once(bench: Bench) -> None:
    """No possession, a key id that is not the key's, a key that somebody has: none is registered."""
    key = SigningKey.generate()
    refused = partial(bench.refused, act="key-registration", submitter="keymaster")
    without = key_registration(bench, key.public_key, last=bytes(64))
    assert refused(without).reason.name == "BAD_SIGNATURE"
    misnamed = key_registration(bench, key.public_key, named=bench.house.keys["rival"].key_id)
    assert refused(misnamed).reason.name in {"MALFORMED", "WEAK_KEY"}
    taken = bench.house.keys["rival"]
    envelope = key_registration(bench, taken.public_key)
    signature = taken.signer.sign(pae(envelope.payload_type, envelope.payload))
    again = replace(envelope, signatures=(*envelope.signatures[:2], ("ed25519", signature)))
    assert refused(again).reason.name == "WEAK_KEY"
    assert key_id("ed25519", key.public_key) not in bench.house.ledger.state.keys.base


# Usage that cannot be


def changed(**values: Any) -> Callable[[Attestation], None]:
    """Set fields; lists replace a whole column, `lines__x` is a column of the lines."""

    def apply(statement: Attestation) -> None:
        for name, value in values.items():
            target: Any = statement
            *path, last = name.split("__")
            for part in path:
                target = getattr(target, part)
            if isinstance(value, list):
                del getattr(target, last)[:]
                getattr(target, last).extend(value)
            else:
                setattr(target, last, value)

    return apply


def both(*changes: Callable[[Attestation], None]) -> Callable[[Attestation], None]:
    """One change after the other."""

    def apply(statement: Attestation) -> None:
        for change in changes:
            change(statement)

    return apply


def _more_devices(*device_ids: bytes) -> Callable[[Attestation], None]:
    def apply(statement: Attestation) -> None:
        statement.device_ids.extend(device_ids or statement.device_ids[:1])
        statement.device_models.append(0)

    return apply


def _second_line(statement: Attestation, start_ms: int) -> None:
    lines = statement.lines
    for column in (lines.device, lines.duration_ms, lines.allocated_ms, lines.amount_fen):
        column.append(column[0])
    lines.start_offset_ms.append(start_ms)
    statement.total_allocated_ms *= 2
    statement.total_amount_fen *= 2


WRONG_USAGE: dict[str, tuple[Callable[[Attestation], Any], str]] = {
    "a negative amount": (changed(lines__amount_fen=[-1], total_amount_fen=-1), "MALFORMED"),
    "an amount of int64": (changed(lines__amount_fen=[INT64_MAX], total_amount_fen=INT64_MAX), "recorded PRICE_MISMATCH"),
    "the least amount of int64": (changed(lines__amount_fen=[-(2**63)], total_amount_fen=-(2**63)), "MALFORMED"),
    "sums that wrap to zero": (
        both(lambda s: _second_line(s, HOUR_MS), changed(lines__amount_fen=[INT64_MAX, INT64_MAX], total_amount_fen=-2)),
        "MALFORMED",
    ),
    "one fen too much": (changed(lines__amount_fen=[2001], total_amount_fen=2001), "recorded PRICE_MISMATCH"),
    "another total amount": (changed(total_amount_fen=1999), "MALFORMED"),
    "another total of time": (changed(total_allocated_ms=1), "MALFORMED"),
    "active time out of nothing": (changed(total_active_ms=1), "MALFORMED"),
    "energy out of nothing": (changed(total_energy_wh=1), "MALFORMED"),
    "negative energy": (changed(lines__energy_wh=[-1], total_energy_wh=-1), "MALFORMED"),
    "an interval of no length": (changed(lines__duration_ms=[0]), "MALFORMED"),
    "an interval that ends before it starts": (changed(lines__duration_ms=[-HOUR_MS]), "MALFORMED"),
    "a duration of int64": (changed(lines__duration_ms=[INT64_MAX]), "MALFORMED"),
    "a duration that passes int64 with its start": (changed(base_ms=START_MS - 1, lines__duration_ms=[INT64_MAX]), "MALFORMED"),
    "a start of int64": (changed(lines__start_offset_ms=[INT64_MAX]), "MALFORMED"),
    "a negative start": (changed(lines__start_offset_ms=[-1]), "MALFORMED"),
    "a negative base": (changed(base_ms=-1), "MALFORMED"),
    "a base of int64": (changed(base_ms=INT64_MAX), "MALFORMED"),
    "the least base of int64": (changed(base_ms=-(2**63)), "MALFORMED"),
    "more time than the interval": (
        changed(lines__allocated_ms=[HOUR_MS + 1], total_allocated_ms=HOUR_MS + 1),
        "recorded CAPACITY_EXCEEDED",
    ),
    "negative time": (changed(lines__allocated_ms=[-1], total_allocated_ms=-1), "MALFORMED"),
    "more active than allocated": (changed(lines__active_ms=[HOUR_MS + 1], total_active_ms=HOUR_MS + 1), "MALFORMED"),
    "no line": (changed(lines__device=[]), "MALFORMED"),
    "a column too short": (changed(lines__amount_fen=[]), "MALFORMED"),
    "a column too long": (changed(lines__start_offset_ms=[0, 0]), "MALFORMED"),
    "an optional column of another length": (changed(lines__energy_wh=[1, 2], total_energy_wh=3), "MALFORMED"),
    "a device that is not in the table": (changed(lines__device=[1]), "MALFORMED"),
    "the largest position": (changed(lines__device=[2**32 - 1]), "MALFORMED"),
    "a model that is not in the table": (changed(device_models=[1]), "MALFORMED"),
    "a node that is not in the table": (changed(lines__node=[0]), "MALFORMED"),
    "a device that no line uses": (_more_devices(b"x" * 16), "MALFORMED"),
    "a device twice": (
        both(
            lambda s: _second_line(s, 2 * HOUR_MS),
            _more_devices(),
            changed(lines__device=[0, 1]),
        ),
        "MALFORMED",
    ),
    "a device id of 15 bytes": (changed(device_ids=[b"x" * 15]), "MALFORMED"),
    "a device that nobody registered": (changed(device_ids=[b"x" * 16]), "recorded DEVICE_UNKNOWN"),
    "more models than devices": (changed(device_models=[0, 0]), "MALFORMED"),
    "no model": (changed(models=[]), "MALFORMED"),
    "a price of nothing": (lambda s: setattr(s.models[0], "unit_price_fen", 0), "MALFORMED"),
    "a negative price": (lambda s: setattr(s.models[0], "unit_price_fen", -2000), "MALFORMED"),
    "a price of int64": (lambda s: setattr(s.models[0], "unit_price_fen", INT64_MAX), "MALFORMED"),
    "another price": (
        both(lambda s: setattr(s.models[0], "unit_price_fen", 2001), changed(lines__amount_fen=[2001], total_amount_fen=2001)),
        "recorded PRICE_MISMATCH",
    ),
    "another model": (lambda s: setattr(s.models[0], "model", "H20"), "recorded MODEL_MISMATCH"),
    "a vendor without a name": (lambda s: setattr(s.models[0], "vendor", ""), "MALFORMED"),
    "two lines at one time on one device": (lambda s: _second_line(s, HOUR_MS - 1), "recorded DEVICE_OVERLAP"),
    "usage before the contract": (changed(base_ms=START_MS - 30 * DAY_MS), "recorded PROVIDER_NOT_ADMITTED"),
    "usage in the future": (changed(base_ms=START_MS + 291 * DAY_MS), "recorded OUTSIDE_VALIDITY"),
    "usage after the contract": (changed(base_ms=START_MS + 3000 * DAY_MS), "recorded OUTSIDE_CONTRACT"),
    "usage in the year 9999": (changed(base_ms=253_402_300_799_999), "recorded OUTSIDE_CONTRACT"),
    "no purpose": (changed(purpose=0), "MALFORMED"),
    "a purpose that is none": (changed(purpose=99), "MALFORMED"),
    "sequence 0": (changed(sequence=0), "MALFORMED"),
    "a sequence beyond int64": (changed(sequence=2**63), "MALFORMED"),
    "the largest sequence": (changed(sequence=2**64 - 1), "MALFORMED"),
    "rows beyond int64": (changed(raw_log_rows=2**64 - 1), "MALFORMED"),
    "a digest of 31 bytes": (changed(raw_log_digest=b"x" * 31), "MALFORMED"),
    "a previous digest of one byte": (changed(previous_digest=b"x"), "MALFORMED"),
    "an empty claim id": (changed(claim_id=b""), "MALFORMED"),
    "a claim id of zeros": (changed(claim_id=bytes(16)), "MALFORMED"),
    "a voucher that is not there": (changed(voucher_id=b"v" * 16), "STATE_CONFLICT"),
    "a voucher id of no length": (changed(voucher_id=b""), "STATE_CONFLICT"),
    "another beneficiary": (changed(beneficiary_id=b"b" * 16), "recorded STATE_CONFLICT"),
    "another contract": (changed(contract_digest=b"c" * 32), "recorded STATE_CONFLICT"),
    "another programme": (changed(programme_id=b"p" * 16), "recorded STATE_CONFLICT"),
    "a superseded claim": (changed(superseded_index=0, superseding_reason=1), "recorded STATE_CONFLICT"),
    "a provider of no length": (changed(provider_id=b""), "PROVIDER_NOT_ADMITTED"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_USAGE)
def test_usage_that_cannot_be_is_refused(bench: Bench, name: str) -> None:
    """Malformed is never recorded; what the ledger's state refuses is."""
    change, expected = WRONG_USAGE[name]
    statement = bench.attestation()
    change(statement)
    recorded, _, reason = expected.rpartition(" ")
    refused = bench.refused(bench.sign(bench.payload(statement)), recorded=bool(recorded))
    assert refused.reason.name == reason


# Ids


def test_the_same_bytes_get_the_same_receipt_whoever_sends_them(bench: Bench) -> None:
    """For ever, also after a restart, and also under other signatures."""
    envelope = bench.sign(bench.payload())
    first = bench.send(envelope)
    assert isinstance(first, Accepted)
    for again in (envelope, replace(envelope, signatures=(("ed25519", bytes(64)),))):
        outcome = bench.send(again, submitter="rival")
        assert outcome == replace(first, repeated=True)
    bench.house.reopen()
    assert bench.send(envelope) == replace(first, repeated=True)


def test_a_request_id_with_other_bytes_is_refused(bench: Bench) -> None:
    """And names the leaf that has it."""
    request_id = new_id()
    first = bench.send(bench.sign(bench.payload(request_id=request_id)))
    assert isinstance(first, Accepted)
    refused = bench.refused(bench.sign(bench.payload(request_id=request_id)))
    assert (refused.reason.name, refused.conflicting_index) == ("REQUEST_ID_REUSED", first.index)


def test_request_ids_belong_to_their_participant(bench: Bench) -> None:
    """The rival may use the number that the provider used; it says nothing about it."""
    request_id = new_id()
    assert isinstance(bench.send(bench.sign(bench.payload(request_id=request_id))), Accepted)
    payload = bench.payload(bench.rivals(), key="rival", request_id=request_id)
    refused = bench.refused(bench.sign(payload, "rival"), submitter="rival", recorded=True)
    assert refused.reason.name == "STATE_CONFLICT"


@pytest.mark.parametrize("field", ["claim_id", "sequence"])
def test_a_claim_id_and_a_sequence_number_are_used_once(bench: Bench, field: str) -> None:
    """A new request under either is refused, unrecorded, and names the leaf."""
    statement = bench.attestation()
    first = bench.send(bench.sign(bench.payload(statement)))
    assert isinstance(first, Accepted)
    other = bench.attestation()
    setattr(other, field, getattr(statement, field))
    refused = bench.refused(bench.sign(bench.payload(other)))
    assert (refused.reason.name, refused.conflicting_index) == ("REQUEST_ID_REUSED", first.index)


def test_a_recorded_refusal_is_answered_again_and_spends_its_claim_id(bench: Bench) -> None:
    """The same bytes get the same refusal; the claim id is gone, the sequence number is not."""
    statement = bench.attestation(total_amount_fen=1)
    statement.lines.amount_fen[0] = 1
    envelope = bench.sign(bench.payload(statement))
    first = bench.refused(envelope, recorded=True)
    size = bench.house.ledger.size
    again = bench.send(envelope)
    assert isinstance(again, Refused)
    assert (again.reason, again.recorded_index) == (first.reason, first.recorded_index)
    right = bench.attestation()
    right.claim_id = statement.claim_id
    refused = bench.refused(bench.sign(bench.payload(right)))
    assert (refused.reason.name, refused.conflicting_index) == ("REQUEST_ID_REUSED", size - 1)
    right.claim_id, right.sequence = new_id(), statement.sequence
    assert isinstance(bench.send(bench.sign(bench.payload(right))), Accepted)


# Batches


def _spoil(bench: Bench, how: str) -> tuple[SignedEnvelope, str]:
    statement = bench.attestation()
    if how == "malformed":
        return bench.sign(b"\xff"), "MALFORMED"
    if how == "signature":
        return replace(
            bench.sign(bench.payload(statement)), signatures=(("ed25519", bytes(64)),)
        ), "BAD_SIGNATURE"
    if how == "overflow":
        changed(base_ms=START_MS - 1, lines__duration_ms=[INT64_MAX])(statement)
        return bench.sign(bench.payload(statement)), "MALFORMED"
    statement.device_ids[0] = b"x" * 16
    return bench.sign(bench.payload(statement)), "recorded DEVICE_UNKNOWN"


@pytest.mark.parametrize("place", [0, 50, GOOD])
@pytest.mark.parametrize("how", ["malformed", "signature", "overflow", "refused"])
def test_one_bad_claim_among_ninety_nine_good_ones_is_refused_alone(
    bench: Bench, how: str, place: int
) -> None:
    """Wherever it stands: all others are accepted, at consecutive indexes and by one commit."""
    house = bench.house
    envelopes = [bench.sign(bench.payload(bench.attestation(device=1))) for _ in range(GOOD)]
    bad, expected = _spoil(bench, how)
    envelopes.insert(place, bad)
    recorded, _, reason = expected.rpartition(" ")
    recorder: Any = house.ledger._recorder
    calls: list[int] = []
    real = recorder.insert_events

    def counted(events: Any, **named: Any) -> Any:
        calls.append(len(events))
        return real(events, **named)

    recorder.insert_events = counted
    size = house.ledger.size
    outcomes = house.send(ACT, *envelopes, submitter="cloud")
    recorder.insert_events = real
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (outcomes.index(refused), refused.reason.name) == (place, reason)
    assert_clear(refused.message)
    assert refused.recorded_index == (size + place if recorded else None)
    indexes = [outcome.index for outcome in outcomes if isinstance(outcome, Accepted)]
    assert sorted([*indexes, *([size + place] if recorded else [])]) == list(range(size, house.ledger.size))
    assert calls == [GOOD + bool(recorded)]


def test_a_claim_twice_in_one_batch_is_recorded_once(bench: Bench) -> None:
    """The second gets the receipt of the first; other bytes under its request id are refused."""
    request_id = new_id()
    envelope = bench.sign(bench.payload(request_id=request_id))
    other = bench.sign(bench.payload(request_id=request_id))
    size = bench.house.ledger.size
    first, second, third = bench.house.send(ACT, envelope, envelope, other, submitter="cloud")
    assert isinstance(first, Accepted)
    assert second == replace(first, repeated=True)
    assert isinstance(third, Refused)
    assert (third.reason.name, third.conflicting_index) == ("REQUEST_ID_REUSED", size)
    assert bench.house.ledger.size == size + 1
