// Trains the correction of a super-network without labels, and judges it on images held out.
//
// A step takes a batch and an antithetic pair of the pool's sub-networks, one that removes little
// and one that removes much; their losses against the original add up (distillation.h).  Every so
// often the average of the weights is judged on images that nothing learns from, and the best one
// is what comes out.  The same options, images and thread count give the same bits on the same kind
// of machine, whether the run was interrupted or not.
//
// Cost: an original's forward and two sub-networks' forward and back for each image of each step.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/train/distill/distillation.h"
#include "engine/train/elastic/networks.h"
#include "engine/train/elastic/plan_pool.h"
#include "engine/train/run/batches.h"
#include "engine/train/run/optimizer.h"

namespace pare::engine {

struct RunOptions {
  std::vector<double> knots;
  // 0: as many as `minutes` allow with all looks, by the first steps; that number is kept with the
  // state.  A step that took long because the process stood still counts as the others.
  std::int64_t steps = 0;
  double minutes = 60;
  int batch = 8;
  std::int64_t looks = 10;  // at the held-out images
  std::uint64_t seed = 1;
  OptimizerOptions optimizer;
  StateKeeper* keeper = nullptr;  // null: nothing is kept
  std::string about;              // what else a result depends on: model, statistics, images
  // What sub-networks are held against, where that is not the body that they are cut from: its
  // weights have changed, or blocks are out.  Layers are known by the names of their outputs.
  const ElasticBody* original = nullptr;
  // What is trained is the change that int8 asks for, one for all plans, and the ranges of
  // activations; knots are not looked at.  Null: the changes of the knots, in fp32.
  const Int8Networks* int8 = nullptr;
};

struct RunImages {
  std::span<const Image> trained_on;
  std::vector<torch::Tensor> held_out;  // batches of inputs
  InputForm form;
  std::vector<torch::Tensor> seen = {};  // batches of images trained on, as they are
};

struct RunProgress {
  std::int64_t step = 0, steps = 0;
  double loss = 0, features = 0, heads = 0;  // means since the last report
  double rate = 0;                           // share of the highest
  // Before the first step alone: the held-out loss of each judged plan without any change.
  std::vector<double> closed_form = {};
  std::vector<double> held_out = {};  // of each judged plan; empty: no look was taken
};

struct TrainedCorrection {
  Supernet supernet;                  // without lineage but steps; for int8 that part alone
  std::vector<double> before, after;  // held-out loss of each judged plan
  std::vector<double> seen;           // its loss after training on images trained on; may be empty
  std::vector<bool> kept;             // of each knot, or of int8: the change is better than none
  std::vector<HeldOutPoint> curve;
  std::int64_t skipped = 0;
  std::int64_t went_on_from = 0;  // the step of the state that was gone on from; 0: of none
  std::vector<std::string> notes;
};

// `pool` is trained, `judged` looked at; a knot is judged by the plan nearest to it.  Fails as
// SubNetwork::make(), save_state() and load_state() do.
// REQUIRES: neither is empty; ranking orders are those of the plans; there are held-out images.
Result<TrainedCorrection> train_supernet(const ElasticBody& body, const UnitOrders& orders,
                                         const std::vector<PoolPlan>& pool,
                                         const std::vector<PoolPlan>& judged,
                                         const RunImages& images, const RunOptions& options,
                                         const std::function<void(const RunProgress&)>& report);

}  // namespace pare::engine
