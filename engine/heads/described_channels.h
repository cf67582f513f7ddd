// Which channels of a level's maps the parts of a described head are made from.  Private to
// engine/heads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/heads/described_numbers.h"
#include "engine/heads/head.h"
#include "engine/heads/head_form.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {

// A place of a level: the column of a box's part that is looked at.
struct PlaceOfPart {
  std::size_t part = 0;
  int anchor = 0, column = 0;
  std::int64_t cell = 0;
};

class LevelChannels {
 public:
  // Keeps references.
  LevelChannels(std::size_t parts, const HeadForm::Level& level, const HeadBox& box)
      : level_(level), box_(box), known_(parts) {}

  // Is it the raw number of this cell and channel?  The first ones of a part say where it begins,
  // and where the next anchor's does.
  bool is_of(const PlaceOfPart& place, const RawNumber& raw, const BehindNumber& number = {});

  // The level's tensors and parts.  Fails with the reader's reason.
  bool fill(HeadLevel& level, TailReader& reader) const;

 private:
  struct First {
    std::string tensor;
    std::int64_t first = -1, second = -1;  // channels, of the first two anchors
    double weight = 1, scale = 1;
  };

  const HeadForm::Level& level_;
  const HeadBox& box_;
  std::vector<First> known_;
};

}  // namespace pare::engine
