"""Products and stock for the local shop, written through the public API as an admin."""

from __future__ import annotations

from dataclasses import dataclass

from . import aws, console, users
from .http_api import HttpApi
from .state import Stack


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    price: int
    weight_grams: int
    stock: int


PRODUCTS = (
    Product("TEA-01", "Sencha, 100 g", 950, 120, 10_000),
    Product("TEA-02", "Gyokuro, 50 g", 2400, 70, 2_000),
    Product("MUG-01", "Mug, stoneware", 1490, 380, 500),
    Product("POT-01", "Teapot, cast iron", 3900, 1200, 25),
    Product("RARE-01", "First flush, sold out", 8900, 70, 0),
)


def seed(stack: Stack) -> None:
    """Adds what is missing and leaves changed products and stock alone."""
    shop = HttpApi(stack.api, users.token(stack, users.ADMIN))
    with console.waiting("products and stock"):
        for product in PRODUCTS:
            _put_product(shop, product)
            _put_stock(shop, product)
    console.until(
        "waiting for the orders service's copies of the prices",
        seconds=60,
        look=lambda: _copied_prices(stack) >= {product.sku for product in PRODUCTS},
        otherwise="The prices did not reach the orders service in 60 s: see copy-prices in .local/emulator.log.",
    )


def _put_product(shop: HttpApi, product: Product) -> None:
    path = f"/products/{product.sku}"
    if shop.get(path).status == 404:
        body = {"name": product.name, "price": product.price, "currency": "EUR", "weight_grams": product.weight_grams}
        shop.put(path, body).expect(200, 201, 202, what=f"PUT {path}")


def _put_stock(shop: HttpApi, product: Product) -> None:
    path = f"/stock/{product.sku}"
    if shop.get(path).status == 404:
        shop.put(path, {"on_hand": product.stock}).expect(200, 201, 202, what=f"PUT {path}")


def _copied_prices(stack: Stack) -> set[str]:
    keys = [{"pk": {"S": f"sku#{product.sku}"}, "sk": {"S": "price"}} for product in PRODUCTS]
    table = stack.resources["OrdersTable"]
    found = aws.client("dynamodb", stack).batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    return {item["pk"]["S"].removeprefix("sku#") for item in found["Responses"][table]}
