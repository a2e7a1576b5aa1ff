"""Which requests are traced, what their answers name, and when their spans end."""

import asyncio
import json

import pytest
from spans_kept import Keeping
from starlette.responses import JSONResponse

from voltring_api.deadline import Deadline
from voltring_api.problems import problem
from voltring_api.tracing import Traced
from voltring_core import tracing

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def kept():
    keeping = Keeping()
    tracing.start(keeping, 0.0)
    yield keeping
    tracing.start(None, 0.0)


async def ask(app, path="/v1/chargers", traceparent=TRACEPARENT, method="GET"):
    """The answer's status, headers and body."""
    headers = [] if traceparent is None else [(b"traceparent", traceparent.encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(one.get("body", b"") for one in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


def answering(status):
    async def app(scope, receive, send):
        await JSONResponse({}, status)(scope, receive, send)

    return app


async def test_a_traced_request_names_its_trace_and_ends_with_its_status(kept):
    status, headers, _ = await ask(Traced(answering(200)))
    (span,) = kept.spans
    place = f"00-{span.place.trace_id:032x}-{span.place.span_id:016x}-01"
    assert (status, headers[b"traceresponse"].decode()) == (200, place)
    assert (span.name, span.attributes["http.response.status_code"], span.ended, span.failed) == (
        "GET other",
        200,
        1,
        None,
    )


@pytest.mark.parametrize("given", [None, TRACEPARENT[:-1] + "0"])
async def test_what_is_not_sampled_has_no_span_and_its_answer_no_header(kept, given):
    _, headers, _ = await ask(Traced(answering(200)), traceparent=given)
    assert (kept.spans, b"traceresponse" in headers) == ([], False)


async def test_pages_are_not_traced(kept):
    await ask(Traced(answering(200)), path="/index.html")
    assert kept.spans == []


async def test_who_has_no_key_leaves_nothing_that_is_sent(kept):
    await ask(Traced(answering(401)))
    assert [span.ended for span in kept.spans] == [0]


async def test_a_fault_of_ours_is_an_error_and_one_of_the_client_is_none(kept):
    await ask(Traced(answering(500)))
    await ask(Traced(answering(404)))
    assert [span.failed for span in kept.spans] == ["500", None]


async def test_a_request_that_nothing_comes_of_ends_as_an_error(kept):
    async def app(scope, receive, send):
        return

    with pytest.raises(IndexError):
        await ask(Traced(app))
    assert [(span.failed, span.ended) for span in kept.spans] == [("no answer", 1)]


async def test_a_request_that_fails_beyond_all_handlers_ends_as_an_error(kept):
    async def app(scope, receive, send):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask(Traced(app))
    assert [(span.failed, span.ended) for span in kept.spans] == [("no answer", 1)]
    assert tracing.current() is None


async def test_an_error_says_where_it_is_traced(kept):
    async def app(scope, receive, send):
        await problem(404, "There is nothing.")(scope, receive, send)

    _, _, body = await ask(Traced(app))
    assert json.loads(body)["trace_id"] == f"{kept.spans[0].place.trace_id:032x}"
    assert "trace_id" not in json.loads((await ask(app))[2])


async def test_an_answer_in_the_place_of_one_that_comes_too_late_says_it_too(kept):
    async def app(scope, receive, send):
        await asyncio.Event().wait()

    status, _, body = await ask(Traced(Deadline(app, 0.001)))
    assert (status, json.loads(body)["trace_id"]) == (503, f"{kept.spans[0].place.trace_id:032x}")


async def test_the_span_of_a_stream_ends_as_it_begins_to_flow(kept):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert kept.spans[0].ended == 1
        await send({"type": "http.response.body", "body": b"more", "more_body": False})

    assert (await ask(Traced(app)))[2] == b"more"
    assert kept.spans[0].ended == 1
