"""What the demo reads of /metrics, and what it makes of a ledger that does not answer in time."""

import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from agents.demo.scrape import scraped


@contextmanager
def answering(status: int, text: str) -> Iterator[str]:
    """A service that says the same each time; its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/metrics"
        finally:
            server.shutdown()
            thread.join()


def test_a_ledger_that_is_late_with_its_answer_ends_no_demo():
    with answering(503, "the ledger does not answer: TimeoutError\n") as address:
        assert scraped(address) is None
    with answering(404, "") as address, pytest.raises(urllib.error.HTTPError):
        scraped(address)


def test_records_are_counted_by_what_became_of_them():
    said = 'emc_records_total{outcome="counted"} 7\nemc_records_total{outcome="refused"} 2\n'
    with answering(200, said) as address:
        shown = scraped(address)
    assert shown is not None
    assert dict(shown.records) == {"counted": 7, "refused": 2}
