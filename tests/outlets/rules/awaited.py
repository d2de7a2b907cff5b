"""Metrics that rules read and no process exports yet; the set must become empty."""

from typing import Final

AWAITED: Final = frozenset(
    {
        "emc_service_requests_total",
        "emc_service_request_duration_seconds_bucket",
        "emc_step_working_seconds",
        "emc_step_dossiers",
        "emc_dossiers_warned_credit_total",
        "emc_dossiers_warned_debit_total",
    }
)
