"""What becomes of an exception nobody expected: a random incident id for the client, the rest for the log."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ledger.app.outcomes import Refused
from ledger.app.publication import CheckpointUnavailable
from ledger.domain.rejections import Reason

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


def incident(log: FilteringBoundLogger, *, method: str, error: BaseException) -> Refused:
    """Log the exception under a random id and give the refusal that names the id alone."""
    if isinstance(error, CheckpointUnavailable):
        return Refused(Reason.WRITING_STOPPED, "no checkpoint can be signed; what was recorded is durable")
    incident_id = secrets.token_hex(8)
    log.error("incident", incident=incident_id, method=method, exc_info=error)
    return Refused(reason=Reason.INTERNAL, message=f"a fault of the server, incident {incident_id}")
