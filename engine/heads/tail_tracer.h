// Traces single numbers of a decode tail back to the raw maps that they come from, through whatever
// moves numbers (Reshape, Transpose, Concat, Slice, Split, Gather, ...) and whatever computes with
// them, so that a head is recognised by what its numbers mean, however an exporter laid them out.
// Private to engine/heads.
//
// Cost: linear in the nodes that a number goes through; numbers traced since the last forget() are
// remembered.  Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/heads/tail_algebra.h"
#include "engine/heads/tail_source.h"

namespace pare::engine {

// A number of a raw map (1, channels, ny, nx).
struct RawNumber {
  std::string tensor;
  std::int64_t channel = 0, y = 0, x = 0;
  double weight = 1;  // that it is multiplied with
};

constexpr std::size_t kMostTerms = 1024;  // of one number; real tails have 64

// Row-major, and back.  Dimensions of one number take any index, and the last dimensions are
// aligned: ONNX's broadcast.
std::vector<std::int64_t> index_of(std::int64_t place, const Shape& shape);
std::int64_t place_of(std::span<const std::int64_t> index, const Shape& shape);

class TailTracer {
 public:
  // Keeps references: both must outlive it.
  TailTracer(const Graph& graph, const Observation& observed) : sources_(graph, observed) {}

  // The number at this place (row-major) of the tensor; nullptr: not understood, and why() says
  // where.  Valid until forget().  REQUIRES: the tensor was observed; the place is in it.
  const Formula* number(const std::string& tensor, std::int64_t place);
  void forget();

  const Atoms& atoms() const { return atoms_; }
  // What it is a function of, if it is that function and nothing else; otherwise null.
  const Formula* inside(const Formula& formula, AtomKind kind) const;
  // If it is a multiple of a number of a raw map.
  std::optional<RawNumber> raw(const Formula& formula) const;

  const std::string& why() const { return why_; }
  std::nullopt_t fail(const std::string& reason);

 private:
  const Formula* trace(int source, std::int64_t place);
  bool compute(const TailSource& source, std::int64_t place, Formula& made);
  bool copy(const TailSource& source, std::size_t input, std::int64_t place, Formula& made);
  bool transposed(const TailSource& source, std::int64_t place, Formula& made);
  bool joined(const TailSource& source, std::int64_t place, Formula& made);
  bool windowed(const TailSource& source, std::int64_t place, Formula& made);
  bool gathered(const TailSource& source, std::int64_t place, Formula& made);
  bool function(const TailSource& source, std::int64_t place, Formula& made);
  bool arithmetic(const TailSource& source, std::int64_t place, Formula& made);
  bool power(const TailSource& source, std::int64_t place, Formula& made);
  bool softmax(const TailSource& source, std::int64_t place, Formula& made);
  bool summed(const TailSource& source, std::int64_t place, Formula& made);
  bool matrix(const TailSource& source, std::int64_t place, Formula& made);
  bool mean(const TailSource& source, std::int64_t place, Formula& made);
  bool add_weighted(int source, std::int64_t place, double weight, Formula& made);
  bool refuse(const TailSource& source, const std::string& reason);

  struct PlaceHash {
    std::size_t operator()(const std::pair<int, std::int64_t>& of) const {
      return static_cast<std::size_t>(of.second) * 1000003U + static_cast<std::size_t>(of.first);
    }
  };
  template <typename T>
  using ByPlace = std::unordered_map<std::pair<int, std::int64_t>, T, PlaceHash>;

  TailSources sources_;
  ByPlace<Formula> traced_;
  ByPlace<std::int32_t> groups_;  // of softmaxes
  Atoms atoms_;
  std::string why_;
};

}  // namespace pare::engine
