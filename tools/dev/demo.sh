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
  show ipw profile
  for model in tiny-36k tiny-360k tiny-840k; do
    show ipw profile --client llamacpp --model "$model" --dataset ipw-tiny --quiet
  done
  show ipw compare
}
