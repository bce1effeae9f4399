// SPDX-License-Identifier: Apache-2.0
// From a question and its response to a query record: pure functions.
#pragma once
#include "ipw/clients/client.h"
#include "ipw/datasets/dataset.h"
#include "ipw/evaluation/scorer.h"
#include "ipw/records/query_record.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

/// Build the request that asks a question.
clients::Request make_request(const datasets::Question& question, const datasets::DatasetInfo& dataset,
                              const std::string& model, const clients::Sampling& sampling, Seconds timeout);

/// Write down what was asked and answered; energies are added later, when their readings have arrived.
records::QueryRecord make_record(const datasets::Question& question, const clients::Request& request,
                                 const clients::Response& response, Instant run_start, WallTime started);

/// The token counts of a response.
records::Tokens tokens_of(const clients::Response& response);

/// Judge the answer by the rule of the question; a failed query is wrong (design law 6).
records::Evaluation evaluate(const datasets::Question& question, const clients::Response& response);

/// Put the energies and gauges of a window into the record.
void add_window(records::QueryRecord& record, telemetry::WindowReport window);

}  // namespace ipw::execution
