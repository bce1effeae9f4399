#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a Python file and its arguments with the interpreter that IPW_AGENTS_PYTHON names; fail clearly where there is none.
if [ -z "$IPW_AGENTS_PYTHON" ] || ! "$IPW_AGENTS_PYTHON" -c 'import mcp'; then
  echo "IPW_AGENTS_PYTHON must name a Python with the package mcp; ./dev setup --tests makes one" >&2
  exit 1
fi
exec "$IPW_AGENTS_PYTHON" "$@"
