"""The next possible step for each thing that a list shows, as a command to type.

Pure functions of a row as it is printed. Nothing is decided here: the ledger may still refuse the step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NONE = "none"

_BUREAU = "voucherctl bureau"
_SELLERS = frozenset({"COMPUTE", "MODEL", "EXCHANGE"})


def after_programme(row: Mapping[str, Any]) -> str:
    """A programme needs a policy, then applications while money is left."""
    if row["policy_version"] == 0:
        return f"{_BUREAU} publish-policy --programme {row['programme_id']} --profile NAME"
    if int(row["available_fen"]) > 0:
        return f"{_BUREAU} apply --programme {row['programme_id']} --contract ID"
    return NONE


def after_participant(row: Mapping[str, Any]) -> str:
    """A participant needs a key; a provider then an admission and devices, a buyer a contract."""
    if row["role"]:
        return NONE
    if not row["keys"]:
        return f"voucherctl keys register --participant {row['participant_id']} --new-key FILE"
    if row["admitted"]:
        return f"{_BUREAU} register-devices --devices FILE"
    if row["kind"] in _SELLERS:
        return f"{_BUREAU} admit-provider --provider {row['participant_id']} --item CODE --from DAY"
    return f"{_BUREAU} register-contract --provider ID …"


def after_device(_row: Mapping[str, Any]) -> str:
    """A device is used, and its use attested."""
    return "voucherctl provider attest --usage FILE --format csv …"


def after_contract(row: Mapping[str, Any]) -> str:
    """A contract without a voucher is applied with; one with a voucher gets its evidence."""
    contract_id = row["registration"]["contract_id"]
    if row["public_money_fen"] == "0":
        return f"{_BUREAU} apply --programme ID --contract {contract_id}"
    return f"{_BUREAU} register-invoice --contract {contract_id} …"


def after_application(row: Mapping[str, Any]) -> str:
    """A submitted application is granted."""
    if row["state"] == "SUBMITTED":
        return f"{_BUREAU} grant --application {row['application_id']}"
    return f"{_BUREAU} vouchers"


def after_voucher(row: Mapping[str, Any], *, today: int) -> str:
    """An active voucher is used, then redeemed; after its validity it expires."""
    if row["state"] != "ACTIVE":
        return NONE
    if today >= row["valid_until_day"]:
        return f"{_BUREAU} expire --voucher {row['voucher_id']}"
    if row["metered_ms"] == "0":
        return f"voucherctl provider attest --voucher TENANT={row['voucher_id']} …"
    return f"{_BUREAU} redeem --voucher {row['voucher_id']} --payee-commitment HEX"


def after_claim(row: Mapping[str, Any]) -> str:
    """An accepted claim is redeemed once."""
    if row["state"] == "REFUSED":
        return "voucherctl provider attest … (a corrected one)"
    if row["state"] != "ACCEPTED" or row["disputed"]:
        return NONE
    if row["redemption_id"]:
        return f"{_BUREAU} redemptions --voucher {row['voucher_id']}"
    return f"{_BUREAU} redeem --voucher {row['voucher_id']} --claim {row['claim_id']} --payee-commitment HEX"


def after_redemption(row: Mapping[str, Any]) -> str:
    """A redemption is verified, approved twice, ordered and paid, instalment by instalment."""
    command = _REDEMPTION_COMMANDS.get(row["state"])
    return f"{_BUREAU} {command(row['redemption_id'])}" if command else NONE


def _simple(verb: str) -> Callable[[str], str]:
    return lambda redemption_id: f"{verb} --redemption {redemption_id}"


_REDEMPTION_COMMANDS: Mapping[str, Callable[[str], str]] = {
    "REQUESTED": _simple("verify"),
    "VERIFIED": _simple("approve"),
    "APPROVED_ONCE": _simple("approve"),
    "APPROVED": _simple("order"),
    "ORDERED": lambda redemption_id: f"pay --redemption {redemption_id} --bank B --reference R --paid DAY",
}
