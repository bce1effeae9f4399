# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev demo: the sequence of commands that shows what ipw is for.

# show COMMAND...: print a command as a user would type it, then run it.
show() {
  say ""
  say "\$ $*"
  "$@"
}

demo() {
  local PATH=$root/build/release/bin:$PATH model
  show ipw profile --output-dir runs/demo --overwrite
  for model in tiny-36k tiny-360k tiny-840k; do
    show ipw profile --model "$model" --dataset ipw-tiny --output-dir runs/demo --overwrite --quiet >"$root/build/demo-$model.txt" ||
      { cat "$root/build/demo-$model.txt"; return 1; }
  done
  show ipw compare runs/demo/profile_*_tiny_36k_* runs/demo/profile_*_tiny_360k_* runs/demo/profile_*_tiny_840k_*
  say ""
  say "results folders:"
  printf '  %s\n' runs/demo/*
}
