"""Who sells, as invoices name it. Settings, not data: an invoice names whom the settings name when it is read."""

from dataclasses import asdict, dataclass
from typing import Any

from voltring_core.settings import ApiSettings


@dataclass(frozen=True)
class Seller:
    """A name, the lines of an address, and a VAT id where there is one."""

    name: str
    address: tuple[str, ...] = ()
    vat_id: str | None = None


def seller_of(settings: ApiSettings) -> Seller | None:
    """The seller of the settings; None when they name none."""
    if settings.seller_name is None:
        return None
    return Seller(settings.seller_name, settings.seller_address or (), settings.seller_vat_id)


def with_seller(invoice: dict[str, Any], seller: Seller | None) -> dict[str, Any]:
    """The invoice with `seller` (`name`, `address` in lines, `vat_id`), or as it is when there is none."""
    return invoice if seller is None else {**invoice, "seller": asdict(seller)}
