#include "wire/result_words.h"

#include <nlohmann/json.hpp>

#include "core/number_text.h"

namespace pare::wire {

using nlohmann::json;

namespace {

double number_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : 0.0;
}

bool has(const json& object, const char* name) {
  return object.is_object() && object.contains(name) && !object[name].is_null();
}

}  // namespace

std::string accuracy_name(const json& scored) {
  const std::string labels = has(scored, "labels") && scored["labels"].is_string()
                                 ? scored["labels"].get<std::string>()
                                 : std::string();
  if (labels == "teacher") return "teacher mAP";
  if (labels == "raw_outputs") return "agreement";
  return "mAP";
}

std::string lost_words(const json& figures, const std::string& accuracy) {
  std::string out = fixed_text(number_at(figures, "map_lost"), 1) + " " + accuracy + " points lost";
  if (!has(figures, "map_lost_high")) return out;
  out.append(" [").append(fixed_text(number_at(figures, "map_lost_low"), 1));
  out.append(", ").append(fixed_text(number_at(figures, "map_lost_high"), 1)).append("]");
  return out;
}

std::string gain_words(const json& member, const std::string& accuracy) {
  const double speedup = has(member, "speedup") ? number_at(member, "speedup") : 1.0;
  std::string out = fixed_text(speedup, 2) + " times faster, ";
  if (!has(member, "held_back") || !has(member["held_back"], "map_lost")) {
    return out + lost_words(member, accuracy);
  }
  const json& held_back = member["held_back"];
  out.append(lost_words(held_back, accuracy)).append(" on ");
  out.append(fixed_text(number_at(held_back, "images"), 0)).append(" images that chose nothing (");
  out.append(fixed_text(number_at(member, "map_lost"), 1)).append(" on those that chose it)");
  return out;
}

}  // namespace pare::wire
