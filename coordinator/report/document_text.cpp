#include "coordinator/report/document_text.h"

#include "core/number_text.h"
#include "wire/sha256.h"

namespace pare::coordinator {

using nlohmann::json;

const json& part_of(const json& object, const char* name) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found != object.end() ? *found : kNothing;
}

bool has_part(const json& object, const char* name) {
  return !part_of(object, name).is_null();
}

double number_in(const json& object, const char* name, double otherwise) {
  const json& found = part_of(object, name);
  return found.is_number() ? found.get<double>() : otherwise;
}

std::string text_in(const json& object, const char* name) {
  const json& found = part_of(object, name);
  return found.is_string() ? found.get<std::string>() : std::string();
}

std::string words_of(const json& list, const char* between) {
  std::string out;
  for (const json& item : list) {
    if (!out.empty()) out += between;
    out += item.is_string() ? item.get<std::string>() : item.dump();
  }
  return out;
}

std::string map_text(const json& figures) {
  std::string out = percent_points(number_in(figures, "map_50_95"));
  if (!has_part(figures, "map_low")) return out;
  out.append(" [").append(fixed_text(100 * number_in(figures, "map_low"), 1)).append(", ");
  return out.append(fixed_text(100 * number_in(figures, "map_high"), 1)).append("]");
}

std::string latency_text(const json& member) {
  std::string out = milliseconds(number_in(member, "latency_ms"));
  out.append(" [").append(milliseconds(number_in(member, "latency_low_ms"))).append(", ");
  return out.append(milliseconds(number_in(member, "latency_high_ms"))).append("]");
}

std::string lost_text(const json& figures) {
  if (!has_part(figures, "map_lost")) return "";
  std::string out = fixed_text(number_in(figures, "map_lost"), 1);
  if (!has_part(figures, "map_lost_low")) return out;
  out.append(" [").append(fixed_text(number_in(figures, "map_lost_low"), 1)).append(", ");
  return out.append(fixed_text(number_in(figures, "map_lost_high"), 1)).append("]");
}

std::string digest_of(const json& documents) {
  return short_sha(
      wire::sha256_hex(documents.dump(-1, ' ', false, json::error_handler_t::replace)));
}

}  // namespace pare::coordinator
