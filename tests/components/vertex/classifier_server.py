"""A model server for tests: `python classifier_server.py SHARE [--fault fail|slow|lie|babble|mumble|start] [--good N]`.

It obeys the AIP_* contract and gives the class `a` the probability SHARE, the class `b` the rest, to every instance.
With a fault, only its first N requests are answered as they should be.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SLOW_S = 0.2


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    options: argparse.Namespace

    def do_GET(self) -> None:
        self._answer(200 if self.path == os.environ["AIP_HEALTH_ROUTE"] else 404, {})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.options.good -= 1
        fault = self.options.fault if self.options.good < 0 else None
        if fault == "slow":
            time.sleep(SLOW_S)
        if fault == "fail":
            self._answer(500, {"error": "the weights are gone"})
        elif fault == "mumble":
            self._answer(200, "a")
        elif fault == "babble":
            self._answer(200, {"predictions": ["a" for _ in request["instances"]]})
        else:
            share = 1 - self.options.share if fault == "lie" else self.options.share
            prediction = {"class": "a", "class_id": 0, "probabilities": {"a": share, "b": 1 - share}}
            self._answer(200, {"predictions": [prediction for _ in request["instances"]]})

    def _answer(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("share", type=float)
    parser.add_argument("--fault", choices=["fail", "slow", "lie", "babble", "mumble", "start"])
    parser.add_argument("--good", type=int, default=0)
    Handler.options = parser.parse_args()
    if Handler.options.fault == "start":
        raise SystemExit("the weights are missing")
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["AIP_HTTP_PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
