#include "wire/preprocessing_json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "core/names.h"
#include "wire/parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 2> kColors = {"bgr", "rgb"};
constexpr std::array kResizes = {
    Named<Resize>{Resize::kLetterboxCentre, "letterbox_centre"},
    Named<Resize>{Resize::kLetterboxTopLeft, "letterbox_top_left"},
    Named<Resize>{Resize::kStretch, "stretch"},
};

}  // namespace

Preprocessing read_preprocessing(Fields& fields) {
  Preprocessing out;
  out.rgb = fields.one_of("color", kColors) == 1;
  out.resize = fields.one_of("resize", kResizes);
  out.pad_value = fields.small("pad", 0, 255);
  out.mean = fields.numbers("mean");
  out.std = fields.numbers("std");
  if (out.mean.size() != 3) fields.refuse("mean", "have three numbers");
  if (out.std.size() != 3) fields.refuse("std", "have three numbers");
  for (const double divisor : out.std) {
    if (!(divisor > 0)) fields.refuse("std", "be positive: pixels are divided by it");
  }
  return out;
}

Json preprocessing_value(const Preprocessing& p) {
  return {{"color", kColors[p.rgb ? 1 : 0]},
          {"resize", name_in(kResizes, p.resize)},
          {"pad", p.pad_value},
          {"mean", p.mean},
          {"std", p.std}};
}

PreprocessingTrial read_preprocessing_trial(Fields& fields) {
  PreprocessingTrial out;
  out.images = fields.small("images");
  fields.objects("tried", [&](Fields& one) {
    PreprocessingTrial::Tried tried;
    one.object("preprocessing", [&](Fields& how) { tried.how = read_preprocessing(how); });
    tried.map_50_95 = one.number("map_50_95", -1.0, 1.0);
    tried.without_classes = one.number("map_without_classes", -1.0, 1.0);
    out.tried.push_back(std::move(tried));
  });
  out.findings = fields.texts("findings");
  out.alarms = fields.texts("alarms");
  return out;
}

Json preprocessing_trial_value(const PreprocessingTrial& trial) {
  Json tried = Json::array();
  for (const PreprocessingTrial::Tried& one : trial.tried) {
    tried.push_back({{"preprocessing", preprocessing_value(one.how)},
                     {"map_50_95", one.map_50_95},
                     {"map_without_classes", one.without_classes}});
  }
  return {{"images", trial.images},
          {"tried", std::move(tried)},
          {"findings", trial.findings},
          {"alarms", trial.alarms}};
}

std::string preprocessing_trial_to_json(const PreprocessingTrial& trial) {
  return dump(preprocessing_trial_value(trial));
}

Result<PreprocessingTrial> parse_preprocessing_trial(std::string_view json) {
  return decode(json, "preprocessing trial",
                [](Fields& fields) { return read_preprocessing_trial(fields); });
}

Schema preprocessing_schema() {
  return schema::object({schema::must("color", schema::one_of(kColors)),
                         schema::must("resize", schema::one_of(kResizes)),
                         schema::must("pad", schema::small(0, 255)),
                         schema::must("mean", schema::list(schema::number(), 3, 3)),
                         schema::must("std", schema::list(schema::above(0), 3, 3))})
      .named("Preprocessing");
}

Schema preprocessing_trial_schema() {
  const Schema tried = schema::object({schema::must("preprocessing", preprocessing_schema()),
                                       schema::must("map_50_95", schema::number(-1, 1)),
                                       schema::must("map_without_classes", schema::number(-1, 1))});
  return schema::object({schema::must("images", schema::small()),
                         schema::must("tried", schema::list(tried)),
                         schema::must("findings", schema::list(schema::text())),
                         schema::must("alarms", schema::list(schema::text()))})
      .named("PreprocessingTrial");
}

}  // namespace pare::wire
