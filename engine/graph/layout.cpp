#include "engine/graph/layout.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace pare::engine {
namespace {

constexpr std::int64_t kLargestTable = 8'000'000;

std::vector<std::int64_t> extents(const Shape& shape, std::span<const int> axes) {
  std::vector<std::int64_t> sizes;
  for (const int axis : axes) sizes.push_back(shape[static_cast<std::size_t>(axis)]);
  return sizes;
}

// Calls visit(offset) for every coordinate of a table of `sizes`, row-major, where offset is the
// sum of coordinate * stride.
template <typename Visit>
void walk(const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& strides,
          Visit visit) {
  std::vector<std::int64_t> at(sizes.size(), 0);
  const std::int64_t count = element_count(sizes);
  std::int64_t offset = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    visit(offset);
    for (std::size_t d = sizes.size(); d-- > 0;) {
      offset += strides[d];
      if (++at[d] < sizes[d]) break;
      offset -= strides[d] * sizes[d];
      at[d] = 0;
    }
  }
}

// Strides of a row-major table.
std::vector<std::int64_t> row_major(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> strides(sizes.size(), 1);
  for (std::size_t d = sizes.size(); d-- > 1;) strides[d - 1] = strides[d] * sizes[d];
  return strides;
}

// Outer, middle and inner extents of a row-major table around dimension `d`.
struct Around {
  std::int64_t outer = 1, here = 1, inner = 1;
};
Around around(const std::vector<std::int64_t>& sizes, std::size_t d) {
  Around a;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    (i < d ? a.outer : i == d ? a.here : a.inner) *= sizes[i];
  }
  return a;
}

bool constant_along(const std::vector<Symbol>& table, const Around& a) {
  for (std::int64_t o = 0; o < a.outer; ++o) {
    for (std::int64_t i = 0; i < a.inner; ++i) {
      const auto first = static_cast<std::size_t>(o * a.here * a.inner + i);
      for (std::int64_t h = 1; h < a.here; ++h) {
        if (table[first + static_cast<std::size_t>(h * a.inner)] != table[first]) return false;
      }
    }
  }
  return true;
}

// Dimensions of `from` and `to` that hold the same elements: [first, last) of each, in order.
struct Block {
  std::size_t from_first, from_last, to_first, to_last;
};
std::vector<Block> aligned_blocks(const Shape& from, const Shape& to) {
  std::vector<Block> blocks;
  std::size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    Block block{i, i + 1, j, j + 1};
    std::int64_t a = from[i++], b = to[j++];
    while (a != b) {
      if (a < b) {
        a *= from[i++];
      } else {
        b *= to[j++];
      }
    }
    block.from_last = i;
    block.to_last = j;
    blocks.push_back(block);
  }
  if (!blocks.empty()) {  // dimensions of 1 at the end
    blocks.back().from_last = from.size();
    blocks.back().to_last = to.size();
  }
  return blocks;
}

std::vector<int> range(std::size_t first, std::size_t last) {
  std::vector<int> axes(last - first);
  std::iota(axes.begin(), axes.end(), static_cast<int>(first));
  return axes;
}

}  // namespace

bool is_fixed(const Layout& layout) noexcept {
  return std::ranges::all_of(layout.symbols, [](Symbol s) { return s == kFixed; });
}

std::int64_t table_size(const Shape& shape, std::span<const int> axes) noexcept {
  std::int64_t count = 1;
  for (const int axis : axes) count *= shape[static_cast<std::size_t>(axis)];
  return count;
}

Layout expand(const Layout& layout, const Shape& shape, std::vector<int> axes) {
  if (layout.axes == axes) return layout;
  const std::vector<std::int64_t> own = row_major(extents(shape, layout.axes));
  std::vector<std::int64_t> strides;
  for (const int axis : axes) {
    const auto at = std::ranges::find(layout.axes, axis);
    strides.push_back(
        at == layout.axes.end() ? 0 : own[static_cast<std::size_t>(at - layout.axes.begin())]);
  }
  Layout wide;
  wide.symbols.clear();
  wide.symbols.reserve(static_cast<std::size_t>(table_size(shape, axes)));
  walk(extents(shape, axes), strides, [&](std::int64_t offset) {
    wide.symbols.push_back(layout.symbols[static_cast<std::size_t>(offset)]);
  });
  wide.axes = std::move(axes);
  return wide;
}

Layout shrink(const Layout& layout, const Shape& shape) {
  Layout small = layout;
  for (std::size_t d = small.axes.size(); d-- > 0;) {
    const Around a = around(extents(shape, small.axes), d);
    if (!constant_along(small.symbols, a)) continue;
    std::vector<Symbol> table;
    for (std::int64_t o = 0; o < a.outer; ++o) {
      const auto row = small.symbols.begin() + o * a.here * a.inner;
      table.insert(table.end(), row, row + a.inner);
    }
    small.symbols = std::move(table);
    small.axes.erase(small.axes.begin() + static_cast<std::ptrdiff_t>(d));
  }
  return small;
}

Result<std::vector<Symbol>> symbols_along(const Layout& layout, const Shape& shape, int axis) {
  if (axis >= static_cast<int>(shape.size())) {
    return Error{ErrorCode::kUnsupported, "an input of shape " + to_string(shape) +
                                              " has no dimension " + std::to_string(axis)};
  }
  if (layout.axes.empty() || layout.axes == std::vector<int>{axis}) {
    return expand(layout, shape, {axis}).symbols;
  }
  return Error{ErrorCode::kUnsupported,
               "the channels of its input do not lie along dimension " + std::to_string(axis)};
}

Layout take(const Layout& layout, const Shape& shape, int axis,
            std::span<const std::int64_t> indices) {
  const auto at = std::ranges::find(layout.axes, axis);
  if (at == layout.axes.end()) return layout;
  const Around a =
      around(extents(shape, layout.axes), static_cast<std::size_t>(at - layout.axes.begin()));
  Layout taken{layout.axes, {}};
  taken.symbols.reserve(static_cast<std::size_t>(a.outer * a.inner) * indices.size());
  for (std::int64_t o = 0; o < a.outer; ++o) {
    for (const std::int64_t index : indices) {
      const auto row = layout.symbols.begin() + (o * a.here + index) * a.inner;
      taken.symbols.insert(taken.symbols.end(), row, row + a.inner);
    }
  }
  return taken;
}

Layout transpose(const Layout& layout, const Shape& shape, std::span<const int> perm) {
  const std::vector<std::int64_t> own = row_major(extents(shape, layout.axes));
  Layout turned;
  turned.symbols.clear();
  std::vector<std::int64_t> sizes, strides;
  for (std::size_t k = 0; k < perm.size(); ++k) {
    const auto at = std::ranges::find(layout.axes, perm[k]);
    if (at == layout.axes.end()) continue;
    turned.axes.push_back(static_cast<int>(k));
    sizes.push_back(shape[static_cast<std::size_t>(perm[k])]);
    strides.push_back(own[static_cast<std::size_t>(at - layout.axes.begin())]);
  }
  turned.symbols.reserve(layout.symbols.size());
  walk(sizes, strides, [&](std::int64_t offset) {
    turned.symbols.push_back(layout.symbols[static_cast<std::size_t>(offset)]);
  });
  return turned;
}

Result<Layout> reshape(const Layout& layout, const Shape& from, const Shape& to) {
  if (element_count(from) != element_count(to) || element_count(from) == 0) {
    return Error{ErrorCode::kUnsupported, "it turns " + to_string(from) + " into " + to_string(to)};
  }
  if (layout.axes.empty()) return layout;
  std::vector<int> before, after;
  for (const Block& block : aligned_blocks(from, to)) {
    const std::vector<int> axes = range(block.from_first, block.from_last);
    if (std::ranges::find_first_of(axes, layout.axes) == axes.end()) continue;
    before.insert(before.end(), axes.begin(), axes.end());
    const std::vector<int> made = range(block.to_first, block.to_last);
    after.insert(after.end(), made.begin(), made.end());
  }
  if (table_size(from, before) > kLargestTable) {
    return Error{ErrorCode::kUnsupported, "its channels are spread over " +
                                              std::to_string(table_size(from, before)) +
                                              " elements of " + to_string(from)};
  }
  Layout wide = expand(layout, from, std::move(before));
  wide.axes = std::move(after);
  return shrink(wide, to);
}

Layout concatenate(std::span<const Layout> inputs, std::span<const Shape> shapes, int axis) {
  std::vector<int> axes{axis};
  for (const Layout& input : inputs) {
    axes.insert(axes.end(), input.axes.begin(), input.axes.end());
  }
  std::ranges::sort(axes);
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  const auto d = static_cast<std::size_t>(std::ranges::find(axes, axis) - axes.begin());

  std::vector<Layout> wide;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    wide.push_back(expand(inputs[i], shapes[i], axes));
  Layout joined{axes, {}};
  const std::int64_t outer = around(extents(shapes[0], axes), d).outer;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Around a = around(extents(shapes[i], axes), d);
      const auto row = wide[i].symbols.begin() + o * a.here * a.inner;
      joined.symbols.insert(joined.symbols.end(), row, row + a.here * a.inner);
    }
  }
  return joined;
}

Tensor select(const Tensor& tensor, int axis, std::span<const std::int64_t> indices) {
  const Around a = around(tensor.shape(), static_cast<std::size_t>(axis));
  const auto row = static_cast<std::size_t>(a.inner) * size_of(tensor.dtype());
  const std::span<const std::byte> from = tensor.bytes();
  std::vector<std::byte> bytes;
  bytes.reserve(static_cast<std::size_t>(a.outer) * indices.size() * row);
  for (std::int64_t o = 0; o < a.outer; ++o) {
    for (const std::int64_t index : indices) {
      const auto at = from.begin() + static_cast<std::ptrdiff_t>(
                                         static_cast<std::size_t>(o * a.here + index) * row);
      bytes.insert(bytes.end(), at, at + static_cast<std::ptrdiff_t>(row));
    }
  }
  Shape shape = tensor.shape();
  shape[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(indices.size());
  return Tensor(tensor.dtype(), std::move(shape), std::move(bytes));
}

}  // namespace pare::engine
