"""Whole HTTP requests as MetaTrader's WebRequest sends them, byte for byte.

`python -m smarttrader.tests.recorded_requests` writes recorded/*.http from what stands
here. Key, token and the moment of a tick are placeholders as long as the real ones, so
that every Content-Length stays true.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "recorded"

KEY = b"@LICENSE-KEY-IN-THIRTY-LETTER@"
BARE_KEY = b"@bare-key-in-25-letters-@"  # lower case, without dashes
TOKEN = b"@TOKEN@".ljust(213, b"_")
MOMENT = b"@MOMENT@@@"  # epoch seconds

AGENT = "MetaTrader 4 Terminal/4.1440 (Windows NT 10.0.19045; x64)"
FORM = "application/x-www-form-urlencoded"
BOM = b"\xef\xbb\xbf"
OPEN = (
    b'"ticket_number":70001,"symbol":"EURUSD","trade_type":0,"lot_size":0.10,'
    b'"open_price":1.10250,"opened_at":"2026.03.02 10:00:05"'
)
CLOSED = OPEN + (
    b',"close_price":1.10450,"closed_at":"2026.03.02 11:30:05","profit":20.00,'
    b'"commission":-0.70,"swap":0.00'
)


def request(
    call: str,
    body: bytes = b"",
    *,
    method: str = "POST",
    content_type: str = "",
    token: bytes = TOKEN,
    length: int | None = -1,
    more: str = "",
) -> bytes:
    """Return a request; a length of None leaves the header out, -1 is the truth."""
    lines = [
        f"{method} /api/v1/ea/{call} HTTP/1.1",
        "Accept: */*",
        "Accept-Language: en",
        "Host: localhost",
        f"User-Agent: {AGENT}",
        "Connection: Keep-Alive",
        "Cache-Control: no-cache",
    ]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if token:
        lines.append(f"Authorization: Bearer {token.decode()}")
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    if more:
        lines.append(more)
    return "\r\n".join([*lines, "", ""]).encode() + body


def trade(comment: bytes) -> bytes:
    return b"{" + CLOSED + b',"comment":"' + comment + b'"}\0'


REQUESTS = {
    # StringToCharArray(text, array) copies the NUL that ends the text.
    "activate-json": request(
        "activate",
        b'{"license_key":"' + KEY + b'","mt4_account":900100,'
        b'"broker_name":"Example Markets","broker_server":"ExampleMarkets-Demo",'
        b'"hardware_id":"PC-1","is_live":0,"account_currency":"USD",'
        b'"utc_offset_minutes":120,"ea_version":"1.20","nonce":"a1"}\0',
        token=b"",
    ),
    "activate-form": request(
        "activate/",
        b"license_key=" + BARE_KEY + b"&mt4_account=+900100+&is_live=false"
        b"&broker_name=Example%20Markets&hardware_id=PC-1&ea_version=\0",
        content_type=FORM,
        token=b"",
    ),
    "heartbeat-form": request(
        "heartbeat",
        b"status=RUNNING&balance=10 250.555&equity=10100&open_trades=3\0",
        content_type=FORM,
    ),
    "heartbeat-nbsp": request("heartbeat", b'{"balance":"10\xa0250.55","equity":1}\0'),
    "heartbeat-plain-text": request(
        "heartbeat", b'{"balance":7.5,"nonce":12}\0', more="Accept: text/plain"
    ),
    "heartbeat-token-in-body": request(
        "heartbeat", b'{"token":"' + TOKEN + b'","equity":42}\0', token=b""
    ),
    "heartbeat-get": request("heartbeat", method="GET", length=None),
    "trades-json": request("trades", trade(b"grid #7"), content_type=FORM),
    "trades-wrong-type": request(
        "trades", trade(b"grid #7"), content_type="text/xml; charset=utf-8"
    ),
    "trades-bare-list": request(
        "trades/",
        BOM + b'[{"ticket_number":"0070001","symbol":" EURUSD ","trade_type":"OP_BUY",'
        b'"lot_size":"0.1000","open_price":"1.1025","stop_loss":"0","take_profit":0,'
        b'"opened_at":"2026.03.02 10:00","comment":""},\r\n'
        b'{"ticket_number":70002,"symbol":"USDJPY","trade_type":"sell",'
        b'"lot_size":1e-1,"open_price":149.123456789,"opened_at":1772445605}]\r\n\0',
    ),
    "trades-cp1251": request(
        "trades",
        trade("Сетка №7".encode("cp1251")),
        content_type="application/json; charset=windows-1251",
    ),
    # The second byte of the last letter is a backslash, before the closing quote.
    "trades-cp932": request("trades", trade("売り予".encode("cp932"))),
    "trades-gbk": request("trades", trade("止损誠".encode("gbk"))),
    "trades-cp1252": request("trades", trade("für 10 €".encode("cp1252"))),
    "trades-form-cp1251": request(
        "trades",
        b"ticket_number=70001&symbol=EURUSD&trade_type=1&lot_size=0.1"
        b"&open_price=1.1025&opened_at=2026.03.02+10%3A00%3A05&closed_at=0"
        b"&close_price=1.1&stop_loss=&comment=%D1%E5%F2%EA%E0\0",
        content_type=f"{FORM}; charset=windows-1251",
    ),
    "trades-iso-times": request(
        "trades",
        b'{"ticket_number":"a<b>c 1","symbol":"EURUSD","trade_type":1,"lot_size":1,'
        b'"open_price":1.1,"opened_at":"2026-03-02T10:00:05+05:30",'
        b'"closed_at":1772445605.0,"close_price":1.2,"profit":"-1 000.005"}\0',
    ),
    "trades-history": request(
        "trades",
        b'{"trades":[{' + CLOSED + b"},"
        b'{"ticket_number":70002,"symbol":"EURUSD","trade_type":1,"lot_size":0.2,'
        b'"open_price":1.1,"opened_at":"2026.03.02 10:00","closed_at":'
        b'"1970.01.01 00:00:00","close_price":1.2,"profit":3.1},'
        b'{"ticket_number":70003,"symbol":"EURUSD","trade_type":3,"lot_size":0.2,'
        b'"open_price":1.1,"opened_at":"2026.03.02 10:00","status":"cancelled"},'
        b'{"ticket_number":70004,"symbol":"EURUSD","trade_type":1,"lot_size":NaN,'
        b'"open_price":1.1,"opened_at":"2026.03.02 10:00"}]}\0',
    ),
    "ticks-epoch": request(
        "ticks",
        b'[{"ticket_number":70001,"current_price":"1.1","unrealized_profit":-0.125,'
        b'"recorded_at":' + MOMENT + b"}]\0",
    ),
    "deactivate-empty": request("deactivate/"),
    # The array was longer than the text that was copied into it.
    "trades-left-over": request("trades", trade(b"") + b'-0.70,"swap":0.00}\0\0'),
    # The text was cut at 128 characters by a buffer.
    "trades-cut-off": request("trades", trade(b"")[:128]),
    "trades-no-length": request("trades", length=None),
    "trades-compressed": request("trades", trade(b""), more="Content-Encoding: gzip"),
    "trades-too-large": request("trades", length=1024 * 1024 + 1),
    "orders-unknown": request("orders", trade(b"")),
    "trades-old-token": request(
        "trades", trade(b""), token=b"eyJhbGciOiJIUzI1NiJ9.e30.x"
    ),
}


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, content in REQUESTS.items():
        (FOLDER / f"{name}.http").write_bytes(content)


if __name__ == "__main__":
    write()
