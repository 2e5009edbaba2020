"""A model server for tests: `python model_server.py NAME [--fail-at-start | --never-healthy | --start-after
S] [--daemon]`. A daemon is a child in a session of its own that takes no notice of SIGTERM.

It obeys the AIP_* contract and answers each instance with its own name. Instances of the form {"do": ...}
make it
misbehave: die, turn unhealthy, sleep, answer an error, or answer without predictions.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENVIRONMENT = (
    "AIP_HTTP_PORT", "AIP_HEALTH_ROUTE", "AIP_PREDICT_ROUTE", "AIP_STORAGE_URI", "AIP_ENDPOINT_ID",
    "AIP_DEPLOYED_MODEL_ID", "STORAGE_EMULATOR_HOST", "VERTEX_EMULATOR_HOST", "COLOUR",
)  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    options: argparse.Namespace
    daemon = 0

    def do_GET(self) -> None:
        healthy = self.path == os.environ["AIP_HEALTH_ROUTE"] and not self.options.never_healthy
        self._answer(200 if healthy else 503, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != os.environ["AIP_PREDICT_ROUTE"]:
            self._answer(404, {"error": f"no route {self.path}"})
            return
        request = json.loads(body)
        first = request["instances"][0] if request.get("instances") else None
        first = first if isinstance(first, dict) else {}
        action = first.get("do")
        if action == "sicken":
            self.options.never_healthy = True
        if action == "die":
            os._exit(3)
        if action == "sleep":
            print("sleeps", flush=True)
            time.sleep(first["seconds"])
        if action == "fail":
            self._answer(first["status"], {"error": "asked to fail"})
        elif action == "forget":
            self._answer(200, {"result": []})
        elif action == "environment":
            self._answer(200, {"predictions": [{name: os.environ.get(name) for name in ENVIRONMENT}]})
        elif action == "raw":
            self._answer(200, {"seen": request, "type": self.headers["Content-Type"]})
        else:
            server = self.options.name
            answers = [
                {"server": server, "pid": os.getpid(), "seen": instance, "daemon": self.daemon}
                for instance in request["instances"]
            ]
            self._answer(200, {"predictions": answers})

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
    parser.add_argument("name")
    parser.add_argument("--fail-at-start", action="store_true")
    parser.add_argument("--never-healthy", action="store_true")
    parser.add_argument("--start-after", type=float, default=0.0)
    parser.add_argument("--daemon", action="store_true")
    Handler.options = parser.parse_args()
    if Handler.options.daemon:
        code = (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
        )
        with subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE) as daemon:
            os.read(daemon.stdout.fileno(), 1)  # type: ignore[union-attr]
            Handler.daemon = daemon.pid
            serve()
        return
    serve()


def serve() -> None:
    print(f"{Handler.options.name} starts", flush=True)
    time.sleep(Handler.options.start_after)
    if Handler.options.fail_at_start:
        sys.exit("the weights are missing")
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["AIP_HTTP_PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
