"""``demo_child.py SOCKET HOW``: the child of a test, which gives its three streams to a fork of a demo server that has loaded already.

Loading the server takes it over a second of a core, and dozens of tests want a fresh one. To who starts it, it is the server: its
input and output are the server's, it ends when the server does, and the server with it.
"""

from __future__ import annotations

import os
import socket
import sys

if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(sys.argv[1])
        socket.send_fds(line, [sys.argv[2].encode()], [0, 1, 2])
        for stream in (0, 1):
            os.close(stream)  # only the server has them now: their end is the server's
        line.recv(1)  # nothing comes: it is closed when the server ends
