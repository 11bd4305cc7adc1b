"""A ledger that asks witnesses: quorums, witnesses that are away or lie, and records that were put back."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from functools import partial
from typing import TYPE_CHECKING

import pytest
from support.tiny_log import TinyLog
from support.web import becoming, running, serving
from support.witnessed import CHECKPOINTED, Witnessed, grow, witnessed_ledger
from support.witnessing import RULES, cosigner, witnessing

from ledger.app.publication import QuorumDelays
from ledger.client.receipts import verify_receipt
from ledger.client.signing import SigningKey
from ledger.errors import UsageError
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import CosignatureVerifier, cosign, verify_cosignatures
from ledger.proof.note import Note
from ledger.proof.policy import Policy
from ledger.proof.tlog_proof import TlogProof
from ledger.proof.tlog_witness import AddCheckpoint, log_path, render_size
from ledger.proof.vkey import VKey
from ledger.store.sqlite_lock import SQLiteLockStore
from ledger.web.limits import Limits
from ledger.web.messages import BytesBody, Request, Response, refusal, text
from ledger_play.ceremony import open_development_ledger
from ledger_server.directory import LedgerDirectory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from support.witnessing import Running

    from ledger_witness.cosigner import Cosigner

ONE, TWO, THREE = cosigner(1), cosigner(2), cosigner(3)
SILENT = "http://127.0.0.1:9"
_WITNESS_LIMITS = Limits(body_bytes=1_000_000)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A development ledger that nobody touches."""
    root = tmp_path_factory.mktemp("founded") / "d"
    open_development_ledger(root, profile="shenzhen-2026", server="127.0.0.1:1", hosts=("127.0.0.1",))
    return root


@pytest.fixture
def folder(founded: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(founded, tmp_path / "d")
    return tmp_path / "d"


def log_key(folder: Path) -> VKey:
    """The ledger's log key."""
    return VKey.parse(LedgerDirectory(folder).read_config().log_vkey)


def policy(*witnesses: tuple[Cosigner, str], quorum: str = "all") -> str:
    """A policy of these witnesses at their URLs, all or k of which have to cosign."""
    lines = [f"witness w{n} {who.vkeys[0].render()} {url}" for n, (who, url) in enumerate(witnesses, 1)]
    members = " ".join(f"w{n}" for n in range(1, len(witnesses) + 1))
    return "\n".join([*lines, f"group g {quorum} {members}", "quorum g"])


def cosigners_of(note: bytes, *who: Cosigner) -> list[str]:
    """Which of these cosigned a note."""
    return [found.name for found in verify_cosignatures(note, [CosignatureVerifier(w.vkeys[0]) for w in who])]


def size_of(note: bytes) -> int:
    """The tree size of a note."""
    return Checkpoint.parse(Note.parse(note).text).size


def test_a_quorum_of_two_witnesses_and_receipts_under_it(folder: Path, tmp_path: Path) -> None:
    """The receipt, the served checkpoint and the one under the origin's hash carry both cosignatures."""

    async def test() -> None:
        vkey = log_key(folder)
        async with (
            witnessing(tmp_path / "1", [vkey], plain=ONE) as one,
            witnessing(tmp_path / "2", [vkey], plain=TWO) as two,
        ):
            rules = policy((ONE, one.url), (TWO, two.url))
            async with witnessed_ledger(folder, rules) as it:
                index = await it.grow(3)
                receipt = await it.receipt(index)
                verify_receipt(receipt, log_key=vkey.render(), policy=rules)
                note = TlogProof.parse(receipt.tlog_proof).checkpoint_note
                assert cosigners_of(note, ONE, TWO) == [ONE.name, TWO.name]
                for served in (
                    await it.checkpoint(),
                    (await it.http("checkpoint")).body,
                    (await it.http(log_path(vkey.name))).body,
                    it.directory.witnessed_checkpoint.read_bytes(),
                ):
                    assert Policy.parse(rules).satisfied(served, origin=vkey.name)
                    assert size_of(served) == index + 1
                assert it.counted("w1", "cosigned") >= 1

    running(test)


def test_k_of_n_goes_on_while_one_is_away(folder: Path, tmp_path: Path) -> None:
    """Two of three; the third is nowhere, and its absence is counted."""

    async def test() -> None:
        vkey = log_key(folder)
        async with (
            witnessing(tmp_path / "1", [vkey], plain=ONE) as one,
            witnessing(tmp_path / "2", [vkey], plain=TWO) as two,
        ):
            rules = policy((ONE, one.url), (TWO, two.url), (THREE, SILENT), quorum="2")
            async with witnessed_ledger(folder, rules) as it:
                receipt = await it.receipt(await it.grow())
                verify_receipt(receipt, log_key=vkey.render(), policy=rules)
                assert it.counted("w3", "unreachable") >= 1

    running(test)


@pytest.mark.parametrize("delays", QuorumDelays)
def test_a_missing_quorum_delays_what_it_is_set_to(
    folder: Path, tmp_path: Path, delays: QuorumDelays
) -> None:
    """WITNESSED receipts always; CHECKPOINTED ones and what readers see only where that is set.

    What was sent is durable all the same, and when the witness comes, the same question is answered.
    """

    async def test() -> None:
        vkey = log_key(folder)
        async with witnessing(tmp_path / "1", [vkey], plain=ONE) as one:
            rules = policy((ONE, one.url))
            async with witnessed_ledger(folder, rules, delays=delays) as it:
                before = await it.grow()
                await it.receipt(before)
        async with witnessed_ledger(folder, rules, delays=delays) as it:
            index = await it.grow()
            assert await it.refused_receipt(index) == (
                "UNAVAILABLE",
                "WITNESSES_MISSING",
                "too few witnesses have cosigned; what was sent is durable: repeat the same request later",
            )
            if delays is QuorumDelays.WITNESSED:
                await it.receipt(index, CHECKPOINTED)
            else:
                assert (await it.refused_receipt(index, CHECKPOINTED))[1] == "WITNESSES_MISSING"
                assert size_of(await it.checkpoint()) == before + 1
            await it.receipt(before)
            assert (await it.http(log_path(vkey.name))).status == 200
            async with witnessing(tmp_path / "1", [vkey], plain=ONE, listen=one.address):
                verify_receipt(await it.receipt(index), log_key=vkey.render(), policy=rules)

    running(test)


def _shown(it: Witnessed) -> bytes:
    shown = it.ledger.publication.shown
    assert shown is not None
    return shown.note


def test_restarts_add_no_second_cosignature_and_lose_none(folder: Path, tmp_path: Path) -> None:
    """The checkpoint that was kept is what it was, though one witness answers again and the other is away."""

    async def test() -> None:
        vkey, seconds = log_key(folder), itertools.count(1_000.0)
        async with witnessing(tmp_path / "1", [vkey], plain=ONE, clock=partial(next, seconds)) as one:
            async with witnessing(tmp_path / "2", [vkey], plain=TWO) as two:
                rules = policy((ONE, one.url), (TWO, two.url), quorum="1")
                async with witnessed_ledger(folder, rules) as it:
                    await it.grow(2)
                    await becoming(
                        lambda it=it: (
                            size_of(_shown(it)) == 12 and len(cosigners_of(_shown(it), ONE, TWO)) == 2
                        )
                    )
            kept = (folder / "witnessed-checkpoint").read_bytes()
            for _ in range(3):
                async with witnessed_ledger(folder, rules) as it:
                    await becoming(lambda it=it: it.counted("w1", "cosigned"))
                    assert await it.checkpoint() == kept
                    assert (await it.http(log_path(vkey.name))).body == kept
            assert cosigners_of(kept, ONE, TWO) == [ONE.name, TWO.name]
            assert len(Note.parse(kept).signatures) == 3

    running(test)


def liar(kind: str, own: Cosigner) -> Callable[[Request], Awaitable[Response]]:
    """A handler that answers add-checkpoint as no witness should."""

    async def answer(request: Request) -> Response:
        if request.method == "GET":
            return refusal(404)
        asked = Note.parse(AddCheckpoint.parse(request.body).note).text
        head = Checkpoint.parse(asked)
        other = Checkpoint(head.origin, head.size, bytes(32)).render()
        lines = {
            "other text": lambda: own.sign(other, timestamp_s=1),
            "other key": lambda: THREE.sign(asked, timestamp_s=1),
            "other name": lambda: [cosign(asked, name="else.example", signer=own.signers[0], timestamp_s=1)],
        }.get(kind)
        if lines is not None:
            body = b"".join(line.render() for line in lines())
            return Response(status=200, body=BytesBody(body))
        if kind == "noise":
            return text(200, "\u2014 no signature")
        if kind == "same size":
            size = render_size(AddCheckpoint.parse(request.body).old_size)
            return Response(status=409, headers=(("content-type", "text/x.tlog.size"),), body=BytesBody(size))
        if kind == "strange size":
            return Response(
                status=409, headers=(("content-type", "text/x.tlog.size"),), body=BytesBody(b"+1\n")
            )
        if kind == "silence":
            await asyncio.sleep(600)
        return refusal(int(kind))

    return answer


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("other text", "wrong"),
        ("noise", "wrong"),
        ("same size", "malformed"),
        ("strange size", "malformed"),
        ("400", "malformed"),
        ("403", "untrusted_key"),
        ("404", "unknown_log"),
        ("429", "unreachable"),
        ("500", "unreachable"),
        ("silence", "unreachable"),
    ],
)
def test_a_witness_that_lies_or_fails_counts_for_nothing(folder: Path, kind: str, result: str) -> None:
    """It is counted and logged, the log goes on signing, and no quorum is made of it."""

    async def test() -> None:
        async with serving(liar(kind, ONE), limits=_WITNESS_LIMITS) as server:
            rules = policy((ONE, f"http://127.0.0.1:{server.port}"))
            async with witnessed_ledger(folder, rules) as it:
                index = await it.grow()
                await it.receipt(index, CHECKPOINTED)
                await becoming(lambda: it.counted("w1", result))
                assert (await it.refused_receipt(index, within_s=0.5))[1] == "WITNESSES_MISSING"
                assert cosigners_of(await it.checkpoint(), ONE) == []
                assert it.ledger.writable

    running(test)


@pytest.mark.parametrize("kind", ["other key", "other name"])
def test_lines_of_unknown_keys_are_passed_over(folder: Path, kind: str) -> None:
    """They are ignored as specified, and do not come into the served checkpoint."""

    async def test() -> None:
        async with (
            serving(liar(kind, ONE), limits=_WITNESS_LIMITS) as server,
            witnessed_ledger(folder, policy((ONE, f"http://127.0.0.1:{server.port}"))) as it,
        ):
            index = await it.grow()
            await becoming(lambda: it.counted("w1", "cosigned"))
            assert (await it.refused_receipt(index, within_s=0.5))[1] == "WITNESSES_MISSING"
            assert len(Note.parse(await it.checkpoint()).signatures) == 1

    running(test)


async def grow_unsigned(folder: Path, count: int) -> None:
    """Record events, as a process does that is killed before it signs a checkpoint of them."""
    directory = LedgerDirectory(folder)
    ledger = directory.open(hold_signing=True)
    await grow(ledger, directory, count)
    await ledger.close()


def locked_size(folder: Path) -> int:
    """The size of the locked checkpoint."""
    store = SQLiteLockStore(LedgerDirectory(folder).lock)
    locked = store.read()
    store.close()
    assert locked is not None
    return locked.size


def evidence_in(folder: Path) -> list[bytes]:
    """The notes that were kept as evidence."""
    return [path.read_bytes() for path in folder.glob("evidence-*.note")]


async def _grow_and_cosign(folder: Path, rules: str, count: int) -> None:
    async with witnessed_ledger(folder, rules) as it:
        await it.receipt(await it.grow(count))


def assert_stopped(it: Witnessed, *words: str) -> None:
    """Writing has stopped, for the reason that is told."""
    assert not it.ledger.writable
    for word in words:
        assert word in it.ledger.stop_reason
    assert '"event": "another history"' in it.said.getvalue()


@pytest.mark.parametrize("kept", [True, False])
def test_a_record_that_was_put_back_is_noticed_before_anything_is_signed(
    folder: Path, tmp_path: Path, kept: bool
) -> None:
    """From the kept cosigned checkpoint, or from the witness alone; evidence is kept, reads go on."""

    async def test() -> None:
        vkey = log_key(folder)
        old = tmp_path / "old"
        async with witnessing(tmp_path / "1", [vkey], plain=ONE) as one:
            rules = policy((ONE, one.url))
            await _grow_and_cosign(folder, rules, 2)
            shutil.copytree(folder, old)
            await _grow_and_cosign(folder, rules, 2)
            if kept:
                shutil.copy(folder / "witnessed-checkpoint", old / "witnessed-checkpoint")
            async with witnessed_ledger(old, rules) as it:
                assert_stopped(it, "size 14", "size 12", "do not restart")
                assert size_of(await it.checkpoint()) == 12
                assert (await it.http("tile/0/000.p/12")).status == 200
            (evidence,) = evidence_in(old)
            assert size_of(evidence) == 14

    running(test)


def test_nothing_is_signed_before_the_witnesses_were_asked(folder: Path, tmp_path: Path) -> None:
    """A record that was put back and has grown since: its key must not sign a second tree of those sizes."""

    async def test() -> None:
        vkey = log_key(folder)
        old = tmp_path / "old"
        shutil.copytree(folder, old)
        async with witnessing(tmp_path / "1", [vkey], plain=ONE) as one:
            rules = policy((ONE, one.url))
            await _grow_and_cosign(folder, rules, 3)
            await grow_unsigned(old, 2)
            async with witnessed_ledger(old, rules) as it:
                assert (it.ledger.size, size_of(await it.checkpoint())) == (12, 10)
                assert_stopped(it, "size 13", "size 10")
            assert locked_size(old) == 10

    running(test)


def test_a_log_that_shows_a_witness_another_history_is_stopped(folder: Path, tmp_path: Path) -> None:
    """Its own key signed a fork: 422 at the start, with the witness's note as evidence."""

    async def test() -> None:
        vkey = log_key(folder)
        seed = SigningKey.load(LedgerDirectory(folder).log_key).signer.seed()  # type: ignore[attr-defined]
        fork = TinyLog([b"another history %d" % n for n in range(5)], vkey.name, seed)
        async with witnessing(tmp_path / "1", [vkey], plain=ONE) as one:
            assert (await one.post(fork.request(0, 5))).status == 200
            async with witnessed_ledger(folder, policy((ONE, one.url))) as it:
                assert_stopped(it, "witness w1 proves", "another tree of size 5")
            assert evidence_in(folder) == [(await one.get(log_path(vkey.name))).body]

    running(test)


def test_another_history_that_comes_up_later_stops_writing_on_proof(folder: Path, tmp_path: Path) -> None:
    """A witness shows a note of this log's key that is no prefix."""

    async def test() -> None:
        vkey = log_key(folder)
        seed = SigningKey.load(LedgerDirectory(folder).log_key).signer.seed()  # type: ignore[attr-defined]
        async with (
            witnessing(tmp_path / "1", [vkey], plain=ONE) as one,
            witnessed_ledger(folder, policy((ONE, one.url))) as it,
        ):
            size = (await it.grow()) + 1
            await it.receipt(size - 1)
            fork = TinyLog([b"fork %d" % n for n in range(size + 5)], vkey.name, seed)
            await _overwrite(one, fork, size + 5)
            await it.grow()
            await becoming(lambda: not it.ledger.writable)
            assert f"size {size + 5}" in it.ledger.stop_reason
            assert len(evidence_in(folder)) == 1

    running(test)


async def _overwrite(one: Running, fork: TinyLog, size: int) -> None:
    """Make a witness forget what it saw, as none should, and cosign a fork."""
    records = one.witness._records
    records._connection.execute("DROP TRIGGER cosigned_stays")
    records._connection.execute("DELETE FROM cosigned")
    assert (await one.post(fork.request(0, size))).status == 200


def test_a_larger_size_that_is_only_claimed_stops_a_start_but_not_a_running_log(folder: Path) -> None:
    """Before signing the word of a witness is enough to doubt; afterwards it takes a note of the log's key."""
    claimed = 3

    async def claim(request: Request) -> Response:
        if request.method == "GET":
            return refusal(404)
        return Response(
            status=409, headers=(("content-type", "text/x.tlog.size"),), body=BytesBody(render_size(claimed))
        )

    async def test() -> None:
        nonlocal claimed
        async with serving(claim, limits=_WITNESS_LIMITS) as server:
            rules = policy((ONE, f"http://127.0.0.1:{server.port}"))
            claimed = 10
            async with witnessed_ledger(folder, rules) as it:
                assert it.ledger.writable
                claimed = 999
                await it.receipt(await it.grow(), CHECKPOINTED)
                await becoming(lambda: it.counted("w1", "forked"))
                assert it.ledger.writable
            async with witnessed_ledger(folder, rules) as it:
                assert_stopped(it, "witness w1 has cosigned size 999", "take it out of the policy")

    running(test)


def test_a_quorum_that_cannot_be_reached_is_refused_at_the_start(folder: Path) -> None:
    """No URL, or a witness that is the log itself."""

    async def test() -> None:
        vkey = log_key(folder)
        own = VKey(vkey.name, 4, ONE.signers[0].public_key)
        same_key = VKey("w.example", 4, vkey.public_key)
        for line in (f"{ONE.vkeys[0].render()}", f"{own.render()} {SILENT}", f"{same_key.render()} {SILENT}"):
            with pytest.raises(UsageError, match="cannot reach the quorum"):
                async with witnessed_ledger(folder, f"witness w1 {line}\nquorum w1"):
                    pass
        with pytest.raises(UsageError, match="URL"):
            async with witnessed_ledger(folder, policy((ONE, "ftp://127.0.0.1"))):
                pass

    running(test)


def test_a_quorum_of_nobody_asks_all_the_same(folder: Path, tmp_path: Path) -> None:
    """`quorum none`: every checkpoint counts, cosignatures are merged as they come."""

    async def test() -> None:
        vkey = log_key(folder)
        async with witnessing(tmp_path / "1", [vkey], plain=ONE) as one:
            rules = f"witness w1 {ONE.vkeys[0].render()} {one.url}\nquorum none"
            async with witnessed_ledger(folder, rules) as it:
                index = await it.grow()
                await it.receipt(index)
                await becoming(lambda: it.counted("w1", "cosigned"))
                assert cosigners_of(await it.checkpoint(), ONE) == [ONE.name]

    running(test)


def test_what_recomputes_first_is_read_where_it_publishes(folder: Path, tmp_path: Path) -> None:
    """A quorum of the plain and the semantic cosigner of one witness, the latter below /rules."""

    async def test() -> None:
        vkey = log_key(folder)
        async with witnessing(tmp_path / "1", [vkey], plain=ONE, rules=RULES) as one:
            rules = policy((ONE, one.url), (RULES, f"{one.url}/rules"))

            def recompute(origin: str) -> None:
                tasks.append(asyncio.create_task(_recompute(one, origin)))

            tasks: list[asyncio.Task[None]] = []
            one.witness.told = recompute
            async with witnessed_ledger(folder, rules, delays=QuorumDelays.CHECKPOINTED) as it:
                receipt = await it.receipt(await it.grow(), CHECKPOINTED)
                verify_receipt(receipt, log_key=vkey.render(), policy=rules)
            await asyncio.gather(*tasks)

    running(test)


async def _recompute(one: Running, origin: str) -> None:
    record = await one.witness.record("plain", origin)
    assert record is not None
    await one.witness.add_recomputed(record)


def test_a_server_without_witnesses_refuses_the_level_before_anything_is_recorded(folder: Path) -> None:
    """INVALID_ARGUMENT that says which level there is."""

    async def test() -> None:
        async with witnessed_ledger(folder, "") as it:
            assert await it.refused_receipt(3) == (
                "INVALID_ARGUMENT",
                "MALFORMED",
                "this server asks no witnesses; its highest level is CHECKPOINTED",
            )

    running(test)


@pytest.mark.parametrize("opened", [True, False])
def test_entries_are_for_everybody_only_where_the_operator_opens_them(folder: Path, opened: bool) -> None:
    """Over gRPC without a certificate, and over HTTP."""

    async def test() -> None:
        async with witnessed_ledger(folder, "", open_entries=opened) as it:
            code = await it.read_entries_as_nobody()
            assert code == ("OK" if opened else "UNAUTHENTICATED")
            assert (await it.http("tile/entries/000.p/10")).status == (200 if opened else 403)

    running(test)
