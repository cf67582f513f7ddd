// The boxes of a described head's tail: nodes that make its numbers of raw ones.  Private to
// engine/heads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/heads/head.h"
#include "engine/heads/head_form.h"
#include "engine/heads/tail_builder.h"

namespace pare::engine {

// Levels by their position; rows are (1, boxes of a level, columns).
class BoxTail {
 public:
  // Keeps references: all must outlive it.
  BoxTail(TailBuilder& tail, const HeadMatch& match, const HeadForm& form, const Shape& input)
      : tail_(tail), match_(match), box_(match.description->box), form_(form), input_(input) {}

  std::int64_t boxes(std::size_t l) const { return form_.levels()[l].boxes(); }
  std::string joined(const std::vector<std::string>& parts, std::int64_t axis);
  std::string times(const std::string& x, double by);
  // scale * f(x)
  std::string through(HeadFunction function, const std::string& x, double scale);

  // Of raw numbers in rows, boxes as the description has them held, in pixels or shares.
  std::string decoded(const std::string& raw, const RawPart& from, std::size_t l);

 private:
  using NumberOfBox = std::function<double(std::int64_t cell, int anchor, std::size_t axis)>;

  std::string distances(const std::string& raw, const RawPart& from, std::size_t l);
  std::string centre(const std::string& raw, std::size_t l);
  std::string size(const std::string& raw, std::size_t l);
  std::string by_unit(const std::string& x, std::size_t l);
  std::string points_of(std::size_t l, double less);
  std::string of_boxes(std::size_t l, const NumberOfBox& number);

  TailBuilder& tail_;
  const HeadMatch& match_;
  const HeadBox& box_;
  const HeadForm& form_;
  const Shape& input_;
};

}  // namespace pare::engine
