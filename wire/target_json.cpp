#include "wire/target_json.h"

#include <nlohmann/json.hpp>

#include "wire/parts.h"

namespace pare::wire {
namespace {

constexpr int kMostThreads = 1024;

Target read_target(Fields& fields) {
  Target out;
  out.name = read_plain_name(fields, "name");
  out.runtime = read_plain_name(fields, "runtime");
  if (fields.has("pool")) out.pool = read_plain_name(fields, "pool");
  if (fields.has("threads")) out.threads = fields.small("threads", 1, kMostThreads);
  if (fields.has("precisions")) out.precisions = read_precisions(fields, "precisions");
  return out;
}

}  // namespace

std::string target_to_json(const Target& target) {
  return dump({{"name", target.name},
               {"runtime", target.runtime},
               {"pool", target.pool},
               {"threads", target.threads},
               {"precisions", precisions_value(target.precisions)}});
}

Result<Target> parse_target(std::string_view json) {
  return decode(json, "target", read_target);
}

std::vector<schema::Field> target_fields(Side side) {
  return {schema::must("name", schema::plain_name()), schema::must("runtime", schema::plain_name()),
          schema::usual(side, "pool", schema::plain_name()),
          schema::usual(side, "threads", schema::small(1, kMostThreads)),
          schema::usual(side, "precisions", schema::precisions())};
}

Schema new_target_schema() {
  return schema::object(target_fields(Side::kAsked)).named("NewTarget");
}

}  // namespace pare::wire
