"""Content codings of request bodies and answers."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import lz4.frame
import zstandard

from orchestration.embedded.errors import EngineError

ANSWER_CODINGS = ("zstd", "lz4", "gzip", "deflate")
GZIP_WINDOW = 31
# A decoder gives all that it has at once. 4 bytes of zstd may become 128 KiB, a byte of gzip a thousand, of lz4 255: a
# piece becomes 16 MiB at most.
PIECE_BYTES = {"zstd": 512, "lz4": 1 << 16}
PIECE_BYTES_OF_GZIP = 1 << 14


class Encoder(Protocol):
    """Compresses an answer piece by piece."""

    def compress(self, data: bytes) -> bytes: ...

    def flush(self) -> bytes: ...


class _Lz4Encoder:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._has_begun = False

    def compress(self, data: bytes) -> bytes:
        return self._begin() + self._frame.compress(data)

    def flush(self) -> bytes:
        return self._begin() + self._frame.flush()

    def _begin(self) -> bytes:
        if self._has_begun:
            return b""
        self._has_begun = True
        return self._frame.begin()


def choose_coding(accepted: str) -> str:
    """The first of our codings that the Accept-Encoding header allows; empty when none."""
    offers = {}
    for part in accepted.lower().split(","):
        name, _, quality = part.strip().partition(";")
        offers[name.strip()] = quality.replace(" ", "") not in ("q=0", "q=0.0")
    return next((coding for coding in ANSWER_CODINGS if offers.get(coding)), "")


def make_encoder(coding: str) -> Encoder:
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=1).compressobj()
    if coding == "lz4":
        return _Lz4Encoder()
    return zlib.compressobj(3, zlib.DEFLATED, GZIP_WINDOW if coding == "gzip" else zlib.MAX_WBITS)


def decode_body(coding: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The body behind its Content-Encoding; a body that breaks off or is not of that coding is an error."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return iter(chunks)
    if coding in ("gzip", "x-gzip"):
        return _decode(coding, chunks, lambda: zlib.decompressobj(GZIP_WINDOW))
    if coding == "deflate":
        return _decode(coding, chunks, zlib.decompressobj)
    if coding == "zstd":
        return _decode(coding, chunks, lambda: zstandard.ZstdDecompressor().decompressobj())
    if coding == "lz4":
        return _decode(coding, chunks, lz4.frame.LZ4FrameDecompressor)
    raise EngineError(
        48,
        "NOT_IMPLEMENTED",
        f"Unknown Content-Encoding '{coding}'. The endpoint reads gzip, deflate, lz4, zstd and identity.",
    )


def _decode(coding: str, chunks: Iterable[bytes], make) -> Iterator[bytes]:
    """Decodes one or several frames that follow each other."""
    decoder, has_input = make(), False
    try:
        for chunk in _pieces(chunks, PIECE_BYTES.get(coding, PIECE_BYTES_OF_GZIP)):
            while chunk:
                if decoder.eof:
                    decoder = make()
                has_input = True
                yield decoder.decompress(chunk)
                chunk = decoder.unused_data if decoder.eof else b""
    except (zlib.error, zstandard.ZstdError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and coding != "lz4":
            raise
        raise _broken(coding, str(error)) from None
    if has_input and not decoder.eof:
        raise _broken(coding, "it ends in the middle of a frame")


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def _broken(coding: str, reason: str) -> EngineError:
    name = "ZLIB_INFLATE_FAILED" if "gzip" in coding else "CANNOT_DECOMPRESS"
    return EngineError(354, name, f"Cannot read the {coding} body: {reason}")
