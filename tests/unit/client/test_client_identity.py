"""Identity files: what is written is read, and what is wrong is named with file and key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.client.identity import Identity, load_identity, write_identity
from ledger.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
server = "127.0.0.1:7443"
signing_key = "../keys/clerk.pem"
participant_id = "00112233445566778899aabbccddeeff"
ledger_id = "ffeeddccbbaa99887766554433221100"
role = "CLERK"
"""


def identity(folder: Path) -> Identity:
    """An identity with everything."""
    return Identity(
        server="ledger.example:7443",
        ca=folder / "tls" / "ca.pem",
        certificate=folder / "tls" / "clerk.pem",
        certificate_key=folder / "tls" / "clerk.key",
        signing_key=folder / "keys" / "clerk.pem",
        co_signers=(folder / "keys" / "approver.pem",),
        participant_id=bytes(range(16)),
        ledger_id=bytes(16),
        role="CLERK",
        bureau_id=b"b" * 16,
        server_name='odd "name" 市',
        log_key="ledger.example/e0+00000000+AA==",
    )


def test_what_is_written_is_read_again_from_another_working_folder(tmp_path: Path) -> None:
    """Paths are relative to the file, so that a folder can be moved."""
    write_identity(tmp_path / "a" / "as" / "clerk.toml", identity(tmp_path / "a"))
    assert str(tmp_path) not in (tmp_path / "a" / "as" / "clerk.toml").read_text(encoding="utf-8")
    (tmp_path / "a").rename(tmp_path / "b")
    loaded = load_identity(tmp_path / "b" / "as" / "clerk.toml")
    resolved = replace(
        loaded,
        ca=loaded.ca.resolve() if loaded.ca else None,
        certificate=loaded.certificate.resolve() if loaded.certificate else None,
        certificate_key=loaded.certificate_key.resolve() if loaded.certificate_key else None,
        signing_key=loaded.signing_key.resolve(),
        co_signers=tuple(path.resolve() for path in loaded.co_signers),
    )
    assert resolved == identity((tmp_path / "b").resolve())


def test_the_smallest_identity_has_no_certificate(tmp_path: Path) -> None:
    """A root holder signs offline and connects to nothing."""
    path = tmp_path / "clerk.toml"
    path.write_text(GOOD, encoding="utf-8")
    loaded = load_identity(path)
    assert (loaded.ca, loaded.certificate, loaded.co_signers, loaded.log_key) == (None, None, (), "")
    assert loaded.signing_key == tmp_path / ".." / "keys" / "clerk.pem"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('role = "CLERK"', 'role = "BOSS"', "'role'"),
        ('role = "CLERK"', "role = 3", "'role'"),
        ('role = "CLERK"', "", "'role'"),
        ('role = "CLERK"', 'role = "CLERK"\nextra = "x"', "'extra'"),
        ('role = "CLERK"', 'role = "CLERK"\nca = "ca.pem"', "'certificate'"),
        ('role = "CLERK"', 'role = "CLERK"\nco_signers = "x"', "'co_signers'"),
        ('role = "CLERK"', 'role = "CLERK"\nco_signers = [""]', "'co_signers'"),
        ("127.0.0.1:7443", "127.0.0.1", "'server'"),
        ("127.0.0.1:7443", "127.0.0.1:0", "'server'"),
        ("127.0.0.1:7443", "127.0.0.1:٧٤", "'server'"),
        ("127.0.0.1:7443", "https://127.0.0.1:74", "'server'"),
        ("00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF", "'participant_id'"),
        ("ffeeddccbbaa99887766554433221100", "", "'ledger_id'"),
        ('server = "', 'server = "\\u0007', "'server'"),
        ("server", "server = ", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_key(tmp_path: Path, old: str, new: str, named: str) -> None:
    """Strict: unknown keys, other types and half a TLS configuration are errors."""
    path = tmp_path / "clerk.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_identity(path)
    assert str(path) in caught.value.summary
    assert named in caught.value.summary
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    """The hint names the option and the environment variable."""
    with pytest.raises(UsageError, match=r"none\.toml") as caught:
        load_identity(tmp_path / "none.toml")
    assert "VOUCHERCTL_AS" in caught.value.hint


def test_an_unknown_role_is_not_written(tmp_path: Path) -> None:
    """What could not be read again is not written."""
    with pytest.raises(UsageError, match="BOSS"):
        write_identity(tmp_path / "x.toml", replace(identity(tmp_path), role="BOSS"))
    assert not (tmp_path / "x.toml").exists()
