// Which channel every element of a tensor belongs to, exactly.
//
// A layout is a table over some of the tensor's dimensions: the symbol of an element is the entry
// at its coordinates there, whatever its other coordinates are.  1xCxHxW straight from a
// convolution is {axes {1}, C symbols}; the middle of a channel shuffle, 1xgx(C/g)xHxW, is
// {axes {1, 2}, C symbols}; a flattened map is {axes {1}, each symbol HxW times over}.  A tensor
// that no pruning changes is {axes {}, one fixed symbol}.
//
// Cost of every function: linear in the table it makes.  Pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"
#include "engine/graph/tensor.h"

namespace pare::engine {

using Symbol = std::uint32_t;        // channels with equal symbols go together
inline constexpr Symbol kFixed = 0;  // never goes

struct Layout {
  std::vector<int> axes;                // ascending dimensions of the tensor
  std::vector<Symbol> symbols{kFixed};  // row-major over those dimensions
  friend bool operator==(const Layout&, const Layout&) = default;
};

bool is_fixed(const Layout& layout) noexcept;  // every symbol is kFixed

// Channels lie along one dimension, so that any of them can be cut out of the tensor.
inline bool is_sliceable(const Layout& layout) noexcept {
  return layout.axes.size() <= 1;
}

std::int64_t table_size(const Shape& shape, std::span<const int> axes) noexcept;

// The same layout as a table over `axes`.
// REQUIRES: `axes` is ascending, in range and holds all of layout.axes.
Layout expand(const Layout& layout, const Shape& shape, std::vector<int> axes);

// The layout over as few dimensions as say the same.
Layout shrink(const Layout& layout, const Shape& shape);

// The symbols along `axis` of a tensor whose channels, if any, lie there alone.
// Fails with kUnsupported if they lie elsewhere.
Result<std::vector<Symbol>> symbols_along(const Layout& layout, const Shape& shape, int axis);

// The elements whose coordinate along `axis` is one of `indices`, in that order.
// REQUIRES: indices in range.
Layout take(const Layout& layout, const Shape& shape, int axis,
            std::span<const std::int64_t> indices);

// Output dimension k is input dimension perm[k].
// REQUIRES: perm is a permutation of the dimensions of `shape`.
Layout transpose(const Layout& layout, const Shape& shape, std::span<const int> perm);

// The same elements in the same order under another shape.  Fails with kUnsupported if the shapes
// do not hold equally many, or if the table would have more than 8 million entries.
Result<Layout> reshape(const Layout& layout, const Shape& from, const Shape& to);

// REQUIRES: inputs.size() == shapes.size() > 0, shapes equal except along `axis`.
Layout concatenate(std::span<const Layout> inputs, std::span<const Shape> shapes, int axis);

// Rows of `tensor` along `axis`, in the order of `indices`.
// REQUIRES: indices in range.
Tensor select(const Tensor& tensor, int axis, std::span<const std::int64_t> indices);

}  // namespace pare::engine
