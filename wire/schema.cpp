#include "wire/schema.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/check.h"
#include "wire/parts.h"

namespace pare::wire {

using nlohmann::ordered_json;

namespace {

void add_parts(Schema::Parts& parts, const Schema& schema) {
  for (const auto& [name, part] : schema.parts()) {
    const auto [at, added] = parts.emplace(name, part);
    PARE_CHECK(added || at->second == part, "two schemas have one name");
  }
}

Schema plain(const ordered_json& json) {
  return {json, {}};
}

Schema list_schema(const Schema& item, std::size_t least, std::optional<std::size_t> most,
                   bool unique) {
  ordered_json json = {{"type", "array"}, {"items", item.json()}};
  if (least > 0) json["minItems"] = least;
  if (most) json["maxItems"] = *most;
  if (unique) json["uniqueItems"] = true;
  return {json, item.parts()};
}

Schema object_schema(const std::vector<schema::Field>& fields, const ordered_json& rest) {
  ordered_json json = {{"type", "object"}};
  ordered_json required = ordered_json::array();
  Schema::Parts parts;
  json["properties"] = ordered_json::object();
  for (const schema::Field& field : fields) {
    json["properties"][field.name] = field.value.json();
    if (field.required) required.push_back(field.name);
    add_parts(parts, field.value);
  }
  if (!required.empty()) json["required"] = std::move(required);
  json["additionalProperties"] = rest;
  return {json, std::move(parts)};
}

}  // namespace

struct Schema::Held {
  ordered_json json;
  Parts parts;
};

Schema::Schema(const ordered_json& json, Parts parts)
    : held_(std::make_shared<const Held>(Held{json, std::move(parts)})) {}

const ordered_json& Schema::json() const noexcept {
  return held_->json;
}

const Schema::Parts& Schema::parts() const noexcept {
  return held_->parts;
}

Schema Schema::about(std::string_view text) const {
  ordered_json json = held_->json;
  json["description"] = text;
  return {json, held_->parts};
}

Schema Schema::named(const std::string& name) const {
  Parts parts = held_->parts;
  const auto [at, added] = parts.emplace(name, held_->json);
  PARE_CHECK(added || at->second == held_->json, "two schemas have one name");
  return {{{"$ref", "#/components/schemas/" + name}}, std::move(parts)};
}

Schema Schema::or_null() const {
  return schema::either({*this, schema::null()});
}

namespace schema {

Field must(std::string_view name, Schema value) {
  return {std::string(name), std::move(value), true};
}

Field may(std::string_view name, Schema value) {
  return {std::string(name), std::move(value), false};
}

Field wish(std::string_view name, const Schema& value) {
  return {std::string(name), value.or_null(), false};
}

Field usual(Side side, std::string_view name, Schema value) {
  return side == Side::kAsked ? wish(name, value) : must(name, std::move(value));
}

Schema text() {
  return plain({{"type", "string"}});
}

Schema text(std::size_t least, std::optional<std::size_t> most) {
  ordered_json json = {{"type", "string"}, {"minLength", least}};
  if (most) json["maxLength"] = *most;
  return plain(json);
}

Schema text_like(std::string_view pattern) {
  return plain({{"type", "string"}, {"pattern", pattern}});
}

Schema sha256() {
  return text_like("^[0-9a-f]{64}$");
}

Schema plain_name() {
  return text_like("^[A-Za-z0-9_+][A-Za-z0-9._+-]{0,99}$");
}

Schema time() {
  return plain({{"type", "string"}, {"format", "date-time"}});
}

Schema truth() {
  return plain({{"type", "boolean"}});
}

Schema null() {
  return plain({{"type", "null"}});
}

Schema whole(std::int64_t low, std::optional<std::int64_t> high) {
  ordered_json json = {{"type", "integer"}, {"minimum", low}};
  if (high) json["maximum"] = *high;
  return plain(json);
}

Schema small(int low, int high) {
  return whole(low, high);
}

Schema number(std::optional<double> low, std::optional<double> high) {
  ordered_json json = {{"type", "number"}};
  if (low) json["minimum"] = *low;
  if (high) json["maximum"] = *high;
  return plain(json);
}

Schema above(double low, std::optional<double> high) {
  ordered_json json = {{"type", "number"}, {"exclusiveMinimum", low}};
  if (high) json["maximum"] = *high;
  return plain(json);
}

Schema constant(std::string_view value) {
  return one_of(std::span(&value, 1));
}

Schema one_of(std::span<const std::string_view> names) {
  ordered_json json = {{"type", "string"}, {"enum", ordered_json::array()}};
  for (const std::string_view name : names) json["enum"].push_back(name);
  return plain(json);
}

Schema one_of_numbers(std::span<const int> numbers) {
  ordered_json json = {{"type", "integer"}, {"enum", ordered_json::array()}};
  for (const int number : numbers) json["enum"].push_back(number);
  return plain(json);
}

Schema precision(std::span<const Precision> offered) {
  std::vector<std::string_view> names;
  for (const Precision one : offered) names.push_back(name_of(one));
  return one_of(std::span<const std::string_view>(names));
}

Schema precisions() {
  return set(precision(kAllPrecisions), 1);
}

Schema size() {
  return list(whole(1, kLargestSide), 2, 2).about("[height, width]");
}

Schema anything() {
  return plain(ordered_json::object());
}

Schema list(const Schema& item, std::size_t least, std::optional<std::size_t> most) {
  return list_schema(item, least, most, false);
}

Schema set(const Schema& item, std::size_t least, std::optional<std::size_t> most) {
  return list_schema(item, least, most, true);
}

Schema by_name(const Schema& value) {
  return {{{"type", "object"}, {"additionalProperties", value.json()}}, value.parts()};
}

Schema object(const std::vector<Field>& fields) {
  return object_schema(fields, false);
}

Schema open_object(const std::vector<Field>& fields) {
  return object_schema(fields, true);
}

Schema object_and(const std::vector<Field>& fields, const Schema& rest) {
  const Schema listed = object_schema(fields, rest.json());
  Schema::Parts parts = listed.parts();
  add_parts(parts, rest);
  return {listed.json(), std::move(parts)};
}

Schema either(std::initializer_list<Schema> schemas) {
  ordered_json json = {{"anyOf", ordered_json::array()}};
  Schema::Parts parts;
  for (const Schema& schema : schemas) {
    json["anyOf"].push_back(schema.json());
    add_parts(parts, schema);
  }
  return {json, std::move(parts)};
}

}  // namespace schema
}  // namespace pare::wire
