"""Commands that need no server: keys, signing files, attesting from a usage file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ledger.client.attestations import ChainHead
from ledger.client.cosign import read_envelope, write_envelope
from ledger.client.identity import Identity, write_identity
from ledger.client.lines import VoucherTerms
from ledger.client.signing import SigningKey, prepare_envelope, statement_of
from ledger.client.statements import certificate_registration, genesis
from ledger.client.terms_file import read_terms, write_terms
from ledger.domain.attestation import PricedModel
from ledger.domain.policy import Origin
from ledger.domain.vocabulary import Clock
from ledger_cli import voucherctl
from ledger_server.dev_authority import DevelopmentAuthority

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

RUN = CliRunner()
HEADER = "cluster,job_id,tenant,node,device_id,device_model,start_time,end_time,state\n"
ROW = "c,job-{n},t,n,gpu-{n},H800,2026-05-06T09:00:00+08:00,2026-05-06T10:00:00+08:00,COMPLETED\n"
ID = bytes(range(16))
TERMS = VoucherTerms(
    voucher_id=b"V" * 16,
    programme_id=b"G" * 16,
    provider_id=ID,
    beneficiary_id=b"B" * 16,
    contract_digest=b"C" * 32,
    models={"H800": PricedModel(vendor="nvidia", model="H800", origin=Origin.FOREIGN, unit_price_fen=1999)},
    from_ms=0,
)


def ctl(*arguments: str | Path) -> Result:
    """Run voucherctl."""
    return RUN.invoke(voucherctl.app, [str(argument) for argument in arguments])


@pytest.fixture
def provider(tmp_path: Path) -> Path:
    """An identity file with its key."""
    SigningKey.from_seed(b"p" * 32).save(tmp_path / "provider.pem")
    identity = Identity(
        server="127.0.0.1:1",
        ca=None,
        certificate=None,
        certificate_key=None,
        signing_key=tmp_path / "provider.pem",
        participant_id=ID,
        ledger_id=b"L" * 16,
        role="PROVIDER",
    )
    write_identity(tmp_path / "provider.toml", identity)
    write_terms(tmp_path / "terms.json", {"t": TERMS}, heads={TERMS.voucher_id: ChainHead(7, b"h" * 32)})
    return tmp_path / "provider.toml"


def attest(provider: Path, text: str, *more: str) -> Result:
    """Attest a usage file with this text."""
    usage = provider.with_name("usage.csv")
    usage.write_text(text, encoding="utf-8")
    terms = provider.with_name("terms.json")
    fixed = ("--usage", usage, "--format", "csv", "--out", provider.with_name("out"), "--terms", terms)
    return ctl("provider", "attest", "--as", provider, *fixed, *more)


def test_a_usage_file_becomes_signed_attestations(provider: Path) -> None:
    """The chain goes on after the head in the terms; the status shows what is to be done."""
    outcome = attest(provider, HEADER + ROW.format(n=1) + ROW.format(n=2), "--json")
    assert outcome.exit_code == 0, outcome.stderr
    value = json.loads(outcome.stdout)
    assert value["schema"] == "voucher-ledger/cli/attest/1"
    assert (value["attestations"], value["lines"], value["amount_fen"]) == (1, 2, "3998")
    statement = statement_of(read_envelope(provider.with_name("out") / "0001.envelope"))
    assert (statement.sequence, statement.previous_digest) == (8, b"h" * 32)  # type: ignore[union-attr]
    status = json.loads(ctl("provider", "status", provider.with_name("out"), "--json").stdout)
    assert (status["count"], status["items"][0]["state"]) == (1, "PENDING")
    assert "provider submit" in status["items"][0]["next_step"]
    table = ctl("provider", "status", provider.with_name("out")).stdout
    assert table.splitlines()[0].startswith("FILE")
    assert "39.98" in table


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "usage.csv, line 1: missing column 'cluster'"),
        (
            HEADER + ROW.format(n=1) + "c,j,t,n,gpu,H800,yesterday,x,X\n",
            "usage.csv, line 3, column start_time",
        ),
        (HEADER + "c,j,t\n", "usage.csv, line 2: 3 columns"),
        (HEADER + ROW.format(n=1) * 2, "line 2 and line 3: device 'gpu-1' is used twice"),
        (HEADER + ROW.format(n=1).replace(",t,", ",u,"), "usage.csv, line 2: tenant 'u' has no voucher"),
        (HEADER + ROW.format(n=1).replace("H800", "T4"), "usage.csv, line 2: model 'T4' has no price"),
        (HEADER, "no row to attest"),
    ],
)
def test_a_broken_usage_file_is_exit_2_and_nothing_is_signed(provider: Path, text: str, named: str) -> None:
    """File, line and column are named; the outbox stays empty."""
    outcome = attest(provider, text)
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert named in outcome.stderr
    assert not provider.with_name("out").exists()


def test_an_unknown_format_and_a_missing_file_are_usage_errors(provider: Path, tmp_path: Path) -> None:
    """Formats that exist are listed."""
    fixed = ("provider", "attest", "--as", provider, "--out", tmp_path / "o", "--usage")
    outcome = ctl(*fixed, provider, "--format", "excel")
    assert outcome.exit_code == 2
    assert "csv, slurm" in outcome.stderr
    outcome = ctl(*fixed, tmp_path / "none.csv", "--format", "csv")
    assert outcome.exit_code == 2
    assert "none.csv" in outcome.stderr


def test_a_server_that_is_not_there_is_exit_7_or_4(provider: Path) -> None:
    """Without TLS on loopback nobody answers; without a certificate nothing is opened."""
    attest(provider, HEADER + ROW.format(n=1))
    out = provider.with_name("out")
    outcome = ctl("provider", "submit", out, "--as", provider, "--insecure-development")
    assert outcome.exit_code == 7
    assert "repeat the same request later" in outcome.stderr
    outcome = ctl("provider", "submit", out, "--as", provider)
    assert outcome.exit_code == 2
    assert "certificate" in outcome.stderr


def test_the_identity_may_come_from_the_environment(provider: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """VOUCHERCTL_AS."""
    draft = provider.with_name("draft.json")
    key = SigningKey.load(provider.with_name("provider.pem"))
    statement = certificate_registration(participant_id=ID, certificate_sha256=b"c" * 32)
    write_envelope(
        draft,
        prepare_envelope("certificate-registration", statement, ledger_id=ID, key_ids=[key.key_id]),
    )
    assert ctl("keys", "sign", draft).exit_code == 2
    monkeypatch.setenv("VOUCHERCTL_AS", str(provider))
    outcome = ctl("keys", "sign", draft, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["missing_key_ids"] == []


def test_roots_sign_a_genesis_one_after_another(tmp_path: Path) -> None:
    """keygen, show, sign-genesis; a key that is not named is exit 4, another act exit 2."""
    names = [tmp_path / f"root-{number}.pem" for number in range(3)]
    made = [json.loads(ctl("keys", "generate", "--out", name, "--json").stdout) for name in names]
    assert json.loads(ctl("keys", "show", names[0], "--json").stdout)["key_id"] == made[0]["key_id"]
    statement = genesis(
        base_name="ledger.example/x",
        log_vkey="v",
        clock=Clock.SYSTEM,
        bureaux=[(ID, "SZ")],
        roots=[(bytes.fromhex(item["public_key"]), bytes(32)) for item in made],
        root_threshold=2,
    )
    file = tmp_path / "GENESIS.json"
    key_ids = [bytes.fromhex(item["key_id"]) for item in made]
    write_envelope(file, prepare_envelope("genesis", statement, ledger_id=ID, key_ids=key_ids))
    for number, name in enumerate(names):
        value = json.loads(ctl("keys", "sign-genesis", file, "--key", name, "--json").stdout)
        assert len(value["missing_key_ids"]) == 2 - number
    other = tmp_path / "other.pem"
    assert ctl("provider", "keygen", "--out", other).exit_code == 0
    assert ctl("keys", "sign", file, "--key", other).exit_code == 4
    assert ctl("keys", "generate", "--out", other).exit_code == 4
    shown = json.loads(ctl("keys", "show", file, "--json").stdout)
    assert shown["statement"]["base_name"] == "ledger.example/x"
    plain = tmp_path / "plain.json"
    write_envelope(
        plain,
        prepare_envelope(
            "certificate-registration",
            certificate_registration(participant_id=ID, certificate_sha256=bytes(32)),
            ledger_id=ID,
            key_ids=key_ids[:1],
        ),
    )
    assert ctl("keys", "sign-genesis", plain, "--key", names[0]).exit_code == 2


def test_terms_are_read_as_they_were_written(tmp_path: Path) -> None:
    """With heads and devices; anything else is a usage error that names the file."""
    path = tmp_path / "terms.json"
    write_terms(path, {"t": TERMS}, heads={ID: ChainHead(3, b"x" * 32)})
    assert read_terms(path) == ({"t": TERMS}, {ID: ChainHead(3, b"x" * 32)})
    for data in ("", "[]", "{}", '{"schema": "voucher-ledger/terms/1", "tenants": 3, "heads": {}}'):
        path.write_text(data, encoding="utf-8")
        outcome = ctl(
            "provider",
            "attest",
            "--as",
            tmp_path / "x",
            "--usage",
            path,
            "--format",
            "csv",
            "--out",
            tmp_path,
        )
        assert outcome.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("bureau", "verify", "--redemption", "x"), "--redemption"),
        (("bureau", "vouchers", "--programme", "x"), "--programme"),
        (("bureau", "register-participant", "--kind", "BANK", "--registered", "2026-01-01"), "--kind"),
        (
            ("bureau", "register-participant", "--kind", "COMPUTE", "--registered", "2026-02-30"),
            "--registered",
        ),
        (("bureau", "open-programme", "--profile", "nowhere", "--year", "2026"), "nowhere"),
        (
            ("bureau", "open-programme", "--profile", "beijing", "--year", "2026", "--instrument", "MODEL"),
            "MODEL",
        ),
        (("keys", "retire", "--key-id", "00", "--until", "2026-01-01T00:00:00Z"), "--key-id"),
        (("keys", "retire", "--key-id", "00" * 32, "--until", "tomorrow"), "--until"),
        (("subscribe", "--after", "1:2"), "--after"),
        (("subscribe", "--after", f"01:{'0' * 64}:0"), "--after"),
    ],
)
def test_wrong_values_are_exit_2_naming_the_option(
    provider: Path, arguments: tuple[str, ...], named: str
) -> None:
    """Before anything is sent."""
    outcome = ctl(*arguments, "--as", provider)
    assert outcome.exit_code == 2, outcome.output
    assert named in outcome.stderr
    assert outcome.stdout == ""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a,b\n", "line 1, column header"),
        ("device_id,vendor,model,origin\ng,nvidia,H800\n", "line 2, column row"),
        ("device_id,vendor,model,origin\ng,nvidia,H800,MOON\n", "line 2, column origin"),
        ("device_id,vendor,model,origin\ng,,H800,FOREIGN\n", "line 2, column vendor"),
        ("device_id,vendor,model,origin\n" + "g,nvidia,H800,FOREIGN\n" * 2, "line 3, column device_id"),
        ("device_id,vendor,model,origin\n", "no device"),
    ],
)
def test_a_broken_device_file_is_exit_2(provider: Path, text: str, named: str) -> None:
    """File, line and column."""
    path = provider.with_name("devices.csv")
    path.write_text(text, encoding="utf-8")
    outcome = ctl("bureau", "register-devices", "--as", provider, "--devices", path, "--insecure-development")
    assert outcome.exit_code == 2, outcome.output
    assert named in outcome.stderr


def certificate(path: Path, owner_id: bytes) -> Path:
    """A certificate of the provider's ledger for an owner."""
    issued = DevelopmentAuthority.create(path.with_suffix("")).issue_client(b"L" * 16, owner_id, "x")
    path.write_bytes(issued.cert_pem)
    return path


def test_drafts_need_neither_server_nor_tls_nor_the_new_private_key(provider: Path) -> None:
    """The identity has no certificate and names a port where nobody listens."""
    new = SigningKey.from_seed(b"n" * 32)
    second = "ab" * 32
    fixed = ("--as", provider, "--signer", second, "--json")
    draft = provider.with_name("key.json")
    key = ("keys", "register", "--participant", ID.hex(), "--public-key", new.public_key.hex())
    outcome = ctl(*key, *fixed, "--draft", draft)
    assert outcome.exit_code == 0, outcome.output
    assert json.loads(outcome.stdout)["missing_key_ids"] == [second, new.key_id.hex()]
    owner = "0f" * 16
    pem = certificate(provider.with_name("tls.pem"), bytes.fromhex(owner))
    appointment: tuple[str, ...] = (
        "keys",
        "appoint-officer",
        "--officer",
        owner,
        "--bureau",
        "ee" * 16,
        "--role",
        "CLERK",
    )
    appointment += ("--tag", "dd" * 32, "--public-key", new.public_key.hex(), "--certificate", str(pem))
    outcome = ctl(*appointment, *fixed, "--draft", provider.with_name("officer.json"))
    assert outcome.exit_code == 0, outcome.output
    assert json.loads(outcome.stdout)["officer_id"] == owner
    new.save(provider.with_name("new.pem"))
    for file in (draft, provider.with_name("officer.json")):
        signed = ctl("keys", "sign", file, "--key", provider.with_name("new.pem"), "--json")
        assert json.loads(signed.stdout)["missing_key_ids"] == [second]
    registration = ("keys", "register-certificate", "--participant", owner, "--certificate", pem)
    assert ctl(*registration, *fixed, "--draft", provider.with_name("tls.json")).exit_code == 0


def test_a_draft_that_lacks_a_signature_is_not_submitted(provider: Path) -> None:
    """Exit 2, naming the key, before anything is sent."""
    draft = provider.with_name("key.json")
    key = ("keys", "register", "--participant", ID.hex(), "--public-key", "ab" * 32, "--as", provider)
    assert ctl(*key, "--draft", draft).exit_code == 0
    outcome = ctl("keys", "submit", draft, "--as", provider, "--insecure-development")
    assert outcome.exit_code == 2
    assert "1 signatures are missing" in outcome.stderr


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ((), "either --new-key FILE or, with --draft, --public-key HEX"),
        (("--public-key", "ab" * 32), "--public-key needs --draft"),
        (("--public-key", "ab" * 32, "--new-key", "x.pem", "--draft", "d"), "either --new-key"),
        (("--public-key", "ab", "--draft", "d"), "--public-key"),
        (("--public-key", "ab" * 32, "--draft", "d", "--with", "x.toml"), "--with and --draft"),
    ],
)
def test_a_new_key_is_at_hand_or_named_in_a_draft(provider: Path, more: tuple[str, ...], named: str) -> None:
    """Anything else is exit 2."""
    outcome = ctl("keys", "register", "--participant", ID.hex(), "--as", provider, *more)
    assert outcome.exit_code == 2, outcome.output
    assert named in outcome.stderr


def test_a_certificate_of_somebody_else_is_not_registered(provider: Path) -> None:
    """It is told whom it names and what is expected."""
    pem = certificate(provider.with_name("tls.pem"), b"B" * 16)
    outcome = ctl(
        "keys", "register-certificate", "--participant", ID.hex(), "--certificate", pem, "--as", provider
    )
    assert outcome.exit_code == 2
    ledger = (b"L" * 16).hex()
    assert f"names 'voucher-ledger:/{ledger}/participant/{(b'B' * 16).hex()}'" in outcome.stderr
    assert f"expected: one SAN URI, voucher-ledger:/{ledger}/participant/{ID.hex()}" in outcome.stderr
    authority = provider.with_name("tls") / "ca.pem"
    outcome = ctl(
        "keys",
        "register-certificate",
        "--participant",
        ID.hex(),
        "--certificate",
        authority,
        "--as",
        provider,
    )
    assert outcome.exit_code == 2
    assert "names nobody" in outcome.stderr


def test_one_attestation_replaces_a_claim(provider: Path) -> None:
    """The index and the reason are in what is signed; both or neither, and lines of one voucher."""
    other = replace(TERMS, voucher_id=b"W" * 16)
    write_terms(provider.with_name("terms.json"), {"t": TERMS, "u": other}, heads={})
    row = ROW.format(n=1)
    more = ("--supersede", "41", "--reason", "LOG_CORRECTED")
    for arguments, named in (
        (more[:2], "go together"),
        (more[2:], "go together"),
        ((*more[:3], "BORED"), "LOG_CORRECTED, PRICE_CORRECTED"),
    ):
        outcome = attest(provider, HEADER + row, *arguments)
        assert outcome.exit_code == 2
        assert named in outcome.stderr
    two = HEADER + row + ROW.format(n=2).replace(",t,", ",u,")
    outcome = attest(provider, two, *more)
    assert outcome.exit_code == 2
    assert "2 vouchers cannot replace one claim" in outcome.stderr
    assert not provider.with_name("out").exists()
    assert attest(provider, HEADER + row, *more).exit_code == 0
    statement: Any = statement_of(read_envelope(provider.with_name("out") / "0001.envelope"))
    assert (statement.superseded_index, statement.superseding_reason) == (41, 1)
