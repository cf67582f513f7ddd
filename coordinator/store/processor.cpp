#include "coordinator/store/processor.h"

#include <algorithm>

#include "wire/probe_json.h"

namespace pare::coordinator {

std::string processor_of(const WorkerProfile& profile) {
  return wire::probe_facts(profile.device_json).processor;
}

std::vector<Scorer> scorers_of(const std::vector<Worker>& workers) {
  std::vector<Scorer> scorers;
  const auto add = [&](Scorer scorer) {
    if (std::ranges::find(scorers, scorer) == scorers.end()) scorers.push_back(std::move(scorer));
  };
  for (const Worker& worker : workers) {
    if (worker.state == WorkerState::kLost) continue;
    const wire::ProbeFacts probe = wire::probe_facts(worker.profile.device_json);
    if (!probe.engine) continue;
    add({"executor", probe.executor, probe.processor, probe.scoring});
    for (const RuntimeInfo& runtime : worker.profile.runtimes) {
      add({runtime.name, runtime.version, probe.processor, probe.scoring});
    }
  }
  return scorers;
}

}  // namespace pare::coordinator
