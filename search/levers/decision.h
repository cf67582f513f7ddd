// What there is to choose in a search, and one choice of each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pare::search {

// A point of the search space: one choice index per decision, in the order of the space.
struct Genome {
  std::vector<int> choices;

  int operator[](std::size_t decision) const { return choices[decision]; }
  int& operator[](std::size_t decision) { return choices[decision]; }
  friend bool operator==(const Genome&, const Genome&) = default;
  friend auto operator<=>(const Genome&, const Genome&) = default;
};

// What a choice is expected to do, in any unit that the choices of all decisions share.
struct Expected {
  double damage = 0;
  double saving = 0;
};

// Damages, summed, beyond which guidance calls a plan broken: no seed is spent on it, and no block
// or kernel offered.  Of 17 plans of four detectors the eight beyond it keep less than half of the
// mAP, seven of the others more (closed form, 128 images): fastestdet .17 at .90, nanodet .38 at
// .68 and .67 at .28, yolov5n .40 at .30.
inline constexpr double kBrokenDamage = 0.6;

struct Decision {
  std::string_view family;  // decisions of one family are alike (levers.h has their names)
  std::string name;         // the group's, the segment's, or what is decided
  int choices = 1;
  int original = 0;                     // what leaves the model as it is
  bool only_in_original = false;        // the limits exclude that choice for every other plan
  bool ordered = false;                 // neighbouring choices are similar
  std::vector<int> values = {};         // of each choice, where it is a number: channels, say
  std::vector<Expected> expected = {};  // of each choice; empty: nothing is known
};

// Choices without an order are not merged where a surrogate has fewer levels: so many at most.
inline constexpr int kMostOptions = 256;

}  // namespace pare::search
