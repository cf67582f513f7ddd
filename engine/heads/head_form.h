// Where the numbers of a described head (core/head_description.h) stand in its outputs, at one size
// of the input.  Private to engine/heads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/head_description.h"
#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// A run of columns, with what the description leaves open filled in.
struct FormPart {
  std::size_t output = 0;  // position in the description's
  HeadPart part = HeadPart::kBox;
  HeadFunction function = HeadFunction::kNone;
  bool applied = true;
  int first = 0, count = 0;  // columns of the output
  int raw = 0;               // channels of one anchor that it is made from
};

// Of the level at this position.
double reach_at(const HeadBox& box, std::size_t level);

// What the model itself applies to a number of a box that an output holds raw.
HeadFunction applied_to_box(const HeadBox& box, int column);

// What a description is refused with: "head_description." + field + ": " + value + ": " + why.
Error bad_description(const std::string& field, const std::string& value, const std::string& why);

// Fails with kInvalidArgument, naming the field and its value, where a description contradicts
// itself.
Result<std::monostate> check_description(const HeadDescription& description);

// How many classes outputs of these shapes tell apart, without the background.  Fails with
// kInvalidArgument, naming the output.
Result<int> described_classes(const HeadDescription& description, std::span<const Shape> shapes);

class HeadForm {
 public:
  struct Level {
    int stride = 0;
    int anchors = 1;  // boxes a cell
    std::int64_t ny = 0, nx = 0;
    std::int64_t first_row = 0;  // of an output of all strides' rows
    std::int64_t cells() const { return ny * nx; }
    std::int64_t boxes() const { return cells() * anchors; }
  };

  // Keeps a reference to the description.  REQUIRES: check_description() passes; it has strides.
  HeadForm(const HeadDescription& description, int classes, std::int64_t height,
           std::int64_t width);

  const std::vector<FormPart>& parts() const { return parts_; }
  const std::vector<Level>& levels() const { return levels_; }
  // The parts that a level has.
  bool has(const FormPart& part, const Level& level) const;
  // Null where there is none of this kind at this stride.
  const FormPart* part_of(HeadPart part, const Level& level) const;

  int classes() const { return classes_; }
  int scores() const { return classes_ + (of_.background == HeadBackground::kNone ? 0 : 1); }
  int first_class() const { return of_.background == HeadBackground::kFirst ? 1 : 0; }
  int columns(std::size_t output) const;
  Shape shape(std::size_t output) const;

  // Row-major, in the part's output.
  std::int64_t place(const FormPart& part, const Level& level, int anchor, std::int64_t cell,
                     int column) const;
  // Of a box within its level.
  std::int64_t row(const Level& level, int anchor, std::int64_t cell) const;

 private:
  std::int64_t rows(const HeadOutput& output) const;
  const Level& level_of(const HeadOutput& output) const;

  const HeadDescription& of_;
  int classes_;
  std::vector<FormPart> parts_;
  std::vector<Level> levels_;
};

}  // namespace pare::engine
