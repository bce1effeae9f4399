# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What all words of ./dev share: the places, the pinned versions, messages, and running a command with its log kept.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${IPW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ipw}
export IPW_CACHE=$cache
# shellcheck source=deps/versions.sh
source "$root/deps/versions.sh"

# The compiler cache is shared by all clones and by CI; the paths of a clone do not enter its keys.
export CCACHE_DIR=${CCACHE_DIR:-$cache/ccache} CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*" >&2; }

# fail MESSAGE [WHAT TO DO]: end the command.
fail() {
  say "dev: $1"
  [ $# -lt 2 ] || say "     $2"
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Compilations at once: as many as processors, but one for each GiB of free memory at most (the heaviest file takes 0.8).
jobs_at_once() {
  local processors memory
  processors=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null || echo "$processors")
  [ "${memory:-0}" -ge 1 ] || memory=1
  echo $((processors < memory ? processors : memory))
}

# Say now and then that a long step is still at work; must not outlive the command, nor hold its lock and pipes.
heartbeat() {
  local started=$SECONDS
  while sleep 30 >/dev/null 2>&1 9>&-; do say "        still at it after $((SECONDS - started)) s"; done
}

beat=
stop_heartbeat() {
  [ -n "$beat" ] || return 0
  kill "$beat" 2>/dev/null || true
  wait "$beat" 2>/dev/null || true
  beat=
}
trap stop_heartbeat EXIT

# logged NAME HINT COMMAND...: run it with its output in a log; on failure show the end of the log and the hint.
logged() {
  local log=$cache/logs/$1.log name=$1 hint=$2 status=0
  shift 2
  mkdir -p "$cache/logs"
  heartbeat 9>&- &
  beat=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  stop_heartbeat
  [ "$status" -eq 0 ] && return
  tail -n 20 "$log" | sed 's/^/    | /' >&2
  fail "'$name' failed with status $status; the whole log is $log" "$hint"
}
