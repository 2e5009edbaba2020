#!/usr/bin/env bash
# gcsfs uploads what is over a megabyte with a warning that a program which turns warnings into errors cannot get past.
#
# Versions: gcsfs 2026.10.1, aiohttp 3.14.5, Python 3.11.
#
# A good guess: a filesystem's own way of writing gives no warnings of the HTTP library below it; a test suite that runs
# with warnings as errors can write an object of any size.
#
# What happens: gcsfs hands aiohttp the whole body as bytes, and aiohttp warns of bytes over 1 MiB with a ResourceWarning
# ("Sending a large body directly with raw bytes might lock the event loop"). Python hides ResourceWarnings by default, so
# it shows only where they are errors, and there as an upload that fails, from the first byte over the limit.
#
# Seen:
#   1000000 bytes: written
#   1100000 bytes: ResourceWarning
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check gcsfs==2026.10.1 aiohttp==3.14.5
cat > program.py <<'PYTHON'
import http.server
import json
import os
import threading
import warnings

os.environ.update(GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT="false", no_proxy="127.0.0.1")
import gcsfs


class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        answer = json.dumps({"name": "x", "bucket": "b", "generation": "1"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}"
files = gcsfs.GCSFileSystem(token="anon", project="p", endpoint_url=address, consistency="none")
for size in (1_000_000, 1_100_000):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        try:
            files.pipe_file("b/x", b"x" * size)
            print(f"{size} bytes: written")
        except ResourceWarning as warning:
            print(f"{size} bytes: {type(warning).__name__}")
PYTHON
env/bin/python program.py | tee seen
diff seen - <<'SEEN'
1000000 bytes: written
1100000 bytes: ResourceWarning
SEEN
