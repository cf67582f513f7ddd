// Task documents, outcomes and results: what workers and the store hand back.
#include "core/check.h"
#include "tests/fuzz/fuzzer.h"
#include "wire/task_json.h"

namespace pare::fuzz {

void outcomes(std::string_view bytes);

namespace {

constexpr unsigned kKinds = std::variant_size_v<wire::TaskParams>;

void task(std::string_view json) {
  const auto read = wire::parse_task(json);
  if (!read) return;
  const auto again = wire::parse_task(wire::task_to_json(read.value()));
  PARE_CHECK(again && again.value() == read.value(), "a task is stored as it was read");
}

void outcome(std::string_view json, TaskKind kind) {
  const auto read = wire::parse_outcome(json, kind);
  if (!read) return;
  const auto again = wire::parse_outcome(wire::outcome_to_json(read.value()), kind);
  PARE_CHECK(again && again.value() == read.value(), "an outcome is stored as it was read");
}

void result(std::string_view json, TaskKind kind) {
  const auto read = wire::parse_result(json, kind);
  if (!read) return;
  const auto again = wire::parse_result(wire::result_to_json(read.value()), kind);
  PARE_CHECK(again && again.value() == read.value(), "a result is stored as it was read");
}

}  // namespace

void outcomes(std::string_view bytes) {
  const auto [which, rest] = pick(bytes);
  const auto kind = static_cast<TaskKind>(which % kKinds);
  switch (which / kKinds % 3) {
    case 0: return task(rest);
    case 1: return outcome(rest, kind);
    default: return result(rest, kind);
  }
}

}  // namespace pare::fuzz
