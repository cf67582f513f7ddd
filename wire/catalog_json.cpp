#include "wire/catalog_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/parts.h"
#include "wire/summary_json.h"

namespace pare::wire {
namespace {

constexpr std::size_t kShortestPrefix = 8;
// 20 points: who loses more does not ask whether it is worse.  0.5 is half a point misspelt.
constexpr double kMostMapMargin = 0.2;
constexpr double kLeastAlpha = 1e-6;
constexpr double kMostAlpha = 0.5;
constexpr int kFewestBlocks = 5;
constexpr int kMostBlocks = 10'000;

// A name must not be taken for a SHA-256 or a prefix of one.
std::string read_catalog_name(Fields& fields) {
  std::string name = read_plain_name(fields, "name");
  const bool hex = std::ranges::all_of(
      name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (hex && name.size() >= kShortestPrefix) {
    fields.refuse("name", "not look like a SHA-256");
  }
  return name;
}

std::string read_plan_name(Fields& fields, std::string_view name) {
  std::string digits = fields.text(name);
  const bool hex = std::ranges::all_of(
      digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!hex || digits.size() < kShortestPrefix || digits.size() > 64) {
    fields.refuse(name, "be the SHA-256 of a plan, or at least 8 digits of it");
  }
  return digits;
}

NewModel read_new_model(Fields& fields) {
  NewModel out;
  out.name = read_catalog_name(fields);
  out.sha256 = fields.sha256("sha256");
  if (fields.has("card")) {
    fields.object("card", [&](Fields& card) { out.card = read_partial_card(card); });
  }
  return out;
}

NewDataset read_new_dataset(Fields& fields) {
  NewDataset out;
  out.name = read_catalog_name(fields);
  out.sha256 = fields.sha256("sha256");
  return out;
}

NewComparison read_new_comparison(Fields& fields) {
  NewComparison out;
  out.job = JobId{fields.integer("job", 1)};
  out.target = fields.text("target");
  out.a = read_plan_name(fields, "a");
  out.b = read_plan_name(fields, "b");
  if (fields.has("alpha")) out.alpha = fields.number("alpha", kLeastAlpha, kMostAlpha);
  if (fields.has("latency_margin")) out.latency_margin = fields.number("latency_margin", 0.0, 1.0);
  if (fields.has("map_margin")) out.map_margin = fields.number("map_margin", 0.0, kMostMapMargin);
  if (fields.has("max_blocks")) {
    out.max_blocks = fields.small("max_blocks", kFewestBlocks, kMostBlocks);
  }
  return out;
}

}  // namespace

Result<NewModel> parse_new_model(std::string_view json) {
  return decode(json, "model", read_new_model);
}

Result<NewSupernet> parse_new_supernet(std::string_view json) {
  return decode(json, "super-network", [](Fields& f) { return NewSupernet{f.sha256("sha256")}; });
}

Result<NewDataset> parse_new_dataset(std::string_view json) {
  return decode(json, "dataset", read_new_dataset);
}

Result<NewComparison> parse_new_comparison(std::string_view json) {
  return decode(json, "comparison", read_new_comparison);
}

std::string comparison_to_json(const NewComparison& c) {
  return dump({{"job", c.job.value},
               {"target", c.target},
               {"a", c.a},
               {"b", c.b},
               {"alpha", c.alpha},
               {"latency_margin", c.latency_margin},
               {"map_margin", c.map_margin},
               {"max_blocks", c.max_blocks}});
}

namespace {

Schema catalog_name_schema() {
  return schema::text_like("^(?![0-9a-f]{8,}$)[A-Za-z0-9_+][A-Za-z0-9._+-]{0,99}$");
}

}  // namespace

Schema new_model_schema() {
  return schema::object({schema::must("name", catalog_name_schema()),
                         schema::must("sha256", schema::sha256()),
                         schema::wish("card", card_schema(Side::kAsked))})
      .named("NewModel");
}

Schema new_dataset_schema() {
  return schema::object({schema::must("name", catalog_name_schema()),
                         schema::must("sha256", schema::sha256())})
      .named("NewDataset");
}

Schema new_supernet_schema() {
  return schema::object({schema::must("sha256", schema::sha256())}).named("NewSupernet");
}

std::vector<schema::Field> comparison_fields(Side side) {
  const Schema plan = schema::text_like("^[0-9a-f]{8,64}$");
  return {schema::must("job", schema::whole(1, INT64_MAX)),
          schema::must("target", schema::text()),
          schema::must("a", plan),
          schema::must("b", plan),
          schema::usual(side, "alpha", schema::number(kLeastAlpha, kMostAlpha)),
          schema::usual(side, "latency_margin", schema::number(0, 1)),
          schema::usual(side, "map_margin", schema::number(0, kMostMapMargin)),
          schema::usual(side, "max_blocks", schema::small(kFewestBlocks, kMostBlocks))};
}

Schema new_comparison_schema() {
  return schema::object(comparison_fields(Side::kAsked)).named("NewComparison");
}

}  // namespace pare::wire
