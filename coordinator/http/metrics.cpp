#include "coordinator/http/metrics.h"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>

#include "coordinator/http/request_metrics.h"
#include "core/version.h"

namespace pare::coordinator {
namespace {

using Gauges = prometheus::Family<prometheus::Gauge>;

Gauges& gauges(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

void add_health(prometheus::Registry& registry, const Services& services) {
  const Health health = services.store.health();
  gauges(registry, "pare_build_info", "Always 1; the version that runs")
      .Add({{"version", kVersion}})
      .Set(1);
  Gauges& state = gauges(registry, "pare_store_state", "1 for the state that the database is in");
  for (const auto& [value, name] : kStoreStateNames) {
    state.Add({{"state", std::string(name)}}).Set(health.state == value ? 1 : 0);
  }
  gauges(registry, "pare_tasks_waiting", "Tasks that wait through nobody's fault")
      .Add({})
      .Set(health.waiting);
  gauges(registry, "pare_artifact_room_bytes", "Free bytes on the disk of the artifacts")
      .Add({})
      .Set(static_cast<double>(services.blobs.room().count));
}

// A state that nothing is in stands there with 0: a series that ends is no 0 to who watches.
void add_work(prometheus::Registry& registry, const WorkCounts& counts) {
  Gauges& tasks = gauges(registry, "pare_tasks", "Tasks that wait for a worker, or are leased");
  for (const TaskPolicy& kind : kTaskPolicies) {
    for (const char* state : {"queued", "leased"}) {
      const auto found = std::ranges::find_if(counts.tasks, [&](const WorkCounts::Tasks& one) {
        return one.kind == kind.name && one.state == state;
      });
      tasks.Add({{"kind", std::string(kind.name)}, {"state", state}})
          .Set(found != counts.tasks.end() ? static_cast<double>(found->count) : 0);
    }
  }
  Gauges& jobs = gauges(registry, "pare_jobs", "Jobs, by state");
  for (auto state = JobState::kQueued; state <= JobState::kCancelled;
       state = static_cast<JobState>(static_cast<int>(state) + 1)) {
    const std::string name(name_of(state));
    const auto found = counts.jobs.find(name);
    jobs.Add({{"state", name}})
        .Set(found != counts.jobs.end() ? static_cast<double>(found->second) : 0);
  }
}

void add_workers(prometheus::Registry& registry, const std::vector<Worker>& workers) {
  Gauges& all = gauges(registry, "pare_workers", "Workers, by state");
  for (const auto& [value, name] : kWorkerStateNames) {
    all.Add({{"state", std::string(name)}})
        .Set(static_cast<double>(std::ranges::count(workers, value, &Worker::state)));
  }
}

}  // namespace

Result<std::string> metrics_text(const Services& services) {
  prometheus::Registry now;
  add_health(now, services);
  if (const auto counts = services.store.work_counts()) add_work(now, counts.value());
  if (const auto workers = services.store.workers()) add_workers(now, workers.value());
  std::vector<prometheus::MetricFamily> all = now.Collect();
  if (services.requests != nullptr) {
    std::ranges::move(services.requests->collect(), std::back_inserter(all));
  }
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace pare::coordinator
