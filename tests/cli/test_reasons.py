"""One meaning a reason: proto, enum, server, client, page and `voucherctl explain` say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ledger.client import errors as client_errors
from ledger.domain.rejections import FIRST_TRANSIENT, Reason, is_transient
from ledger.v1 import errors_pb2
from ledger_cli import voucherctl
from ledger_cli.explain import EXPLANATIONS, explain
from ledger_server.status import CODES, RETRY_AFTER_MS

ROOT = Path(__file__).parents[2]
PROTO = ROOT / "protos" / "ledger" / "v1" / "errors.proto"
PAGE = ROOT / "docs" / "reference" / "reasons.md"
PREFIX = "REJECTION_REASON_"
RUN = CliRunner()


def ctl(*arguments: str) -> Any:
    """Run voucherctl."""
    return RUN.invoke(voucherctl.app, list(arguments))


def in_proto() -> list[tuple[int, str, str]]:
    """Number, name and comment of every reason, as the proto file has them, in its order."""
    found = re.findall(rf"// (.+)\n\s+{PREFIX}(\w+) = (\d+);", PROTO.read_text(encoding="utf-8"))
    return [(int(number), name, comment) for comment, name, number in found if name != "UNSPECIFIED"]


def in_page() -> list[list[str]]:
    """The cells of every row of the page, in its order."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if re.match(r"\| \d+ \|", line)]
    assert all(len(row) == 6 for row in rows)
    return rows


def test_the_proto_the_generated_code_and_the_enum_have_the_same_reasons_in_one_order() -> None:
    """Names and numbers; ascending, as the smallest reason is the one that is given."""
    expected = [(int(reason), reason.name) for reason in Reason]
    assert [(number, name) for number, name, _ in in_proto()] == expected
    generated = [
        (value.number, value.name.removeprefix(PREFIX))
        for value in errors_pb2.RejectionReason.DESCRIPTOR.values
    ]
    assert generated == [(0, "UNSPECIFIED"), *expected]
    assert expected == sorted(expected)


def test_explanations_are_exactly_the_reasons_with_the_comments_of_the_proto_as_causes() -> None:
    """Word for word; every reason has an action, and exactly the transient ones say: repeat it."""
    explained = [(int(item.reason), item.reason.name, item.cause) for item in EXPLANATIONS]
    assert explained == in_proto()
    for item in EXPLANATIONS:
        assert item.action.endswith("."), item.reason
        assert item.retry == item.action.startswith("Repeat the same request"), item.reason


def test_the_page_says_what_explain_says() -> None:
    """Number, name, cause, action and whether to repeat, for each reason and in the same order."""
    listed = json.loads(ctl("explain", "--all", "--json").stdout)
    assert listed["count"] == len(Reason)
    expected = [
        [
            str(item["code"]),
            f"`{item['reason']}`",
            item["cause"],
            item["action"],
            "yes" if item["retry"] else "no",
            CODES[Reason[item["reason"]]].name,
        ]
        for item in listed["items"]
    ]
    assert in_page() == expected


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: reason.name)
def test_a_reason_is_transient_for_all_or_for_nobody(reason: Reason) -> None:
    """Rules, client, server and `explain`; the server says when to come back for these and no others."""
    transient = reason >= FIRST_TRANSIENT
    assert is_transient(reason) == transient
    assert client_errors.is_transient(reason.name) == transient
    assert (reason in RETRY_AFTER_MS) == transient
    shown = json.loads(ctl("explain", reason.name, "--json").stdout)
    assert shown == {
        "schema": "voucher-ledger/cli/reason/1",
        "reason": reason.name,
        "code": int(reason),
        "cause": explain(reason.name).cause,
        "action": explain(reason.name).action,
        "retry": transient,
    }


def test_commands_in_the_actions_exist() -> None:
    """What a text says to type can be typed."""
    for item in EXPLANATIONS:
        for line in re.findall(r"`voucherctl ([^`]+)`", item.action):
            command: Any = typer.main.get_command(voucherctl.app)
            for word in line.split():
                context = command.context_class(command, info_name="voucherctl")
                assert word in command.list_commands(context), (item.reason, line)
                command = command.get_command(context, word)


@pytest.mark.parametrize(
    "text", ["DEVICE_OVERLAP", "device_overlap", "REJECTION_REASON_DEVICE_OVERLAP", "390"]
)
def test_a_reason_is_found_by_name_or_number(text: str) -> None:
    """As text, too."""
    assert explain(text).reason is Reason.DEVICE_OVERLAP
    assert ctl("explain", text).stdout.startswith("reason: DEVICE_OVERLAP\ncode: 390\n")


def test_an_unknown_reason_is_a_usage_error_with_a_guess() -> None:
    """Also none, and --all with one."""
    outcome = ctl("explain", "OVERLAP")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "DEVICE_OVERLAP" in outcome.stderr
    assert ctl("explain").exit_code == 2
    assert ctl("explain", "--all", "MALFORMED").exit_code == 2
