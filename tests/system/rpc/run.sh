#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run the monitor's system test with the Python of IPW_PYTHON (grpcio, grpcio-tools, pytest).
here=$(dirname "$0")
if [ -z "$IPW_PYTHON" ] || ! "$IPW_PYTHON" -c 'import grpc, grpc_tools, pytest'; then
  echo "IPW_PYTHON must name a Python that has grpcio, grpcio-tools and pytest; ./dev setup makes one" >&2
  exit 1
fi
# Two processes: the original's messages and ours have the same names.
"$IPW_PYTHON" -m pytest -q -p no:cacheprovider "$here/monitor_test.py" || exit
exec "$IPW_PYTHON" -m pytest -q -p no:cacheprovider "$here/protocol_test.py"
