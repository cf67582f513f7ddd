#include "wire/summary_json.h"

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "wire/parts.h"
#include "wire/preprocessing_json.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr int kMostDetections = 10'000;
constexpr double kLeastSigma = 1e-3;

ChannelGroup read_group(Fields& fields) {
  ChannelGroup out;
  out.name = fields.text("name");
  out.channels = fields.small("channels", 1);
  for (const std::int64_t width : fields.integers("widths", 1, out.channels)) {
    if (!out.widths.empty() && width <= out.widths.back()) fields.refuse("widths", "ascend");
    out.widths.push_back(static_cast<int>(width));
  }
  if (out.widths.empty() || out.widths.back() != out.channels) {
    fields.refuse("widths", "end with the group's channels");
  }
  out.producers = fields.texts("producers");
  out.consumers = fields.texts("consumers");
  return out;
}

FrozenChannels read_frozen(Fields& fields) {
  return {fields.text("layer"), fields.small("channels"), fields.text("reason")};
}

DepthStage read_stage(Fields& fields) {
  DepthStage out;
  fields.objects("blocks", [&](Fields& block) {
    out.blocks.push_back({block.text("name"), block.texts("layers"), block.texts("groups")});
  });
  return out;
}

KernelChoice read_kernel(Fields& fields) {
  KernelChoice out;
  out.layer = fields.text("layer");
  for (const std::int64_t size : fields.integers("sizes", 1, kLargestSide)) {
    out.sizes.push_back(static_cast<int>(size));
  }
  return out;
}

Layer read_layer(Fields& fields) {
  Layer out;
  out.name = fields.text("name");
  out.op = fields.text("op");
  for (const std::int64_t side : fields.integers("kernel", 1, kLargestSide)) {
    out.kernel.push_back(static_cast<int>(side));
  }
  out.in_channels = fields.small("in_channels", 1);
  out.out_channels = fields.small("out_channels", 1);
  out.groups = fields.small("groups", 1);
  out.macs = fields.integer("macs");
  out.parameters = fields.integer("parameters");
  return out;
}

TriedSize read_tried_size(Fields& fields) {
  TriedSize out;
  const std::vector<std::int64_t> size = fields.integers("size", 1, kLargestSide);
  if (size.size() == 2) {
    out.height = static_cast<int>(size[0]);
    out.width = static_cast<int>(size[1]);
  } else {
    fields.refuse("size", "be [height, width]");
  }
  if (fields.has("why_not")) out.why_not = fields.text("why_not");
  return out;
}

ModelOutput read_output(Fields& fields) {
  ModelOutput out;
  out.name = fields.text("name");
  out.type = fields.text("type");
  out.shape = fields.integers("shape", -1, std::numeric_limits<std::int64_t>::max());
  if (fields.has("why_not_compared")) out.why_not_compared = fields.text("why_not_compared");
  return out;
}

Tried read_tried(Fields& fields) {
  Tried out;
  out.sizes = read_tried_sizes(fields, "sizes");
  if (fields.has("why_no_int8")) out.why_no_int8 = fields.text("why_no_int8");
  fields.objects("fp32_layers", [&](Fields& layer) {
    out.fp32_layers.push_back({layer.text("layer"), layer.text("reason")});
  });
  fields.objects("outputs", [&](Fields& output) { out.outputs.push_back(read_output(output)); });
  out.seconds = fields.number("seconds", 0.0);
  return out;
}

Json tried_value(const Tried& tried) {
  Json layers = Json::array();
  for (const Fp32Layer& l : tried.fp32_layers) {
    layers.push_back({{"layer", l.layer}, {"reason", l.reason}});
  }
  Json outputs = Json::array();
  for (const ModelOutput& o : tried.outputs) {
    Json output = {{"name", o.name}, {"type", o.type}, {"shape", o.shape}};
    if (!o.why_not_compared.empty()) output["why_not_compared"] = o.why_not_compared;
    outputs.push_back(std::move(output));
  }
  Json out = {{"sizes", tried_sizes_value(tried.sizes)},
              {"fp32_layers", std::move(layers)},
              {"outputs", std::move(outputs)},
              {"seconds", tried.seconds}};
  if (!tried.why_no_int8.empty()) out["why_no_int8"] = tried.why_no_int8;
  return out;
}

Json groups_value(const std::vector<ChannelGroup>& groups) {
  Json out = Json::array();
  for (const ChannelGroup& g : groups) {
    out.push_back({{"name", g.name},
                   {"channels", g.channels},
                   {"widths", g.widths},
                   {"producers", g.producers},
                   {"consumers", g.consumers}});
  }
  return out;
}

Json frozen_value(const std::vector<FrozenChannels>& frozen) {
  Json out = Json::array();
  for (const FrozenChannels& f : frozen) {
    out.push_back({{"layer", f.layer}, {"channels", f.channels}, {"reason", f.reason}});
  }
  return out;
}

Json stage_value(const DepthStage& stage) {
  Json blocks = Json::array();
  for (const DepthBlock& b : stage.blocks) {
    blocks.push_back({{"name", b.name}, {"layers", b.layers}, {"groups", b.groups}});
  }
  return {{"blocks", std::move(blocks)}};
}

Json layers_value(const std::vector<Layer>& layers) {
  Json out = Json::array();
  for (const Layer& l : layers) {
    out.push_back({{"name", l.name},
                   {"op", l.op},
                   {"kernel", l.kernel},
                   {"in_channels", l.in_channels},
                   {"out_channels", l.out_channels},
                   {"groups", l.groups},
                   {"macs", l.macs},
                   {"parameters", l.parameters}});
  }
  return out;
}

NmsOptions read_nms(Fields& fields) {
  NmsOptions out;
  if (fields.has("kind")) out.kind = fields.one_of("kind", kNmsKindNames);
  if (fields.has("iou")) out.iou_threshold = fields.number("iou", 0, 1);
  if (fields.has("score")) out.score_threshold = fields.number("score", 0, 1);
  if (fields.has("most")) out.max_detections = fields.small("most", 1, kMostDetections);
  if (fields.has("class_aware")) out.class_aware = fields.boolean("class_aware");
  if (fields.has("sigma")) out.sigma = fields.number("sigma", kLeastSigma, 10);
  return out;
}

// What is usual is not said: cards of before stay what they were.
Json nms_value(const NmsOptions& nms) {
  const NmsOptions usual;
  Json out = Json::object();
  if (nms.kind != usual.kind) out["kind"] = name_in(kNmsKindNames, nms.kind);
  if (nms.iou_threshold != usual.iou_threshold) out["iou"] = nms.iou_threshold;
  if (nms.score_threshold != usual.score_threshold) out["score"] = nms.score_threshold;
  if (nms.max_detections != usual.max_detections) out["most"] = nms.max_detections;
  if (nms.class_aware != usual.class_aware) out["class_aware"] = nms.class_aware;
  if (nms.sigma != usual.sigma) out["sigma"] = nms.sigma;
  return out;
}

}  // namespace

std::vector<TriedSize> read_tried_sizes(Fields& fields, std::string_view name) {
  std::vector<TriedSize> sizes;
  fields.objects(name, [&](Fields& size) { sizes.push_back(read_tried_size(size)); });
  return sizes;
}

Json tried_sizes_value(const std::vector<TriedSize>& sizes) {
  Json out = Json::array();
  for (const TriedSize& s : sizes) {
    Json size = {{"size", {s.height, s.width}}};
    if (!s.why_not.empty()) size["why_not"] = s.why_not;
    out.push_back(std::move(size));
  }
  return out;
}

PartialCard read_partial_card(Fields& fields) {
  PartialCard out;
  if (fields.has("head")) out.head = fields.text("head");
  if (fields.has("preprocessing")) {
    fields.object("preprocessing", [&](Fields& p) { out.preprocessing = read_preprocessing(p); });
  }
  if (fields.has("input")) {
    const std::vector<std::int64_t> input = fields.integers("input", 1, kLargestSide);
    if (input.size() == 2) {
      out.height = static_cast<int>(input[0]);
      out.width = static_cast<int>(input[1]);
    } else {
      fields.refuse("input", "be [height, width]");
    }
  }
  if (fields.has("classes")) out.classes = fields.texts("classes");
  if (fields.has("scored")) out.scored = fields.texts("scored");
  if (fields.has("head_description")) {
    fields.object("head_description",
                  [&](Fields& head) { out.head_description = read_head_description(head); });
  }
  if (fields.has("nms")) {
    fields.object("nms", [&](Fields& nms) { out.nms = read_nms(nms); });
  }
  return out;
}

ModelCard read_card(Fields& fields) {
  PartialCard card = read_partial_card(fields);
  if (card.head.empty()) fields.refuse("head", "name the head");
  if (!card.preprocessing) fields.refuse("preprocessing", "be there");
  if (card.height == 0) fields.refuse("input", "be [height, width]");
  return {std::move(card.head),
          card.preprocessing.value_or(Preprocessing{}),
          card.height,
          card.width,
          std::move(card.classes),
          std::move(card.scored),
          std::move(card.head_description),
          card.nms};
}

CardOrigins read_origins(Fields& fields) {
  return {fields.text("head"), fields.text("input"), fields.text("preprocessing"),
          fields.text("classes")};
}

ModelSummary read_summary(Fields& fields) {
  ModelSummary out;
  out.sha256 = fields.sha256("sha256");
  fields.object("card", [&](Fields& card) { out.card = read_card(card); });
  if (fields.has("origins")) {
    fields.object("origins", [&](Fields& origins) { out.origins = read_origins(origins); });
  }
  out.notes = fields.texts("notes");
  out.opset = fields.small("opset", 1);
  out.macs = fields.integer("macs");
  out.parameters = fields.integer("parameters");
  out.bytes = fields.integer("bytes");
  out.stride = fields.small("stride");
  fields.objects("groups", [&](Fields& group) { out.groups.push_back(read_group(group)); });
  fields.objects("frozen", [&](Fields& frozen) { out.frozen.push_back(read_frozen(frozen)); });
  fields.objects("layers", [&](Fields& layer) { out.layers.push_back(read_layer(layer)); });
  if (fields.has("output_layers")) out.output_layers = fields.texts("output_layers");
  if (fields.has("activations")) out.activations = fields.texts("activations");
  if (fields.has("stages")) {
    fields.objects("stages", [&](Fields& stage) { out.stages.push_back(read_stage(stage)); });
  }
  if (fields.has("kernels")) {
    fields.objects("kernels", [&](Fields& one) { out.kernels.push_back(read_kernel(one)); });
  }
  if (fields.has("tried")) {
    fields.object("tried", [&](Fields& tried) { out.tried = read_tried(tried); });
  }
  if (fields.has("preprocessing_trial")) {
    fields.object("preprocessing_trial", [&](Fields& trial) {
      out.preprocessing_trial = read_preprocessing_trial(trial);
    });
  }
  if (fields.has("class_count")) out.class_count = fields.small("class_count");
  return out;
}

Json card_value(const ModelCard& card) {
  Json out = {{"head", card.head},
              {"preprocessing", preprocessing_value(card.preprocessing)},
              {"input", {card.height, card.width}},
              {"classes", card.classes}};
  if (!card.scored.empty()) out["scored"] = card.scored;
  if (card.head_description) {
    out["head_description"] = head_description_value(*card.head_description);
  }
  if (card.nms != NmsOptions{}) out["nms"] = nms_value(card.nms);
  return out;
}

Json card_value(const PartialCard& card) {
  Json out = Json::object();
  if (!card.head.empty()) out["head"] = card.head;
  if (card.preprocessing) out["preprocessing"] = preprocessing_value(*card.preprocessing);
  if (card.height > 0) out["input"] = {card.height, card.width};
  if (!card.classes.empty()) out["classes"] = card.classes;
  if (!card.scored.empty()) out["scored"] = card.scored;
  if (card.head_description) {
    out["head_description"] = head_description_value(*card.head_description);
  }
  if (card.nms != NmsOptions{}) out["nms"] = nms_value(card.nms);
  return out;
}

Json summary_value(const ModelSummary& s) {
  Json out = {{"sha256", s.sha256},
              {"card", card_value(s.card)},
              {"notes", s.notes},
              {"opset", s.opset},
              {"macs", s.macs},
              {"parameters", s.parameters},
              {"bytes", s.bytes},
              {"stride", s.stride},
              {"groups", groups_value(s.groups)},
              {"frozen", frozen_value(s.frozen)},
              {"layers", layers_value(s.layers)},
              {"output_layers", s.output_layers},
              {"class_count", s.class_count},
              {"activations", s.activations}};
  if (s.origins != CardOrigins{}) {
    out["origins"] = {{"head", s.origins.head},
                      {"input", s.origins.input},
                      {"preprocessing", s.origins.preprocessing},
                      {"classes", s.origins.classes}};
  }
  if (s.tried) out["tried"] = tried_value(*s.tried);
  if (s.preprocessing_trial) {
    out["preprocessing_trial"] = preprocessing_trial_value(*s.preprocessing_trial);
  }
  for (const DepthStage& stage : s.stages) out["stages"].push_back(stage_value(stage));
  for (const KernelChoice& kernel : s.kernels) {
    out["kernels"].push_back({{"layer", kernel.layer}, {"sizes", kernel.sizes}});
  }
  return out;
}

std::string card_to_json(const ModelCard& card) {
  return dump(card_value(card));
}
std::string card_to_json(const PartialCard& card) {
  return dump(card_value(card));
}
std::string summary_to_json(const ModelSummary& summary) {
  return dump(summary_value(summary));
}

Result<ModelCard> parse_card(std::string_view json) {
  return decode(json, "card", read_card);
}

Result<PartialCard> parse_partial_card(std::string_view json) {
  return decode(json, "card", read_partial_card);
}

Result<ModelSummary> parse_summary(std::string_view json) {
  return decode(json, "summary", read_summary);
}

namespace {

Schema texts_schema() {
  return schema::list(schema::text());
}

Schema nms_schema() {
  return schema::object({schema::wish("kind", schema::one_of(kNmsKindNames)),
                         schema::wish("iou", schema::number(0, 1)),
                         schema::wish("score", schema::number(0, 1)),
                         schema::wish("most", schema::small(1, kMostDetections)),
                         schema::wish("class_aware", schema::truth()),
                         schema::wish("sigma", schema::number(kLeastSigma, 10))})
      .named("Nms");
}

Schema group_schema() {
  return schema::object(
      {schema::must("name", schema::text()), schema::must("channels", schema::small(1)),
       schema::must("widths", schema::list(schema::small(1), 1)),
       schema::must("producers", texts_schema()), schema::must("consumers", texts_schema())});
}

Schema layer_schema() {
  return schema::object(
      {schema::must("name", schema::text()), schema::must("op", schema::text()),
       schema::must("kernel", schema::list(schema::small(1, kLargestSide))),
       schema::must("in_channels", schema::small(1)),
       schema::must("out_channels", schema::small(1)), schema::must("groups", schema::small(1)),
       schema::must("macs", schema::whole()), schema::must("parameters", schema::whole())});
}

Schema frozen_schema() {
  return schema::object({schema::must("layer", schema::text()),
                         schema::must("channels", schema::small()),
                         schema::must("reason", schema::text())});
}

Schema stage_schema() {
  const Schema block =
      schema::object({schema::must("name", schema::text()), schema::must("layers", texts_schema()),
                      schema::must("groups", texts_schema())});
  return schema::object({schema::must("blocks", schema::list(block))});
}

Schema tried_schema() {
  const Schema size = schema::object(
      {schema::must("size", schema::size()), schema::may("why_not", schema::text())});
  const Schema layer = schema::object(
      {schema::must("layer", schema::text()), schema::must("reason", schema::text())});
  const Schema output =
      schema::object({schema::must("name", schema::text()), schema::must("type", schema::text()),
                      schema::must("shape", schema::list(schema::whole(-1))),
                      schema::may("why_not_compared", schema::text())});
  return schema::object(
      {schema::must("sizes", schema::list(size)), schema::may("why_no_int8", schema::text()),
       schema::must("fp32_layers", schema::list(layer)),
       schema::must("outputs", schema::list(output)), schema::must("seconds", schema::number(0))});
}

Schema origins_schema() {
  return schema::object(
      {schema::must("head", schema::text()), schema::must("input", schema::text()),
       schema::must("preprocessing", schema::text()), schema::must("classes", schema::text())});
}

}  // namespace

Schema card_schema(Side side) {
  return schema::object({schema::usual(side, "head", schema::text()),
                         schema::usual(side, "preprocessing", preprocessing_schema()),
                         schema::usual(side, "input", schema::size()),
                         schema::usual(side, "classes", texts_schema()),
                         schema::wish("scored", texts_schema()),
                         schema::wish("head_description", head_description_schema()),
                         schema::wish("nms", nms_schema())})
      .named(side == Side::kAsked ? "PartialCard" : "Card");
}

Schema summary_schema() {
  const Schema kernel =
      schema::object({schema::must("layer", schema::text()),
                      schema::must("sizes", schema::list(schema::small(1, kLargestSide)))});
  return schema::object(
             {schema::must("sha256", schema::sha256()),
              schema::must("card", card_schema(Side::kAnswered)),
              schema::may("origins", origins_schema()), schema::must("notes", texts_schema()),
              schema::must("opset", schema::small(1)), schema::must("macs", schema::whole()),
              schema::must("parameters", schema::whole()), schema::must("bytes", schema::whole()),
              schema::must("stride", schema::small()),
              schema::must("groups", schema::list(group_schema())),
              schema::must("frozen", schema::list(frozen_schema())),
              schema::must("layers", schema::list(layer_schema())),
              schema::may("output_layers", texts_schema()),
              schema::may("activations", texts_schema()),
              schema::may("stages", schema::list(stage_schema())),
              schema::may("kernels", schema::list(kernel)), schema::may("tried", tried_schema()),
              schema::may("preprocessing_trial", preprocessing_trial_schema()),
              schema::may("class_count", schema::small())})
      .named("ModelSummary");
}

}  // namespace pare::wire
