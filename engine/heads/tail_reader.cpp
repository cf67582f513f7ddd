#include "engine/heads/tail_reader.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "engine/heads/tail_builder.h"

namespace pare::engine {
namespace {

constexpr int kLargestStride = 256;
constexpr int kDeepest = 32;  // nodes between a column and its sigmoid; real tails have 6

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  Shape both(std::max(a.size(), b.size()), 1);
  for (const Shape* shape : {&a, &b}) {
    const std::size_t skipped = both.size() - shape->size();
    for (std::size_t i = 0; i < shape->size(); ++i) {
      std::int64_t& dim = both[skipped + i];
      if ((*shape)[i] != dim && (*shape)[i] != 1 && dim != 1) return std::nullopt;
      dim = dim == 1 ? (*shape)[i] : dim;
    }
  }
  return both;
}

// REQUIRES: the shapes broadcast.
template <typename Operation>
Field combine(const Field& a, const Field& b, Operation operation) {
  Field made{*broadcast(a.shape, b.shape), {}};
  std::vector<std::int64_t> index(made.shape.size(), 0);
  const std::int64_t count = element_count(made.shape);
  for (std::int64_t i = 0; i < count; ++i) {
    made.values.push_back(operation(a.at(index), b.at(index)));
    for (std::size_t d = index.size(); d-- > 0;) {
      if (++index[d] < made.shape[d]) break;
      index[d] = 0;
    }
  }
  return made;
}

template <typename T>
std::vector<double> as_doubles(const Tensor& tensor) {
  const auto values = tensor.values<T>();
  return {values.begin(), values.end()};
}

std::string title(const Node& node) {
  return node.op + " \"" + node.name + "\"";
}

}  // namespace

std::string text_of(const Shape& shape) {
  std::string dims;
  for (const std::int64_t d : shape) dims += (dims.empty() ? "" : ", ") + std::to_string(d);
  return "(" + dims + ")";
}

std::string shapes_of(std::span<const Tensor> outputs) {
  std::string shapes;
  for (const Tensor& output : outputs) {
    shapes += (shapes.empty() ? "" : ", ") + text_of(output.shape());
  }
  return shapes;
}

double Field::at(std::span<const std::int64_t> index) const {
  const std::size_t skipped = index.size() - shape.size();
  std::int64_t place = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    place = place * shape[i] + (shape[i] == 1 ? 0 : index[skipped + i]);
  }
  return values[static_cast<std::size_t>(place)];
}

bool Field::is_everywhere(double value) const {
  return std::ranges::all_of(values, [&](double v) { return v == value; });
}

std::nullopt_t TailReader::fail(const std::string& reason) {
  why_ = reason;
  return std::nullopt;
}

const Node* TailReader::producer(const std::string& tensor) const {
  const auto found = edges_.producer.find(tensor);
  return found == edges_.producer.end() ? nullptr : &graph_.nodes[found->second];
}

const Shape& TailReader::shape_of(const std::string& tensor) const {
  static const Shape unknown;
  const auto found = observed_.shapes.find(tensor);
  return found == observed_.shapes.end() ? unknown : found->second;
}

const Node* TailReader::made_by(const std::string& tensor, const std::string& op) {
  const Node* node = producer(tensor);
  if (node != nullptr && node->op == op && node->domain.empty() && !node->inputs.empty()) {
    return node;
  }
  fail("\"" + tensor + "\" is made by " + (node == nullptr ? "no node" : title(*node)) +
       ", not by " + op);
  return nullptr;
}

const Node* TailReader::concat_on(const std::string& tensor, std::int64_t axis) {
  const Node* node = made_by(tensor, "Concat");
  if (node == nullptr) return nullptr;
  const auto rank = static_cast<std::int64_t>(shape_of(tensor).size());
  const std::int64_t found = int_attribute(*node, "axis", 0);
  if ((found < 0 ? found + rank : found) == axis) return node;
  fail(title(*node) + " joins axis " + std::to_string(found) + ", not " + std::to_string(axis));
  return nullptr;
}

const Node* TailReader::rows_last(const std::string& tensor) {
  const Node* node = made_by(tensor, "Transpose");
  if (node == nullptr) return nullptr;
  if (ints_attribute(*node, "perm", {}) == std::vector<std::int64_t>{0, 2, 1}) return node;
  fail(title(*node) + " does not swap the last two axes");
  return nullptr;
}

const Node* TailReader::cells_last(const std::string& tensor) {
  const Node* node = made_by(tensor, "Reshape");
  if (node == nullptr) return nullptr;
  const Shape& map = shape_of(node->inputs[0]);
  const Shape& flat = shape_of(tensor);
  if (map.size() == 4 && flat == Shape{1, map[1], map[2] * map[3]}) return node;
  fail(title(*node) + " makes " + text_of(flat) + " of " + text_of(map) +
       ", not one row for each cell");
  return nullptr;
}

bool TailReader::is_map(const std::string& tensor, std::int64_t channels) {
  if (made_by(tensor, "Conv") == nullptr) return false;
  const Shape& seen = shape_of(tensor);
  if (seen.size() == 4 && seen[1] == channels) return true;
  fail("\"" + tensor + "\" is " + text_of(seen) + ", and " + std::to_string(channels) +
       " channels were expected");
  return false;
}

std::optional<int> TailReader::stride_of(std::int64_t ny, std::int64_t nx) {
  const Shape& image = graph_.inputs.front().shape;
  const std::int64_t stride = ny == 0 ? 0 : image[2] / ny;
  if (stride > 0 && stride * ny == image[2] && stride * nx == image[3]) {
    return static_cast<int>(stride);
  }
  for (int power = 2; power <= kLargestStride; power *= 2) {
    if (cells_along(image[2], power) == ny && cells_along(image[3], power) == nx) return power;
  }
  return fail("a feature map of " + std::to_string(ny) + " x " + std::to_string(nx) +
              " has no stride in an input of " + std::to_string(image[2]) + " x " +
              std::to_string(image[3]));
}

std::optional<Field> TailReader::constant(const std::string& tensor) {
  const auto found = observed_.constants.find(tensor);
  if (found == observed_.constants.end()) return std::nullopt;
  const Tensor& value = found->second;
  switch (value.dtype()) {
    case DType::kFloat32: return Field{value.shape(), as_doubles<float>(value)};
    case DType::kFloat64: return Field{value.shape(), as_doubles<double>(value)};
    case DType::kInt32: return Field{value.shape(), as_doubles<std::int32_t>(value)};
    case DType::kInt64: return Field{value.shape(), as_doubles<std::int64_t>(value)};
    default: return std::nullopt;
  }
}

std::optional<TailColumns> TailReader::read(const std::string& tensor, int depth) {
  const Node* node = producer(tensor);
  if (node == nullptr || !node->domain.empty() || node->inputs.empty()) {
    return fail("\"" + tensor + "\" does not come from a sigmoid");
  }
  if (depth > kDeepest) return fail("the tail is too deep at " + title(*node));
  if (node->op == "Identity") return read(node->inputs[0], depth + 1);
  if (node->op == "Sigmoid") {
    const auto of = raw(node->inputs[0], depth + 1);
    if (!of) return std::nullopt;
    return TailColumns{.raw = *of};
  }
  if (node->op != "Split" && node->op != "Slice") return arithmetic(*node, depth);
  auto whole = read(node->inputs[0], depth + 1);
  if (!whole) return std::nullopt;
  if (whole->scale.values.size() != 1 || whole->offset.values.size() != 1) {
    return fail(title(*node) + " takes a part of what was already scaled cell by cell");
  }
  const auto narrowed = part(*node, tensor, whole->raw);
  if (!narrowed) return std::nullopt;
  whole->raw = *narrowed;
  return whole;
}

std::optional<TailColumns> TailReader::square(const std::string& tensor, int depth) {
  auto of = read(tensor, depth + 1);
  if (!of) return std::nullopt;
  if (of->power != 1 || !of->offset.is_everywhere(0)) {
    return fail("\"" + tensor + "\" is squared and is not a multiple of a sigmoid");
  }
  of->power = 2;
  of->scale = combine(of->scale, of->scale, std::multiplies<>());
  return of;
}

std::optional<TailColumns> TailReader::arithmetic(const Node& node, int depth) {
  if (node.inputs.size() != 2) return fail(title(node) + " is no part of a decode tail");
  const bool first_is_constant = observed_.constants.contains(node.inputs[0]);
  const std::string& variable = node.inputs[first_is_constant ? 1 : 0];
  const auto operand = constant(node.inputs[first_is_constant ? 0 : 1]);
  if (node.op == "Mul" && node.inputs[0] == node.inputs[1]) return square(variable, depth);
  if (!operand) return fail(title(node) + " has no operand that is a constant number");
  if (node.op == "Pow" && !first_is_constant && operand->is_everywhere(2)) {
    return square(variable, depth);
  }
  auto of = read(variable, depth + 1);
  if (!of) return std::nullopt;
  if (!broadcast(of->scale.shape, operand->shape) || !broadcast(of->offset.shape, operand->shape)) {
    return fail(title(node) + " has an operand of " + text_of(operand->shape));
  }
  if (node.op == "Mul") {
    of->scale = combine(of->scale, *operand, std::multiplies<>());
    of->offset = combine(of->offset, *operand, std::multiplies<>());
  } else if (node.op == "Add") {
    of->offset = combine(of->offset, *operand, std::plus<>());
  } else if (node.op == "Sub" && !first_is_constant) {
    of->offset = combine(of->offset, *operand, std::minus<>());
  } else if (node.op == "Div" && !first_is_constant) {
    of->scale = combine(of->scale, *operand, std::divides<>());
    of->offset = combine(of->offset, *operand, std::divides<>());
  } else {
    return fail(title(node) + " is no part of a decode tail");
  }
  return of;
}

std::optional<RawView> TailReader::raw(const std::string& tensor, int depth) {
  const Node* node = producer(tensor);
  if (node == nullptr || !node->domain.empty() || node->inputs.empty() || depth > kDeepest) {
    return fail("\"" + tensor + "\" does not come from a convolution");
  }
  if (node->op == "Transpose") return view(*node);
  if (node->op != "Split" && node->op != "Slice") {
    return fail(title(*node) + " stands between a convolution and its sigmoid");
  }
  const auto whole = raw(node->inputs[0], depth + 1);
  if (!whole) return std::nullopt;
  return part(*node, tensor, *whole);
}

std::optional<RawView> TailReader::view(const Node& transpose) {
  if (ints_attribute(transpose, "perm", {}) != std::vector<std::int64_t>{0, 1, 3, 4, 2}) {
    return fail(title(transpose) + " does not put the columns last");
  }
  const Node* reshape = made_by(transpose.inputs[0], "Reshape");
  if (reshape == nullptr) return std::nullopt;
  const Shape& to = shape_of(transpose.inputs[0]);
  const Shape& from = shape_of(reshape->inputs[0]);
  if (to.size() != 5 || from.size() != 4 || to[0] != 1 || to[1] * to[2] != from[1] ||
      to[3] != from[2] || to[4] != from[3]) {
    return fail(title(*reshape) + " makes " + text_of(to) + " of " + text_of(from) +
                ", not (1, anchors, columns, ny, nx)");
  }
  if (made_by(reshape->inputs[0], "Conv") == nullptr) return std::nullopt;
  return RawView{reshape->inputs[0], to[1], to[3], to[4], 0, to[2]};
}

std::optional<std::vector<std::int64_t>> TailReader::integers(const Node& node, std::size_t input,
                                                              const std::string& attribute) {
  if (node.attributes.contains(attribute)) return ints_attribute(node, attribute, {});
  if (input >= node.inputs.size()) return std::nullopt;
  const auto found = observed_.constants.find(node.inputs[input]);
  if (found == observed_.constants.end() || found->second.dtype() != DType::kInt64) {
    return std::nullopt;
  }
  const auto values = found->second.values<std::int64_t>();
  return std::vector<std::int64_t>(values.begin(), values.end());
}

std::optional<RawView> TailReader::part(const Node& node, const std::string& tensor, RawView of) {
  const Shape& to = shape_of(tensor);
  const Shape& from = shape_of(node.inputs[0]);
  if (from.size() != 5 || to.size() != 5 || !std::equal(to.begin(), to.end() - 1, from.begin())) {
    return fail(title(node) + " does not take whole columns");
  }
  std::int64_t first = 0;
  if (node.op == "Split") {
    for (const std::string& output : node.outputs) {
      if (output == tensor) break;
      first += shape_of(output).empty() ? 0 : shape_of(output).back();
    }
  } else {
    const auto starts = integers(node, 1, "starts");
    const auto steps = integers(node, 4, "steps");
    if (!starts || starts->size() != 1 || (steps && steps->front() != 1)) {
      return fail(title(node) + " is not one part with step 1");
    }
    first =
        std::min(starts->front() < 0 ? starts->front() + of.columns : starts->front(), of.columns);
  }
  if (first < 0 || first + to.back() > of.columns) {
    return fail(title(node) + " reaches past the last column");
  }
  of.first_column += first;
  of.columns = to.back();
  return of;
}

}  // namespace pare::engine
