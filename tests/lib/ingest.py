#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: ingest.py ANSWERS

A stand-in for a server that takes profiles at /ingest.  Prints its port, then a line for each
request: status, bytes and query.  ANSWERS are what it answers with, one after the other, the last
for ever: a status, "slow" for one that comes too late, or "gone" for a connection that is
closed.  The body of the last it took is in ./pushed.
"""
import http.server
import sys
import time

ANSWERS = sys.argv[1:]


class Ingest(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = ANSWERS.pop(0) if len(ANSWERS) > 1 else ANSWERS[0]
        print(answer, len(body), self.path, flush=True)
        if answer == "gone":
            self.connection.close()
            return
        if answer == "slow":
            time.sleep(12)
            return
        if answer == "200":
            with open("pushed", "wb") as file:
                file.write(body)
        self.send_response(int(answer))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ingest) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
