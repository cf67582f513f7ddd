// The trials of a job that its fronts can depend on: far fewer than all, and enough.
//
// front_of(contenders) is front_of(all trials), and so is front_across(): members, hypervolume and
// the probability of each to be on the front.  What a trial may be is a box: from the best to the
// worst that it was measured or drawn at (front_probability.h) in each objective.  A trial whose
// best another one's worst dominates is beaten in every draw, and is not kept; only the corner of
// its box is, so that it is looked at again when what beat it changes.
//
// A trial costs O(front) to take, and 8 bytes for each front and objective.  Trial number 1 is
// always kept: a search begins with the original.
//
// Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/jobs/front.h"

namespace pare::coordinator {

// To be raised whenever other trials could be chosen from the same outcomes.
inline constexpr int kContendersRule = 1;

class Contenders {
 public:
  explicit Contenders(NewJob job);

  // A trial as it is stored now, whether it is new or has changed.
  void take(const Trial& trial);

  // The numbers of those that were beaten by what has changed since: to be read and taken again.
  // Each is told once.
  std::set<int> take_lost();

  // By number.  O(kept log kept) for each front and draw.
  std::vector<Trial> trials() const;

  std::size_t kept() const noexcept { return trials_.size(); }

 private:
  struct Box {
    std::vector<double> best;
    std::vector<double> worst;
    friend bool operator==(const Box&, const Box&) = default;
  };
  // What contends for one front.
  struct Contest {
    std::string target;  // empty: all of them at once
    std::map<int, Box> in;
    std::vector<std::vector<double>> worsts;  // those of `in` that no other one dominates
    std::vector<double> beaten;  // the best of trial n at n * objectives, NaN: it was not beaten
  };

  static Box box_of(const Uncertain& contest);
  bool is_beaten(const Contest& contest, std::span<const double> best) const;
  void add(Contest& contest, int number, Box box, std::set<int>& out);
  void change(Contest& contest, int number, std::optional<Box> box, std::set<int>& out);
  void find_lost(Contest& contest, const Box& gone);
  void mark_beaten(Contest& contest, int number, std::span<const double> best);
  void forget_beaten(Contest& contest, int number);
  void choose(const Contest& contest, std::set<int>& chosen) const;

  NewJob job_;
  std::size_t objectives_;
  std::vector<Contest> contests_;
  std::map<int, Trial> trials_;
  std::set<int> lost_;
};

}  // namespace pare::coordinator
