"""C2SP tlog-policy: the grammar line by line, and which sets of witnesses reach a quorum."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.proof import ed25519, mldsa44
from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.cosignature import cosign, cosigner_vkey
from ledger.proof.note import add_signatures
from ledger.proof.policy import Policy
from ledger.proof.vkey import VKey

ORIGIN = "ledger.example/e0"
SIGNERS = [ed25519.Signer.from_seed(bytes([n]) * 32) for n in range(1, 8)]
LOG = VKey(ORIGIN, 1, SIGNERS[0].public_key).render()
KEYS = [cosigner_vkey(name=f"w{n}.example", signer=signer).render() for n, signer in enumerate(SIGNERS)]
QUANTUM = cosigner_vkey(name="q.example", signer=mldsa44.Signer.from_seed(bytes(32))).render()
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 3, bytes(32)), SIGNERS[0])
TEXT = Checkpoint(ORIGIN, 3, bytes(32)).render()


def cosigned(*numbers: int) -> bytes:
    """The note with the cosignatures of some witnesses."""
    lines = [cosign(TEXT, name=f"w{n}.example", signer=SIGNERS[n], timestamp_s=1) for n in numbers]
    return add_signatures(NOTE, lines)


def test_every_kind_of_line_is_read() -> None:
    """Comments, blank lines, spaces and tabs around words, URLs, both types of keys, two levels of groups."""
    policy = Policy.parse(
        f"# a comment\n\n \t \n\tlog {LOG} \t https://log.example/\n"
        f"witness one {KEYS[1]} https://one.example/w\nwitness\ttwo {KEYS[2]}\nwitness q {QUANTUM}\n"
        "  # another\ngroup both all one two\ngroup some 1 both q\nquorum some"
    )
    assert [(log.vkey.name, log.url) for log in policy.logs] == [(ORIGIN, "https://log.example/")]
    assert {w.name: w.url for w in policy.witnesses.values()} == {
        "one": "https://one.example/w",
        "two": "",
        "q": "",
    }
    assert policy.groups == {"both": (2, ("one", "two")), "some": (1, ("both", "q"))}
    assert policy.quorum == "some"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "no quorum"),
        (["quorum none", "quorum none"], "line 2 of the witness policy: there is a second quorum"),
        (["quorum one"], "not defined above"),
        ([f"witness one {KEYS[1]}", f"witness one {KEYS[2]}", "quorum one"], "used twice"),
        ([f"witness none {KEYS[1]}", "quorum none"], "used twice"),
        ([f"witness one {KEYS[1]}", f"witness two {KEYS[1]}", "quorum one"], "share a public key"),
        ([f"log {LOG}", f"log {LOG}", "quorum none"], "share a public key"),
        ([f"log {KEYS[1]}", "quorum none"], "not one of a log"),
        ([f"witness one {LOG}", "quorum one"], "cosignature type"),
        ([f"witness one {KEYS[1][:-1]}", "quorum one"], "base64"),
        ([f"witness one {KEYS[1]} https://a b", "quorum one"], "not understood: witness"),
        ([f"witness one {KEYS[1]}", "group g any", "quorum one"], "not understood: group"),
        ([f"witness one {KEYS[1]}", "group g any two", "quorum one"], "member is not defined"),
        ([f"witness one {KEYS[1]}", "group g any none", "quorum one"], "member is not defined"),
        ([f"witness one {KEYS[1]}", "group g any one one", "quorum one"], "member twice"),
        ([f"witness one {KEYS[1]}", "group g any one", "group h any one", "quorum g"], "member twice"),
        ([f"witness one {KEYS[1]}", "group g any g", "quorum one"], "member is not defined"),
        ([f"witness one {KEYS[1]}", "group g 0 one", "quorum g"], "threshold is 0"),
        ([f"witness one {KEYS[1]}", "group g 2 one", "quorum g"], "above 1"),
        ([f"witness one {KEYS[1]}", "group g 01 one", "quorum g"], "leading zero"),
        ([f"witness one {KEYS[1]}", "group g +1 one", "quorum g"], "decimal"),
        ([f"witness one {KEYS[1]}", "group g 1_0 one", "quorum g"], "decimal"),
        ([f"witness one {KEYS[1]}", "group g ١ one", "quorum g"], "decimal"),
        ([f"witness one {KEYS[1]}\r", "quorum one"], "control character"),
        (["quorum\x0bnone"], "control character"),
        (["quorum none\x7f"], "control character"),
        (["quorum\N{NO-BREAK SPACE}none"], "not understood"),
        (["QUORUM none"], "not understood"),
        (["quorum none none"], "not understood"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(lines: list[str], why: str) -> None:
    """The first wrong line is named."""
    with pytest.raises(MalformedError, match=why):
        Policy.parse("\n".join(lines))


def test_limits() -> None:
    """32 witnesses, 32 logs and 32 groups are supported; text without end is not."""
    signers = [ed25519.Signer.from_seed(n.to_bytes(32, "big")) for n in range(1, 65)]
    lines = [f"log {VKey(f'log{n}', 1, s.public_key).render()}" for n, s in enumerate(signers[:32])]
    keys = [cosigner_vkey(name=f"w{n}", signer=s).render() for n, s in enumerate(signers[32:])]
    lines += [f"witness w{n} {key}\ngroup g{n} any w{n}" for n, key in enumerate(keys)]
    assert len(Policy.parse("\n".join([*lines, "quorum g31"])).groups) == 32
    with pytest.raises(MalformedError, match="characters"):
        Policy.parse("#" * 1_000_001)


def test_the_log_itself_is_never_counted() -> None:
    """Neither under its name nor, where the policy knows its key or the caller does, by its key."""
    own = cosigner_vkey(name=ORIGIN, signer=SIGNERS[1]).render()
    line = cosign(TEXT, name=ORIGIN, signer=SIGNERS[1], timestamp_s=1)
    assert not Policy.parse(f"witness one {own}\nquorum one").satisfied(
        add_signatures(NOTE, [line]), origin=ORIGIN
    )
    disguised = f"witness one {KEYS[0]}\nquorum one"
    assert Policy.parse(disguised).satisfied(cosigned(0), origin=ORIGIN)
    assert not Policy.parse(f"log {LOG}\n{disguised}").satisfied(cosigned(0), origin=ORIGIN)
    assert Policy.parse(disguised).counted(ORIGIN, log_keys=(SIGNERS[0].public_key,)) == ()


def test_quorum_none_is_always_reached() -> None:
    """Also without any witness."""
    assert Policy.parse("quorum none").satisfied(NOTE, origin=ORIGIN)


def test_k_of_n_in_two_levels_is_what_it_says() -> None:
    """Every subset of five witnesses: two of the first three, and one of the other two."""
    policy = Policy.parse(
        "\n".join(
            [
                *(f"witness w{n} {KEYS[n]}" for n in range(1, 6)),
                "group x 2 w1 w2 w3",
                "group y any w4 w5",
                "group z all x y",
                "quorum z",
            ]
        )
    )
    for chosen in chain.from_iterable(combinations(range(1, 6), count) for count in range(6)):
        expected = len({1, 2, 3}.intersection(chosen)) >= 2 and not {4, 5}.isdisjoint(chosen)
        assert policy.satisfied(cosigned(*chosen), origin=ORIGIN) is expected


@given(st.text(max_size=60))
def test_any_text_is_a_policy_or_malformed(text: str) -> None:
    """Nothing else is ever raised."""
    try:
        Policy.parse(text)
    except MalformedError:
        return
