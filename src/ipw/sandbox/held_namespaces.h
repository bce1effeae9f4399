// SPDX-License-Identifier: Apache-2.0
// Namespaces that bwrap has made and that stay as long as this does.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace ipw::sandbox {

/// A bwrap whose process waits until we go, also by kill -9: it reads from a pipe that ends then. Any thread
/// may make it and another one end it.
class HeldNamespaces {
 public:
  /// `arguments` of bwrap, without a command. Throws Error(Unavailable) with bwrap's words.
  explicit HeldNamespaces(const std::vector<std::string>& arguments);
  /// Returns when the kernel has ended all processes in them.
  ~HeldNamespaces();
  HeldNamespaces(const HeldNamespaces&) = delete;
  HeldNamespaces& operator=(const HeldNamespaces&) = delete;
  /// The first process of the process namespace, as this machine counts it.
  pid_t first() const { return first_; }
  bool alive() const;

 private:
  void end();
  int input_ = -1, watch_ = -1;
  pid_t bwrap_ = -1, first_ = -1;
};

}  // namespace ipw::sandbox
