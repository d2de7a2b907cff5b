"""What `emc reconcile` compares."""

from enum import StrEnum


class Check(StrEnum):
    """What is compared. A label of metrics, so never renamed."""

    BALANCES = "balances"  # the journal as far as it is folded, with the balances
    TOTALS = "totals"  # the journal, with the totals of accounts that are shown
    ENTRIES = "entries"  # the journal, with what dossiers have booked and retired ones had
    DOSSIERS = "dossiers"  # what each dossier has booked, with what its events post
    LATE = "late"  # the lines of closed months, with those of the journal
    READINGS = "readings"  # the sums that readings are made of, with the lines they sum
