#include "engine/heads/tail_algebra.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace pare::engine {
namespace {

constexpr std::int32_t kNone = -1;
constexpr std::size_t kMostProducts = 4096;  // of two sums; real tails have one

void append(std::vector<double>& key, const Formula& formula) {
  key.push_back(formula.constant);
  key.push_back(static_cast<double>(formula.terms.size()));
  for (const Term& term : formula.terms) {
    key.insert(key.end(), term.factors.begin(), term.factors.end());
    key.push_back(term.weight);
  }
}

// Sorted, and terms of the same factors are one.
void tidy(std::vector<Term>& terms) {
  std::ranges::sort(terms, {}, &Term::factors);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (kept > 0 && terms[kept - 1].factors == terms[i].factors) {
      terms[kept - 1].weight += terms[i].weight;
    } else {
      terms[kept++] = terms[i];
    }
  }
  terms.resize(kept);
  std::erase_if(terms, [](const Term& term) { return term.weight == 0; });
}

std::optional<Factors> joined(const Factors& a, const Factors& b) {
  std::array<std::int32_t, 2 * kMostFactors> all{};
  std::ranges::merge(a, b, all.begin(), std::ranges::greater());
  if (all[kMostFactors] != kNone) return std::nullopt;
  Factors factors{};
  std::copy_n(all.begin(), kMostFactors, factors.begin());
  return factors;
}

}  // namespace

bool is_close(double value, double wanted) {
  return std::abs(value - wanted) <= 1e-4 * std::max(1.0, std::abs(wanted));
}

std::int32_t Formula::single() const {
  if (constant != 0 || terms.size() != 1 || terms[0].factors[1] != kNone) return kNone;
  return terms[0].factors[0];
}

Formula of_atom(std::int32_t atom, double weight) {
  Factors factors{};
  factors.fill(kNone);
  factors[0] = atom;
  return {0, {{factors, weight}}};
}

Formula sum(const Formula& a, const Formula& b, double weight_of_b) {
  Formula made = a;
  made.constant += weight_of_b * b.constant;
  for (const Term& term : b.terms) {
    made.terms.push_back({term.factors, weight_of_b * term.weight});
  }
  tidy(made.terms);
  return made;
}

Formula scaled(Formula a, double by) {
  if (by == 0) return {};
  a.constant *= by;
  for (Term& term : a.terms) term.weight *= by;
  return a;
}

std::optional<Formula> product(const Formula& a, const Formula& b) {
  if (a.terms.empty()) return scaled(b, a.constant);
  if (b.terms.empty()) return scaled(a, b.constant);
  if (a.terms.size() * b.terms.size() > kMostProducts) return std::nullopt;
  Formula made = sum(scaled({0, a.terms}, b.constant), scaled({0, b.terms}, a.constant));
  made.constant = a.constant * b.constant;
  for (const Term& left : a.terms) {
    for (const Term& right : b.terms) {
      const auto factors = joined(left.factors, right.factors);
      if (!factors) return std::nullopt;
      made.terms.push_back({*factors, left.weight * right.weight});
    }
  }
  tidy(made.terms);
  return made;
}

std::int32_t Atoms::find_or_add(Atom atom) {
  std::vector<double> key = {static_cast<double>(atom.kind), static_cast<double>(atom.tensor),
                             static_cast<double>(atom.place)};
  for (const Formula& formula : atom.of) append(key, formula);
  const auto [known, added] =
      known_.try_emplace(std::move(key), static_cast<std::int32_t>(atoms_.size()));
  if (added) atoms_.push_back(std::move(atom));
  return known->second;
}

std::int32_t Atoms::raw(std::int32_t tensor, std::int64_t place) {
  return find_or_add({AtomKind::kRaw, tensor, place});
}

std::int32_t Atoms::share(std::int32_t group, std::int64_t member) {
  return find_or_add({AtomKind::kShare, group, member});
}

std::int32_t Atoms::group(std::vector<Formula> members) {
  return find_or_add({AtomKind::kGroup, 0, 0, std::move(members)});
}

std::int32_t Atoms::function(AtomKind kind, Formula of) {
  return find_or_add({kind, 0, 0, {std::move(of)}});
}

void Atoms::clear() {
  atoms_.clear();
  known_.clear();
}

}  // namespace pare::engine
