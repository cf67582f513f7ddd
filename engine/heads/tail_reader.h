// Reads a decode tail backwards: what a column of the output computes from a raw convolution.
// Private to engine/heads.
//
// A tail in the form of YOLOv5 takes a raw map (1, anchors * columns, ny, nx), views it as
// (1, anchors, ny, nx, columns), and makes each column scale * s^power + offset, where s is the
// sigmoid of the raw value.  Whatever mixture of Mul, Add, Sub, Div, Pow, Split and Slice says so
// is read as the same thing.  Constants come from the observation: grids computed by the graph are
// constants there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// Numbers that broadcast as ONNX has it.
struct Field {
  Shape shape;  // empty: one number for all
  std::vector<double> values;

  static Field of(double value) { return {{}, {value}}; }

  // REQUIRES: index has at least as many dimensions as shape; they are aligned at the end.
  double at(std::span<const std::int64_t> index) const;
  bool is_everywhere(double value) const;
};

struct RawView {
  std::string tensor;                          // the convolution's output
  std::int64_t anchors = 0, ny = 0, nx = 0;    // of the view
  std::int64_t first_column = 0, columns = 0;  // the part of the columns taken
};

struct TailColumns {
  RawView raw;
  int power = 1;
  Field scale = Field::of(1);
  Field offset = Field::of(0);
};

class TailReader {
 public:
  // Keeps references: both must outlive it.
  TailReader(const Graph& graph, const Observation& observed)
      : graph_(graph), observed_(observed), edges_(edges_of(graph)) {}

  // nullopt: not of this form, and why() says what stood in the way.
  std::optional<TailColumns> columns(const std::string& tensor) { return read(tensor, 0); }

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
  std::optional<TailColumns> read(const std::string& tensor, int depth);
  std::optional<TailColumns> arithmetic(const Node& node, int depth);
  std::optional<TailColumns> square(const std::string& tensor, int depth);
  std::optional<RawView> raw(const std::string& tensor, int depth);
  std::optional<RawView> view(const Node& transpose);
  // Narrows the view to the columns that this output of a Split or Slice holds.
  std::optional<RawView> part(const Node& node, const std::string& tensor, RawView of);
  std::optional<std::vector<std::int64_t>> integers(const Node& node, std::size_t input,
                                                    const std::string& attribute);
  std::optional<Field> constant(const std::string& tensor);
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

}  // namespace pare::engine
