"""An invoice as a page."""

import pytest

from voltring_api.invoice import HEADERS, PAGE, STYLE
from voltring_api.prefer import wants_html
from voltring_api.seller import Seller, seller_of, with_seller
from voltring_core.settings import ApiSettings


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("TEXT/HTML; q=0.5", True),
        ("application/json, text/html;q=0.9", False),
        ("application/json;q=0.5, text/html;q=0.9", True),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_browser_gets_a_page_and_a_program_json(accept, is_page):
    assert wants_html(accept) is is_page


def test_the_page_needs_nothing_beside_itself():
    for word in ("<script", "src=", "href=", "url(", "@import", "http:", "https:", " on"):
        assert word not in PAGE.template.replace("content=", "") + STYLE
    assert "style-src 'sha256-" in HEADERS["Content-Security-Policy"]
    assert "size: A4" in STYLE


def test_without_a_seller_in_the_settings_an_invoice_says_nothing_of_one(monkeypatch):
    addresses = {"postgres_dsn": "postgresql://h/db", "redis_url": "redis://h"}
    monkeypatch.delenv("VOLTRING_SELLER_NAME", raising=False)
    assert seller_of(ApiSettings(**addresses)) is None
    assert with_seller({"number": 1}, None) == {"number": 1}
    named = seller_of(ApiSettings(**addresses, seller_name="Harbour Charging Ltd"))
    assert named == Seller("Harbour Charging Ltd", (), None)
    shown = {"name": "Harbour Charging Ltd", "address": (), "vat_id": None}
    assert with_seller({"number": 1}, named) == {"number": 1, "seller": shown}
