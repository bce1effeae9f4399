// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <CLI/CLI.hpp>
#include <map>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/sim/faults.h"

namespace ipw::sim {
namespace {

constexpr int kUsageStatus = 2;

constexpr auto kAbout =
    "Simulates a machine and an inference server on it, whose true energies are known.\n\n"
    "Below --root it makes the sensors of the machine: files like those of /sys and /proc, and stub "
    "libraries\n"
    "of the vendors. The server speaks OpenAI's protocol; its load drives the sensors, and each answer "
    "tells\n"
    "the joules that it has truly taken. So `ipw` can be tried and tested without a GPU.";
constexpr auto kExamples =
    "Examples:\n"
    "  ipw-sim                                       a machine in a new folder, a server on port 8123\n"
    "  ipw-sim --ttft-ms 200~0.5 --itl-ms 20~0.2     answers as slow as those of a larger model\n"
    "  ipw-sim --devices nvidia --fault nvidia-0:hang:10s:5s     a driver that hangs for 5 s\n"
    "  ipw-sim --answers right --accuracy 0.8        right to four questions of ipw-mini in five\n\n"
    "Ctrl-C ends it with a report: what each device has truly used, idle and for requests.";

const std::map<std::string, Answers> kAnswers{
    {"echo", Answers::Echo}, {"fixed", Answers::Fixed}, {"right", Answers::Right}};

/// Options that are texts first and then values.
struct Texts {
  std::string devices = "nvidia,amd", ttft = "80", itl = "15", reasoning = "0", answers = "right", root,
              duration;
};

void add_machine_options(CLI::App& app, Options& out, Texts& texts) {
  app.add_option("--root", texts.root,
                 "folder of the simulated machine; without it a new one, removed at the end")
      ->type_name("DIR");
  app.add_option("--devices", texts.devices, "accelerators: amd, gaudi, nvidia, in any number, or none")
      ->type_name("LIST")
      ->capture_default_str();
  app.add_option("--sockets", out.machine.sockets, "CPU packages, each with its DRAM")
      ->check(CLI::Range(0, 4))
      ->capture_default_str();
  app.add_option("--prefill-joules", out.machine.prefill_joules,
                 "what a prompt token costs the first kind of accelerator above idle; others in proportion")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--decode-joules", out.machine.decode_joules, "the same for a token after the first")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--overhead-watts", out.meters.overhead_watts,
                 "what the machine draws besides its devices, as meters at its outlet see it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--supply-efficiency", out.meters.efficiency, "of the supply, as those meters see it")
      ->check(CLI::Range(0.5, 1.0))
      ->capture_default_str();
  app.add_option("--fault", out.faults, "make a sensor fail; repeat for several")
      ->type_name("DEVICE:FAULT:START:LENGTH[:VALUE]")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_server_options(CLI::App& app, Options& out, Texts& texts) {
  auto& server = out.server;
  app.add_option("--port", out.port, "TCP port on 127.0.0.1; 0 takes any free one and prints it")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--model", server.model, "name of the model")->capture_default_str();
  app.add_option("--ttft-ms", texts.ttft,
                 "time to the first token: 80 is constant, 80~0.4 lognormal around 80")
      ->capture_default_str();
  app.add_option("--itl-ms", texts.itl, "time between the tokens of a request, in the same form")
      ->capture_default_str();
  app.add_option("--reasoning-tokens", texts.reasoning,
                 "tokens of reasoning before each answer, in the same form")
      ->capture_default_str();
  app.add_option("--answers", texts.answers,
                 "echo the question, a fixed text, or right ones of ipw-mini and ipw-tiny")
      ->check(CLI::IsMember(&kAnswers))
      ->capture_default_str();
  app.add_option("--fixed-answer", server.fixed_answer, "the text of --answers fixed")->capture_default_str();
  app.add_option("--accuracy", server.accuracy, "share of known questions that are answered right")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--cost-spread", server.cost_spread,
                 "requests differ in what a token costs: sigma of a lognormal factor")
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  app.add_option("--seed", server.seed, "of every random choice")->capture_default_str();
}

void take_texts(const Texts& texts, Options& out) {
  out.machine.root = texts.root;
  out.machine.accelerators.clear();
  for (const auto name : split(texts.devices, ','))
    if (!trim(name).empty() && trim(name) != "none") out.machine.accelerators.emplace_back(trim(name));
  out.server.ttft_ms = parse_draw(texts.ttft);
  out.server.itl_ms = parse_draw(texts.itl);
  out.server.reasoning_tokens = parse_draw(texts.reasoning);
  out.server.answers = kAnswers.at(texts.answers);
  if (!texts.duration.empty()) out.duration_seconds = parse_duration(texts.duration);
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
  Parsed out;
  Texts texts;
  CLI::App app(kAbout, "ipw-sim");
  app.footer(kExamples);
  app.set_version_flag("--version", "ipw-sim " IPW_VERSION);
  add_machine_options(app, out.options, texts);
  add_server_options(app, out.options, texts);
  app.add_option("--duration", texts.duration, "end after this time: 90s, 2m")->type_name("TIME");
  app.add_flag("--json", out.options.json,
               "print one line of JSON at the start and the report as JSON at the end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    out.exit_status = app.exit(error) == 0 ? 0 : kUsageStatus;
    return out;
  }
  take_texts(texts, out.options);
  return out;
}

}  // namespace ipw::sim
