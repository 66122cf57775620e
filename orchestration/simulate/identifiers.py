"""Identifiers and timestamps as text, for a whole column at a time (one at a time is most of a simulator's run)."""

import numpy as np

UUID_GROUPS = ((0, 0, 8), (8, 9, 4), (12, 14, 4), (16, 19, 4), (20, 24, 12))
UUID_LENGTH = 36
DAY_MILLISECONDS = 86_400_000
STAMP_PATTERN = np.frombuffer(b"0000-00-00T00:00:00.000", np.uint8)
STAMP_LENGTH = len(STAMP_PATTERN)
TWO_DIGITS = np.frombuffer("".join(f"{n:02d}" for n in range(100)).encode(), np.uint8).reshape(-1, 2)
THREE_DIGITS = np.frombuffer("".join(f"{n:03d}" for n in range(1000)).encode(), np.uint8).reshape(-1, 3)


def _split(text: str, width: int) -> list[str]:
    return [text[start : start + width] for start in range(0, len(text), width)]


def random_uuids(rng: np.random.Generator, count: int) -> list[str]:
    """`count` version 4 UUIDs drawn from the generator."""
    raw = np.frombuffer(rng.bytes(16 * count), np.uint8).reshape(count, 16).copy()
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    digits = np.frombuffer(raw.tobytes().hex().encode(), np.uint8).reshape(count, 32)
    text = np.full((count, UUID_LENGTH), ord("-"), np.uint8)
    for source, target, length in UUID_GROUPS:
        text[:, target : target + length] = digits[:, source : source + length]
    return _split(text.tobytes().decode("ascii"), UUID_LENGTH)


def timestamps(milliseconds: np.ndarray) -> list[str]:
    """`2025-09-01T08:00:00.000` for each number of milliseconds since 1970, without a zone."""
    if not len(milliseconds):
        return []
    days = milliseconds // DAY_MILLISECONDS
    rest = (milliseconds - days * DAY_MILLISECONDS).astype(np.int32)
    text = np.empty((len(milliseconds), STAMP_LENGTH), np.uint8)
    text[:] = STAMP_PATTERN
    first, last = int(days.min()), int(days.max())
    dates = np.datetime_as_string(np.arange(first, last + 1).astype("datetime64[D]")).astype("S10")
    text[:, :10] = dates.view(np.uint8).reshape(-1, 10)[days - first]
    seconds = rest // 1000
    minutes = seconds // 60
    hours = minutes // 60
    text[:, 11:13] = TWO_DIGITS[hours]
    text[:, 14:16] = TWO_DIGITS[minutes - 60 * hours]
    text[:, 17:19] = TWO_DIGITS[seconds - 60 * minutes]
    text[:, 20:23] = THREE_DIGITS[rest - 1000 * seconds]
    return _split(text.tobytes().decode("ascii"), STAMP_LENGTH)
