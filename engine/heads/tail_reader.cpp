#include "engine/heads/tail_reader.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "engine/heads/tail_builder.h"

namespace pare::engine {
namespace {

constexpr int kLargestStride = 256;

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

}  // namespace pare::engine
