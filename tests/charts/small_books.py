"""Small books whose pictures are told by hand."""

from energychain.markets.orders import Book, order

TABLE_3 = Book.of(
    order(name, name, side, quantity, price)
    for name, side, quantity, price in (
        *(("E", "buy", "3.2", "28"), ("D", "buy", "10.9", "26")),
        *(("B", "buy", "6.5", "24"), ("G", "buy", "5.4", "20")),
        *(("H", "sell", "6.8", "16"), ("F", "sell", "7.2", "19")),
        *(("C", "sell", "9.8", "22"), ("A", "sell", "3.2", "25")),
    )
)


def book(*rows: tuple[str, str, str, str]) -> Book:
    return Book.of(order(name, name, side, amount, price) for name, side, amount, price in rows)


CORNERS = {
    "tie": book(("b", "buy", "2", "10"), ("s", "sell", "2", "10")),
    "no trade": book(("b", "buy", "2", "9"), ("s", "sell", "2", "10")),
    "only bids": book(("b", "buy", "2", "9")),
    "only offers": book(("s", "sell", "2", "9")),
    "negative": book(("b", "buy", "2", "5"), ("s", "sell", "5", "-10")),
    "empty orders": book(("b", "buy", "0", "5"), ("s", "sell", "0", "1")),
    "one price": book(("b", "buy", "1", "0"), ("s", "sell", "3", "0")),
}
