// SPDX-License-Identifier: Apache-2.0
// A powermetrics that shows a simulated machine: ROOT/usr/bin/powermetrics finds ROOT/world. The devices of
// vendor "apple" are its rails, by name: cpu, gpu, ane, dram. It writes in pieces, as a pipe may.
#include <cstdio>
#include <cstdlib>

#include "ipw/sim/stubs/stub.h"

namespace {

using namespace ipw::sim;

struct Options {
  std::int64_t interval_ns = 5'000'000'000;
  long samples = -1;
};

Options parse(int argc, char** argv) {
  Options out;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "-i") == 0) out.interval_ns = std::atoll(argv[i + 1]) * 1'000'000;
    if (std::strcmp(argv[i], "-n") == 0) out.samples = std::atol(argv[i + 1]);
  }
  return out;
}

Device* rail(World& w, const char* name) {
  for (std::uint32_t i = 0;; ++i) {
    Device* d = stub::listed(w, "apple", i);
    if (!d || std::strcmp(d->name, name) == 0) return d;
  }
}

// Millijoules of the interval, as the sensor shows them.
std::string energies(World& w, std::int64_t from_ns, std::int64_t to_ns) {
  std::string out;
  for (const char* name : {"cpu", "gpu", "ane", "dram"}) {
    Device* d = rail(w, name);
    if (!d) continue;
    const double joules = d->gain * (true_joules(w, *d, to_ns) - true_joules(w, *d, from_ns));
    char line[160];
    std::snprintf(line, sizeof line,
                  "<key>%s_energy</key><real>%.9g</real>\n<key>%s_power</key><real>%.9g</real>\n", name,
                  joules * 1e3, name, joules * 1e12 / static_cast<double>(to_ns - from_ns));
    out += line;
  }
  return out;
}

std::string document(World& w, std::int64_t from_ns, std::int64_t to_ns) {
  const Device* gpu = rail(w, "gpu");
  const double idle = 1 - (gpu ? gpu->utilization_pct / 100 : 0);
  const bool hot = gpu && gpu->throttle != 0;
  char tail[400];
  std::snprintf(
      tail, sizeof tail,
      "</dict>\n<key>gpu</key><dict><key>freq_hz</key><real>1398</real><key>idle_ratio</key>"
      "<real>%.6f</real></dict>\n<key>thermal_pressure</key><string>%s</string>\n</dict>\n</plist>\n",
      idle, hot ? "Heavy" : "Nominal");
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
         "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n"
         "<key>is_delta</key><true/>\n<key>hw_model</key><string>Mac99,1</string>\n<key>elapsed_ns</"
         "key><integer>" +
         std::to_string(to_ns - from_ns) + "</integer>\n<key>processor</key>\n<dict>\n" +
         energies(w, from_ns, to_ns) + tail;
}

void write_in_pieces(const std::string& text, std::size_t end) {
  constexpr std::size_t kPiece = 37;
  for (std::size_t at = 0; at < end; at += kPiece) {
    std::fwrite(text.data() + at, 1, std::min(kPiece, end - at), stdout);
    std::fflush(stdout);
  }
}

// Wait for an instant of the world's clock, whoever moves it.
void sleep_until(World& w, std::int64_t at_ns) {
  while (now_ns(w) < at_ns) stub::wait_ns(200'000);
}

}  // namespace

int main(int argc, char** argv) {
  std::string root = argv[0];
  for (int up = 0; up < 3; ++up) root.resize(std::min(root.size(), root.rfind('/')));
  MappedWorld mapped(world_file(root));
  if (!mapped) {
    std::fputs("powermetrics must be invoked as the superuser\n", stderr);
    return 1;
  }
  World& w = *mapped;
  const Options options = parse(argc, argv);
  std::int64_t from = now_ns(w);
  for (long n = 0; n != options.samples; ++n) {
    const std::int64_t to = from + options.interval_ns;
    sleep_until(w, to);
    const std::string text = document(w, from, to);
    const Device* first = stub::listed(w, "apple", 0);
    const bool dies = first && active(*first, Fault::Crash, to);
    while (first && active(*first, Fault::Hang, now_ns(w))) stub::wait_ns(1'000'000);
    if (n > 0) std::fputc('\0', stdout);
    write_in_pieces(text, dies ? text.size() / 2 : text.size());
    if (dies) return 9;
    from = to;
  }
  return 0;
}
