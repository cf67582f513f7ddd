// What one number of a decode tail computes, in a form in which equal things look equal: a
// polynomial of atoms, an atom being a number of a raw map, a function (sigmoid, exp, ...) of
// another polynomial, or one share of a softmax.  Private to engine/heads.
//
// (2 s - 0.5 + column) * stride, 2 s * stride + (column - 0.5) * stride and whatever else exporters
// write for it are one polynomial: s with the weight 2 * stride, and a constant.
//
// Cost: linear in the terms; atoms are found in logarithmic time.  Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace pare::engine {

enum class AtomKind : std::uint8_t {
  kRaw,    // the number at `place` of the raw map `tensor`
  kShare,  // of the softmax over the group `tensor`, that at `place`
  kGroup,  // never in a polynomial: what a softmax is taken over
  kSigmoid,
  kExp,
  kTanh,
  kRelu,
  kSqrt,
};

constexpr std::size_t kMostFactors = 4;                  // of a product; real tails have 3
using Factors = std::array<std::int32_t, kMostFactors>;  // atoms, descending, -1 behind them

struct Term {
  Factors factors;
  double weight = 0;
};

struct Formula {
  double constant = 0;
  std::vector<Term> terms = {};  // sorted by factors, each set once, no weight of 0

  // The atom that this is a multiple of, if it is nothing else; -1 otherwise.
  std::int32_t single() const;
};

// Numbers that went through float32.
bool is_close(double value, double wanted);

Formula sum(const Formula& a, const Formula& b, double weight_of_b = 1);
Formula scaled(Formula a, double by);
// nullopt: of too many factors or terms.
std::optional<Formula> product(const Formula& a, const Formula& b);

struct Atom {
  AtomKind kind = AtomKind::kRaw;
  std::int32_t tensor = 0;
  std::int64_t place = 0;
  std::vector<Formula> of = {};  // the argument of a function, the members of a group
};

// Every atom once, known by a number.
class Atoms {
 public:
  std::int32_t raw(std::int32_t tensor, std::int64_t place);
  std::int32_t share(std::int32_t group, std::int64_t member);
  std::int32_t group(std::vector<Formula> members);
  std::int32_t function(AtomKind kind, Formula of);
  const Atom& at(std::int32_t atom) const { return atoms_[static_cast<std::size_t>(atom)]; }
  void clear();

 private:
  std::int32_t find_or_add(Atom atom);

  std::vector<Atom> atoms_;
  std::map<std::vector<double>, std::int32_t> known_;
};

Formula of_atom(std::int32_t atom, double weight = 1);

}  // namespace pare::engine
