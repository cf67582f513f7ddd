#!/usr/bin/env python3
"""Question: what do slow clients do to everybody else?

  ./dev bench slow [--url http://127.0.0.1:7070] [--clients 200] [--seconds 60]

Against a running service: holds so many connections for so long, each sending a byte a second of a head, of a JSON body or of
an upload, or reading nothing of an answer, and connecting again whenever it is cut off.  Meanwhile /healthz is asked and a blob
of 8 MiB goes in and out, again and again.  One line of JSON: how many were answered, and how long the slowest took.
"""
import argparse
import hashlib
import json
import os
import socket
import threading
import time
import urllib.parse
import urllib.request

SHA = "0" * 64
BEGINNINGS = [b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
              b"PUT /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n{",
              f"PUT /v1/blobs/{SHA} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000000\r\n\r\n".encode(),
              b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50]


def crawl(address, kind, until, cut):
    while time.monotonic() < until:
        try:
            with socket.create_connection(address, timeout=5) as s:
                s.sendall(BEGINNINGS[kind])
                while time.monotonic() < until:
                    time.sleep(1)
                    if kind != 3:
                        s.sendall(b"x")
        except OSError:
            cut.append(1)
            time.sleep(0.1)


def timed(call, found):
    began = time.monotonic()
    try:
        call()
        found.append(time.monotonic() - began)
    except OSError:
        found.append(None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", help=argparse.SUPPRESS)
    parser.add_argument("--url", default="http://127.0.0.1:7070")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    parts = urllib.parse.urlsplit(args.url)
    try:
        urllib.request.urlopen(args.url + "/healthz", timeout=10).read()
    except OSError as error:
        parser.error(f"no service answers at {args.url}: {error}")
    until, cut = time.monotonic() + args.seconds, []
    for i in range(args.clients):
        threading.Thread(target=crawl, args=((parts.hostname, parts.port), i % 4, until, cut), daemon=True).start()
    health, transfers = [], []

    def look():
        urllib.request.urlopen(args.url + "/healthz", timeout=10).read()

    def transfer():
        content = os.urandom(8 << 20)
        path = args.url + "/v1/blobs/" + hashlib.sha256(content).hexdigest()
        put = urllib.request.Request(path, data=content, method="PUT", headers={"Content-Type": "application/octet-stream"})
        urllib.request.urlopen(put, timeout=30).read()
        if urllib.request.urlopen(path, timeout=30).read() != content:
            raise OSError("another blob came back")

    while time.monotonic() < until:
        timed(look, health)
        timed(transfer, transfers)
        time.sleep(1)

    def summary(found):
        good = [t for t in found if t is not None]
        return {"asked": len(found), "answered": len(good), "slowest_ms": round(1000 * max(good), 1) if good else None}

    print(json.dumps({"clients": args.clients, "cut_off": len(cut), "healthz": summary(health), "blobs": summary(transfers)}))


if __name__ == "__main__":
    main()
