#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Load a GPU in a known pattern. Needs PyTorch.

usage: load.py PATTERN...        each SECONDS:PERIOD:DUTY, one after the other

    load.py 5:1:0 6:0.05:0.5 8:1:1      5 s idle, 6 s of 25 ms on and 25 ms off, 8 s full

Prints a line of JSON per pattern with its begin and end on the monotonic clock, in seconds.
"""
import json
import sys
import time

import torch

SIZE = 4096  # a product takes a fraction of a millisecond on a data-centre part


class Products:
    """Matrix products, in chunks short enough to stop within a millisecond or two."""

    def __init__(self):
        self.a = torch.randn(SIZE, SIZE, device="cuda", dtype=torch.bfloat16)
        self.b = torch.randn(SIZE, SIZE, device="cuda", dtype=torch.bfloat16)
        self.out = torch.empty_like(self.a)
        for _ in range(20):
            torch.matmul(self.a, self.b, out=self.out)
        torch.cuda.synchronize()

    def until(self, end):
        while time.monotonic() < end:
            torch.matmul(self.a, self.b, out=self.out)
            torch.cuda.synchronize()


def run(products, seconds, period, duty):
    begin = time.monotonic()
    end, cycle = begin + seconds, 0
    while time.monotonic() < end:
        start = begin + cycle * period
        products.until(min(end, start + period * duty))
        cycle += 1
        time.sleep(max(0.0, min(end, begin + cycle * period) - time.monotonic()))
    return begin, time.monotonic()


def main(patterns):
    products = Products()
    for pattern in patterns:
        seconds, period, duty = (float(part) for part in pattern.split(":"))
        begin, end = run(products, seconds, period, duty)
        print(json.dumps({"pattern": pattern, "period": period, "duty": duty, "begin": begin, "end": end}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
