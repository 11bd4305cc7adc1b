"""One witness as the log talks to it (C2SP tlog-witness): asking its size, submitting, reading.

Nothing that a witness says is believed but cosignatures that verify under the policy's keys, and notes that
this log's own key signed. This module must not decide what follows from an answer.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ledger.errors import ExitCode, LedgerError, MalformedError, VerificationError
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.merkle import verify_consistency
from ledger.proof.note import Note, NoteSignature, parse_signature_lines
from ledger.proof.tlog_witness import ADD_CHECKPOINT, SIZE_CONTENT_TYPE, AddCheckpoint, log_path, parse_size
from ledger.web.client import exchange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.app.checkpointer import SignedCheckpoint
    from ledger.proof.note import Ed25519NoteVerifier
    from ledger.proof.policy import WitnessLine
    from ledger.web.client import Answer
    from ledger_server.port import LedgerPort

MAX_ANSWER_BYTES: Final = 1_000_000
_ROUNDS: Final = 4
"""The witness's size is learnt in the first round; the others are for those who submit at the same time."""


class WitnessRefused(LedgerError):
    """The witness does not cosign; `result` is the metric's word for why."""

    exit_code = ExitCode.UNAVAILABLE

    def __init__(self, result: str, summary: str) -> None:
        super().__init__(summary)
        self.result = result


class OtherHistory(WitnessRefused):
    """The witness holds, or claims to hold, a tree of this log that is no prefix of ours."""

    def __init__(self, summary: str) -> None:
        super().__init__("forked", summary)


_REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    HTTPStatus.BAD_REQUEST: ("malformed", "calls the request malformed"),
    HTTPStatus.FORBIDDEN: ("untrusted_key", "does not trust this log's key"),
    HTTPStatus.NOT_FOUND: ("unknown_log", "does not know this log"),
}


class WitnessPlace:
    """The witnesses of a policy that answer at one URL."""

    def __init__(
        self,
        url: str,
        witnesses: Sequence[WitnessLine],
        *,
        ledger: LedgerPort,
        verifier: Ed25519NoteVerifier,
        within_s: float,
    ) -> None:
        self.url = url
        self.witnesses = tuple(witnesses)
        self.name = "+".join(witness.name for witness in witnesses)
        self.seen_size = 0
        """The size that the witness cosigned last, as far as is known."""
        self.sent_size = 0
        """Size of the checkpoint that it was given last."""
        self._ledger = ledger
        self._verifier = verifier
        self._within_s = within_s

    async def submit(self) -> tuple[SignedCheckpoint, dict[str, NoteSignature]]:
        """Submit the newest signed checkpoint; which one, and its verified cosignatures by policy name.

        Raises WitnessRefused, OtherHistory or Unreachable. What verifies under none of the keys is left out;
        a wrong cosignature of a known key is refused.
        """
        for _ in range(_ROUNDS):
            checkpoint = self._newest()
            answer = await self._post(checkpoint)
            if answer.status != HTTPStatus.CONFLICT or not _tells_size(answer):
                return checkpoint, self._cosigned(answer, checkpoint)
            size = _parsed_size(answer)
            newest = self._newest().size
            if size > newest:
                raise OtherHistory(f"has cosigned size {size} of this log, whose record has size {newest}")
            if size == self.seen_size:
                raise WitnessRefused("malformed", "answers with the size that it was given")
            self.seen_size = size
        raise WitnessRefused("unreachable", "is asked by others at the same time")

    async def read(self) -> bytes | None:
        """The newest note that the witness publishes of this log, unverified; None if there is none."""
        path = log_path(self._ledger.origin)
        answer = await exchange(f"{self.url}/{path}", within_s=self._within_s, max_bytes=MAX_ANSWER_BYTES)
        return answer.body if answer.status == HTTPStatus.OK else None

    async def evidence(self) -> tuple[bytes, str] | None:
        """A note that this log's key signed and that is no prefix of its tree, with what is wrong about it.

        None where the witness publishes nothing of the kind. Raises Unreachable.
        """
        note = await self.read()
        signed = self._ledger.publication.signed
        if note is None:
            return None
        try:
            head = open_checkpoint(note, self._verifier, self._ledger.origin)
        except LedgerError:
            return None
        ours = signed.size if signed else 0
        if head.size > ours:
            return note, f"this log's key signed size {head.size}, its record has size {ours}"
        if head.size == 0 or signed is None:
            return None
        proof = await self._ledger.consistency_proof(head.size, signed.size)
        try:
            verify_consistency(
                size1=head.size, size2=signed.size, root1=head.root, root2=signed.root, proof=proof
            )
        except VerificationError:
            return note, f"this log's key signed another tree of size {head.size}"
        return None

    def lines(self, note: Note) -> dict[str, NoteSignature]:
        """The verified cosignatures of this place's witnesses on a note, by name in the policy.

        Raises WitnessRefused if a line of one of their keys is wrong.
        """
        found = {}
        for witness in self.witnesses:
            verifier = witness.verifier
            for line in note.signatures:
                if (line.name, line.key_id) != (verifier.name, verifier.key_id):
                    continue
                try:
                    verifier.verify(line.signature, note.text)
                except LedgerError:
                    raise WitnessRefused("wrong", "gave a cosignature that does not verify") from None
                found[witness.name] = line
        return found

    def _newest(self) -> SignedCheckpoint:
        signed = self._ledger.publication.signed
        if signed is None:
            raise WitnessRefused("unreachable", "cannot be asked before there is a checkpoint")
        return signed

    async def _post(self, checkpoint: SignedCheckpoint) -> Answer:
        proof: Iterable[bytes] = ()
        if 0 < self.seen_size < checkpoint.size:
            proof = await self._ledger.consistency_proof(self.seen_size, checkpoint.size)
        request = AddCheckpoint(self.seen_size, tuple(proof), _log_signed(checkpoint.note, self._verifier))
        return await exchange(
            f"{self.url}/{ADD_CHECKPOINT}",
            method="POST",
            body=request.render(),
            within_s=self._within_s,
            max_bytes=MAX_ANSWER_BYTES,
        )

    def _cosigned(self, answer: Answer, checkpoint: SignedCheckpoint) -> dict[str, NoteSignature]:
        if answer.status == HTTPStatus.CONFLICT:
            raise OtherHistory(f"has cosigned another tree of size {checkpoint.size}")
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise OtherHistory(f"does not find its tree of size {self.seen_size} in this log")
        if answer.status != HTTPStatus.OK:
            result, words = _REFUSALS.get(answer.status, ("unreachable", f"answers {answer.status}"))
            raise WitnessRefused(result, words)
        try:
            signatures = parse_signature_lines(answer.body)
        except MalformedError as error:
            raise WitnessRefused("wrong", error.summary) from None
        self.seen_size = self.sent_size = checkpoint.size
        return self.lines(Note(Note.parse(checkpoint.note).text, signatures))


def _tells_size(answer: Answer) -> bool:
    return answer.content_type.partition(";")[0].strip() == SIZE_CONTENT_TYPE


def _parsed_size(answer: Answer) -> int:
    try:
        return parse_size(answer.body)
    except MalformedError as error:
        raise WitnessRefused("malformed", error.summary) from None


def _log_signed(note: bytes, verifier: Ed25519NoteVerifier) -> bytes:
    """The note with this log's own signature alone: what other witnesses signed is none of this one's."""
    parsed = Note.parse(note)
    own = [line for line in parsed.signatures if (line.name, line.key_id) == (verifier.name, verifier.key_id)]
    return Note(parsed.text, tuple(own)).render()
