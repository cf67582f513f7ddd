#include "wire/probe_json.h"

#include <nlohmann/json.hpp>

namespace pare::wire {
namespace {

using Json = nlohmann::json;

std::string text_at(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

ProbeFacts probe_facts(std::string_view device_json) {
  const Json probe = Json::parse(device_json, nullptr, false);
  ProbeFacts facts;
  if (!probe.is_object()) return facts;
  const bool told = probe.contains("processor") && !probe["processor"].is_null();
  facts.processor = text_at(probe, told ? "processor" : "cpu_model");
  const auto engine = probe.find("engine");
  if (engine == probe.end() || !engine->is_object()) return facts;
  facts.engine = true;
  facts.executor = text_at(*engine, "executor");
  facts.scoring = text_at(*engine, "scoring");
  return facts;
}

}  // namespace pare::wire
