// Ranks the units of every group; the first w of an order are the ones that a width of w keeps.
//
// kGram: backward elimination by the error that the consumers cannot repair (block OBS): removing
// the columns B of a consumer with weights W and H = G + damping costs
//   tr(W_B [(H^-1)_BB]^-1 W_B') / output energy,
// summed over consumers; after each removal W and H^-1 are downdated.  So redundant channels go
// first, one of two equal ones at no cost.  kL1, kL2: norms of the producers' rows, each producer
// relative to its own mean.  kRandom: seeded by the group's name.
//
// Whatever the kind, the first units cover every tensor (Group::covers).
// Cost: d^3 for each consumer (inverse), and m^2 x block for each removal among a group's m
// columns; yolov5n 2 to 4 s, everything else milliseconds.  Pure functions, any thread. Source: OBC
// (Frantar and Alistarh, NeurIPS 2022), structured; ThiNet (Luo, ICCV 2017).
#pragma once

#include "core/plan.h"
#include "core/result.h"
#include "engine/prune/prune.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

// `statistics` is read for kGram only.  Fails with kInvalidArgument, naming the consumer, if its
// Gram is missing or of another size.
Result<UnitOrders> rank_units(const Graph& graph, const Groups& groups, Importance importance,
                              const Statistics& statistics);

// Into and out of a tensor file (names "order/<importance>/<group>"), so that `prepare` ranks once
// and `build` reads.
void store(const UnitOrders& orders, Importance importance, TensorFile& file);
Result<UnitOrders> load_orders(const TensorFile& file, Importance importance);

}  // namespace pare::engine
