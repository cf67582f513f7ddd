#include "coordinator/jobs/contenders.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "search/pareto_front.h"

namespace pare::coordinator {
namespace {

constexpr int kOriginal = 1;
constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

// Adds a point to those that no other one dominates; false: another one is as good.
bool add_to_front(std::vector<std::vector<double>>& front, const std::vector<double>& point) {
  for (const std::vector<double>& other : front) {
    if (other == point || search::dominates(other, point)) return false;
  }
  std::erase_if(front, [&](const auto& other) { return search::dominates(point, other); });
  front.push_back(point);
  return true;
}

// Which of the points no other one dominates.  In the order of their coordinates a point can only
// be dominated by an earlier one.
std::vector<std::size_t> undominated(const std::vector<const std::vector<double>*>& points) {
  std::vector<std::size_t> order(points.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return *points[a] < *points[b]; });
  std::vector<std::size_t> front;
  for (const std::size_t i : order) {
    const bool beaten = std::any_of(front.rbegin(), front.rend(), [&](std::size_t other) {
      return search::dominates(*points[other], *points[i]);
    });
    if (!beaten) front.push_back(i);
  }
  return front;
}

}  // namespace

Contenders::Contenders(NewJob job) : job_(std::move(job)), objectives_(job_.objectives.size()) {
  for (const std::string& target : job_.targets) contests_.push_back({target, {}, {}, {}});
  contests_.push_back({"", {}, {}, {}});
}

Contenders::Box Contenders::box_of(const Uncertain& contest) {
  Box box{contest.objectives, contest.objectives};
  for (const std::vector<double>& drawn : contest.drawn) {
    for (std::size_t k = 0; k < drawn.size(); ++k) {
      box.best[k] = std::min(box.best[k], drawn[k]);
      box.worst[k] = std::max(box.worst[k], drawn[k]);
    }
  }
  return box;
}

bool Contenders::is_beaten(const Contest& contest, std::span<const double> best) const {
  return std::ranges::any_of(contest.worsts, [&](const std::vector<double>& worst) {
    return search::dominates(worst, best);
  });
}

void Contenders::mark_beaten(Contest& contest, int number, std::span<const double> best) {
  const std::size_t at = static_cast<std::size_t>(number) * objectives_;
  if (contest.beaten.size() < at + objectives_) contest.beaten.resize(at + objectives_, kAbsent);
  std::ranges::copy(best, contest.beaten.begin() + static_cast<std::ptrdiff_t>(at));
}

void Contenders::forget_beaten(Contest& contest, int number) {
  const std::size_t at = static_cast<std::size_t>(number) * objectives_;
  if (at < contest.beaten.size()) contest.beaten[at] = kAbsent;
}

// `out`: those that leave the contest for it.
void Contenders::add(Contest& contest, int number, Box box, std::set<int>& out) {
  if (is_beaten(contest, box.best)) return mark_beaten(contest, number, box.best);
  // What it beats is beaten already where another one's worst is as good as its own.
  if (add_to_front(contest.worsts, box.worst)) {
    std::erase_if(contest.in, [&](const auto& entry) {
      if (!search::dominates(box.worst, entry.second.best)) return false;
      mark_beaten(contest, entry.first, entry.second.best);
      out.insert(entry.first);
      return true;
    });
  }
  contest.in.emplace(number, std::move(box));
}

// Whoever was beaten by this one alone is lost: it is to be read again.
void Contenders::find_lost(Contest& contest, const Box& gone) {
  for (std::size_t i = 0; i < contest.beaten.size(); i += objectives_) {
    const std::span best = std::span(contest.beaten).subspan(i, objectives_);
    if (std::isnan(best[0]) || !search::dominates(gone.worst, best)) continue;
    if (is_beaten(contest, best)) continue;
    best[0] = kAbsent;
    lost_.insert(static_cast<int>(i / objectives_));
  }
}

// A trial that is taken again as it was changes nothing, and nobody is lost by it.
void Contenders::change(Contest& contest, int number, std::optional<Box> box, std::set<int>& out) {
  const auto at = contest.in.find(number);
  if (at == contest.in.end()) {
    forget_beaten(contest, number);
    if (box) add(contest, number, std::move(*box), out);
    return;
  }
  if (box == at->second) return;
  const Box gone = std::move(at->second);
  contest.in.erase(at);
  contest.worsts.clear();
  for (const auto& [other, kept] : contest.in) add_to_front(contest.worsts, kept.worst);
  if (box) add(contest, number, std::move(*box), out);
  find_lost(contest, gone);
}

void Contenders::take(const Trial& trial) {
  bool in = trial.number == kOriginal;
  std::set<int> out;
  for (Contest& contest : contests_) {
    const auto brings = contest_of(trial, contest.target, job_);
    change(contest, trial.number, brings ? std::optional(box_of(*brings)) : std::nullopt, out);
    in |= contest.in.contains(trial.number);
  }
  lost_.erase(trial.number);
  if (in) {
    trials_[trial.number] = trial;
  } else {
    trials_.erase(trial.number);
  }
  for (const int number : out) {
    const bool elsewhere = std::ranges::any_of(
        contests_, [&](const Contest& contest) { return contest.in.contains(number); });
    if (!elsewhere && number != kOriginal) trials_.erase(number);
  }
}

std::set<int> Contenders::take_lost() {
  return std::exchange(lost_, {});
}

// Adds the numbers of those that stand on the front as measured, or in one of the draws.
void Contenders::choose(const Contest& contest, std::set<int>& chosen) const {
  std::vector<int> numbers;
  std::vector<Uncertain> all;
  for (const auto& [number, box] : contest.in) {
    auto brings = contest_of(trials_.at(number), contest.target, job_);
    if (!brings) continue;
    numbers.push_back(number);
    all.push_back(std::move(*brings));
  }
  std::vector<const std::vector<double>*> points(all.size());
  for (std::size_t draw = 0; draw <= kDraws; ++draw) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      points[i] = draw == kDraws ? &all[i].objectives : &all[i].drawn[draw];
    }
    for (const std::size_t i : undominated(points)) chosen.insert(numbers[i]);
  }
}

std::vector<Trial> Contenders::trials() const {
  std::set<int> chosen;
  for (const Contest& contest : contests_) choose(contest, chosen);
  if (trials_.contains(kOriginal)) chosen.insert(kOriginal);
  std::vector<Trial> out;
  out.reserve(chosen.size());
  for (const int number : chosen) out.push_back(trials_.at(number));
  return out;
}

}  // namespace pare::coordinator
