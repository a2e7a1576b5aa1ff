"""Frames cut by hand: where they end, what is not whole yet, what no client may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from voltring_node.framing import WHOLE_TEXT, Cut, cut, payload, text_frame

MOST = 200_000


def written(data, opcode=Opcode.TEXT, fin=True, mask=True):
    return Frame(opcode, data, fin).serialize(mask=mask)


@given(st.binary(max_size=300) | st.sampled_from([125, 126, 127, 65_535, 65_536]).map(bytes), st.binary(max_size=3))
def test_a_whole_frame_ends_where_the_next_one_begins_and_loses_its_mask(data, more):
    frame = written(data)
    begin, end = cut(more + frame + more, len(more), MOST)
    assert end == len(more) + len(frame)
    assert payload(more + frame + more, begin, end) == data
    assert frame[0] == WHOLE_TEXT


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_without_its_last_byte_is_not_whole(size):
    frame = written(bytes(size))
    for missing in {1, 2, len(frame) - 1, len(frame) - 3, min(5, len(frame))}:
        assert cut(frame[:-missing], 0, MOST)[1] == Cut.INCOMPLETE


@pytest.mark.parametrize(
    "frame",
    [written(b"x", mask=False), b"\xc1" + written(b"x")[1:], written(bytes(MOST + 1)), written(bytes(MOST + 1))[:14]],
    ids=["no mask", "a reserved bit", "too long", "going to be too long"],
)
def test_what_no_client_may_send_is_strange(frame):
    assert cut(frame, 0, MOST)[1] == Cut.STRANGE


@given(st.binary(max_size=300) | st.sampled_from([65_535, 65_536]).map(bytes))
def test_a_text_is_framed_as_websockets_frames_it(data):
    assert text_frame(data) == written(data, mask=False)
