// Adds the nodes of a decode tail to a body.  Private to engine/heads.
//
// Names of what it adds begin with "decode/" and are fresh in the graph, so a candidate's report
// shows at a glance what belongs to the tail.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/heads/head.h"

namespace pare::engine {

// Cells of a map along a side of an input: a part of a cell at the border is one.
constexpr std::int64_t cells_along(std::int64_t side, std::int64_t stride) {
  return (side + stride - 1) / stride;
}

enum class SizesOf : std::uint8_t { kWholeStrides, kAny };

class TailBuilder {
 public:
  // Fails with kInvalidArgument if a tail cannot stand on this body: not one (1, 3, h, w) input, a
  // size that is no multiple of the largest stride (but see SizesOf), a level's tensor that no node
  // makes.
  static Result<TailBuilder> on(Graph body, std::span<const HeadLevel> levels,
                                SizesOf sizes = SizesOf::kWholeStrides);

  // Cells of a level's map.
  std::int64_t ny(const HeadLevel& level) const { return cells_along(height_, level.stride); }
  std::int64_t nx(const HeadLevel& level) const { return cells_along(width_, level.stride); }

  // Name of the output.
  std::string add(const std::string& op, const std::vector<std::string>& inputs,
                  std::map<std::string, Attribute> attributes = {});
  std::vector<std::string> split(const std::string& input, std::int64_t axis,
                                 const std::vector<std::int64_t>& sizes);
  std::string reshape(const std::string& input, const Shape& shape);
  std::string constant(const Shape& shape, std::span<const float> values);

  // A last node, which makes an output of the detector.
  void output(const std::string& op, const std::vector<std::string>& inputs,
              std::map<std::string, Attribute> attributes, const std::string& name,
              const Shape& shape);

  // A last Reshape.
  void output_reshaped(const std::string& input, const std::string& name, const Shape& shape);

  // A tensor of the body as it is, under this name: nothing is added where it bears it already.
  void pass(const std::string& tensor, const std::string& name, const Shape& shape);

  // The detector.  REQUIRES: exactly the outputs of `order` were made; they stand in that order.
  Graph finish(std::span<const std::string> order) &&;

 private:
  TailBuilder(Graph body, std::int64_t height, std::int64_t width)
      : graph_(std::move(body)), height_(height), width_(width) {}

  Node& append(const std::string& op, const std::vector<std::string>& inputs,
               std::map<std::string, Attribute> attributes);
  std::string shape_constant(const Shape& shape);
  std::string constant_named(const std::string& kind, Tensor value);

  Graph graph_;
  std::int64_t height_;
  std::int64_t width_;
  std::vector<TensorInfo> outputs_;
};

// What every attach() does: a tail begun on the body, filled by `fill`, and finished.
Result<Graph> with_tail(Graph body, std::span<const HeadLevel> levels,
                        std::span<const std::string> outputs,
                        const std::function<void(TailBuilder&)>& fill,
                        SizesOf sizes = SizesOf::kWholeStrides);

}  // namespace pare::engine
