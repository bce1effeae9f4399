// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/nvml_gpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ipw::telemetry::nvml {

namespace {

// Memory, load and temperature at about 5 Hz, limits each second: they cost the driver's lock more and change
// little.
constexpr auto kSlow = std::chrono::milliseconds(190);
constexpr auto kSeldom = std::chrono::seconds(1);
// Gain error from board to board (telemetry.md 1.1).
constexpr double kGain = 0.05;
constexpr double kUnknownCap = 1500, kModuleMore = 1500;
// How much older than its reading a counter's value may be.
constexpr double kStaleness = 0.2;

Trouble unsupported(const std::string& uuid) {
  return {Cause::Unsupported, fmt::format("{}: the driver offers neither an energy counter nor power", uuid),
          "a virtual GPU without them can be measured on its host only"};
}

}  // namespace

Gpu::Gpu(DeviceIdentity identity, const std::string& root) : identity_(std::move(identity)), root_(root) {
  const std::string power = root + "/sys/bus/pci/devices/" + identity_.bus + "/power/";
  if (!identity_.bus.empty() && read_small(power + "control") == "auto")
    runtime_status_.emplace(power + "runtime_status");
}

bool Gpu::suspended() {
  if (!runtime_status_) return false;
  const auto status = runtime_status_->read();
  return status && status->starts_with("suspend");
}

void Gpu::attach(const Functions& call, Device handle) {
  call_ = &call;
  handle_ = handle;
  trouble_.reset();
  gauges_.emplace(call, handle, root_);
  if (!sources_.energy && !sources_.power) {
    sources_ = find_sources(call, handle, identity_.name);
    unsigned milliwatts = 0;
    const bool told = call.power_limit && call.power_limit(handle, &milliwatts) == kOk;
    const auto limit = told ? sensor_watts(milliwatts) : std::nullopt;
    cap_watts_ = limit ? 2 * *limit : kUnknownCap;
  }
  attach_instances();
  driver_clock_ = {};
  power_samples_.emplace();
  shared_.reset();
  before_.reset();
}

std::vector<std::string> Gpu::probe_missing() {
  Sample ignored;
  if (!gauges_) return {};
  FieldValue temperature{.field = kFieldMemoryTemperature};
  if (call_->field_values && call_->field_values(handle_, 1, &temperature) == kOk)
    gauges_->memory_temperature(temperature);
  gauges_->poll({}, 0, instances_, 0, true, ignored);
  return gauges_->missing();
}

void Gpu::attach_instances() {
  auto found = list_instances(*call_, handle_);
  activity_ = found.empty() ? nullptr : std::make_unique<InstanceActivity>(*call_);
  if (activity_) activity_->read(handle_, found);
  if (instances_.empty() && !domains_made_) {
    instances_ = std::move(found);
    return;
  }
  for (Instance& instance : instances_) {
    const auto again = std::ranges::find(found, instance.uuid, &Instance::uuid);
    instance.handle = again == found.end() ? nullptr : again->handle;
  }
}

void Gpu::detach(Trouble why) {
  handle_ = nullptr;
  activity_.reset();
  gauges_.reset();
  trouble_ = std::move(why);
}

double Gpu::cap() const {
  return cap_watts_ + (sources_.scope == Scope::Module ? kModuleMore : 0);
}

Domain Gpu::base_domain(const std::string& name) const {
  Domain d;
  d.name = name;
  d.scope = sources_.scope;
  d.method = sources_.energy ? Method::Counter : Method::Integrated;
  d.collector = "nvml";
  d.cap_watts = cap();
  d.step_joules = sources_.energy ? 1e-3 : 0;
  if (!sources_.energy)
    d.update_seconds = sources_.update_seconds, d.averaging_seconds = sources_.averaging_seconds;
  d.relative_half_width = kGain;
  d.note = sources_.note;
  d.device = identity_.uuid + ", " + identity_.name;
  return d;
}

void Gpu::add_domains(const std::string& number, bool alternatives, std::vector<Domain>& domains) {
  first_ = static_cast<std::uint32_t>(domains.size());
  domains_made_ = true;
  Domain gpu = base_domain((sources_.scope == Scope::Module ? "module-" : "gpu-") + number);
  if (sources_.module()) gpu.parent = "module-" + number;
  domains.push_back(gpu);
  if (sources_.module()) {
    module_ = static_cast<std::uint32_t>(domains.size());
    Domain module = base_domain(gpu.parent);
    module.scope = Scope::Module;
    module.method = sources_.module_energy ? Method::Counter : Method::Integrated;
    module.cap_watts = cap_watts_ + kModuleMore;
    module.note = "MODULE: GPU, memory and CPU; the GPU and the CPU are in it, do not add them";
    domains.push_back(std::move(module));
  }
  add_instances(gpu, domains);
  if (alternatives) add_alternatives(gpu, domains);
  count_ = static_cast<std::uint32_t>(domains.size()) - first_;
}

void Gpu::add_instances(const Domain& gpu, std::vector<Domain>& domains) {
  if (instances_.empty()) return;
  instances_at_ = static_cast<std::uint32_t>(domains.size());
  const bool activity = activity_ && activity_->offered();
  std::vector<double> shares;
  Domain part = gpu;
  part.scope = Scope::Instance;
  part.parent = gpu.name;
  part.method = Method::Modelled;
  part.update_seconds = to_seconds(kSlow);
  const std::string_view rule = activity ? "slices times activity" : "slices";
  for (const Instance& instance : instances_) {
    part.name = fmt::format("{}/mig-{}", gpu.name, shares.size());
    part.device = instance.uuid;
    part.relative_half_width = InstanceSplit::half_width(instance.share, activity);
    part.note = fmt::format(
        "MODELLED: share of {} by {} ({:.0f} % of the slices); the truth lies between {} and {:g} "
        "times this",
        gpu.name, rule, 100 * instance.share, activity ? "half of" : "nothing", 1 + part.relative_half_width);
    shares.push_back(instance.share);
    domains.push_back(part);
  }
  part.name = gpu.name + "/mig-idle";
  part.device = gpu.device;
  part.relative_half_width = 1;
  part.note = fmt::format("MODELLED: what {} draws in no instance; instances + idle = GPU", gpu.name);
  domains.push_back(std::move(part));
  split_.emplace(std::move(shares));
}

void Gpu::add_alternatives(const Domain& gpu, std::vector<Domain>& domains) {
  const auto add = [&](std::string_view name, double update, double window, std::string note) {
    Domain d = gpu;
    d.name = fmt::format("{}/{}", gpu.name, name);
    d.method = Method::Integrated;
    d.alternative_to = gpu.name;
    d.step_joules = 0;
    d.update_seconds = update;
    d.averaging_seconds = window;
    d.note = std::move(note);
    domains.push_back(std::move(d));
    return static_cast<std::uint32_t>(domains.size() - 1);
  };
  if (sources_.energy && sources_.power && !sources_.power_is_average)
    instant_ =
        add("instant", sources_.update_seconds, sources_.averaging_seconds, "instant power, integrated");
  if (sources_.average) average_ = add("average", 0, 1, "mean power over a second, integrated");
  if (sources_.samples)
    samples_ = add("samples", 0, 0, "the driver's own samples of power, with its time stamps");
}

void Gpu::silence(Sample& sample, const Trouble& why) const {
  const std::string reason = why.remedy.empty() ? why.reason : why.reason + "; " + why.remedy;
  for (std::uint32_t i = first_; i < first_ + count_; ++i) sample.silent.push_back({i, reason, why.cause});
}

Gpu::Values Gpu::read(Clock& clock, bool slow) {
  Values out;
  const Instant begin = clock.now();
  if (sources_.energy.kind == Origin::Kind::Call) {
    unsigned long long millijoules = 0;
    out.status = call_->total_energy(handle_, &millijoules);
    out.energy_read = {begin, clock.now()};
    if (out.status == kOk) out.joules = counter_joules(millijoules);
  }
  read_fields(clock, slow, out);
  if (sources_.power.kind == Origin::Kind::Call) {
    unsigned milliwatts = 0;
    const Instant before = clock.now();
    const int status = call_->power_usage(handle_, &milliwatts);
    out.power_read = {before, clock.now()};
    if (status == kOk) out.watts = sensor_watts(milliwatts);
    if (!sources_.energy) out.status = status;
  }
  return out;
}

// All fields that are due in one call: it takes the driver's lock once.
void Gpu::read_fields(Clock& clock, bool slow, Values& out) {
  std::array<FieldValue, 6> fields{};
  std::array<std::optional<double>*, 6> to{};
  std::size_t n = 0;
  const auto want = [&](const Origin& origin, std::optional<double>& value) {
    if (origin.kind != Origin::Kind::Field) return;
    to[n] = &value;
    fields[n++] = {.field = origin.field, .scope = origin.scope};
  };
  want(sources_.energy, out.joules);
  want(sources_.power, out.watts);
  want(sources_.module_energy, out.module_joules);
  want(sources_.module_power, out.module_watts);
  if (slow && average_) want({Origin::Kind::Field, kFieldPowerAverage, kScopeGpu}, out.average_watts);
  const bool memory = slow && gauges_->wants_memory_temperature();
  if (memory) want({Origin::Kind::Field, kFieldMemoryTemperature, 0}, out.memory_celsius);
  if (n == 0) return;
  const Instant begin = clock.now();
  const int status = call_->field_values(handle_, static_cast<int>(n), fields.data());
  const Bracket bracket{begin, clock.now()};
  out.power_read = bracket;
  if (sources_.energy.kind == Origin::Kind::Field) out.energy_read = bracket;
  const bool decides = sources_.energy.kind != Origin::Kind::Call && to[0] != &out.memory_celsius;
  if (decides) out.status = status == kOk ? fields[0].status : status;
  if (status != kOk) return;
  driver_clock_.observe(bracket.begin, bracket.end, fields[0].timestamp_us);
  for (std::size_t i = 0; i < n; ++i) {
    const auto number = number_of(fields[i]);
    if (number && *number > 0) *to[i] = to[i] == &out.memory_celsius ? *number : *number / 1000;
  }
  if (memory) gauges_->memory_temperature(fields[n - 1]);
}

std::optional<Reading> Gpu::primary(const Values& values) const {
  const auto& bracket = sources_.energy ? values.energy_read : values.power_read;
  Reading out{first_, bracket.mid(), bracket.half_width(), std::nullopt, std::nullopt};
  out.energy_joules = values.joules;
  // The mean over a second is no power of this instant.
  const bool fresh = !sources_.power_is_average || !sources_.energy;
  if (values.watts && *values.watts <= cap() && fresh) out.power_watts = values.watts;
  const bool there = sources_.energy ? out.energy_joules.has_value() : out.power_watts.has_value();
  return there ? std::optional(out) : std::nullopt;
}

Reach Gpu::poll(Clock& clock, Sample& sample) {
  if (!attached() || !(sources_.energy || sources_.power)) {
    silence(sample, trouble_.value_or(unsupported(identity_.uuid)));
    return Reach::Nothing;
  }
  if (suspended()) {
    silence(sample,
            {Cause::Stale, identity_.uuid + ": suspended by the kernel; not read, so as not to wake it", {}});
    return Reach::Nothing;
  }
  const Instant now = clock.now();
  const bool slow = !last_slow_ || now - *last_slow_ >= kSlow;
  const Values values = read(clock, slow);
  if (const Reach far = reach(values.status); far == Reach::Gpu || far == Reach::Driver) {
    trouble_ = explain(values.status, identity_.uuid);
    silence(sample, *trouble_);
    return far;
  }
  emit(values, slow, sample);
  if (!slow) return Reach::Nothing;
  last_slow_ = now;
  const bool seldom = !last_seldom_ || now - *last_seldom_ >= kSeldom;
  if (seldom) last_seldom_ = now;
  gauges_->poll(now, first_, instances_, instances_at_.value_or(0), seldom, sample);
  if (values.memory_celsius && *values.memory_celsius < 200)
    sample.gauges.push_back({Gauge::MemoryTemperature, now, *values.memory_celsius, first_});
  return Reach::Nothing;
}

void Gpu::emit(const Values& values, bool slow, Sample& sample) {
  const auto reading = primary(values);
  const auto add_power = [&](std::optional<std::uint32_t> domain, std::optional<double> watts) {
    if (!domain || !watts) return;
    sample.readings.push_back(
        {*domain, values.power_read.mid(), values.power_read.half_width(), std::nullopt, *watts});
  };
  if (reading) {
    sample.readings.push_back(*reading);
    share(*reading, slow, sample);
  } else {
    silence(sample, values.status == kOk
                        ? Trouble{Cause::Nonsense,
                                  identity_.uuid + ": the driver shows 0 or all ones, which is no value",
                                  {}}
                        : explain(values.status, identity_.uuid));
    return;
  }
  if (module_ && sources_.module_energy && values.module_joules) {
    sample.readings.push_back({*module_, values.power_read.mid(), values.power_read.half_width(),
                               values.module_joules, values.module_watts});
  } else if (module_ && !sources_.module_energy) {
    add_power(module_, values.module_watts);
  }
  add_power(instant_, values.watts);
  add_power(average_, values.average_watts);
  if (samples_ && slow) power_samples_->drain(*call_, handle_, driver_clock_, *samples_, sample.readings);
}

// What the device has used since the last share goes to its instances, with their activity over the same
// time.
void Gpu::share(const Reading& reading, bool slow, Sample& sample) {
  if (!split_) return;
  if (!reading.energy_joules && before_) {
    integrated_ +=
        to_seconds(reading.mid - before_->mid) * (*before_->power_watts + *reading.power_watts) / 2;
  }
  before_ = reading;
  if (!slow) return;
  Reading mark = reading;
  if (!mark.energy_joules) mark.energy_joules = integrated_;
  const auto activity = activity_ ? activity_->read(handle_, instances_) : std::vector<double>{};
  if (shared_) {
    const double joules = *mark.energy_joules - *shared_->energy_joules;
    const double seconds = to_seconds(mark.mid - shared_->mid);
    const bool sound = joules >= 0 && joules <= cap_watts_ * (seconds + kStaleness);
    if (sound) split_->add(joules, seconds, activity);
  }
  shared_ = mark;
  for (std::uint32_t i = 0; i <= instances_.size(); ++i) {
    const double joules = i < instances_.size() ? split_->joules(i) : split_->idle_joules();
    sample.readings.push_back({*instances_at_ + i, mark.mid, mark.half_width, joules, std::nullopt});
  }
}

}  // namespace ipw::telemetry::nvml
