// SPDX-License-Identifier: Apache-2.0
// One request on a libcurl easy handle. Only the module "curl" includes this.
#pragma once
#include <curl/curl.h>

#include <functional>
#include <memory>
#include <string>

#include "ipw/http/session.h"

namespace ipw::http {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

/// What the session knows of the wake that is being served; the epoch when it was no wake of a socket.
struct Arrival {
  Instant at;
  bool kernel = false;
};

struct Transfer {
  Request request;
  OnHeaders on_headers;
  OnChunk on_chunk;
  std::function<void(Result)> done;
  const Clock& clock;
  const Arrival& arrival;

  EasyHandle easy{};
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> header_list{nullptr, &curl_slist_free_all};
  Result result{};
  Instant last_activity{}, last_sent{};
  bool head_complete = false, headers_told = false, cancelled = false, idle_expired = false;

  /// Set every option of a fresh or reset handle.
  void configure();
  /// Fill in the result from the handle and curl's verdict.
  void conclude(CURLcode code);
  void tell_headers();
  /// When what is being handed out arrived. libcurl may read an answer in the very call that sent the
  /// request; such bytes have only the present moment.
  Arrival arrived() const { return arrival.at > last_sent ? arrival : Arrival{clock.now(), false}; }

 private:
  void configure_body();
  void configure_trust();
  void configure_limits();
  std::optional<TransferFailure> failure(CURLcode code) const;
};

}  // namespace ipw::http
