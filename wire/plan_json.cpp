#include "wire/plan_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "wire/parts.h"
#include "wire/sha256.h"

namespace pare::wire {
namespace {

constexpr int kVersion = 2;
constexpr int kLargestKernel = 255;
constexpr int kMostSparse = 95;  // percent
constexpr std::size_t kMostPlansAsked = 1000;
constexpr std::array kActivationBits = {8, 16};
constexpr std::array<std::string_view, 9> kImportance = {
    name_of(Importance::kGram),   name_of(Importance::kL1),         name_of(Importance::kL2),
    name_of(Importance::kRandom), name_of(Importance::kThinet),     name_of(Importance::kTaylor),
    name_of(Importance::kFisher), name_of(Importance::kFisherGram), name_of(Importance::kGates)};
constexpr std::array<std::string_view, 3> kReconstruction = {"none", "independent", "sequential"};
constexpr std::array<std::string_view, 5> kRanges = {"min_max", "percentile", "entropy", "mse",
                                                     "mse_after_activation"};
constexpr std::array<std::string_view, 3> kWeights = {
    name_of(Weights::kOriginal), name_of(Weights::kSupernet), name_of(Weights::kTuned)};
constexpr std::array<std::string_view, 2> kRounding = {"nearest", "gram"};

QuantizationPlan read_quantization(Fields& fields) {
  QuantizationPlan out;
  out.weight_bits = fields.small("weight_bits", 7, 8);
  out.ranges = static_cast<RangeMethod>(fields.one_of("ranges", kRanges));
  out.placement = static_cast<QdqPlacement>(fields.one_of("placement", kPlacementNames));
  if (fields.has("symmetric")) out.symmetric = fields.boolean("symmetric");
  if (fields.has("rounding"))
    out.rounding = static_cast<Rounding>(fields.one_of("rounding", kRounding));
  if (fields.has("equalization")) out.equalization = fields.boolean("equalization");
  if (fields.has("bias_correction")) out.bias_correction = fields.boolean("bias_correction");
  if (fields.has("activation_bits")) {
    out.activation_bits = fields.small("activation_bits", 8, 16);
    if (out.activation_bits != 8 && out.activation_bits != 16) {
      fields.refuse("activation_bits", "be 8 or 16");
    }
  }
  return out;
}

// Settings that came later stand there only where they are used: the plans, and their names, of
// before stay as they are.
nlohmann::json quantization_json(const QuantizationPlan& q) {
  nlohmann::json json = {{"weight_bits", q.weight_bits},
                         {"ranges", kRanges[static_cast<std::size_t>(q.ranges)]},
                         {"placement", kPlacementNames[static_cast<std::size_t>(q.placement)]}};
  if (q.symmetric) json["symmetric"] = true;
  if (q.rounding != Rounding::kNearest)
    json["rounding"] = kRounding[static_cast<std::size_t>(q.rounding)];
  if (q.equalization) json["equalization"] = true;
  if (q.bias_correction) json["bias_correction"] = true;
  if (q.activation_bits != 8) json["activation_bits"] = q.activation_bits;
  return json;
}

WeightStorage read_storage(Fields& fields) {
  WeightStorage out;
  out.bits = fields.small("bits", 4, 32);
  if (std::ranges::find(kStorageBits, out.bits) == kStorageBits.end()) {
    fields.refuse("bits", "be 32, 16, 8 or 4");
  }
  if (fields.has("grid")) out.grid = fields.one_of("grid", kWeightGridNames);
  if (out.bits != 4 && out.grid != WeightGrid::kLinear) {
    fields.refuse("grid", "be linear where there are more than 4 bits");
  }
  return out;
}

nlohmann::json storage_json(const WeightStorage& storage) {
  return {{"bits", storage.bits}, {"grid", name_in(kWeightGridNames, storage.grid)}};
}

Sparsity read_sparsity(Fields& fields) {
  Sparsity out;
  if (fields.has("percent")) {
    out.percent = fields.small("percent", 1, kMostSparse);
    if (fields.has("keep") || fields.has("of")) {
      fields.refuse("percent", "not stand beside \"keep\" and \"of\"");
    }
    return out;
  }
  out.of = fields.small("of", 2, kLargestSparseBlock);
  out.keep = fields.small("keep", 1, kLargestSparseBlock - 1);
  if (out.keep >= out.of) fields.refuse("keep", "be less than \"of\"");
  return out;
}

nlohmann::json sparsity_json(const Sparsity& sparsity) {
  if (sparsity.of == 0) return {{"percent", sparsity.percent}};
  return {{"keep", sparsity.keep}, {"of", sparsity.of}};
}

LayerDirective read_directive(Fields& fields) {
  LayerDirective out;
  if (fields.has("int8")) out.int8 = fields.boolean("int8");
  if (fields.has("storage")) {
    fields.object("storage", [&](Fields& storage) { out.storage = read_storage(storage); });
  }
  return out;
}

nlohmann::json directive_json(const LayerDirective& directive) {
  nlohmann::json json = nlohmann::json::object();
  if (!directive.int8) json["int8"] = false;
  if (directive.storage) json["storage"] = storage_json(*directive.storage);
  return json;
}

// What is true of layers, or of all weights, without it being said is not said.
void drop_what_says_nothing(Plan& plan) {
  if (plan.storage == WeightStorage{.bits = 32}) plan.storage.reset();
  const WeightStorage of_all = plan.storage.value_or(WeightStorage{.bits = 32});
  for (auto& [name, directive] : plan.layers) {
    if (directive.storage == of_all) directive.storage.reset();
    if (!plan.quantization) directive.int8 = true;
  }
  std::erase_if(plan.layers, [](const auto& layer) { return layer.second == LayerDirective{}; });
}

// True if the first version could say it all: there, layers were left in fp32 and no more.
bool is_of_version_1(const Plan& plan) {
  return plan.floats == Precision::kFp32 && plan.weights == Weights::kOriginal &&
         plan.skip.empty() && plan.kernels.empty() && !plan.storage && !plan.sparsity &&
         (!plan.quantization || plan.quantization->activation_bits == 8) &&
         std::ranges::all_of(plan.layers, [](const auto& layer) {
           return layer.second == LayerDirective{.int8 = false};
         });
}

void read_what_is_new(Fields& fields, Plan& plan) {
  plan.floats = read_precision(fields, "floats", kFloatPrecisions);
  if (fields.has("weights")) {
    plan.weights = static_cast<Weights>(fields.one_of("weights", kWeights));
  }
  if (fields.has("skip")) {
    for (std::string& block : fields.texts("skip")) plan.skip.insert(std::move(block));
  }
  if (fields.has("kernels")) {
    fields.object("kernels", [&](Fields& kernels) {
      for (const std::string& layer : kernels.names()) {
        plan.kernels[layer] = kernels.small(layer, 1, kLargestKernel);
      }
    });
  }
  if (fields.has("storage")) {
    fields.object("storage", [&](Fields& storage) { plan.storage = read_storage(storage); });
  }
  if (fields.has("sparsity")) {
    fields.object("sparsity", [&](Fields& sparsity) { plan.sparsity = read_sparsity(sparsity); });
  }
  fields.object("layers", [&](Fields& layers) {
    for (const std::string& name : layers.names()) {
      layers.object(name, [&](Fields& one) { plan.layers[name] = read_directive(one); });
    }
  });
}

}  // namespace

std::string_view name_of(QdqPlacement placement) {
  return kPlacementNames[static_cast<std::size_t>(placement)];
}

Plan read_plan(Fields& fields) {
  Plan plan;
  const int version = fields.small("version", 1, kVersion);
  const std::vector<std::int64_t> input = fields.integers("input", 1, kLargestSide);
  if (input.size() == 2) {
    plan.height = static_cast<int>(input[0]);
    plan.width = static_cast<int>(input[1]);
  } else {
    fields.refuse("input", "be [height, width]");
  }
  fields.object("widths", [&](Fields& widths) {
    for (const std::string& group : widths.names()) plan.widths[group] = widths.small(group, 1);
  });
  plan.importance = static_cast<Importance>(fields.one_of("importance", kImportance));
  plan.reconstruction =
      static_cast<Reconstruction>(fields.one_of("reconstruction", kReconstruction));
  if (fields.has("quantization")) {
    fields.object("quantization", [&](Fields& q) {
      plan.quantization = read_quantization(q);
      if (version == kVersion) return;
      for (const std::string& layer : q.texts("keep_fp32")) plan.layers[layer].int8 = false;
    });
  }
  if (version == kVersion) read_what_is_new(fields, plan);
  drop_what_says_nothing(plan);
  if (!may_inherit(plan)) plan.weights = Weights::kOriginal;
  return plan;
}

nlohmann::json plan_value(const Plan& plan) {
  const bool old = is_of_version_1(plan);
  nlohmann::json json;  // an ordered map inside: keys come out sorted
  json["version"] = old ? 1 : kVersion;
  json["input"] = {plan.height, plan.width};
  json["widths"] = plan.widths;
  json["importance"] = name_of(plan.importance);
  json["reconstruction"] = kReconstruction[static_cast<std::size_t>(plan.reconstruction)];
  json["quantization"] = nullptr;
  if (plan.quantization) json["quantization"] = quantization_json(*plan.quantization);
  if (old) {
    if (plan.quantization) json["quantization"]["keep_fp32"] = float_layers(plan);
    return json;
  }
  json["floats"] = name_of(plan.floats);
  if (plan.weights != Weights::kOriginal) {
    json["weights"] = kWeights[static_cast<std::size_t>(plan.weights)];
  }
  if (!plan.skip.empty()) json["skip"] = plan.skip;
  if (!plan.kernels.empty()) json["kernels"] = plan.kernels;
  if (plan.storage) json["storage"] = storage_json(*plan.storage);
  if (plan.sparsity) json["sparsity"] = sparsity_json(*plan.sparsity);
  json["layers"] = nlohmann::json::object();
  for (const auto& [name, directive] : plan.layers)
    json["layers"][name] = directive_json(directive);
  return json;
}

std::string plan_to_json(const Plan& plan) {
  return dump(plan_value(plan));
}

Result<Plan> parse_plan(std::string_view json) {
  return decode(json, "plan", read_plan);
}

Result<PlansAsked> parse_plans_asked(std::string_view json) {
  return decode(json, "request", [](Fields& fields) {
    PlansAsked out;
    fields.objects("plans", [&](Fields& plan) { out.plans.push_back(read_plan(plan)); });
    if (out.plans.empty() || out.plans.size() > kMostPlansAsked) {
      fields.refuse("plans", "hold 1 to 1000 plans");
    }
    if (fields.has("trials")) out.trials = fields.small("trials", 1);
    return out;
  });
}

std::string plan_sha256(const Plan& plan) {
  return sha256_hex(plan_to_json(plan));
}

namespace {

Schema quantization_schema(int version) {
  std::vector<schema::Field> fields = {
      schema::must("weight_bits", schema::small(7, 8)),
      schema::must("ranges", schema::one_of(kRanges)),
      schema::must("placement", schema::one_of(kPlacementNames)),
      schema::wish("symmetric", schema::truth()),
      schema::wish("rounding", schema::one_of(kRounding)),
      schema::wish("equalization", schema::truth()),
      schema::wish("bias_correction", schema::truth()),
      schema::wish("activation_bits", schema::one_of_numbers(kActivationBits))};
  if (version == 1) fields.push_back(schema::must("keep_fp32", schema::list(schema::text())));
  return schema::object(fields);
}

Schema storage_schema() {
  return schema::object({schema::must("bits", schema::one_of_numbers(kStorageBits)),
                         schema::wish("grid", schema::one_of(kWeightGridNames))});
}

Schema sparsity_schema() {
  return schema::either(
      {schema::object({schema::must("percent", schema::small(1, kMostSparse)),
                       schema::may("keep", schema::null()), schema::may("of", schema::null())}),
       schema::object({schema::must("keep", schema::small(1, kLargestSparseBlock - 1)),
                       schema::must("of", schema::small(2, kLargestSparseBlock)),
                       schema::may("percent", schema::null())})});
}

std::vector<schema::Field> plan_fields(int version) {
  return {schema::must("version", schema::one_of_numbers(std::span(&version, 1))),
          schema::must("input", schema::size()),
          schema::must("widths", schema::by_name(schema::small(1)).about("of the groups narrowed")),
          schema::must("importance", schema::one_of(kImportance)),
          schema::must("reconstruction", schema::one_of(kReconstruction)),
          schema::wish("quantization", quantization_schema(version))};
}

}  // namespace

Schema plan_schema() {
  const Schema directive = schema::object(
      {schema::wish("int8", schema::truth()), schema::wish("storage", storage_schema())});
  std::vector<schema::Field> fields = plan_fields(kVersion);
  for (schema::Field field :
       {schema::must("floats", schema::precision(kFloatPrecisions)),
        schema::wish("weights", schema::one_of(kWeights)),
        schema::wish("skip", schema::list(schema::text())),
        schema::wish("kernels", schema::by_name(schema::small(1, kLargestKernel))),
        schema::wish("storage", storage_schema()), schema::wish("sparsity", sparsity_schema()),
        schema::must("layers", schema::by_name(directive))}) {
    fields.push_back(std::move(field));
  }
  return schema::either(
             {schema::object(plan_fields(1)).about("the first version"), schema::object(fields)})
      .named("Plan");
}

Schema plans_asked_schema() {
  return schema::object({schema::must("plans", schema::list(plan_schema(), 1, kMostPlansAsked)),
                         schema::wish("trials", schema::small(1))})
      .named("PlansAsked");
}

}  // namespace pare::wire
