"""What hypothesis calls as it is imported, where this package is installed: it makes `from_type(Ledger)` work."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def register() -> None:
    """Register a strategy of `Ledger`, `Policy`, `Rule`, `Interval` and each entry type, made when it is first used."""
    from hypothesis import strategies as st  # noqa: PLC0415 - hypothesis loads this, never the other way round

    from followup.dates import Interval  # noqa: PLC0415
    from followup.entries import TYPES, Entry  # noqa: PLC0415
    from followup.ledger import Ledger  # noqa: PLC0415
    from followup.policy import Policy, Rule  # noqa: PLC0415

    strategies = {Ledger: "ledgers", Policy: "policies", Rule: "rules", Interval: "intervals", Entry: "entries"}
    for kind, name in strategies.items():
        st.register_type_strategy(kind, _later(name))
    for name, entry_type in TYPES.items():
        st.register_type_strategy(entry_type, _later("entries", name))


def _later(name: str, *words: str) -> Callable[[type], Any]:
    def made(kind: type) -> Any:  # noqa: ARG001 - hypothesis names the type it asks for
        return getattr(import_module("followup.testing"), name)(*words)  # most who use hypothesis have no need of it

    return made
