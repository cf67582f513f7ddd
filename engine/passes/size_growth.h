// Which axes of a tensor grow when the input's height and width do: what resize_input() follows
// through the graph.  Private to engine/passes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/graph/tensor.h"

namespace pare::engine {

// An axis of height^height x width^width times something fixed: {1, 0} for the rows of a feature
// map, {1, 1} where rows and columns were flattened into one axis, {0, 0} for channels.
struct Growth {
  int height = 0;
  int width = 0;
  bool is_fixed() const noexcept { return height == 0 && width == 0; }
  friend bool operator==(const Growth&, const Growth&) = default;
};

using Growths = std::vector<Growth>;  // one an axis

// The old and the new size of the input.
struct SizeChange {
  std::int64_t old_height, old_width, height, width;

  // What an axis of this length becomes; empty if it does not come out whole.
  std::optional<std::int64_t> grown(std::int64_t length, Growth growth) const noexcept;
};

// The growth of the axes of `to`, which holds the elements of `from` in the same order (Reshape,
// Flatten, Squeeze, Unsqueeze).  Axes are matched in the smallest runs of equal product.  A growing
// axis that is cut into several has no answer, because which of them grows cannot be known; except
// for rows and columns that were flattened and come apart again in the input's own proportion.
std::optional<Growths> reshaped(const Shape& from, const Growths& growths, const Shape& to,
                                const SizeChange& change);

}  // namespace pare::engine
