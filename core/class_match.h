// Which class of a model is which category of a dataset.
//
// By name where the model has names: as they are spelt first, then without regard to case, blanks
// and punctuation, where that leaves one choice.  Without names by number: the model's first class
// is the category with the smallest id.  Pure.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace pare {

struct ClassMatch {
  std::vector<int> category_of;    // by the model's class: index of the category, or -1
  std::vector<std::string> notes;  // what is spelt otherwise, and what of either side is left over
};

// `class_names`: empty, or one for each of the `class_count` classes.  `categories`: by ascending
// id.  Fails with kInvalidArgument, naming both sides, if nothing matches, or if there are no names
// and the counts differ.
Result<ClassMatch> match_classes(const std::vector<std::string>& class_names, int class_count,
                                 const std::vector<std::string>& categories);

}  // namespace pare
