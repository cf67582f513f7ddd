#include "coordinator/store/processor.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pare::coordinator {
namespace {

using nlohmann::json;

json probe_of(const WorkerProfile& profile) {
  json probe = json::parse(profile.device_json, nullptr, false);
  return probe.is_object() ? probe : json::object();
}

std::string text_at(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::string processor_in(const json& probe) {
  const bool told = probe.contains("processor") && !probe["processor"].is_null();
  return text_at(probe, told ? "processor" : "cpu_model");
}

}  // namespace

std::string processor_of(const WorkerProfile& profile) {
  return processor_in(probe_of(profile));
}

std::vector<Scorer> scorers_of(const std::vector<Worker>& workers) {
  std::vector<Scorer> scorers;
  const auto add = [&](Scorer scorer) {
    if (std::ranges::find(scorers, scorer) == scorers.end()) scorers.push_back(std::move(scorer));
  };
  for (const Worker& worker : workers) {
    if (worker.state == WorkerState::kLost) continue;
    const json probe = probe_of(worker.profile);
    const auto engine = probe.find("engine");
    if (engine == probe.end() || !engine->is_object()) continue;
    const std::string scoring = text_at(*engine, "scoring");
    const std::string processor = processor_in(probe);
    add({"executor", text_at(*engine, "executor"), processor, scoring});
    for (const RuntimeInfo& runtime : worker.profile.runtimes) {
      add({runtime.name, runtime.version, processor, scoring});
    }
  }
  return scorers;
}

}  // namespace pare::coordinator
