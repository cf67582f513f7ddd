#include "wire/accuracy_json.h"

#include <nlohmann/json.hpp>

#include "wire/fingerprint_json.h"
#include "wire/parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

HeldBackAccuracy read_held_back(Fields& fields) {
  return {fields.number("map_50_95", -1.0, 1.0), fields.small("images", 1),
          fields.has("draws") ? fields.numbers("draws") : std::vector<double>()};
}

Json held_back_value(const HeldBackAccuracy& held_back) {
  return {
      {"map_50_95", held_back.map_50_95}, {"images", held_back.images}, {"draws", held_back.draws}};
}

}  // namespace

Accuracy read_accuracy(Fields& fields) {
  Accuracy out;
  out.map_50_95 = fields.number("map_50_95", -1.0, 1.0);
  fields.object("coco", [&](Fields& coco) {
    for (std::size_t i = 0; i < kCocoFigures.size(); ++i) {
      out.coco[i] = coco.number(kCocoFigures[i], -1.0, 1.0);
    }
  });
  fields.object("per_class", [&](Fields& classes) {
    for (const std::string& name : classes.names()) {
      out.per_class[name] = classes.number(name, -1.0, 1.0);
    }
  });
  out.images = fields.small("images", 1);
  out.labels = fields.one_of("labels", kLabelSourceNames);
  if (fields.has("draws")) out.draws = fields.numbers("draws");
  if (fields.has("expected")) out.expected = fields.number("expected", 0.0, 1.0);
  if (fields.has("runtime_version")) out.runtime_version = fields.text("runtime_version");
  if (fields.has("processor")) out.processor = fields.text("processor");
  if (fields.has("scoring")) out.scoring = fields.text("scoring");
  if (fields.has("fingerprint")) {
    fields.object("fingerprint", [&](Fields& f) { out.fingerprint = read_fingerprint(f); });
  }
  if (fields.has("held_back")) {
    fields.object("held_back", [&](Fields& part) { out.held_back = read_held_back(part); });
  }
  return out;
}

Json accuracy_value(const Accuracy& a) {
  Json coco;
  for (std::size_t i = 0; i < kCocoFigures.size(); ++i) {
    coco[std::string(kCocoFigures[i])] = a.coco[i];
  }
  return {{"map_50_95", a.map_50_95},
          {"coco", std::move(coco)},
          {"per_class", a.per_class},
          {"images", a.images},
          {"labels", name_of(a.labels)},
          {"draws", a.draws},
          {"expected", a.expected ? Json(*a.expected) : Json(nullptr)},
          {"runtime_version", a.runtime_version},
          {"processor", a.processor},
          {"scoring", a.scoring},
          {"held_back", a.held_back ? held_back_value(*a.held_back) : Json(nullptr)},
          {"fingerprint", fingerprint_value(a.fingerprint)}};
}

std::string accuracy_to_json(const Accuracy& accuracy) {
  return dump(accuracy_value(accuracy));
}

Result<Accuracy> parse_accuracy(std::string_view json) {
  return decode(json, "accuracy", read_accuracy);
}

}  // namespace pare::wire
