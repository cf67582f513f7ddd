// One thing that a plan may change, with all that the search knows of it: what there is to decide,
// what that says in a plan and in each layer, how it is drawn and what is worth trying first.
//
// A lever is one file of this folder; levers.h lists them.  Immutable: any thread may use one.
// Genomes are the space's, whole; a lever reads and writes its own decisions in them, and reads
// those of the levers before it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/guidance.h"
#include "core/input_sizes.h"
#include "core/job.h"
#include "core/model_summary.h"
#include "core/plan.h"
#include "core/random.h"
#include "search/levers/decision.h"

namespace pare::search {

// How a plan leaves one layer of the model: what the layer's time depends on.
struct LayerSetting {
  double pixels = 1;   // of the network's input, as a share of the model's own
  double outputs = 1;  // channels, as a share of the layer's
  double inputs = 1;
  double taps = 1;    // of the kernel, as a share of the layer's
  bool gone = false;  // with a block that is left out: it takes no time
  bool int8 = false;
  std::optional<QdqPlacement> placement = {};  // of the whole plan; nullopt: it is not int8
  Precision floats = Precision::kFp32;         // the same
  friend bool operator==(const LayerSetting&, const LayerSetting&) = default;
};

// What has to be gathered of a model before any plan of a space can be built.
struct Preparation {
  std::vector<InputSize> sizes = {};  // smallest first
  bool int8 = false;                  // activations' ranges, too
};

class Lever {
 public:
  virtual ~Lever() = default;

  // Where its decisions stand in a genome, and what they are; it may have none, and still write.
  std::size_t first() const noexcept { return first_; }
  std::span<const Decision> decisions() const noexcept { return decisions_; }

  // False where the levers before it leave it nothing to say: its choices then stand at the
  // original's.
  virtual bool speaks(const Genome& genome) const {
    (void)genome;
    return true;
  }
  // Whether one of its decisions may change the plan, given the others.
  virtual bool matters(const Genome& genome, std::size_t decision) const {
    (void)decision;
    return speaks(genome);
  }
  // Of the choices that make the same plan, one stands for all.
  virtual void settle(Genome& genome) const { (void)genome; }

  // Says its part in the plan that the levers before it have written.
  // REQUIRES: it speaks in that genome.
  virtual void write(const Genome& genome, Plan& plan) const = 0;
  // The choices that say what the plan says; one that is not there is the number of choices.
  virtual void read(const Plan& plan, Genome& genome) const = 0;
  // Of every layer of the model, in the summary's order; after the levers before it.
  virtual void set_layers(const Genome& genome, std::span<LayerSetting> layers) const {
    (void)genome;
    (void)layers;
  }
  virtual void prepare(Preparation& preparation) const { (void)preparation; }

  // What guidance expects the choices to cost, summed; 0 where nothing was measured.
  virtual double damage(const Genome& genome) const {
    double sum = 0;
    for (std::size_t i = 0; i < decisions_.size(); ++i) {
      const auto choice = static_cast<std::size_t>(genome[first_ + i]);
      if (!decisions_[i].expected.empty()) sum += decisions_[i].expected[choice].damage;
    }
    return sum;
  }

  // At random; `intensity` in [0, 1]: 0 is the original, as far as it has one.
  // REQUIRES: its choices are the original's.
  virtual void draw(Genome& genome, Random& random, double intensity) const = 0;
  // How often a change is one of this lever's, beside the others'; 0: there is nothing to change.
  virtual double weight(const Genome& genome) const = 0;
  virtual void change(Genome& genome, Random& random) const = 0;

  // What is worth trying before anything is known: the original with one choice of this lever's,
  // the most promising first.
  virtual std::vector<Genome> seeds(const Genome& original) const {
    (void)original;
    return {};
  }
  // Where a seed of another lever made it speak: how it begins.
  virtual void begin(Genome& genome) const { (void)genome; }
  // Which of another lever's seeds does best depends on this one: its first seed is tried with all
  // of them, not with the first alone.
  virtual bool changes_the_order() const noexcept { return false; }

 protected:
  Lever(std::size_t first, std::vector<Decision> decisions)
      : first_(first), decisions_(std::move(decisions)) {}

  Lever(const Lever&) = default;
  Lever& operator=(const Lever&) = delete;

 private:
  std::size_t first_;
  std::vector<Decision> decisions_;
};

using LeverPointer = std::shared_ptr<const Lever>;

}  // namespace pare::search
