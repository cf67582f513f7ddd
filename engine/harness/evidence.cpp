#include "engine/harness/evidence.h"

#include <nlohmann/json.hpp>

namespace pare::engine {
namespace {

using nlohmann::json;

json state_json(const host::MachineState& state) {
  json document{{"load_average", state.load_average}};
  if (state.governor) document["governor"] = *state.governor;
  if (state.frequency_mhz) document["frequency_mhz"] = *state.frequency_mhz;
  if (state.temperature_celsius) document["temperature_celsius"] = *state.temperature_celsius;
  if (state.throttle_count) document["throttle_count"] = *state.throttle_count;
  return document;
}

}  // namespace

std::string to_json(const Evidence& evidence) {
  json document{{"runtime", evidence.runtime},
                {"versions", evidence.versions},
                {"settings", evidence.settings},
                {"candidate_sha256", evidence.candidate_sha256},
                {"threads", evidence.threads},
                {"cores", evidence.cores},
                {"cpu_model", evidence.machine.cpu_model},
                {"cpu_flags", evidence.machine.cpu_flags},
                {"processor", host::processor_kind(evidence.machine)},
                {"kernel", evidence.machine.kernel},
                {"memory_bytes", evidence.machine.memory_bytes},
                {"before", state_json(evidence.before)},
                {"after", state_json(evidence.after)},
                {"warmup_runs", evidence.warmup_runs},
                {"stationary", evidence.stationary},
                {"narrow", evidence.narrow}};
  if (!evidence.no_layers.empty()) document["no_layers"] = evidence.no_layers;
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace pare::engine
