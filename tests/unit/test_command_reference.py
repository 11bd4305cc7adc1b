"""Documents do not drift: generated pages are as their generators make them, links and commands exist."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _tool(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / "dev" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["make_api_reference", "make_command_reference", "make_format_tables", "make_reason_reference"]
)
def test_generated_pages_are_up_to_date(name: str) -> None:
    """A page is what its generator makes: after a change of a command or reason run tools/dev/NAME.py."""
    tool = _tool(name)
    assert tool.PAGE.read_text(encoding="utf-8") == tool.render()


def test_links_and_commands_of_the_documents_exist() -> None:
    """Every relative link leads somewhere; every command in a block exists with its options."""
    assert _tool("check_docs").problems(ROOT) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("make nonsense", "there is no target nonsense"),
        ("voucherd nonsense", "there is no command nonsense"),
        ("voucherd init --nonsense", "there is no option --nonsense"),
        ("voucherctl bureau nonsense --as x", "there is no command nonsense"),
        (".venv/bin/voucherctl audit verify x --nonsense", "there is no option --nonsense"),
    ],
)
def test_a_command_that_does_not_exist_is_named(line: str, problem: str) -> None:
    """The check would have caught it."""
    found = list(_tool("check_docs").wrong_commands(f"```console\n$ {line}\n```\n", ROOT))
    assert found == [f"{problem}: $ {line}"]


def test_a_broken_link_is_named(tmp_path: Path) -> None:
    """A link to a file or heading that is not there is a problem; one to the network is not looked at."""
    page = tmp_path / "page.md"
    page.write_text("# A b\n[x](none.md) [y](#a-b) [z](#c) [w](https://example.org/n.md)\n", encoding="utf-8")
    assert list(_tool("check_docs").broken_links(page)) == [
        "page.md: none.md leads nowhere",
        "page.md: #c names no heading",
    ]
