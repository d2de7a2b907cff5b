"""The addresses that the demo prints are those that answer, whoever has packaged the two programs."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from agents.demo.alarm import alerts_page, alerts_told


@contextmanager
def served(pages: Mapping[str, bytes]) -> Iterator[str]:
    """These pages and no other."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in pages else 404)
            self.end_headers()
            self.wfile.write(pages.get(self.path, b"404 page not found"))

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_page_of_alerts_is_the_one_that_is_there() -> None:
    with served({"/alerts": b"<html>"}) as upstream:
        assert alerts_page(upstream) == f"{upstream}/alerts"
    with served({"/classic/alerts": b"<html>"}) as debian:
        assert alerts_page(debian) == f"{debian}/classic/alerts"


def test_where_alertmanager_has_no_pages_the_command_is_given() -> None:
    with served({"/": b'<html><script src="script.js"></script>'}) as upstream:
        assert alerts_told(upstream) == upstream
    with served({"/": b"<html>Please, use the <code>amtool</code> command-line"}) as debian:
        assert alerts_told(debian) == f"amtool --alertmanager.url={debian} alert"
