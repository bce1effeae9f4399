// SPDX-License-Identifier: Apache-2.0
// Where the energy of a run went: by what its tasks did. Every span counts with the energy of its own time,
// so that nothing is counted twice and the actions add up to the tasks.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipw/analysis/analysis.h"
#include "ipw/records/query_record.h"

namespace ipw::analysis {

/// What one kind of action took in all queries together.
struct ActionCost {
  std::string action;  ///< model prefill, model decode, model, tool NAME, agent
  std::size_t count = 0, without_energy = 0;
  double seconds = 0;            ///< own time; that of concurrent tasks adds up
  double joules = 0;             ///< of the headline scope
  double half_width_joules = 0;  ///< 95 %, added up: the gain of a sensor is common to all
  std::int64_t input_tokens = 0, output_tokens = 0;
  std::size_t without_tokens = 0;  ///< calls of models that told no counts
  double cost_usd = 0;
  std::size_t with_cost = 0;
  stats::Moments per_query;  ///< joules in each query, 0 where it does not occur
};

/// Energy of the device while nobody's task was under way, or why it is not known.
struct Rest {
  std::optional<double> device_joules, idle_joules, unattributed_joules, seconds;
  std::string reason;
};

struct Actions {
  std::string scope;  ///< of all joules here
  std::size_t queries = 0;
  std::size_t whole = 0;        ///< queries of which all actions have an energy
  std::size_t other_scope = 0;  ///< actions that were measured in another scope; they have no energy here
  double seconds = 0;           ///< of the tasks
  std::vector<ActionCost> costs;
  /// Joules of {model, tool NAME, agent} in every scope that was measured, where prefill and decode are not
  /// parted.
  std::map<std::string, std::map<std::string, double>> by_scope;
  Rest rest;
};

/// One action of one query, as results.json lists it.
struct Action {
  std::string action;
  std::string query_id;
  std::int64_t span = 0;
  std::optional<std::int64_t> parent;
  double begin_seconds = 0, end_seconds = 0, own_seconds = 0;
  std::optional<double> gpu_joules, cpu_joules;                      ///< of its own time
  bool gpu_lost = false, cpu_lost = false;                           ///< watched, but not known
  std::optional<double> inclusive_gpu_joules, inclusive_cpu_joules;  ///< with all spans below it
  records::Tokens tokens;
  std::optional<double> cost_usd;
  std::string failure;
};
/// The spans of a record; a query without spans is one call of the model.
std::vector<Action> actions_of(const records::QueryRecord& record);

/// Joules of all domains of a scope from the first query to the last, by the instrument's card
/// (summary.json's `telemetry`); absent where one of them has none.
std::optional<double> device_joules(const Json& card, const std::string& scope);

/// Take records one after another; memory does not grow with them. One thread at a time.
class ActionCollector {
 public:
  void add(const records::QueryRecord& record);
  /// `summary` is summary.json of the run: it knows what the devices drew in all.
  Actions finish(const Json& summary) &&;

 private:
  struct Piece;
  void take(const records::Span& span);
  void put(const Piece& piece, const records::Span& span);
  ActionCost& cost_of(const std::string& action);

  Actions out_;
  std::map<std::string, std::size_t> places_;
  std::map<std::string, double> of_query_;
  bool whole_ = true;
};

Result actions_result(const Actions& actions, const std::string& model);
std::unique_ptr<Analysis> make_actions();

}  // namespace ipw::analysis
