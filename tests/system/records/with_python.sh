#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a pytest file with the interpreter that IPW_PYTHON names; fail clearly where there is none.
if [ -z "$IPW_PYTHON" ]; then
  echo "IPW_PYTHON is not set: it must name a Python with datasets, pandas, pyarrow and pytest" >&2
  exit 1
fi
exec "$IPW_PYTHON" -m pytest -q -p no:cacheprovider "$1"
