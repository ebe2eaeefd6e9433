"""What is no call of varlink, by what is wrong with it. Each ends the connection."""

from __future__ import annotations

BROKEN: dict[str, bytes] = {
    "nothing": b"\0",
    "no json": b"{method}\0",
    "an array": b"[]\0",
    "a number": b"1\0",
    "two values": b'{"method":"demo.shop.Add"}{}\0',
    "no method": b'{"parameters":{}}\0',
    "a method that is a number": b'{"method":1}\0',
    "more that is a string": b'{"method":"demo.shop.Add","more":"yes"}\0',
    "oneway that is a number": b'{"method":"demo.shop.Add","oneway":1}\0',
    "oneway and more": b'{"method":"demo.shop.Add","oneway":true,"more":true}\0',
    "a key twice": b'{"method":"demo.shop.Add","method":"demo.shop.Nothing"}\0',
    "a key twice in the parameters": b'{"method":"demo.shop.Add","parameters":{"a":1,"a":2}}\0',
    "a key twice, once escaped": b'{"method":"demo.shop.Add","m\\u0065thod":"demo.shop.Nothing"}\0',
    "not utf-8": b'{"method":"demo.shop.Add","parameters":{"a":"\xff"}}\0',
    "utf-16": '{"method":"demo.shop.Add"}'.encode("utf-16-le") + b"\0",
    "a byte order mark": b'\xef\xbb\xbf{"method":"demo.shop.Add"}\0',
    "half of a pair of surrogates": b'{"method":"demo.shop.Find","parameters":{"name":"\\ud800"}}\0',
    "NaN": b'{"method":"demo.shop.Add","parameters":{"a":NaN}}\0',
    "a control character": b'{"method":"demo.shop.\nAdd"}\0',
    "nested": b'{"method":"demo.shop.Add","parameters":{"a":' + b"[" * 450 + b"\0",
    "nested and whole": b'{"method":"demo.shop.Add","parameters":' + b'{"a":' * 3000 + b"1" + b"}" * 3001 + b"\0",
}
