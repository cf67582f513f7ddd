// Bodies of requests: jobs, targets, models, datasets, comparisons.
#include "core/check.h"
#include "tests/fuzz/fuzzer.h"
#include "wire/catalog_json.h"
#include "wire/job_json.h"
#include "wire/target_json.h"

namespace pare::fuzz {

void bodies(std::string_view bytes);

void bodies(std::string_view bytes) {
  const auto [which, rest] = pick(bytes);
  switch (which % 5) {
    case 0: {
      const auto job = wire::parse_new_job(rest);
      if (!job) return;
      const auto again = wire::parse_new_job(wire::job_to_json(job.value()));
      PARE_CHECK(again && again.value() == job.value(), "a job is stored as it was posted");
      return;
    }
    case 1: {
      const auto target = wire::parse_target(rest);
      if (!target) return;
      const auto again = wire::parse_target(wire::target_to_json(target.value()));
      PARE_CHECK(again && again.value() == target.value(), "a target is stored as it was posted");
      return;
    }
    case 2: (void)wire::parse_new_model(rest); return;
    case 3: (void)wire::parse_new_dataset(rest); return;
    default: {
      const auto comparison = wire::parse_new_comparison(rest);
      if (comparison) (void)wire::comparison_to_json(comparison.value());
    }
  }
}

}  // namespace pare::fuzz
