// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/tallies.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "ipw/base/json.h"
#include "ipw/stats/agreement.h"

namespace ipw::evaluation {
namespace {

Json metadata_of(const Judged& answer) {
  auto parsed = parse_json(std::string(answer.metadata));
  return parsed && parsed->is_object() ? std::move(*parsed) : Json::object();
}

double share(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

/// SimpleQA (arXiv 2411.04368, section 3): F is the harmonic mean of the share of right answers and of the
/// share among those that were attempted.
class SimpleQaTally final : public Tally {
 public:
  void add(const Judged& answer) override {
    ++n_;
    correct_ += answer.correct ? 1 : 0;
    attempted_ += metadata_of(answer).value("grade", "") == "not_attempted" ? 0 : 1;
  }
  std::vector<OfficialFigure> figures() const override {
    if (n_ == 0) return {};
    std::vector<OfficialFigure> out{{"not_attempted", "not attempted", share(n_ - attempted_, n_)}};
    if (attempted_ == 0) return out;
    const double given = share(correct_, attempted_), all = share(correct_, n_);
    out.push_back({"accuracy_given_attempted", "accuracy given attempted", given});
    out.push_back({"f1", "F1", given + all > 0 ? 2 * given * all / (given + all) : 0});
    return out;
  }

 private:
  std::size_t n_ = 0, correct_ = 0, attempted_ = 0;
};

/// How far the confidence that answers claim is from how often they are right, as Humanity's Last Exam has
/// it.
class CalibrationTally final : public Tally {
 public:
  void add(const Judged& answer) override {
    const auto metadata = metadata_of(answer);
    const auto it = metadata.find("confidence");
    if (it == metadata.end() || !it->is_number()) return;
    confidence_.push_back(std::clamp(it->get<double>() / 100, 0.0, 1.0));
    correct_.push_back(answer.correct ? 1 : 0);
  }
  std::vector<OfficialFigure> figures() const override {
    const auto error = stats::calibration_error(confidence_, correct_);
    if (!error) return {};
    return {{"calibration_error", "calibration error (RMS, bins of 100)", *error}};
  }

 private:
  std::vector<double> confidence_, correct_;
};

/// Arena-Hard (show_result.py): points over battles, where a clear win counts as three.
class ArenaHardTally final : public Tally {
 public:
  void add(const Judged& answer) override {
    const double battles =
        metadata_of(answer).value("battles", 2.0);  // an empty answer loses one in each order
    battles_ += battles;
    points_ += answer.score.value_or(0) * battles;
  }
  std::vector<OfficialFigure> figures() const override {
    if (battles_ == 0) return {};
    return {{"win_rate", "win rate over battles", points_ / battles_}};
  }

 private:
  double battles_ = 0, points_ = 0;
};

/// WildChat: a tie counts half.
class WinTally final : public Tally {
 public:
  void add(const Judged& answer) override {
    ++n_;
    const double score = answer.score.value_or(0);
    sum_ += score;
    ties_ += score == 0.5 ? 1 : 0;
    same_ += metadata_of(answer).value("consistent", true) ? 1 : 0;
  }
  std::vector<OfficialFigure> figures() const override {
    if (n_ == 0) return {};
    return {{"win_rate", "win rate, a tie counting half", sum_ / static_cast<double>(n_)},
            {"ties", "ties", share(ties_, n_)},
            {"consistent", "same verdict in both orders", share(same_, n_)}};
  }

 private:
  std::size_t n_ = 0, ties_ = 0, same_ = 0;
  double sum_ = 0;
};

/// IFEval (arXiv 2311.07911, section 2.2): its accuracy is the first of four, prompt-level strict.
class IfEvalTally final : public Tally {
 public:
  void add(const Judged& answer) override {
    const auto metadata = metadata_of(answer);
    const auto strict = metadata.value("inst_level_strict", Json::array());
    const auto loose = metadata.value("inst_level_loose", Json::array());
    ++prompts_;
    prompts_loose_ += metadata.value("prompt_level_loose", false) ? 1 : 0;
    instructions_ += strict.size();
    strict_ += followed(strict);
    loose_ += followed(loose);
  }
  std::vector<OfficialFigure> figures() const override {
    if (instructions_ == 0) return {};
    return {{"inst_level_strict", "instruction-level strict", share(strict_, instructions_)},
            {"prompt_level_loose", "prompt-level loose", share(prompts_loose_, prompts_)},
            {"inst_level_loose", "instruction-level loose", share(loose_, instructions_)}};
  }

 private:
  static std::size_t followed(const Json& list) {
    return static_cast<std::size_t>(std::ranges::count_if(list, [](const Json& one) { return one == true; }));
  }
  std::size_t prompts_ = 0, prompts_loose_ = 0, instructions_ = 0, strict_ = 0, loose_ = 0;
};

/// SWEfficiency (scripts/eval/get_report.py): the harmonic mean of the model's speed-up over the expert's,
/// where a task that is not solved has the speed-up 1. Tasks whose expert was not measured are in no figure.
class SpeedupTally final : public Tally {
 public:
  void add(const Judged& answer) override {
    const auto metadata = metadata_of(answer);
    const double ratio = metadata.value("speedup_ratio", 0.0);
    if (ratio <= 0) return;
    ++n_;
    inverse_ += 1 / ratio;
    kept_ += metadata.value("correctness", false) ? 1 : 0;
  }
  std::vector<OfficialFigure> figures() const override {
    if (n_ == 0) return {};
    return {{"speedup_ratio", "of the expert's speed-up, harmonic mean", static_cast<double>(n_) / inverse_},
            {"correctness", "patches that keep the tests passing", share(kept_, n_)},
            {"measured", "tasks in these figures", static_cast<double>(n_), true}};
  }

 private:
  std::size_t n_ = 0, kept_ = 0;
  double inverse_ = 0;
};

template <class T>
std::unique_ptr<Tally> make() {
  return std::make_unique<T>();
}

}  // namespace

std::span<const TallyEntry> tallies() {
  static constexpr std::array kTallies = {
      TallyEntry{"arena-hard", "win rate over battles", &make<ArenaHardTally>},
      TallyEntry{"browsecomp", "calibration error", &make<CalibrationTally>},
      TallyEntry{"hle", "calibration error", &make<CalibrationTally>},
      TallyEntry{"ifeval", "strict and loose, by prompt and by instruction", &make<IfEvalTally>},
      TallyEntry{"mmlu-pro", "accuracy with a random letter for unparsed answers", &make_mmlu_pro_tally},
      TallyEntry{"simpleqa", "accuracy given attempted, F1", &make<SimpleQaTally>},
      TallyEntry{"swefficiency", "harmonic mean of the speed-ups over the expert's", &make<SpeedupTally>},
      TallyEntry{"wildchat", "win rate, ties", &make<WinTally>},
  };
  return kTallies;
}

}  // namespace ipw::evaluation
