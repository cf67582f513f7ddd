#include "wire/training_json.h"

#include <nlohmann/json.hpp>

#include "wire/parts.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

void read_judged(Fields& fields, Training& out) {
  fields.objects("knots", [&](Fields& knot) {
    out.knots.push_back({knot.number("removed", 0.0, 1.0), knot.boolean("kept")});
  });
  fields.objects("judged", [&](Fields& one) {
    out.judged.push_back({one.number("removed", 0.0, 1.0), one.number("closed_form", 0.0),
                          one.number("trained", 0.0)});
  });
}

TrainedInt8 read_int8(Fields& fields) {
  return {fields.integer("steps"), fields.boolean("kept"), fields.number("untrained", 0.0),
          fields.number("trained", 0.0)};
}

}  // namespace

Training read_training(Fields& fields) {
  Training out;
  out.steps = fields.integer("steps");
  out.skipped = fields.integer("skipped");
  out.images = fields.small("images");
  out.held_out_images = fields.small("held_out_images");
  out.seconds = fields.number("seconds", 0.0);
  out.threads = fields.small("threads");
  out.seed = fields.natural("seed");
  read_judged(fields, out);
  if (fields.has("parts")) out.parts = fields.boolean("parts");
  if (fields.has("int8")) {
    fields.object("int8", [&](Fields& int8) { out.int8 = read_int8(int8); });
  }
  out.program = fields.text("program");
  out.processor = fields.text("processor");
  if (fields.has("parent")) {
    fields.object("parent", [&](Fields& parent) {
      out.parent = TrainingParent{parent.sha256("sha256"), parent.integer("step")};
    });
  }
  if (fields.has("notes")) out.notes = fields.texts("notes");
  return out;
}

Json training_value(const Training& training) {
  Json knots = Json::array(), judged = Json::array();
  for (const TrainedKnot& knot : training.knots) {
    knots.push_back({{"removed", knot.removed}, {"kept", knot.kept}});
  }
  for (const JudgedShare& one : training.judged) {
    judged.push_back(
        {{"removed", one.removed}, {"closed_form", one.closed_form}, {"trained", one.trained}});
  }
  Json value = {{"steps", training.steps},         {"skipped", training.skipped},
                {"images", training.images},       {"held_out_images", training.held_out_images},
                {"seconds", training.seconds},     {"threads", training.threads},
                {"seed", training.seed},           {"knots", std::move(knots)},
                {"judged", std::move(judged)},     {"program", training.program},
                {"processor", training.processor}, {"notes", training.notes}};
  if (training.parent) {
    value["parent"] = {{"sha256", training.parent->sha256}, {"step", training.parent->step}};
  }
  if (training.parts) value["parts"] = true;
  if (const auto& int8 = training.int8) {
    value["int8"] = {{"steps", int8->steps},
                     {"kept", int8->kept},
                     {"untrained", int8->untrained},
                     {"trained", int8->trained}};
  }
  return value;
}

std::string training_to_json(const Training& training) {
  return dump(training_value(training));
}

Result<Training> parse_training(std::string_view json) {
  return decode(json, "training", read_training);
}

Schema training_schema() {
  const Schema knot = schema::object(
      {schema::must("removed", schema::number(0, 1)), schema::must("kept", schema::truth())});
  const Schema judged = schema::object({schema::must("removed", schema::number(0, 1)),
                                        schema::must("closed_form", schema::number(0)),
                                        schema::must("trained", schema::number(0))});
  const Schema int8 = schema::object(
      {schema::must("steps", schema::whole()), schema::must("kept", schema::truth()),
       schema::must("untrained", schema::number(0)), schema::must("trained", schema::number(0))});
  const Schema parent = schema::object(
      {schema::must("sha256", schema::sha256()), schema::must("step", schema::whole())});
  return schema::object(
             {schema::must("steps", schema::whole()), schema::must("skipped", schema::whole()),
              schema::must("images", schema::small()),
              schema::must("held_out_images", schema::small()),
              schema::must("seconds", schema::number(0)), schema::must("threads", schema::small()),
              schema::must("seed", schema::whole()), schema::must("knots", schema::list(knot)),
              schema::must("judged", schema::list(judged)), schema::may("parts", schema::truth()),
              schema::may("int8", int8), schema::must("program", schema::text()),
              schema::must("processor", schema::text()), schema::may("parent", parent),
              schema::may("notes", schema::list(schema::text()))})
      .named("Training");
}

}  // namespace pare::wire
