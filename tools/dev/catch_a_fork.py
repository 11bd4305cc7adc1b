"""Forks a log between two witnesses and ends with a proof of it: docs/tutorial/catch-a-fork.md, run by CI.

Everything is done by the programs, as processes, on loopback. What is written lies in the folder that is
named. Exit 0 if the fork was proven as the page says.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BIN = Path(sys.executable).parent
PROVEN = 3
CODES = ("91440300MA5DEM0395", "91440300MA5DEM119Q")
"""Credit codes of nobody, which the two histories register."""


def run(*words: object, expect: int = 0) -> dict[str, Any]:
    """Run a program to its end and give its JSON."""
    command = [str(BIN / str(words[0])), *map(str, words[1:]), "--json"]
    print("$", " ".join([str(words[0]), *map(str, words[1:])]), flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own
    if done.returncode != expect:
        sys.exit(f"exit {done.returncode} instead of {expect}\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else {}


@contextmanager
def running(log: Path, *words: object) -> Iterator[dict[str, Any]]:
    """A server until the block ends; what it said when it was ready."""
    command = [str(BIN / str(words[0])), *map(str, words[1:]), "--json"]
    print("$", " ".join([str(words[0]), *map(str, words[1:])]), "&", flush=True)
    with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)  # noqa: S603 - our own
        try:
            first = until(lambda: _first_line(log) if process.poll() is None else _ended(log), "it answers")
            yield json.loads(first)
        finally:
            process.terminate()
            process.wait(30)


def _first_line(log: Path) -> str:
    line, newline, _ = log.read_text().partition("\n")
    return line if newline else ""


def _ended(log: Path) -> str:
    sys.exit(log.with_suffix(".err").read_text())


def until(found: Callable[[], Any], what: str, within_s: float = 40.0) -> Any:
    """What is found, as soon as there is something."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    return sys.exit(f"gave up waiting until {what}")


def cosigned(witness: str, origin: str, size: int) -> Callable[[], bytes]:
    """The checkpoint that a witness publishes, once it has so many leaves."""

    def read() -> bytes:
        try:
            url = f"http://{witness}/{sha256(origin.encode()).hexdigest()}/checkpoint"
            with urllib.request.urlopen(url, timeout=5) as answer:
                note: bytes = answer.read()
        except urllib.error.URLError:
            return b""
        return note if int(note.split(b"\n")[1]) >= size else b""

    return read


def history(folder: Path, work: Path, policy: Path, code: str) -> int:
    """Serve a copy of the ledger with one witness and record a participant; the size after."""
    with running(
        work / f"{folder.name}.log",
        "voucherd",
        "serve",
        "--dir",
        folder,
        "--listen",
        "127.0.0.1:0",
        "--policy",
        policy,
    ) as ready:
        who = folder / "as" / "clerk.toml"
        text = who.read_text()
        old = next(line for line in text.splitlines() if line.startswith("server"))
        who.write_text(text.replace(old, f'server = "{ready["listening"]}"'))
        said = run(
            *("voucherctl", "bureau", "register-participant", "--as", who),
            *("--kind", "ENTERPRISE", "--registered", "2015-01-05", "--code", code),
        )
        time.sleep(1.5)
    return int(said.get("index", said.get("leaf_index", 0))) + 1


def main() -> None:
    """Fork the log and prove it."""
    work = Path(sys.argv[1] if len(sys.argv) > 1 else "build/fork-demo").absolute()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    opened = run("voucherd", "init", "--dir", work / "ledger", "--profile", "shenzhen-2026", "--dev")
    origin, log_key, trust = opened["origin"], opened["log_key"], Path(opened["trust_file"])
    keys, addresses = {}, {}
    for name in ("one", "two"):
        made = run("voucherctl", "witness", "init", "--dir", work / name, "--name", f"{name}.example/w")
        keys[name] = _vkey(made)
    with (
        running(
            work / "one.log",
            "voucherctl",
            "witness",
            "serve",
            "--dir",
            work / "one",
            "--listen",
            "127.0.0.1:0",
            "--log",
            log_key,
        ) as one,
        running(
            work / "two.log",
            "voucherctl",
            "witness",
            "serve",
            "--dir",
            work / "two",
            "--listen",
            "127.0.0.1:0",
            "--log",
            log_key,
        ) as two,
    ):
        addresses = {"one": one["listening"], "two": two["listening"]}
        policies = {name: _policy(work, name, keys, addresses) for name in ("one", "two")}
        print("\nThe operator copies the ledger with its key, and shows each witness another history.")
        shutil.copytree(work / "ledger", work / "copy")
        sizes = {
            history(work / "ledger", work, policies["one"], CODES[0]),
            history(work / "copy", work, policies["two"], CODES[1]),
        }
        size = max(sizes)
        notes = {}
        for name in ("one", "two"):
            note = until(cosigned(addresses[name], origin, size), f"witness {name} has cosigned")
            (work / f"{name}.note").write_bytes(note)
            notes[name] = note
        print(f"\nEach witness has cosigned {size} events and is content. Their notes together:")
        proof = work / "proof.json"
        said = run(
            *("voucherctl", "audit", "fraud", "equivocation", work / "one.note", work / "two.note"),
            *("--trust", trust, "--out", proof),
            expect=PROVEN,
        )
        print(said["statement"])
    judged = run("voucherctl", "audit", "fraud", "verify", proof, "--trust", trust, expect=PROVEN)
    print(f"Judged without the ledger: {judged['verdict']}, against {judged['accused'][0]['who']} {origin}")


def _vkey(made: dict[str, Any]) -> str:
    return next(key["vkey"] for key in made["keys"])


def _policy(work: Path, name: str, keys: dict[str, str], addresses: dict[str, str]) -> Path:
    path = work / f"{name}.policy"
    path.write_text(f"witness {name} {keys[name]} http://{addresses[name]}\nquorum {name}\n")
    return path


if __name__ == "__main__":
    main()
