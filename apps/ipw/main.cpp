// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/main.h"

int main(int argc, char** argv) {
  return ipw::cli::run(argc, argv);
}
