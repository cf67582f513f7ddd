// How a detector's outputs become boxes, said in data: a head without C++.  It stands in the model
// card (docs/heads.md), from which Pare reads boxes, finds the raw maps behind the outputs, and
// makes the outputs again for a body of another size.
//
// With s a stride, c a cell's column (or line), r a raw number, and u the unit (the stride, a
// pixel, or the anchor's width or height), a box is, in pixels of the input along each axis:
//   distances    from (c + origin) * s - u * f(r)  to  (c + origin) * s + u * f(r')
//   centre, size around (c + origin) * s + u * centre_scale * r, or, behind a sigmoid, around
//                (c + origin + reach * sigmoid(r) - (reach - 1) / 2) * s, as long as
//                u * g(size_scale * r'), or, by squared sigmoids, u * (2 * sigmoid(r'))^2
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/names.h"

namespace pare {

enum class HeadFunction : std::uint8_t {
  kNone,
  kSigmoid,
  kExp,
  kRelu,
  kSoftmax,         // over the columns of this part
  kSquaredSigmoid,  // of sizes: (2 * sigmoid)^2; what a model applies to raw ones is the sigmoid
  kJointSigmoid,    // of classes: the sigmoid times that of an objectness that is no column
};

inline constexpr std::array kHeadFunctionNames = {
    Named<HeadFunction>{HeadFunction::kNone, "none"},
    Named<HeadFunction>{HeadFunction::kSigmoid, "sigmoid"},
    Named<HeadFunction>{HeadFunction::kExp, "exp"},
    Named<HeadFunction>{HeadFunction::kRelu, "relu"},
    Named<HeadFunction>{HeadFunction::kSoftmax, "softmax"},
    Named<HeadFunction>{HeadFunction::kSquaredSigmoid, "squared_sigmoid"},
    Named<HeadFunction>{HeadFunction::kJointSigmoid, "joint_sigmoid"},
};

enum class HeadPart : std::uint8_t {
  kBox,         // four numbers, or four distributions
  kObjectness,  // one; also a centerness
  kClasses,     // as many as the output has room for, the background among them
  kOther,       // handed out as it is and read as nothing, such as key points
};

inline constexpr std::array kHeadPartNames = {
    Named<HeadPart>{HeadPart::kBox, "box"},
    Named<HeadPart>{HeadPart::kObjectness, "objectness"},
    Named<HeadPart>{HeadPart::kClasses, "classes"},
    Named<HeadPart>{HeadPart::kOther, "other"},
};

// Neighbouring columns of an output.
struct HeadColumns {
  HeadPart part = HeadPart::kBox;
  HeadFunction function = HeadFunction::kNone;  // of a box: see HeadBox
  bool applied = true;                          // by the model; false: whoever reads applies it
  int count = 0;                                // of kOther
  friend bool operator==(const HeadColumns&, const HeadColumns&) = default;
};

enum class HeadLayout : std::uint8_t {
  kRows,          // (1, rows, columns), a row for each box
  kRowsOfOne,     // (1, rows, 1, columns)
  kColumnsFirst,  // (1, columns, rows)
  kMaps,          // (1, anchors * columns, ny, nx)
  kAnchorMaps,    // (1, anchors, ny, nx, columns)
};

inline constexpr std::array kHeadLayoutNames = {
    Named<HeadLayout>{HeadLayout::kRows, "rows"},
    Named<HeadLayout>{HeadLayout::kRowsOfOne, "rows_of_one"},
    Named<HeadLayout>{HeadLayout::kColumnsFirst, "columns_first"},
    Named<HeadLayout>{HeadLayout::kMaps, "maps"},
    Named<HeadLayout>{HeadLayout::kAnchorMaps, "anchor_maps"},
};

struct HeadOutput {
  std::string name = {};  // empty: the one at `index`
  int index = 0;
  HeadLayout layout = HeadLayout::kRows;
  bool batch = true;  // of kRows, kColumnsFirst: the first dimension is there
  int stride = 0;     // 0: the rows of all strides, one behind the other
  std::vector<HeadColumns> columns = {};
  friend bool operator==(const HeadOutput&, const HeadOutput&) = default;
};

enum class BoxFrom : std::uint8_t { kDistances, kCentreSize };
enum class BoxUnit : std::uint8_t { kStride, kPixel, kAnchor };
enum class BoxHeld : std::uint8_t { kRaw, kCentreSize, kCorners };

inline constexpr std::array kBoxFromNames = {
    Named<BoxFrom>{BoxFrom::kDistances, "distances"},
    Named<BoxFrom>{BoxFrom::kCentreSize, "centre_size"},
};
inline constexpr std::array kBoxUnitNames = {
    Named<BoxUnit>{BoxUnit::kStride, "stride"},
    Named<BoxUnit>{BoxUnit::kPixel, "pixel"},
    Named<BoxUnit>{BoxUnit::kAnchor, "anchor"},
};
inline constexpr std::array kBoxHeldNames = {
    Named<BoxHeld>{BoxHeld::kRaw, "raw"},
    Named<BoxHeld>{BoxHeld::kCentreSize, "centre_size"},
    Named<BoxHeld>{BoxHeld::kCorners, "corners"},
};

struct HeadBox {
  BoxFrom from = BoxFrom::kDistances;
  BoxUnit unit = BoxUnit::kStride;
  BoxHeld held = BoxHeld::kRaw;  // what the output's four numbers are
  bool shares = false;           // they are shares of the input's sides, not pixels (not of kRaw)
  int bins = 1;                  // of each distance; 1: it is a number, not a distribution
  double origin = 0;
  HeadFunction function = HeadFunction::kNone;  // of distances: none, exp, relu
  HeadFunction centre = HeadFunction::kNone;    // none, sigmoid
  HeadFunction size = HeadFunction::kExp;       // none, exp, squared_sigmoid
  // Of a centre behind a sigmoid, in cells: of each stride, or one of all.  None: 1, or what the
  // graph has where boxes are decoded.
  std::vector<double> reach = {};
  double centre_scale = 1, size_scale = 1;
  friend bool operator==(const HeadBox&, const HeadBox&) = default;
};

enum class HeadBackground : std::uint8_t { kNone, kFirst, kLast };

inline constexpr std::array kHeadBackgroundNames = {
    Named<HeadBackground>{HeadBackground::kNone, "none"},
    Named<HeadBackground>{HeadBackground::kFirst, "first"},
    Named<HeadBackground>{HeadBackground::kLast, "last"},
};

using HeadAnchors = std::vector<std::array<double, 2>>;  // widths and heights in pixels

struct HeadDescription {
  std::vector<int> strides = {};          // in the order of rows
  std::vector<HeadAnchors> anchors = {};  // of each stride; empty: none, or not known
  int boxes_per_cell = 1;                 // where there are no anchors
  bool cells_first = true;  // rows of a stride: by cell, then by anchor; otherwise by anchor first
  std::vector<HeadOutput> outputs = {};
  HeadBox box = {};
  HeadBackground background = HeadBackground::kNone;
  bool root = false;  // a score is the root of objectness times class
  friend bool operator==(const HeadDescription&, const HeadDescription&) = default;
};

// The name of a head that a card describes without naming it.
inline constexpr const char* kDescribedHead = "described";

}  // namespace pare
