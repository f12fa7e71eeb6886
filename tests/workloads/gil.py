# SPDX-License-Identifier: GPL-2.0-only
"""Four threads that compute: gil.py SECONDS.  One of them runs at a time; the output is "waited
SECONDS", how long they did not run in all."""

import sys
import threading
import time

waited = []


def compute(seconds):
    start, x = time.monotonic(), 0
    while time.monotonic() < start + seconds:
        x += 1
    waited.append(time.monotonic() - start - time.thread_time())


threads = [threading.Thread(target=compute, args=[float(sys.argv[1])]) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("waited %.4f" % sum(waited))
