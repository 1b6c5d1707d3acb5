#!/usr/bin/env python3
"""A function of the web: the request is in the environment and on standard input (CGI), the answer goes to standard output."""

import os
import sys
from urllib.parse import parse_qs


def respond(query, body):
    name = parse_qs(query).get("name", ["world"])[0]
    return "200 OK", "text/plain; charset=utf-8", f"Hello, {name}!\n"


def main():
    status, media_type, text = respond(os.environ.get("QUERY_STRING", ""), sys.stdin.buffer.read())
    sys.stdout.buffer.write(f"Status: {status}\r\nContent-Type: {media_type}\r\n\r\n{text}".encode())


if __name__ == "__main__":
    main()
