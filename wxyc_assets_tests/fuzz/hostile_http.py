"""A grammar of HTTP responses, most of which break its rules in one place or in several."""

import gzip
import zlib

from hypothesis import strategies as st

from wxyc_assets_tests.fuzz.hostile_json import RESOLVED, bodies

KEY = "sesame-of-lml"
CODECS = (
    "utf-8",
    "utf-16",
    "utf-7",
    "rot13",
    "zlib",
    "idna",
    "undefined",
    "punycode",
    "no-such",
    KEY,
)

status_lines = st.one_of(
    st.just(b"HTTP/1.1 200 OK"),
    st.just(b"HTTP/1.1 200 OK"),
    st.integers(100, 999).map(lambda status: b"HTTP/1.1 %d So" % status),
    st.sampled_from(
        [
            b"HTTP/1.0 200 OK",
            b"HTTP/1.1 200",
            b"HTTP/9.9 200 OK",
            b"HTTP/1.1 -1 OK",
            b"HTTP/1.1 2000 OK",
            b"ICY 200 OK",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK",
            b"HTTP/1.1 101 Switching Protocols",
            b"HTTP/1.1 500 " + KEY.encode(),
            KEY.encode(),
            b"",
        ]
    ),
    st.binary(max_size=24),
)
numbers = st.one_of(
    st.integers(-2, 300).map(lambda number: b"%d" % number),
    st.sampled_from([b"9" * 400, b"1e3", b"0x10", b"+5", b" 5 ", b"", b"5, 6", "٥".encode()]),
)
dates = st.sampled_from(
    [
        b"Thu, 32 Foo 9999 99:99:99 GMT",
        b"Sat, 01 Jan 0001 00:00:00 +9999",
        b"Mon",
        b" ",
        b",",
        b"1 1",
    ]
)
places = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"http://[", b"//\x00", b"http://a:99999999/", b"\\\\", b"http://\xff/", b"/" * 70_000]
    ),
)
headers = st.one_of(
    st.tuples(st.just(b"Content-Length"), numbers),
    st.tuples(
        st.just(b"Transfer-Encoding"),
        st.sampled_from([b"chunked", b"gzip", b"chunked, chunked", b"identity", b"x"]),
    ),
    st.tuples(
        st.just(b"Content-Encoding"),
        st.sampled_from([b"gzip", b"deflate", b"br", b"zstd", b"gzip, gzip", b"x-gzip", b"\xff"]),
    ),
    st.tuples(
        st.just(b"Content-Type"),
        st.sampled_from(CODECS).map(lambda codec: b"application/json; charset=" + codec.encode()),
    ),
    st.tuples(st.just(b"Retry-After"), st.one_of(numbers, dates, st.binary(max_size=8))),
    st.tuples(st.just(b"Location"), places),
    st.tuples(st.just(b"Connection"), st.sampled_from([b"close", b"keep-alive", b"upgrade"])),
    st.tuples(st.binary(max_size=8), st.binary(max_size=16)),
    st.tuples(st.just(b"X-Long"), st.just(b"x" * 200_000)),
    st.tuples(st.just(b"X-Echo"), st.just(KEY.encode())),
)


def _chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


payloads = st.tuples(
    st.one_of(bodies(RESOLVED), st.just(KEY.encode()), st.just(b'{"detail": "%b"}' % KEY.encode())),
    st.sampled_from(
        [
            bytes,
            bytes,
            gzip.compress,
            zlib.compress,
            _chunked,
            lambda body: gzip.compress(body)[:-9],
        ]
    ),
).map(lambda pair: pair[1](pair[0]))


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """Draw all bytes of a response."""
    line, payload = draw(status_lines), draw(payloads)
    lines = [name + b": " + value for name, value in draw(st.lists(headers, max_size=4))]
    if draw(st.booleans()):
        lines.append(b"Content-Length: %d" % len(payload))
    return b"\r\n".join([line, *lines, b"", payload])
