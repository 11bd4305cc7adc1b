"""Checks the documents: relative links lead somewhere, and commands in them exist with their options.

It reads files and the programs' own lists of commands; it runs nothing and asks no network.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ledger_cli import voucherctl, voucherd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```(?:console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def pages(root: Path) -> list[Path]:
    """All documents, in order."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


def broken_links(page: Path) -> Iterator[str]:
    """A sentence for each relative link of a page that leads nowhere."""
    for target in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        if not other.exists():
            yield f"{page.name}: {target} leads nowhere"
        elif anchor and anchor not in _anchors(other):
            yield f"{page.name}: {target} names no heading"


def wrong_commands(text: str, root: Path) -> Iterator[str]:
    """A sentence for each `$ make …`, `$ voucherd …`, `$ voucherctl …` of a block that does not exist."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    for block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            words = _words(line)
            if words[:1] == ["make"]:
                missing = [
                    word for word in words[1:] if "=" not in word and word not in _TARGET.findall(makefile)
                ]
                yield from (f"there is no target {word}: {line}" for word in missing)
            elif words[:1] in (["voucherd"], ["voucherctl"]):
                yield from _wrong_options(words, line)


def _words(line: str) -> list[str]:
    """The command of a line that starts with `$ `, up to a pipe or redirection, without its path."""
    if not line.startswith("$ "):
        return []
    try:
        words = shlex.split(line[2:], comments=True)
    except ValueError:  # a quotation that goes on in the next line
        return []
    for place, word in enumerate(words):
        if word in {"|", ">", "&&", "||", "&", ";"}:
            words = words[:place]
            break
    return [words[0].rpartition("/")[2], *words[1:]] if words else []


def _wrong_options(words: Sequence[str], line: str) -> Iterator[str]:
    app = voucherd.app if words[0] == "voucherd" else voucherctl.app
    command: Any = typer.main.get_command(app)
    context = command.context_class(command, info_name=words[0])
    known = {"--help", "-h", *_options(command)}
    for word in words[1:]:
        if word.startswith("-"):
            if word.partition("=")[0] not in known:
                yield f"there is no option {word}: {line}"
        elif hasattr(command, "list_commands"):
            if word not in command.list_commands(context):
                yield f"there is no command {word}: {line}"
                return
            command = command.get_command(context, word)
            known |= _options(command)


def _options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_CODE.sub("", page.read_text(encoding="utf-8")))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def problems(root: Path) -> list[str]:
    """Everything that is wrong with the documents below a folder."""
    found: list[str] = []
    for page in pages(root):
        found += broken_links(page)
        text = page.read_text(encoding="utf-8")
        found += [f"{page.name}: {problem}" for problem in wrong_commands(text, root)]
    return found


def main() -> None:
    """Print what is wrong; exit 1 if anything is."""
    found = problems(ROOT)
    for problem in found:
        print(problem)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
