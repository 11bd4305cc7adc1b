"""Which checkpoint readers see while cosignatures come, or do not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from support.web import running

from ledger.app.checkpointer import SignedCheckpoint
from ledger.app.publication import QUORUM_GRACE_S, CheckpointUnavailable, Publication, QuorumDelays


@dataclass
class Time:
    """A clock that is set."""

    now: float = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def checkpoint(size: int, note: str = "log") -> SignedCheckpoint:
    """A checkpoint of a size."""
    return SignedCheckpoint(note.encode(), size, bytes(32))


def sizes(publication: Publication) -> tuple[int | None, ...]:
    """Sizes of signed, published, witnessed and shown; None where there is none."""
    found = (publication.signed, publication.published, publication.witnessed, publication.shown)
    return tuple(one.size if one is not None else None for one in found)


def test_without_witnesses_what_is_signed_is_published_and_shown() -> None:
    """From the locked one on."""
    publication = Publication(checkpoint(3))
    assert sizes(publication) == (3, 3, None, 3)
    publication.sign(checkpoint(5))
    assert sizes(publication) == (5, 5, None, 5)


def test_readers_see_the_quorum_s_while_witnesses_keep_up() -> None:
    """A newer one shows when its quorum comes, or when none came for the grace; sizes never go back."""
    time = Time()
    publication = Publication(checkpoint(3), delays=QuorumDelays.WITNESSED, clock=time)
    assert sizes(publication) == (3, 3, None, 3)
    publication.cosign(checkpoint(3, "log w"), quorum=True)
    publication.sign(checkpoint(5))
    assert sizes(publication) == (5, 5, 3, 3)
    publication.cosign(checkpoint(5, "log w"), quorum=True)
    publication.sign(checkpoint(8))
    time.now += QUORUM_GRACE_S - 0.1
    assert sizes(publication) == (8, 8, 5, 5)
    time.now += 0.2
    assert sizes(publication) == (8, 8, 5, 8)
    publication.cosign(checkpoint(7, "log w"), quorum=True)
    assert sizes(publication) == (8, 8, 7, 8)
    publication.cosign(checkpoint(8, "log w"), quorum=True)
    assert publication.shown == checkpoint(8, "log w")


def test_cosignatures_below_the_quorum_are_shown_with_the_newest() -> None:
    """Merged into its note; one that is older changes nothing."""
    publication = Publication(checkpoint(3), delays=QuorumDelays.WITNESSED)
    publication.cosign(checkpoint(3, "log w1"), quorum=False)
    assert publication.shown == checkpoint(3, "log w1")
    publication.sign(checkpoint(4))
    publication.cosign(checkpoint(3, "log w1 w2"), quorum=False)
    assert publication.signed == checkpoint(4)
    assert publication.witnessed is None


def test_a_quorum_may_hold_up_publication_itself() -> None:
    """Nothing is published before its quorum, however long that takes."""
    time = Time()
    publication = Publication(checkpoint(3), delays=QuorumDelays.CHECKPOINTED, clock=time)
    assert sizes(publication) == (3, None, None, None)
    publication.cosign(checkpoint(3, "log w"), quorum=True)
    publication.sign(checkpoint(5))
    time.now += 1_000
    assert sizes(publication) == (5, 3, 3, 3)


def test_who_waits_is_told() -> None:
    """For the next signed, the next published, and a leaf's quorum; each its own."""

    async def test() -> None:
        publication = Publication(checkpoint(3), delays=QuorumDelays.WITNESSED)
        signed, published, witnessed = (
            asyncio.create_task(waiting)
            for waiting in (
                publication.next_signed(3),
                publication.until_published(3),
                publication.until_witnessed(3),
            )
        )
        assert (await publication.until_published(2)).size == 3
        publication.sign(checkpoint(5))
        assert ((await signed).size, (await published).size) == (5, 5)
        publication.cosign(checkpoint(5), quorum=False)
        await asyncio.sleep(0)
        assert not witnessed.done()
        publication.cosign(checkpoint(5), quorum=True)
        assert (await witnessed).size == 5

    running(test)


def test_where_nothing_will_be_signed_nobody_waits_for_it() -> None:
    """But what is signed may still be cosigned."""

    async def test() -> None:
        publication = Publication(checkpoint(3), delays=QuorumDelays.WITNESSED)
        waiting = asyncio.create_task(publication.until_published(7))
        covered = asyncio.create_task(publication.until_witnessed(2))
        await asyncio.sleep(0)
        publication.fail("the lock cannot be written")
        with pytest.raises(CheckpointUnavailable, match="lock"):
            await waiting
        assert not covered.done()
        publication.cosign(checkpoint(3), quorum=True)
        assert (await covered).size == 3

    running(test)
