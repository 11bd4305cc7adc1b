"""The next possible step for each thing that a list shows, as a command to type.

Pure functions of a row as it is printed. Nothing is decided here: the ledger may still refuse the step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.domain.days import format_day

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

NONE = "none"

_BUREAU = "voucherctl bureau"
_SELLERS = frozenset({"COMPUTE", "MODEL", "EXCHANGE"})


def after_programme(row: Mapping[str, Any]) -> str:
    """A programme needs a policy, then applications while money is left; a queue is allocated."""
    programme_id = row["programme_id"]
    if row["policy_version"] == 0:
        return f"{_BUREAU} publish-policy --programme {programme_id} --profile NAME"
    if int(row["queued_fen"]) > 0:
        return f"{_BUREAU} allocate --programme {programme_id}"
    if int(row["available_fen"]) > 0:
        return f"{_BUREAU} apply --programme {programme_id} --contract ID"
    return NONE


def after_calendar(row: Mapping[str, Any]) -> str:
    """A calendar may be replaced by the year's next version."""
    return f"{_BUREAU} publish-calendar --year {row['year']} --file FILE (the next version)"


def after_participant(row: Mapping[str, Any]) -> str:
    """A participant needs a key; a provider then an admission and devices, a buyer a contract."""
    participant_id = row["participant_id"]
    if row["role"]:
        return NONE
    if not row["keys"]:
        return f"voucherctl keys register --participant {participant_id} --new-key FILE"
    if row["suspended"]:
        return f"{_BUREAU} readmit-provider --provider {participant_id} --from DAY (unless removed)"
    if row["admitted"] and row["kind"] == "COMPUTE":
        return f"{_BUREAU} register-devices --devices FILE"
    if row["admitted"]:
        return f"voucherctl provider attest-service --voucher ID {_MORE}"
    if row["kind"] in _SELLERS:
        return f"{_BUREAU} admit-provider --provider {participant_id} --item CODE --from DAY"
    return f"{_BUREAU} register-contract --provider ID {_MORE}"


def after_holding(row: Mapping[str, Any]) -> str:
    """A holding holds until another declaration of the pair."""
    pair = f"--owner {row['owner_id']} --owned {row['owned_id']}"
    return f"{_BUREAU} declare-holding {pair} --share PERCENT --as-of DAY (if it changed)"


def after_device(_row: Mapping[str, Any]) -> str:
    """A device is used, and its use attested."""
    return f"voucherctl provider attest --usage FILE --format csv {_MORE}"


def after_contract(row: Mapping[str, Any]) -> str:
    """A contract without a voucher is applied with; one with a voucher gets its evidence."""
    contract_id = row["registration"]["contract_id"]
    if row["public_money_fen"] == "0":
        return f"{_BUREAU} apply --programme ID --contract {contract_id}"
    return f"{_BUREAU} register-invoice --contract {contract_id} {_MORE}"


def after_evidence(row: Mapping[str, Any]) -> str:
    """An invoice or payment is redeemed up to its amount, unless it was cancelled."""
    left_fen = int(row["amount_fen"]) - int(row["consumed_fen"])
    if left_fen == 0 or row["status"] not in {"", "VALID"} or row["kind"] == "ACCEPTANCE":
        return NONE
    return f"{_BUREAU} redeem --voucher ID --payee-commitment HEX"


def after_application(row: Mapping[str, Any], *, today: int) -> str:
    """An application is checked, reviewed and publicised, and granted after the notice if nobody objects."""
    application_id = row["application_id"]
    command = _APPLICATION_COMMANDS.get(row["state"])
    if command is not None:
        more = " --proposed YUAN" if row["award"] and row["state"] == "CHECKED" else ""
        return f"{_BUREAU} application {command} --application {application_id}{more}"
    if row["state"] == "PUBLICISED":
        if row["open_objections"]:
            return f"{_BUREAU} objections --application {application_id}"
        last_day = row["last_notice_day"]
        wait = f" (from {format_day(last_day + 1)} on)" if today <= last_day else ""
        return f"{_BUREAU} grant --application {application_id}{wait}"
    if row["state"] == "QUEUED":
        return f"{_BUREAU} allocate --programme {row['programme_id']}"
    return f"{_BUREAU} vouchers --programme {row['programme_id']}" if row["state"] == "GRANTED" else NONE


def after_objection(row: Mapping[str, Any]) -> str:
    """An objection is decided once."""
    if row["decided"]:
        return NONE
    names = f"--application {row['application_id']} --objection {row['objection_id']}"
    return f"{_BUREAU} objection decide {names} --dismissed (or --upheld)"


def after_voucher(row: Mapping[str, Any], *, today: int, services: Collection[str] = ()) -> str:
    """An active voucher is used, then redeemed; after its validity it expires; a held one waits.

    `services` are programmes whose vouchers buy services, which are not metered by device.
    """
    voucher_id = row["voucher_id"]
    if row["state"] != "ACTIVE":
        return NONE
    if today >= row["valid_until_day"]:
        return f"{_BUREAU} expire --voucher {voucher_id}"
    if row["held"]:
        return f"{_BUREAU} release-hold --voucher {voucher_id} (or settle the clawback: {_BUREAU} clawbacks)"
    if row["metered_ms"] != "0" or not row["contract_id"]:
        return f"{_BUREAU} redeem --voucher {voucher_id} --payee-commitment HEX"
    if row["programme_id"] not in services:
        return f"voucherctl provider attest --voucher TENANT={voucher_id} {_MORE}"
    if row["redeemed_fen"] == "0":
        return f"voucherctl provider attest-service --voucher {voucher_id} {_MORE}"
    return f"{_BUREAU} redeem --voucher {voucher_id} --payee-commitment HEX"


def after_claim(row: Mapping[str, Any]) -> str:
    """An accepted claim is redeemed once; a disputed one is confirmed again, or set aside."""
    if row["state"] == "REFUSED":
        return f"voucherctl provider attest {_MORE} (a corrected one)"
    if row["state"] not in {"ACCEPTED", "RECONFIRMED"}:
        return NONE
    if row["disputed"]:
        aside = "" if row["redemption_id"] else " (or set-aside)"
        return f"{_BUREAU} reconfirm --claim {row['claim_id']}{aside}"
    if row["redemption_id"]:
        return f"{_BUREAU} redemptions --voucher {row['voucher_id']}"
    return f"{_BUREAU} redeem --voucher {row['voucher_id']} --claim {row['claim_id']} --payee-commitment HEX"


def after_redemption(row: Mapping[str, Any]) -> str:
    """A redemption is verified, approved twice, ordered and paid, instalment by instalment."""
    redemption_id = row["redemption_id"]
    command = _REDEMPTION_COMMANDS.get(row["state"])
    if command is None:
        return NONE
    if row["suspended"]:
        return f"{_BUREAU} reconfirm --redemption {redemption_id}"
    return f"{_BUREAU} {command(redemption_id)}"


def after_clawback(row: Mapping[str, Any]) -> str:
    """A clawback is notified, may be appealed, is determined, and collected until nothing is outstanding."""
    command = _CLAWBACK_COMMANDS.get(row["state"])
    return f"{_BUREAU} clawback {command(row['clawback_id'])}" if command else NONE


def _about(option: str, verb: str, more: str = "") -> Callable[[str], str]:
    return lambda entity_id: f"{verb} --{option} {entity_id}{more}"


_MORE = "…"
_APPLICATION_COMMANDS: Mapping[str, str] = {
    "SUBMITTED": "check",
    "RETURNED": "resubmit",
    "CHECKED": "review",
    "REVIEWED": "publicise",
}
_REDEMPTION_COMMANDS: Mapping[str, Callable[[str], str]] = {
    "REQUESTED": _about("redemption", "verify"),
    "VERIFIED": _about("redemption", "approve"),
    "APPROVED_ONCE": _about("redemption", "approve"),
    "APPROVED": _about("redemption", "order"),
    "ORDERED": _about("redemption", "pay", " --bank B --reference R --paid DAY"),
}
_COLLECT = _about("clawback", "repay", " --amount YUAN --bank B --reference R --received DAY")
_CLAWBACK_COMMANDS: Mapping[str, Callable[[str], str]] = {
    "OPENED": _about("clawback", "notify", " --document FILE"),
    "NOTIFIED": _about("clawback", "determine"),
    "APPEALED": _about("clawback", "determine"),
    "DETERMINED": _COLLECT,
    "PARTLY_RECOVERED": _COLLECT,
}
