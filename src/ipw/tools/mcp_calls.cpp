// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_calls.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

namespace ipw::tools::mcp {

/// The replies to one packet; what is missing at the end was cancelled or wanted none.
class Calls::Pending {
 public:
  Pending(std::size_t count, bool batch, std::function<void(PacketReply)> done)
      : replies_(count), open_(count), batch_(batch), done_(std::move(done)) {}

  void settle(std::size_t slot, PacketReply reply = {}) {
    {
      const std::lock_guard lock(mutex_);
      replies_[slot] = std::move(reply);
      if (--open_ > 0) return;
    }
    done_(whole());
  }

 private:
  PacketReply whole() const {
    if (!batch_) return replies_.front();
    std::string text;
    for (const auto& reply : replies_)
      if (!reply.text.empty()) text += (text.empty() ? "[" : ",") + reply.text;
    return {text.empty() ? "" : text + "]", 0};
  }

  std::mutex mutex_;
  std::vector<PacketReply> replies_;  // guarded by mutex_ until the last is there
  std::size_t open_;                  // guarded by mutex_
  bool batch_;
  std::function<void(PacketReply)> done_;
};

class Calls::Pool {
 public:
  static constexpr std::size_t kThreads = 16;

  ~Pool() {
    stop_.request_stop();
    wake_.notify_all();
    threads_.clear();
  }
  void add(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
    ++unfinished_;
    if (threads_.size() < kThreads && unfinished_ > threads_.size())
      threads_.emplace_back([this] { work_off(); });
    wake_.notify_one();
  }
  void finish(Seconds most) {
    std::unique_lock lock(mutex_);
    idle_.wait_for(lock, most, [&] { return unfinished_ == 0; });
  }

 private:
  void work_off() {
    std::unique_lock lock(mutex_);
    // What waits at the end is still settled: it was asked to stop and is over at once.
    while (wake_.wait(lock, stop_.get_token(), [&] { return !waiting_.empty(); }) || !waiting_.empty()) {
      const auto work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work();
      lock.lock();
      if (--unfinished_ == 0) idle_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable idle_;
  std::stop_source stop_;
  std::deque<std::function<void()>> waiting_;  // guarded by mutex_
  std::size_t unfinished_ = 0;                 // guarded by mutex_
  std::vector<std::jthread> threads_;          // guarded by mutex_ until the end
};

Calls::Calls(ToolContext context) : context_(std::move(context)), pool_(std::make_unique<Pool>()) {}

Calls::~Calls() {
  close();
}

void Calls::close() {
  constexpr Seconds kForever{1e9};
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (auto& [key, stop] : under_way_) stop.request_stop();
  }
  pool_->finish(kForever);
}

void Calls::handle(ServerSession& session, const std::string& scope, const Packet& packet,
                   std::stop_token gone, std::function<void(PacketReply)> done) {
  if (packet.batch && !session.takes_batches())
    return done({error_line("null", {code::kInvalidRequest, "this revision has no batches", ""}),
                 code::kInvalidRequest});
  const auto pending = std::make_shared<Pending>(packet.messages.size(), packet.batch, std::move(done));
  for (std::size_t i = 0; i < packet.messages.size(); ++i) {
    auto step = session.take(packet.messages[i]);
    if (!step.cancels.empty()) cancel(scope + step.cancels);
    if (!step.call) {
      pending->settle(i, {std::move(step.reply), step.fault});
      continue;
    }
    const auto key = scope + step.call->id;
    start(key, std::move(*step.call), i, pending, gone);
  }
}

void Calls::start(const std::string& key, ServerCall call, std::size_t slot, std::shared_ptr<Pending> pending,
                  const std::stop_token& gone) {
  std::stop_source stop;
  std::unique_lock lock(mutex_);
  if (closed_) {
    lock.unlock();
    return pending->settle(slot);
  }
  const auto at = under_way_.emplace(key, stop);
  pool_->add([this, call = std::move(call), slot, pending = std::move(pending), gone, stop, at] {
    {
      const std::stop_callback hung_up(gone, [&] { std::stop_source(stop).request_stop(); });
      const std::stop_callback asked(context_.stop, [&] { std::stop_source(stop).request_stop(); });
      run(call, slot, *pending, stop);
    }
    const std::lock_guard relock(mutex_);
    under_way_.erase(at);
  });
}

void Calls::run(const ServerCall& call, std::size_t slot, Pending& pending, const std::stop_source& stop) {
  auto context = context_;
  context.stop = stop.get_token();
  if (stop.stop_requested()) return pending.settle(slot);
  PacketReply reply;
  try {
    reply.text = reply_to(call, call.tool->call(call.arguments, context));
  } catch (const std::exception& e) {
    reply.text =
        reply_to(call, {fmt::format("the tool '{}' failed: {}", call.tool->spec().name, e.what()), true});
  }
  if (stop.stop_requested()) reply = {};
  pending.settle(slot, std::move(reply));
}

void Calls::cancel(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = under_way_.equal_range(key);
  for (auto it = first; it != last; ++it) it->second.request_stop();
}

void Calls::finish(Seconds most) {
  pool_->finish(most);
}

}  // namespace ipw::tools::mcp
