// Plans: their canonical spelling, their place in a space, their replay on another model.
#include "core/check.h"
#include "core/replay.h"
#include "search/space.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/search/small_detector.h"
#include "wire/plan_json.h"

namespace pare::fuzz {

void plan(std::string_view bytes);

void plan(std::string_view bytes) {
  (void)wire::parse_plans_asked(bytes);
  const auto read = wire::parse_plan(bytes);
  if (!read) return;
  const std::string canonical = wire::plan_to_json(read.value());
  const auto again = wire::parse_plan(canonical);
  PARE_CHECK(again && again.value() == read.value(), "a plan is written as it was read");
  PARE_CHECK(wire::plan_to_json(again.value()) == canonical, "in one spelling");
  static const ModelSummary model = search::small_detector(4);
  static const search::Space space = search::Space::make(model, {}, Recovery::kReconstruct).value();
  (void)check_replay(read.value(), model, model);
  const auto genome = space.genome_of(read.value());
  PARE_CHECK(!genome || space.plan_of(genome.value()) == read.value(), "and has one genome");
}

}  // namespace pare::fuzz
