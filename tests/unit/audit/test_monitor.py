"""Following a log: what is new is verified, what is wrong is told, and what is silent is noticed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from audit_forge.draft import VKEY, checkpoint, seal, write
from audit_forge.year import make_year
from support.hosting import serving_web
from support.processes import BIN
from support.waiting import until
from typer.testing import CliRunner

from ledger.errors import ExitCode
from ledger_audit.alerts import Alerts
from ledger_audit.errors import CouldNotCheckError
from ledger_audit.heartbeat import Heartbeat
from ledger_audit.http_exchange import Url
from ledger_audit.monitor import Monitor
from ledger_audit.remembered import Remembered
from ledger_audit.sources import open_source
from ledger_audit.verify import verify
from ledger_cli.audit import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.hosting import Web

    from ledger_audit.report import Report
    from ledger_audit.sources import Source
    from ledger_audit.verify import Progress

RUNNER = CliRunner()
FORK = 30


@pytest.fixture(scope="module")
def honest() -> list[bytes]:
    """A whole year."""
    return seal(make_year().drafts)


@pytest.fixture(scope="module")
def forked() -> list[bytes]:
    """Another valid year that differs from the thirtieth event on."""
    year = make_year()
    year.drafts[FORK].event.recorded_ms += 1
    year.drafts[FORK].event.effective_ms += 1
    return seal(year.drafts)


class Watched:
    """A log in a directory, a monitor of it with a clock of its own, and what it tells."""

    def __init__(self, folder: Path, *, alerts: Alerts | None = None, **options: Any) -> None:
        self.log = folder / "log"
        self.heartbeat = folder / "beat.json"
        self.now_s = 1_000_000.0
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.audits = 0
        self.slept: list[float] = []
        self.monitor = Monitor(
            "log",
            opened=self._opened,
            audit=self._audit,
            tell=lambda event, said: self.told.append((event, said)),
            alerts=alerts or Alerts(),
            heartbeat=self.heartbeat,
            clock=lambda: self.now_s,
            sleep=self._sleep,
            **{"interval_s": 10.0, **options},
        )
        self._memory = Remembered(folder / "state")

    def show(self, entries: list[bytes], **note: Any) -> None:
        """Publish a log in place of whatever was there."""
        shutil.rmtree(self.log, ignore_errors=True)
        write(entries, self.log, note=checkpoint(entries, **note))

    def look(self) -> ExitCode:
        """Look once, ten seconds after the last time."""
        self.now_s += 10
        return self.monitor.look()

    @property
    def events(self) -> list[str]:
        """What was told."""
        return [event for event, _ in self.told]

    @property
    def beat(self) -> dict[str, Any]:
        """The heartbeat as others read it."""
        value: dict[str, Any] = json.loads(self.heartbeat.read_text())
        return value

    @contextmanager
    def _opened(self) -> Iterator[Source]:
        yield open_source(str(self.log))

    def _audit(self, source: Source, step: Progress) -> Report:
        self.audits += 1
        return verify(source, log_key=VKEY, remembered=self._memory, progress=step)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == 4:
            raise KeyboardInterrupt


def test_each_new_checkpoint_is_verified_once(tmp_path: Path, honest: list[bytes]) -> None:
    """One that was judged is not judged again, and the heart beats all the same."""
    watched = Watched(tmp_path)
    for size in (20, 20, 60, len(honest), len(honest)):
        watched.show(honest[:size])
        assert watched.look() == ExitCode.OK
        beat = watched.beat
        assert (beat["state"], beat["result"], beat["tree_size"]) == ("waiting", "ok", size)
        assert beat["time_ms"] == watched.now_s * 1000
    assert watched.audits == 3
    assert watched.events == ["checked"] * 3


def test_a_finding_is_told_once(tmp_path: Path, honest: list[bytes], forked: list[bytes]) -> None:
    """A fork is found by what was remembered; the same again is no new alert, another place is."""
    with serving_web(tmp_path) as hook:
        alerts = Alerts(webhook=Url.parse(f"{hook.url}/hook?token=x", may_have_query=True))
        watched = Watched(tmp_path, alerts=alerts)
        watched.show(honest[:60])
        assert watched.look() == ExitCode.OK
        for size in (90, 90, 120):
            watched.show(forked[:size])
            assert watched.look() == ExitCode.FINDINGS
        (alert,) = [json.loads(data) for data in hook.posted]
        assert (alert["kind"], alert["tree_size"], alert["result"]) == ("findings", 90, "findings")
        assert [(f["check"], f["index"]) for f in alert["findings"]] == [("checkpoint_remembered", FORK)]
        assert [Path(path).read_bytes() for path in alert["kept"]] == [
            checkpoint(honest[:60]),
            checkpoint(forked[:90]),
        ]
        assert watched.beat["result"] == "findings"


def test_a_webhook_that_fails_is_told_again(tmp_path: Path, honest: list[bytes], forked: list[bytes]) -> None:
    """It holds nothing up, and what waits is sent first when it works again."""
    answers = [500, 500, 500, 302, 302, 302, 204, 204]
    with serving_web(tmp_path) as hook:
        hook.answers["POST"] = lambda handler: handler.give(b"", status=answers.pop(0))
        alerts = Alerts(webhook=Url.parse(hook.url, may_have_query=True), pause_s=0.001)
        watched = Watched(tmp_path, alerts=alerts)
        watched.show(honest[:60])
        watched.look()
        watched.show(forked)
        for _ in range(3):
            assert watched.look() == ExitCode.FINDINGS
        assert watched.events == ["checked", "checked", "alert_failed", "alert_failed"]
        assert [said["reason"] for event, said in watched.told if event == "alert_failed"] == [
            "the webhook answers 500",
            "the webhook answers 302",
        ]
        assert len(hook.posted) == 7
        assert len(set(hook.posted)) == 1


def script(path: Path, text: str) -> Path:
    """A program."""
    path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_command_gets_the_alert_on_its_input(
    tmp_path: Path, honest: list[bytes], forked: list[bytes]
) -> None:
    """Its arguments are the user's own, and no shell reads them."""
    out = tmp_path / "out"
    program = script(
        tmp_path / "tell",
        "import sys, pathlib\npathlib.Path(sys.argv[1]).write_text(repr(sys.argv[2:]) + sys.stdin.read())\n",
    )
    watched = Watched(tmp_path, alerts=Alerts(command=[str(program), str(out), "$HOME; true"]))
    watched.show(honest[:60])
    watched.look()
    assert not out.exists()
    watched.show(forked)
    watched.look()
    arguments, _, alert = out.read_text().partition("]")
    assert arguments == "['$HOME; true'"
    assert json.loads(alert)["findings"][0]["index"] == FORK


def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    """By its exit code, or because it is not there."""
    for command, why in (
        ([str(script(tmp_path / "no", "raise SystemExit(9)\n"))], "ended with 9"),
        ([str(tmp_path / "none")], "cannot be run"),
    ):
        alerts = Alerts(command=command)
        alerts.add({})
        assert why in "".join(alerts.send())


def test_a_log_that_cannot_be_read_is_asked_more_seldom(tmp_path: Path, honest: list[bytes]) -> None:
    """Nothing is found wrong; when it is back all goes on."""
    watched = Watched(tmp_path)
    assert watched.look() == ExitCode.COULD_NOT_CHECK
    with pytest.raises(KeyboardInterrupt):
        watched.monitor.run()
    assert watched.slept == [40.0, 80.0, 160.0, 300.0]
    assert (watched.beat["state"], watched.beat["failures"]) == ("stopped", 5)
    watched.show(honest)
    assert watched.look() == ExitCode.OK
    assert watched.beat["failures"] == 0
    assert watched.events == [*["unreachable"] * 5, "stopped", "checked"]


def test_what_is_not_whole_is_tried_again(tmp_path: Path, honest: list[bytes]) -> None:
    """Exit 5, and no alert: an absent bundle may still come."""
    watched = Watched(tmp_path)
    watched.show(honest)
    shutil.rmtree(watched.log / "tile/entries")
    for _ in range(2):
        assert watched.look() == ExitCode.COULD_NOT_CHECK
    watched.show(honest)
    assert watched.look() == ExitCode.OK
    assert [said["result"] for _, said in watched.told] == ["incomplete", "incomplete", "ok"]


@pytest.mark.parametrize("silent", ["the same", "gone", "older", "not whole"])
def test_a_log_that_shows_nothing_newer_is_stalled(tmp_path: Path, honest: list[bytes], silent: str) -> None:
    """By whatever cause; told once, and told when it goes on."""
    with serving_web(tmp_path) as hook:
        watched = Watched(
            tmp_path, alerts=Alerts(webhook=Url.parse(hook.url, may_have_query=True)), stalled_after_s=35.0
        )
        watched.show(honest[:60])
        watched.look()
        if silent == "gone":
            shutil.rmtree(watched.log)
        if silent == "older":
            watched.show(honest[:40])
        if silent == "not whole":
            watched.show(honest)
            shutil.rmtree(watched.log / "tile/entries")
        codes = [watched.look() for _ in range(5)]
        expected = ExitCode.COULD_NOT_CHECK if silent in {"gone", "not whole"} else ExitCode.UNAVAILABLE
        assert codes[3:] == [expected] * 2
        assert watched.events.count("stalled") == 1
        assert [json.loads(data)["kind"] for data in hook.posted] == ["stalled"]
        assert watched.beat["stalled"]
        watched.show(honest)
        assert watched.look() == ExitCode.OK
        assert watched.events[-1] == "resumed"
        assert not watched.beat["stalled"]


def test_the_heartbeat_remembers_over_a_start(tmp_path: Path, honest: list[bytes]) -> None:
    """What was judged is not judged again, and the time of the last growth counts on."""
    first = Watched(tmp_path)
    first.show(honest)
    assert first.look() == ExitCode.OK
    second = Watched(tmp_path, stalled_after_s=25.0)
    second.now_s = first.now_s + 20
    assert second.look() == ExitCode.UNAVAILABLE
    assert second.audits == 0


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"schema": "x"}', b"\xff", b"[" * 60_000])
def test_a_file_that_is_no_heartbeat_is_left_out(tmp_path: Path, honest: list[bytes], data: bytes) -> None:
    """The monitor begins anew."""
    (tmp_path / "beat.json").write_bytes(data)
    watched = Watched(tmp_path)
    watched.show(honest)
    assert watched.look() == ExitCode.OK
    assert Heartbeat.read(watched.heartbeat) is not None


def test_a_heartbeat_that_cannot_be_written_stops_nothing(tmp_path: Path, honest: list[bytes]) -> None:
    """It is told."""
    watched = Watched(tmp_path)
    watched.heartbeat.mkdir()
    (watched.heartbeat / "x").write_bytes(b"")
    watched.show(honest)
    assert watched.look() == ExitCode.OK
    assert {"heartbeat_failed", "checked"} == set(watched.events)


def monitor(log: str, *arguments: object) -> list[str]:
    """The command's words."""
    return ["monitor", log, "--log-key", VKEY, "--json", *map(str, arguments)]


def test_the_command_looks_once_for_cron(
    tmp_path: Path, honest: list[bytes], forked: list[bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    """Codes 0, 3 and 5; NDJSON on stdout; a command that is not there is said before anything is read."""
    log = str(write(honest[:60], tmp_path / "log"))
    done = RUNNER.invoke(app, monitor(log, "--once"))
    assert done.exit_code == 0
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["schema"], line["event"]) == ("voucher-ledger/cli/audit-monitor/1", "checked")
    out = tmp_path / "out"
    program = script(
        tmp_path / "tell", "import sys, pathlib\npathlib.Path(sys.argv[1]).write_text(sys.stdin.read())\n"
    )
    shutil.rmtree(log)
    write(forked, Path(log))
    with capfd.disabled():
        done = RUNNER.invoke(app, monitor(log, "--once", "--exec", f"'{program}' {out}"))
    assert done.exit_code == 3
    assert json.loads(out.read_text())["kind"] == "findings"
    shutil.rmtree(log)
    assert RUNNER.invoke(app, monitor(log, "--once")).exit_code == 5
    for wrong in (("--exec", "no-such-program-here"), ("--exec", "'"), ("--webhook", "ftp://x")):
        assert RUNNER.invoke(app, monitor(log, *wrong)).exception is not None
    plain = RUNNER.invoke(app, [word for word in monitor(log, "--once") if word != "--json"])
    assert "unreachable" in plain.stdout


@pytest.mark.parametrize("workers", [1, 2])
def test_the_command_follows_until_it_is_terminated(
    tmp_path: Path, honest: list[bytes], workers: int
) -> None:
    """A process that follows a log over HTTP through a failure; SIGTERM ends it with 0 and a last beat."""
    beat = tmp_path / "beat.json"
    write(honest[:60], tmp_path / "log")
    with serving_web(tmp_path / "log") as web, (tmp_path / "out").open("wb") as out:
        words = monitor(web.url, "--interval", "0.1", "--heartbeat", beat, "--workers", workers)
        process = subprocess.Popen(
            [str(BIN / "voucherctl"), "audit", *words], stdout=out, stderr=subprocess.PIPE, env=os.environ
        )
        try:
            until(lambda: shows(beat, tree_size=60, result="ok"), what="the log is verified")
            web.answers["checkpoint"] = lambda handler: handler.give(b"no", status=403)
            until(lambda: shows(beat, state="unreachable"), what="a failure is seen")
            write(honest, tmp_path / "log")
            del web.answers["checkpoint"]
            until(lambda: shows(beat, tree_size=len(honest), failures=0), what="it goes on")
            process.send_signal(signal.SIGTERM)
            _, talk = process.communicate(timeout=20)
        finally:
            process.kill()
        assert process.returncode == 0, talk
        assert b"Traceback" not in talk
        assert shows(beat, state="stopped")
    lines = [json.loads(line) for line in (tmp_path / "out").read_bytes().splitlines()]
    assert [line["tree_size"] for line in lines if line["event"] == "checked"] == [60, len(honest)]
    assert lines[-1]["event"] == "stopped"


def test_a_long_audit_is_terminated_at_once(tmp_path: Path, honest: list[bytes]) -> None:
    """Also while an answer is waited for."""
    write(honest, tmp_path / "log")
    with serving_web(tmp_path / "log") as web:
        web.answers["tile/entries"] = hang
        words = monitor(web.url, "--heartbeat", tmp_path / "beat.json")
        process = subprocess.Popen(
            [str(BIN / "voucherctl"), "audit", *words], stdout=subprocess.DEVNULL, env=os.environ
        )
        try:
            until(lambda: any("entries" in path for path in web.asked), what="entries are asked for")
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()


def hang(handler: Web) -> None:
    """Never answer."""
    handler.rfile.read()


def shows(beat: Path, **expected: object) -> bool:
    """Whether the heartbeat has these values."""
    try:
        value = json.loads(beat.read_bytes())
    except (OSError, ValueError):
        return False
    return all(value[name] == wanted for name, wanted in expected.items())


def test_a_heartbeat_file_is_never_half_written(tmp_path: Path) -> None:
    """Whoever reads it while it is replaced reads one or the other."""
    beat = tmp_path / "beat.json"
    for number in range(50):
        Heartbeat(time_ms=number, source="x" * number, state="waiting").write(beat)
        assert json.loads(beat.read_bytes())["time_ms"] == number
    assert [path.name for path in tmp_path.iterdir()] == ["beat.json"]
    with pytest.raises(CouldNotCheckError):
        Heartbeat(time_ms=0, source="", state="").write(beat / "below")
