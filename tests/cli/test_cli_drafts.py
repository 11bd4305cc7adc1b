"""Drafts of acts: what a command puts into its statement, without any server."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cli.commands import RUN

from ledger.client.acts import act_of
from ledger.client.cosign import read_envelope
from ledger.client.identity import Identity, write_identity
from ledger.client.rendering import plain
from ledger.client.signing import SigningKey, statement_of
from ledger_cli import voucherctl

if TYPE_CHECKING:
    from pathlib import Path

ID, OTHER, BUREAU = "a1" * 16, "b2" * 16, "ee" * 16
DAY = "2027-01-04"
DAY_NUMBER = 20_822
SECOND_KEY = "cd" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with identities that name a port where nobody listens, and a document."""
    for role in ("CLERK", "APPROVER", "REVIEWER", "AUDITOR", "KEY_ADMINISTRATOR", "BENEFICIARY"):
        name = role.lower()
        SigningKey.from_seed(hashlib.sha256(name.encode()).digest()).save(tmp_path / f"{name}.pem")
        identity = Identity(
            server="127.0.0.1:1",
            ca=None,
            certificate=None,
            certificate_key=None,
            signing_key=tmp_path / f"{name}.pem",
            participant_id=bytes.fromhex(ID),
            ledger_id=b"L" * 16,
            bureau_id=b"" if role == "BENEFICIARY" else bytes.fromhex(BUREAU),
            role=role,
        )
        write_identity(tmp_path / f"{name}.toml", identity)
    tmp_path.joinpath("paper.pdf").write_bytes(b"paper")
    return tmp_path


def draft(folder: Path, who: str, line: str, *, code: int = 0) -> Any:
    """Draft an act with one further signer; what was said, and what the statement says."""
    file = folder / "draft.json"
    command = line.replace("PAPER", str(folder / "paper.pdf")).split()
    common = ["--as", str(folder / f"{who}.toml"), "--draft", str(file), "--signer", SECOND_KEY, "--json"]
    outcome = RUN.invoke(voucherctl.app, [*command, *common])
    assert outcome.exit_code == code, (outcome.output, outcome.exception)
    if code:
        return outcome.stderr
    said = json.loads(outcome.stdout)
    assert said["missing_key_ids"] == [SECOND_KEY]
    envelope = read_envelope(file)
    assert act_of(envelope.payload_type).name == said["act"]
    return said, plain(statement_of(envelope), complete=True)


PAPER_DIGEST = hashlib.sha256(b"paper").hexdigest()
FIELDS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("clerk", f"bureau allocate --programme {OTHER}", "fund-allocation", {"programme_id": OTHER}),
    (
        "clerk",
        f"bureau suspend-provider --provider {OTHER} --from {DAY}",
        "provider-standing",
        {"provider_id": OTHER, "standing": "SUSPENDED", "from_day": DAY_NUMBER},
    ),
    (
        "clerk",
        f"bureau readmit-provider --provider {OTHER} --from {DAY}",
        "provider-standing",
        {"standing": "READMITTED"},
    ),
    (
        "clerk",
        f"bureau remove-provider --provider {OTHER} --from {DAY}",
        "provider-standing",
        {"standing": "REMOVED"},
    ),
    (
        "clerk",
        f"bureau declare-holding --owner {ID} --owned {OTHER} --share 33.3 --as-of {DAY}",
        "holding-declaration",
        {"owner_id": ID, "owned_id": OTHER, "share_bp": 3330, "as_of_day": DAY_NUMBER},
    ),
    (
        "clerk",
        f"bureau erase-personal-data --participant {OTHER}",
        "personal-data-erasure",
        {"participant_id": OTHER},
    ),
    (
        "clerk",
        f"bureau declare-outside-support --contract {OTHER} --source PROVINCE --amount 12.34",
        "outside-support",
        {"contract_id": OTHER, "source": "PROVINCE", "amount_fen": "1234"},
    ),
    (
        "clerk",
        f"bureau cancel-invoice --number {'1' * 20} --cancelled {DAY} --void",
        "invoice-cancellation",
        {"status": "VOID", "red_letter_fingerprint": "", "cancelled_day": DAY_NUMBER},
    ),
    (
        "clerk",
        f"bureau objection record --application {OTHER}",
        "objection-record",
        {"application_id": OTHER},
    ),
    ("clerk", f"bureau hold --voucher {OTHER}", "voucher-hold", {"voucher_id": OTHER}),
    ("auditor", f"bureau hold --voucher {OTHER}", "voucher-hold", {"voucher_id": OTHER}),
    ("auditor", f"bureau release-hold --voucher {OTHER}", "hold-release", {"voucher_id": OTHER}),
    (
        "clerk",
        f"bureau set-aside --claim {ID} --claim {OTHER}",
        "claim-setting-aside",
        {"claim_ids": [ID, OTHER]},
    ),
    (
        "approver",
        f"bureau reconfirm --claim {ID} --redemption {OTHER}",
        "reconfirmation",
        {"claim_ids": [ID], "redemption_ids": [OTHER]},
    ),
    (
        "beneficiary",
        f"bureau apply-for-award --programme {OTHER} --platform SZ --manifest PAPER",
        "award-application",
        {"programme_id": OTHER, "beneficiary_id": ID, "publication_digest": PAPER_DIGEST},
    ),
    (
        "beneficiary",
        f"bureau register-acceptance --contract {OTHER} --accepted {DAY} --document PAPER",
        "acceptance-registration",
        {"contract_id": OTHER, "accepted_day": DAY_NUMBER, "document_digest": PAPER_DIGEST},
    ),
    (
        "key_administrator",
        f"keys correct-revocation --key-id {SECOND_KEY} --invalid-since 2027-01-04T00:00:00Z --cause LOST",
        "revocation-correction",
        {"key_id": SECOND_KEY, "invalid_since_ms": "1799020800000", "reason": "LOST"},
    ),
)


@pytest.mark.parametrize(
    ("who", "line", "act", "fields"),
    FIELDS,
    ids=[f"{who}: {' '.join(line.split()[:3])}" for who, line, *_ in FIELDS],
)
def test_a_draft_says_what_was_typed(
    folder: Path, who: str, line: str, act: str, fields: dict[str, Any]
) -> None:
    """Act and fields; a decision names bureau, office and reason."""
    said, statement = draft(folder, who, line)
    assert said["act"] == act
    assert {name: statement[name] for name in fields} == fields
    if "basis" in statement:
        assert statement["basis"]["bureau_id"] == BUREAU
        assert statement["basis"]["role"] == who.upper()
        assert statement["basis"]["reason_code"]
        _, statement = draft(folder, who, f"{line} --reason OTHER --evidence PAPER")
        assert statement["basis"]["reason_code"] == "OTHER"
        assert statement["basis"]["evidence_digests"] == [PAPER_DIGEST]


@pytest.mark.parametrize(
    ("who", "line", "named"),
    [
        ("beneficiary", f"bureau hold --voucher {OTHER}", "a BENEFICIARY decides nothing"),
        ("clerk", "bureau hold --voucher x", "--voucher"),
        ("clerk", f"bureau hold --voucher {OTHER} --evidence none.pdf", "--evidence"),
        ("clerk", f"bureau set-aside --claim {ID} --claim x", "--claim"),
        ("approver", "bureau reconfirm", "nothing to reconfirm"),
        ("clerk", f"bureau suspend-provider --provider {ID} --from 2027-02-29", "--from"),
        ("clerk", f"bureau declare-holding --owner {ID} --owned {ID} --share 1/3 --as-of {DAY}", "--share"),
        ("clerk", f"bureau declare-outside-support --contract {ID} --source S --amount 1", "--amount"),
        ("clerk", f"bureau cancel-invoice --number {'1' * 20} --cancelled {DAY}", "either --void"),
        (
            "clerk",
            f"bureau cancel-invoice --number {'1' * 20} --cancelled {DAY} --void --red-letter-number {'2' * 20}",
            "either --void",
        ),
        ("clerk", f"bureau clawback open --redemption {ID} --cause BOREDOM", "--cause"),
        ("clerk", f"bureau clawback repay --clawback {ID} --amount x --bank B --reference R --received {DAY}", "--amount"),
        ("clerk", "bureau application check --application x", "--application"),
        ("reviewer", f"bureau application review --application {ID} --proposed x", "--proposed"),
        ("reviewer", f"bureau objection decide --application {ID} --objection {ID}", "--upheld"),
        ("clerk", "bureau publish-calendar --year 2031", "CALENDAR_NOT_COVERED"),
        ("clerk", "bureau publish-calendar --year 2031 --file none.toml", "none.toml"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_exit_2_before_anybody_is_asked(
    folder: Path, who: str, line: str, named: str
) -> None:
    """The option is named, nothing is written."""
    assert named in draft(folder, who, line, code=2)
    assert not folder.joinpath("draft.json").exists()


def test_too_few_keys_are_exit_2_and_nothing_is_sent(folder: Path) -> None:
    """Two approvers reconfirm; one is not enough."""
    command = ["bureau", "reconfirm", "--claim", ID, "--as", str(folder / "approver.toml")]
    outcome = RUN.invoke(voucherctl.app, command)
    assert outcome.exit_code == 2
    assert "reconfirmation needs 2 signers and 1 are at hand" in outcome.stderr
