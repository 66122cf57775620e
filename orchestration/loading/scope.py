"""Which part of the lake a discovery lists. What lies outside is not judged: it is neither due nor missing."""

from dataclasses import dataclass

from orchestration.loading.objects import RAW_TABLES


@dataclass(frozen=True)
class Scope:
    """Prefixes to list; none of them lies within another."""

    prefixes: tuple[str, ...]

    @property
    def is_everything(self) -> bool:
        return self == EVERYTHING


EVERYTHING = Scope(tuple(f"{kind}/" for kind in RAW_TABLES))
