#include "cli/comparison.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/interrupt.h"

namespace pare::cli {

using nlohmann::json;

Result<json> ended_comparison(const Service& service, const std::string& id) {
  constexpr useconds_t kBetweenLooks = 500'000;
  for (;;) {
    auto comparison = service.get("/v1/comparisons/" + id);
    if (!comparison) return comparison;
    const std::string state = comparison.value().value("state", "");
    if (state == "succeeded" || state == "failed" || interrupted()) return comparison;
    ::usleep(kBetweenLooks);
  }
}

bool is_decided(const json& comparison) {
  const json result = comparison.value("result", json::object());
  return comparison.value("state", "") == "succeeded" &&
         result.value("verdict", "") != "INCONCLUSIVE";
}

std::string verdict_text(const json& comparison) {
  if (!comparison.contains("result")) {
    return "comparison " + comparison["id"].dump() +
           " failed: " + comparison.value("reason", "no reason given") + "\n";
  }
  const json& result = comparison["result"];
  return result.value("sentence", "") + "\nverdict: " + result.value("verdict", "") + "\n";
}

}  // namespace pare::cli
