// Looks at the nodes of a decode tail, backwards from its outputs.  What their numbers compute is
// TailTracer's.  Private to engine/heads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

class TailReader {
 public:
  // Keeps references: both must outlive it.
  TailReader(const Graph& graph, const Observation& observed)
      : graph_(graph), observed_(observed), edges_(edges_of(graph)) {}

  // The node of this type that makes the tensor, or null, and why() says what makes it.
  const Node* made_by(const std::string& tensor, const std::string& op);
  // The same for a Concat on this axis; a negative attribute counts from the end.
  const Node* concat_on(const std::string& tensor, std::int64_t axis);

  // A Transpose that swaps the last two of three axes.
  const Node* rows_last(const std::string& tensor);
  // A Reshape of a map (1, channels, ny, nx) to (1, channels, ny * nx).
  const Node* cells_last(const std::string& tensor);
  // True if a convolution makes the tensor, with so many channels.
  bool is_map(const std::string& tensor, std::int64_t channels);
  // Pixels of the input for one cell of a map (.., ny, nx), the same along both sides; a power of
  // two where part of a cell at the border is a cell.
  std::optional<int> stride_of(std::int64_t ny, std::int64_t nx);

  const Shape& shape_of(const std::string& tensor) const;  // empty if it was not observed
  const std::string& why() const { return why_; }
  std::nullopt_t fail(const std::string& reason);

 private:
  const Node* producer(const std::string& tensor) const;

  const Graph& graph_;
  const Observation& observed_;
  Edges edges_;
  std::string why_;
};

// "(1, 85, -1)"
std::string text_of(const Shape& shape);
// Of each: "(1, 85, 22, 22), (1, 4)"
std::string shapes_of(std::span<const Tensor> outputs);

// What a recogniser says of a graph that is not its own.
inline Error not_this_head(const std::string& why) {
  return {ErrorCode::kUnsupported, why};
}

// The same of one that is its own but for one thing.
inline constexpr const char* kNearly = "nearly, but ";
inline Error nearly_this_head(const std::string& why) {
  return {ErrorCode::kUnsupported, kNearly + why};
}

}  // namespace pare::engine
