// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/workshop.h"

#include <thread>

namespace ipw::telemetry {

Workshop::Workshop(Clock& clock) : shared_(std::make_shared<Shared>(clock)) {}

Workshop::~Workshop() {
  shared_->clock.end();
}

Made Workshop::make_one(Shared& shared, std::size_t number, const CollectorPlan& plan) {
  Made made;
  made.plan = number;
  try {
    made.collector = plan.make();
    if (plan.probe) made.collector->poll(shared.clock, made.probe);
  } catch (const Error& e) {
    if (made.collector)
      made.probe.silent = {{0U, e.what()}};
    else
      made.error = e;
  } catch (const std::exception& e) {
    if (made.collector)
      made.probe.silent = {{0U, e.what()}};
    else
      made.error = Error(ErrorCode::Internal, e.what());
  }
  return made;
}

void Workshop::make(std::vector<std::pair<std::size_t, CollectorPlan>> plans) {
  std::thread([shared = shared_, plans = std::move(plans)] {
    for (const auto& [number, plan] : plans) {
      Made made = make_one(*shared, number, plan);
      const std::scoped_lock lock(shared->mutex);
      shared->ready.push_back(std::move(made));
      shared->changed.notify_all();
    }
  }).detach();
}

std::vector<Made> Workshop::take(std::chrono::nanoseconds patience) {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait_for(lock, patience, [&] { return !shared_->ready.empty() || shared_->woken; });
  return std::exchange(shared_->ready, {});
}

void Workshop::wake() {
  const std::scoped_lock lock(shared_->mutex);
  shared_->woken = true;
  shared_->changed.notify_all();
}

}  // namespace ipw::telemetry
