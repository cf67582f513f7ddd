#include "engine/heads/tail_source.h"

#include <algorithm>
#include <utility>

namespace pare::engine {
namespace {

constexpr int kDeepestTail = 64;     // nodes between an output and its raw maps; real tails have 20
constexpr int kPerAxisSoftmax = 13;  // the opset; before it, Softmax flattened all that follows

const std::map<std::string, TailRule, std::less<>> kRules = {
    {"Identity", TailRule::kSamePlace},  {"Reshape", TailRule::kSamePlace},
    {"Flatten", TailRule::kSamePlace},   {"Squeeze", TailRule::kSamePlace},
    {"Unsqueeze", TailRule::kSamePlace}, {"Dropout", TailRule::kSamePlace},
    {"Transpose", TailRule::kTranspose}, {"Concat", TailRule::kConcat},
    {"Slice", TailRule::kWindow},        {"Split", TailRule::kWindow},
    {"Gather", TailRule::kGather},       {"Sigmoid", TailRule::kFunction},
    {"Exp", TailRule::kFunction},        {"Tanh", TailRule::kFunction},
    {"Relu", TailRule::kFunction},       {"Sqrt", TailRule::kFunction},
    {"Add", TailRule::kArithmetic},      {"Sub", TailRule::kArithmetic},
    {"Mul", TailRule::kArithmetic},      {"Div", TailRule::kArithmetic},
    {"Neg", TailRule::kArithmetic},      {"Pow", TailRule::kPower},
    {"Softmax", TailRule::kSoftmax},     {"ReduceSum", TailRule::kSum},
    {"MatMul", TailRule::kMatrix}};

const std::map<std::string, AtomKind, std::less<>> kFunctions = {{"Sigmoid", AtomKind::kSigmoid},
                                                                 {"Exp", AtomKind::kExp},
                                                                 {"Tanh", AtomKind::kTanh},
                                                                 {"Relu", AtomKind::kRelu},
                                                                 {"Sqrt", AtomKind::kSqrt}};

template <typename T>
std::vector<double> all_as_doubles(const Tensor& tensor) {
  const auto values = tensor.values<T>();
  return {values.begin(), values.end()};
}

std::vector<double> numbers_of(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kFloat32: return all_as_doubles<float>(tensor);
    case DType::kFloat64: return all_as_doubles<double>(tensor);
    case DType::kInt32: return all_as_doubles<std::int32_t>(tensor);
    case DType::kInt64: return all_as_doubles<std::int64_t>(tensor);
    default: return {};
  }
}

std::int64_t from_front(std::int64_t axis, const Shape& shape) {
  return axis < 0 ? axis + static_cast<std::int64_t>(shape.size()) : axis;
}

bool is_axis(std::int64_t axis, const Shape& shape) {
  return axis >= 0 && axis < static_cast<std::int64_t>(shape.size());
}

}  // namespace

TailSources::TailSources(const Graph& graph, const Observation& observed)
    : graph_(graph), observed_(observed), edges_(edges_of(graph)) {}

int TailSources::of(const std::string& tensor) {
  const auto known = index_.find(tensor);
  if (known != index_.end()) return known->second;
  const int at = static_cast<int>(sources_.size());
  index_[tensor] = at;
  TailSource& source = sources_.emplace_back(TailSource{.name = tensor});
  ++depth_;
  if (depth_ <= kDeepestTail) fill(source);
  --depth_;
  if (source.rule == TailRule::kNone && source.refused.empty()) {
    source.refused = "the tail is too deep at \"" + tensor + "\"";
  }
  return at;
}

const Shape& TailSources::shape_of(const std::string& tensor) const {
  static const Shape unknown;
  const auto found = observed_.shapes.find(tensor);
  return found == observed_.shapes.end() ? unknown : found->second;
}

void TailSources::fill(TailSource& source) {
  const auto constant = observed_.constants.find(source.name);
  if (constant != observed_.constants.end()) {
    source.shape = constant->second.shape();
    source.values = numbers_of(constant->second);
    const bool read = std::cmp_equal(source.values.size(), element_count(source.shape));
    source.rule = read ? TailRule::kConstant : TailRule::kNone;
    source.refused = "the constant \"" + source.name + "\" is no tensor of numbers";
    return;
  }
  source.shape = shape_of(source.name);
  const auto maker = edges_.producer.find(source.name);
  const bool known = observed_.shapes.contains(source.name);
  if (maker == edges_.producer.end() || !known || observed_.varying.contains(source.name)) {
    source.refused = "\"" + source.name + "\" does not come from a convolution";
    return;
  }
  source.node = &graph_.nodes[maker->second];
  fill_from_node(source);
}

void TailSources::fill_from_node(TailSource& source) {
  const Node& node = *source.node;
  const std::string title = node.op + " \"" + node.name + "\"";
  source.refused = title + " is no part of a decode tail";
  const bool convolution = node.op == "Conv" && node.domain.empty();
  if (convolution && !is_mean(node)) {
    if (source.shape.size() == 4 && source.shape[0] == 1) source.rule = TailRule::kRawMap;
    return;
  }
  const auto rule = kRules.find(node.op);
  if (!node.domain.empty() || node.inputs.empty() || (rule == kRules.end() && !convolution)) return;
  for (const std::string& input : node.inputs) {
    if (!input.empty()) source.inputs.push_back(of(input));
  }
  if (source.inputs.empty()) return;
  source.rule = convolution ? TailRule::kMean : rule->second;
  const Shape& from = input(source, 0).shape;
  bool fits = true;
  switch (source.rule) {
    case TailRule::kTranspose:
      source.order = ints_attribute(node, "perm", {});
      fits = source.order.size() == from.size() && from.size() == source.shape.size();
      break;
    case TailRule::kConcat: source.axis = from_front(int_attribute(node, "axis", 0), from); break;
    case TailRule::kSoftmax:
      source.flattens = graph_.opset < kPerAxisSoftmax;
      source.axis = from_front(int_attribute(node, "axis", source.flattens ? 1 : -1), from);
      break;
    case TailRule::kWindow:
      fits = node.op == "Split" ? fill_split(source) : fill_window(source);
      break;
    case TailRule::kGather: fits = fill_gather(source); break;
    case TailRule::kFunction: source.function = kFunctions.find(node.op)->second; break;
    case TailRule::kSum: {
      const auto axes = integers(node, 1, "axes");
      fits = axes.has_value();
      for (const std::int64_t axis : axes.value_or(Shape{})) {
        source.axes.push_back(from_front(axis, from));
        fits = fits && is_axis(source.axes.back(), from);
      }
      break;
    }
    case TailRule::kMean: fits = has_numbers(source, 1); break;
    case TailRule::kSamePlace: fits = node.outputs.front() == source.name; break;
    default: break;
  }
  const bool has_axis = source.rule == TailRule::kConcat || source.rule == TailRule::kSoftmax;
  if (!fits || (has_axis && !is_axis(source.axis, from))) source.rule = TailRule::kNone;
}

// All inputs from this one on are constants.
bool TailSources::has_numbers(const TailSource& source, std::size_t first) const {
  for (std::size_t i = first; i < source.inputs.size(); ++i) {
    if (input(source, i).rule != TailRule::kConstant) return false;
  }
  return source.inputs.size() > first;
}

bool TailSources::fill_window(TailSource& source) const {
  const Node& node = *source.node;
  const Shape& from = input(source, 0).shape;
  const auto starts = integers(node, 1, "starts");
  const auto axes = integers(node, 3, "axes");
  const auto steps = integers(node, 4, "steps");
  if (!starts || source.shape.size() != from.size()) return false;
  source.first.assign(from.size(), 0);
  source.step.assign(from.size(), 1);
  for (std::size_t i = 0; i < starts->size(); ++i) {
    const std::int64_t axis = axes ? from_front((*axes)[i], from) : static_cast<std::int64_t>(i);
    if (!is_axis(axis, from)) return false;
    const auto d = static_cast<std::size_t>(axis);
    if (from[d] < 1 || source.shape[d] < 1) return false;
    const std::int64_t start = (*starts)[i] < 0 ? (*starts)[i] + from[d] : (*starts)[i];
    source.first[d] = std::clamp<std::int64_t>(start, 0, from[d] - 1);
    if (steps) source.step[d] = (*steps)[i];
    const std::int64_t last = source.first[d] + source.step[d] * (source.shape[d] - 1);
    if (last < 0 || last >= from[d]) return false;
  }
  return true;
}

bool TailSources::fill_split(TailSource& source) const {
  const Node& node = *source.node;
  const Shape& from = input(source, 0).shape;
  const std::int64_t axis = from_front(int_attribute(node, "axis", 0), from);
  if (!is_axis(axis, from)) return false;
  const auto d = static_cast<std::size_t>(axis);
  source.first.assign(from.size(), 0);
  source.step.assign(from.size(), 1);
  for (const std::string& output : node.outputs) {
    if (output == source.name) return true;
    const Shape& before = shape_of(output);  // not observed if nobody reads it
    if (before.size() != from.size()) return false;
    source.first[d] += before[d];
  }
  return false;
}

bool TailSources::fill_gather(TailSource& source) const {
  const Shape& from = input(source, 0).shape;
  source.axis = from_front(int_attribute(*source.node, "axis", 0), from);
  if (source.inputs.size() != 2 || !is_axis(source.axis, from)) return false;
  const TailSource& indices = input(source, 1);
  if (indices.rule != TailRule::kConstant || indices.shape.size() > 1) return false;
  for (const double index : indices.values) {
    const auto place = static_cast<std::int64_t>(index);
    const std::int64_t size = from[static_cast<std::size_t>(source.axis)];
    source.order.push_back(place < 0 ? place + size : place);
    if (source.order.back() < 0 || source.order.back() >= size) return false;
  }
  return true;
}

// One channel, one position, and a softmax before it, whatever moves numbers in between.
bool TailSources::is_mean(const Node& convolution) const {
  const auto weights = observed_.constants.find(convolution.inputs[1]);
  if (weights == observed_.constants.end()) return false;
  const Shape& shape = weights->second.shape();
  if (shape.size() != 4 || shape[0] != 1 || shape[2] != 1 || shape[3] != 1) return false;
  std::string tensor = convolution.inputs[0];
  for (;;) {
    const auto maker = edges_.producer.find(tensor);
    if (maker == edges_.producer.end()) return false;
    const Node& node = graph_.nodes[maker->second];
    if (node.op == "Softmax") return true;
    if (node.op != "Transpose" && node.op != "Reshape" && node.op != "Identity") return false;
    tensor = node.inputs[0];
  }
}

std::optional<std::vector<std::int64_t>> TailSources::integers(const Node& node, std::size_t input,
                                                               const std::string& attribute) const {
  if (node.attributes.contains(attribute)) return ints_attribute(node, attribute, {});
  if (input >= node.inputs.size()) return std::nullopt;
  const auto found = observed_.constants.find(node.inputs[input]);
  if (found == observed_.constants.end()) return std::nullopt;
  std::vector<std::int64_t> values;
  for (const double value : numbers_of(found->second)) {
    // What reaches to the end (the largest integer) is no double: as far as anything is.
    values.push_back(static_cast<std::int64_t>(std::clamp(value, -1e15, 1e15)));
  }
  return values;
}

}  // namespace pare::engine
