#!/usr/bin/env python3
"""Write a Parquet file of 1,000,000 invented conversations in WildChat's schema, 1.1 GB. Needs pyarrow.

Usage: datasets_table.py FILE
"""
import random
import sys

import pyarrow
import pyarrow.parquet

GROUPS, ROWS = 40, 25_000


def row(number, draw):
    return {"conversation_id": f"c{number}", "model": "m", "language": "English", "conversation": [
        {"role": "user", "content": f"q{number} {draw.randbytes(450).hex()}"},
        {"role": "assistant", "content": f"a {draw.randbytes(100).hex()}"}]}


def main(path):
    draw, writer = random.Random(0), None
    for group in range(GROUPS):
        table = pyarrow.Table.from_pylist([row(group * ROWS + i, draw) for i in range(ROWS)])
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema, compression="none")
        writer.write_table(table)
    writer.close()


if __name__ == "__main__":
    main(sys.argv[1])
