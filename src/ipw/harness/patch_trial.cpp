// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/patch_trial.h"

namespace ipw::harness {

sandbox::ContainerRequest repository_request(const std::string& image, const std::string& folder) {
  sandbox::ContainerRequest request;
  request.image = image;
  request.folder = folder;
  request.user = "root";
  request.network = true;
  request.limits.processes = 4096;
  return request;
}

PatchTrial::PatchTrial(std::shared_ptr<Images> images, sandbox::ContainerRequest request,
                       const std::stop_token& stop)
    : images_(std::move(images)), request_(std::move(request)) {
  images_->need(request_.image, stop);
  container_ = fresh();
  base_ = head_of(*container_, request_.folder, stop);
}

evaluation::Verdict PatchTrial::verify(std::string_view answer, std::stop_token stop) {
  return guarded([&] {
    const auto taken = take_patch(*container_, request_.folder, base_, answer, stop);
    auto verdict = judge(taken, stop);
    verdict.extracted = tail(taken.text, std::size_t{64} << 10);
    return verdict;
  });
}

}  // namespace ipw::harness
