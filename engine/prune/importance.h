// Ranks the units of every group; the first w of an order are the ones that a width of w keeps.
//
// kGram: backward elimination by the error that the consumers cannot repair (block OBS): removing
// the columns B of a consumer with weights W and H = G + damping costs
//   tr(W_B [(H^-1)_BB]^-1 W_B') / output energy,
// summed over consumers; after each removal W and H^-1 are downdated.  So redundant channels go
// first, one of two equal ones at no cost.  kThinet: the same elimination by the error that is left
// without any repair, tr(W_B G_BB W_B') for all columns B removed so far, in the same units.
// kL1, kL2: norms of the producers' rows, each producer relative to its own mean.  kRandom: seeded
// by the group's name.  Those that need gradients are learned elsewhere (engine/train/importance)
// and only kept here.
//
// Whatever the kind, the first units cover every tensor (Group::covers).
// Cost: d^3 for each consumer (inverse), and m^2 x block for each removal among a group's m
// columns; yolov5n 2 to 4 s; kThinet d^2 x outputs a consumer; the others milliseconds.
// Pure functions, any thread.
// Source: OBC (Frantar and Alistarh, NeurIPS 2022), structured; ThiNet (Luo, ICCV 2017).
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "engine/prune/prune.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

// What a squared error of each output of a consumer adds to the damage.  A consumer that is not
// named: 1 / its output's variance, for all of its outputs.
using OutputWorth = std::map<std::string, std::vector<double>>;

struct Ranking {
  UnitOrders orders;
  // damage[group][w]: of keeping the first w units, with the consumers repaired; 0 at full width.
  std::map<std::string, std::vector<double>> damage;
};

// kGram with what it expects of every width.  A consumer of several groups counts in each of them
// as if the others were whole.  Fails as rank_units().
// REQUIRES: a consumer that `worth` names has as many outputs there.
Result<Ranking> rank_by_gram(const Graph& graph, const Groups& groups, const Statistics& statistics,
                             const OutputWorth& worth = {});

// `statistics` is read for kGram and kThinet only.  Fails with kInvalidArgument, naming the
// consumer, if its Gram is missing or of another size.
// REQUIRES: !needs_gradients(importance).
Result<UnitOrders> rank_units(const Graph& graph, const Groups& groups, Importance importance,
                              const Statistics& statistics);

// The highest first, but for those that must cover a tensor.
// REQUIRES: a score for each unit of every group, by the group's name.
UnitOrders orders_by_score(const Groups& groups,
                           const std::map<std::string, std::vector<double>>& scores);

// Into and out of a tensor file (names "order/<importance>/<group>"), so that `prepare` ranks once
// and `build` reads.
void store(const UnitOrders& orders, Importance importance, TensorFile& file);
Result<UnitOrders> load_orders(const TensorFile& file, Importance importance);

// Fails with kNotFound, naming the group, where one has no order: the statistics are of a version
// that knew fewer groups.
Result<std::monostate> check_orders(const UnitOrders& orders, const Groups& groups);

// A ranking by Gram with its damages (names "damage/<group>").  Reading fails with kNotFound where
// the file has orders alone.
void store(const Ranking& ranking, TensorFile& file);
Result<Ranking> load_ranking(const TensorFile& file);

}  // namespace pare::engine
