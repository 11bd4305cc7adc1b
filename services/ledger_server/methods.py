"""Every service and method that this server offers, as its descriptors say.

The tables of acts and access are checked against this list; it must not be written by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from ledger.v1 import (
    application_service_pb2,
    claim_service_pb2,
    log_service_pb2,
    operation_service_pb2,
    programme_service_pb2,
    redemption_service_pb2,
    registry_service_pb2,
    subscription_service_pb2,
    voucher_service_pb2,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import MethodDescriptor

LEDGER_FILES = (
    application_service_pb2.DESCRIPTOR,
    claim_service_pb2.DESCRIPTOR,
    log_service_pb2.DESCRIPTOR,
    operation_service_pb2.DESCRIPTOR,
    programme_service_pb2.DESCRIPTOR,
    redemption_service_pb2.DESCRIPTOR,
    registry_service_pb2.DESCRIPTOR,
    subscription_service_pb2.DESCRIPTOR,
    voucher_service_pb2.DESCRIPTOR,
)
HELPER_FILES = (health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR)

LEDGER_SERVICES: tuple[str, ...] = tuple(
    sorted(service.full_name for file in LEDGER_FILES for service in file.services_by_name.values())
)
SERVICES: tuple[str, ...] = tuple(
    sorted(
        service.full_name
        for file in (*LEDGER_FILES, *HELPER_FILES)
        for service in file.services_by_name.values()
    )
)
METHODS: Mapping[str, MethodDescriptor] = {
    f"/{service.full_name}/{method.name}": method
    for file in (*LEDGER_FILES, *HELPER_FILES)
    for service in file.services_by_name.values()
    for method in service.methods
}
