"""A question to a model's server over HTTP: JSON there and back, within a deadline however slowly it trickles in."""

import http.client
import json
import time
import urllib.request
from typing import Any


def ask(url: str, body: dict[str, Any], key: str, deadline: float) -> Any:
    """Posts the body and returns the answer. Raises OSError, HTTPException or ValueError; HTTPError is an OSError."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  (the address is the operator's)
    return json.loads(_fetched(request, deadline))


def _fetched(request: urllib.request.Request, deadline: float) -> bytes:
    end = time.monotonic() + deadline
    answer = bytearray()
    with urllib.request.urlopen(request, timeout=deadline) as response:  # noqa: S310
        while piece := response.read1():
            answer += piece
            if time.monotonic() > end:
                raise TimeoutError(f"no whole answer within {deadline} s")
    return bytes(answer)


FAILURES = (OSError, http.client.HTTPException, ValueError, KeyError, TypeError)
"""What asking, and reading what came back, may raise."""
