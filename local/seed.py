"""Products and stock for the local shop, written through the public API as an admin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import aws, console, users
from .http_api import HttpApi
from .state import Stack
from .trouble import Trouble


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    price: int
    weight_grams: int
    stock: int
    tags: tuple[str, ...]
    description: str
    attributes: dict[str, str]


PRODUCTS = (
    Product(
        "TEA-01",
        "Sencha, 100 g",
        950,
        120,
        10_000,
        ("green", "tea"),
        "Steamed green tea, fresh and a little sweet.\nTwo minutes at 70 °C; good for three infusions.",
        {"Origin": "Uji, Japan", "Harvest": "May"},
    ),
    Product(
        "TEA-02",
        "Gyokuro, 50 g",
        2400,
        70,
        2_000,
        ("green", "tea"),
        "Grown in the shade for three weeks.\nTwo minutes at 55 °C, in a small pot.",
        {"Origin": "Yame, Japan", "Harvest": "May"},
    ),
    Product(
        "MUG-01",
        "Mug, stoneware",
        1490,
        380,
        500,
        ("cups",),
        "Thrown by hand, so no two are alike.",
        {"Holds": "300 ml", "Dishwasher": "yes"},
    ),
    Product(
        "POT-01",
        "Teapot, cast iron",
        3900,
        1200,
        25,
        ("pots",),
        "Keeps tea warm for an hour. With a strainer.",
        {"Holds": "800 ml", "Dishwasher": "no"},
    ),
    Product(
        "RARE-01",
        "First flush, sold out",
        8900,
        70,
        0,
        ("black", "tea"),
        "The first leaves of the year. Back in April.",
        {"Origin": "Darjeeling, India", "Harvest": "March"},
    ),
)


def seed(stack: Stack) -> None:
    """Adds what is missing and leaves changed products and stock alone."""
    shop = HttpApi(stack.api, users.token(stack, users.ADMIN))
    with console.waiting("products and stock"):
        _put_products(shop)
        for product in PRODUCTS:
            _put_stock(shop, product)
    console.until(
        "waiting for the orders service's copies of the prices",
        seconds=60,
        look=lambda: _copied_prices(stack) >= {product.sku for product in PRODUCTS},
        otherwise="The prices did not reach the orders service in 60 s: see copy-prices in .local/emulator.log.",
    )


def _put_products(shop: HttpApi) -> None:
    missing = [product for product in PRODUCTS if shop.get(f"/products/{product.sku}").status == 404]
    if not missing:
        return
    answer = shop.put("/products", {"items": [_item(product) for product in missing]}).expect(200, what="PUT /products")
    refused = [result for result in answer["results"] if result["status"] not in (200, 201)]
    if refused:
        raise Trouble(f"PUT /products refused {refused}")


def _item(product: Product) -> dict[str, Any]:
    attributes = [{"name": name, "value": value} for name, value in product.attributes.items()]
    own = {name: getattr(product, name) for name in ("sku", "name", "price", "weight_grams", "tags", "description")}
    return {**own, "currency": "EUR", "attributes": attributes}


def _put_stock(shop: HttpApi, product: Product) -> None:
    path = f"/stock/{product.sku}"
    if shop.get(path).status == 404:
        shop.put(path, {"on_hand": product.stock}).expect(200, 201, 202, what=f"PUT {path}")


def _copied_prices(stack: Stack) -> set[str]:
    keys = [{"pk": {"S": f"sku#{product.sku}"}, "sk": {"S": "price"}} for product in PRODUCTS]
    table = stack.resources["OrdersTable"]
    found = aws.client("dynamodb", stack).batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    return {item["pk"]["S"].removeprefix("sku#") for item in found["Responses"][table]}
