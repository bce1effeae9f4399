#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a Python file and its arguments with the interpreter that IPW_PYTHON names; fail clearly where there is none.
if [ -z "$IPW_PYTHON" ]; then
  echo "IPW_PYTHON is not set: it must name a Python with xllamacpp" >&2
  exit 1
fi
exec "$IPW_PYTHON" "$@"
