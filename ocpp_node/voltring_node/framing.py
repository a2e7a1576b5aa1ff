"""WebSocket frames, as far as almost all of them go: a whole text, masked, in one frame. Pure.

Everything else (fragments, pings, the goodbye, faults) is websockets' own business: it gets it frame by frame.
"""

import struct
from enum import IntEnum

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled one for this machine
    from websockets.utils import apply_mask

WHOLE_TEXT = 0x81
"""The first byte of a text in one frame: FIN and opcode 1, no extension."""
RESERVED, MASKED = 0x70, 0x80
SHORT, LONG = 126, 127
_LONG, _LONGEST = struct.Struct(">H"), struct.Struct(">Q")


class Cut(IntEnum):
    """What `cut` says in place of a frame's end."""

    INCOMPLETE = 0
    STRANGE = -1


def cut(data: bytes, start: int, most: int) -> tuple[int, int]:
    """Where the masked payload of the frame at `start` begins (its key is the four bytes before) and where it ends.

    The end is `INCOMPLETE` when bytes are missing, and `STRANGE` for what no client may send: without a mask, with
    reserved bits, more than `most` bytes.
    """
    left = len(data) - start
    if left < 2:
        return 0, Cut.INCOMPLETE
    size = data[start + 1] - MASKED
    if size < 0 or data[start] & RESERVED:
        return 0, Cut.STRANGE
    begin = start + 6
    if size == SHORT:
        if left < 4:
            return 0, Cut.INCOMPLETE
        size, begin = _LONG.unpack_from(data, start + 2)[0], start + 8
    elif size == LONG:
        if left < 10:
            return 0, Cut.INCOMPLETE
        size, begin = _LONGEST.unpack_from(data, start + 2)[0], start + 14
    if size > most:
        return 0, Cut.STRANGE
    end = begin + size
    return begin, end if end <= len(data) else Cut.INCOMPLETE


def payload(data: bytes, begin: int, end: int) -> bytes:
    """The payload without its mask."""
    return bytes(apply_mask(data[begin:end], data[begin - 4 : begin]))


def text_frame(data: bytes) -> bytes:
    """A whole text as a server sends it."""
    size = len(data)
    if size < SHORT:
        return bytes((WHOLE_TEXT, size)) + data
    if size < 65_536:
        return bytes((WHOLE_TEXT, SHORT)) + _LONG.pack(size) + data
    return bytes((WHOLE_TEXT, LONG)) + _LONGEST.pack(size) + data
