"""Times as staging reads them."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?:[Zz]|([+-])(\d{2}):?(\d{2})?)?", re.ASCII
)


@lru_cache(maxsize=64)
def read_moment(text: str) -> datetime | None:
    """The moment of an RFC 3339 text; without a zone it is taken as UTC. None for anything else."""
    found = _MOMENT.fullmatch(text)
    if not found or re.search(r"-00(:?00)?$", text):
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = found.groups()
    try:
        moment = datetime(
            *(int(part or 0) for part in (year, month, day, hour, minute, second)),
            int(f"{fraction or 0:0<6}"[:6]),
            tzinfo=UTC,
        )
        offset = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
        return moment + offset if sign == "-" else moment - offset
    except (ValueError, OverflowError):
        return None
