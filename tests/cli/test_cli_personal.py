"""`voucherd personal`: values come from stdin or files, go nowhere but where they were asked for, and are erased."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from support.house import House, accepted
from typer.testing import CliRunner

from ledger.proof.commitment import commitment
from ledger_cli import voucherctl, voucherd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

RUN = CliRunner()
ACCOUNT = "6222 0210 0100 1234 567"
SALT = bytes(range(32))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A ledger with three firms, open for writing all the time."""
    made = House.open(tmp_path_factory.mktemp("personal") / "ledger")
    for firm in ("acme", "beta", "gamma"):
        made.party(firm)
    yield made
    made.close()


def personal(house: House, command: str, *arguments: object, stdin: str = "") -> Result:
    """Run a command on the ledger's folder."""
    line = ["personal", command, "--dir", str(house.root), *map(str, arguments)]
    return RUN.invoke(voucherd.app, line, input=stdin)


def said(house: House, command: str, *arguments: object, stdin: str = "") -> dict[str, Any]:
    """Its JSON answer; it has to succeed."""
    done = personal(house, command, *arguments, "--json", stdin=stdin)
    assert done.exit_code == 0, (done.output, done.exception)
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def test_a_value_is_kept_shown_and_exported(house: House, tmp_path: Path) -> None:
    """Added from stdin and from a file; the line end is no part of it; the export is its owner's alone."""
    acme = house.ids["acme"].hex()
    first = said(house, "add", "--participant", acme, stdin=f"{ACCOUNT}\n")
    assert (first["label"], first["new"]) == ("payee-account", True)
    name = tmp_path / "name"
    name.write_text("安", encoding="utf-8")
    second = said(house, "add", "--participant", acme, "--label", "name", "--value", name)
    shown = said(house, "show", "--participant", acme)["items"]
    assert shown == [
        {"label": "name", "commitment": second["commitment"], "value": "安"},
        {"label": "payee-account", "commitment": first["commitment"], "value": ACCOUNT},
    ]
    assert {"participant_id": acme, "openings": 2} in said(house, "show")["items"]
    out = tmp_path / "openings.json"
    assert said(house, "export", "--out", out, "--participant", acme)["openings"] == 2
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["ledger_id"] == house.made.opened.ledger_id.hex()
    (opening,) = [item for item in written["openings"] if item["label"] == "payee-account"]
    salt = bytes.fromhex(opening["salt"])
    made = commitment(salt=salt, label="payee-account", value=opening["value"].encode())
    assert made.hex() == opening["commitment"] == first["commitment"]
    assert personal(house, "export", "--out", out).exit_code == 2


def test_a_commitment_made_before_is_opened(house: House, tmp_path: Path) -> None:
    """With its salt; another commitment than the expected one is refused and nothing is kept."""
    beta = house.ids["beta"].hex()
    salt = tmp_path / "salt"
    salt.write_text(SALT.hex() + "\n", encoding="utf-8")
    made = commitment(salt=SALT, label="payee-account", value=ACCOUNT.encode()).hex()
    fixed = ("--participant", beta, "--salt", salt, "--commitment")
    wrong = personal(house, "add", *fixed, "00" * 32, stdin=ACCOUNT)
    assert wrong.exit_code == 2
    assert made in wrong.stderr
    assert said(house, "show", "--participant", beta)["items"] == []
    answers = [said(house, "add", *fixed, made, stdin=ACCOUNT) for _ in range(2)]
    assert [answer["commitment"] for answer in answers] == [made] * 2
    assert [answer["new"] for answer in answers] == [True, False]


def test_erasing_needs_the_erasure_in_the_ledger(house: House) -> None:
    """Exit 6 with the next step before, then key and openings go; twice is no error."""
    gamma = house.ids["gamma"].hex()
    said(house, "add", "--participant", gamma, stdin=ACCOUNT)
    refused = personal(house, "erase", "--participant", gamma)
    assert refused.exit_code == 6
    assert "voucherctl bureau erase-personal-data --as CLERK.toml --participant" in refused.stderr
    assert len(said(house, "show", "--participant", gamma)["items"]) == 1
    accepted(house.erase("gamma"))
    erased = [said(house, "erase", "--participant", gamma)["openings_erased"] for _ in range(2)]
    assert erased == [1, 0]
    assert said(house, "show", "--participant", gamma)["items"] == []
    later = personal(house, "add", "--participant", gamma, stdin=ACCOUNT)
    assert later.exit_code == 0
    assert "needs one of its own" in later.stderr
    assert personal(house, "erase", "--participant", gamma).exit_code == 6
    accepted(house.erase("gamma"))
    assert said(house, "erase", "--participant", gamma)["openings_erased"] == 1


def test_the_next_step_that_it_names_exists() -> None:
    """`voucherctl bureau erase-personal-data` takes --as and --participant."""
    done = RUN.invoke(voucherctl.app, ["bureau", "erase-personal-data", "--help"])
    assert done.exit_code == 0
    assert "--participant" in done.stdout
    assert "--as" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (("--participant", "00" * 16), ACCOUNT, "is not registered in this ledger"),
        (("--participant", "acme"), ACCOUNT, "--participant"),
        (("--label", "Payee"), ACCOUNT, "no label"),
        ((), "", "empty, too long, or more than one line"),
        ((), f"{ACCOUNT}\n{ACCOUNT}\n", "empty, too long, or more than one line"),
        ((), ACCOUNT * 500, "empty, too long, or more than one line"),
        (("--value", "none"), "", "cannot be read"),
        (("--salt", "none"), ACCOUNT, "cannot be read"),
    ],
)
def test_bad_input_is_refused_without_its_value(
    house: House, arguments: tuple[str, ...], stdin: str, says: str
) -> None:
    """Exit 2; no message shows what was read."""
    named = () if "--participant" in arguments else ("--participant", house.ids["acme"].hex())
    done = personal(house, "add", *named, *arguments, stdin=stdin)
    assert done.exit_code == 2, done.output
    assert says in done.stderr
    assert ACCOUNT not in done.output


def test_a_salt_is_32_bytes(house: House, tmp_path: Path) -> None:
    """Anything else is refused without showing it."""
    salt = tmp_path / "salt"
    for text in ("00" * 31, "zz" * 32, SALT.hex() + "00"):
        salt.write_text(text, encoding="utf-8")
        done = personal(house, "add", "--participant", house.ids["acme"].hex(), "--salt", salt, stdin=ACCOUNT)
        assert done.exit_code == 2
        assert "no salt" in done.stderr
        assert text not in done.output


def test_values_have_no_option() -> None:
    """What is on a command line is in histories and process lists."""
    for command in ("add", "erase", "export", "show"):
        done = RUN.invoke(voucherd.app, ["personal", command, "--help"])
        assert done.exit_code == 0
    add = RUN.invoke(voucherd.app, ["personal", "add", "--help"]).stdout
    assert "--value FILE" in add
    assert "--salt FILE" in add


def test_a_folder_without_personal_data(tmp_path: Path) -> None:
    """Nothing to show is exit 5 with the next step; no ledger is exit 2; no file is made."""
    house = House.open(tmp_path / "ledger")
    try:
        house.party("acme")
        done = personal(house, "show")
        assert done.exit_code == 5
        assert "voucherd personal add" in done.stderr
        accepted(house.erase("acme"))
        erased = said(house, "erase", "--participant", house.ids["acme"].hex())
        assert erased["openings_erased"] == 0
        assert not (house.root / "personal.db").exists()
    finally:
        house.close()
    other = RUN.invoke(voucherd.app, ["personal", "show", "--dir", str(tmp_path / "none")])
    assert other.exit_code == 2
