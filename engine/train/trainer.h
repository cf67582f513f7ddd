// Plain supervised training of a detector, from scratch or from where its weights are.
//
// AdamW with a linear warm-up and a cosine to a twentieth, gradients clipped, an exponential moving
// average of the weights that is what comes out. The same options, images and thread count give the
// same result. State is saved after every epoch and a run goes on from it.
//
// Thinning draws the factors of batch normalisation to 0 all the while, so that channels which the
// detector can do without end near it, and any importance finds them (l2 as well: the factors are
// part of the weights once they are folded).
//
// Sources: AdamW (Loshchilov and Hutter 2019); YOLOX (Ge et al. 2021) for the average's ramp;
// network slimming (Liu et al., ICCV 2017) for thinning, here as a proximal step.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/result.h"
#include "engine/train/detect/detection_loss.h"
#include "engine/train/graph/graph_module.h"
#include "engine/train/training_set.h"
#include "engine/zoo/zoo.h"

namespace pare::engine {

struct TrainOptions {
  int epochs = 20;
  std::int64_t steps = 0;  // instead of epochs, if not 0
  int batch = 16;
  int crop = 128;  // height and width of what is trained on, cut out of the images
  Symmetry symmetry = Symmetry::kMirrored;
  double learning_rate = 2e-3;
  double weight_decay = 0.02;
  double warmup_epochs = 0.5;
  double average_decay = 0.998;
  double thinning = 0;  // what a factor loses a step, in learning rates; 0.1 is a lot
  std::uint64_t seed = 1;
  std::filesystem::path checkpoint;  // empty: none; an existing one is resumed
  LossOptions loss = {};
};

struct TrainProgress {
  int epoch = 0, epochs = 0;
  std::int64_t step = 0, steps = 0;
  double loss = 0, box = 0, objectness = 0, classes = 0;  // means since the last report
  double learning_rate = 0;
};

// Share of the highest learning rate at a step: up from 0, then a cosine down to a twentieth.
double schedule(std::int64_t step, std::int64_t steps, std::int64_t warmup);

// How long one step of training takes here: the mean of three on the first images.  Fails as
// train_detector().
Result<double> seconds_per_step(const ZooDetector& detector, const TrainingSet& set,
                                const TrainOptions& options);

// The graph with averaged weights and statistics.  `report` is called every 20 steps and once an
// epoch.  Fails if the graph or its head cannot be trained, a checkpoint is of another network, or
// the loss is no longer finite.
Result<Graph> train_detector(const ZooDetector& detector, const TrainingSet& set,
                             const TrainOptions& options,
                             const std::function<void(const TrainProgress&)>& report);

}  // namespace pare::engine
