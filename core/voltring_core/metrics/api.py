"""Of the API: requests, and the live feed."""

from voltring_core.metrics.naming import Kind, counter, gauge, histogram

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "other")
ROUTES = Kind("the API's routes, as /openapi.json has them; other")

REQUESTS = counter(
    "voltring_api_requests_total",
    "API requests.",
    "5xx are ours; 429 and 409 are clients that hurry.",
    {"method": METHODS, "route": ROUTES, "status": Kind("HTTP's")},
)
REQUEST_SECONDS = histogram(
    "voltring_api_request_seconds",
    "From a request to the beginning of its response; those that wait for a command take as long as the charger.",
    "Which route is slow.",
    {"method": METHODS, "route": ROUTES},
)
REQUESTS_OPEN = gauge(
    "voltring_api_requests_in_progress",
    "Requests that are being answered, live feeds included.",
    "Grows where a server is slow.",
)
LISTENERS = gauge(
    "voltring_api_feed_listeners", "Live feeds that are open.", "Who looks; at most 1,000 for each replica."
)
LAGGED_FEEDS = counter(
    "voltring_api_feed_lagged_total",
    "Live feeds that fell behind and were told to read again.",
    "Clients that are too slow, or too much at once.",
)
API_LOOP_LAG = histogram(
    "voltring_api_loop_lag_seconds",
    "How late the event loop woke up.",
    "Above 0.1 s the API has too little CPU: another replica.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
