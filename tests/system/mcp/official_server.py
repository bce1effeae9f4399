# SPDX-License-Identifier: Apache-2.0
"""A server made with the official package: official_server.py stdio | streamable-http PORT | json PORT | sse PORT."""
import os
import sys
import time

from mcp.server.mcpserver import Image, MCPServer

server = MCPServer("official", instructions="Be exact.", version="7.1")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(91)


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def shout(text: str) -> str:
    """The text in capitals."""
    return text.upper()


@server.tool()
def fail() -> str:
    """Always fails."""
    raise ValueError("out of order")


@server.tool()
def picture() -> Image:
    """A picture."""
    return Image(data=PNG, format="png")


@server.tool()
def environment() -> str:
    """The names of its environment's variables."""
    return " ".join(sorted(os.environ))


@server.tool()
def wait(seconds: float) -> str:
    """Wait."""
    time.sleep(seconds)
    return "waited"


@server.tool()
def die() -> str:
    """End the server."""
    os._exit(3)


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    elif sys.argv[1] == "sse":
        server.run("sse", port=int(sys.argv[2]))
    else:
        server.run("streamable-http", port=int(sys.argv[2]), json_response=sys.argv[1] == "json")
