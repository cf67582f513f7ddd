#include "engine/train/tasks/training_record.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "host/facts.h"
#include "wire/training_json.h"

namespace pare::engine {

std::string training_library() {
  return std::string("libtorch ") + TORCH_VERSION;
}

Training training_of(const TrainedCorrection& trained, const RunOptions& options,
                     const Plans& plans, const Photographs& photographs) {
  Training out;
  out.steps = trained.supernet.lineage.steps;
  out.skipped = trained.skipped;
  out.images = static_cast<int>(photographs.trained_on.size());
  out.held_out_images = static_cast<int>(photographs.held_out_count);
  out.threads = at::get_num_threads();
  out.seed = options.seed;
  for (std::size_t k = 0; k < options.knots.size() && options.int8 == nullptr; ++k) {
    out.knots.push_back({options.knots[k], trained.kept[k]});
  }
  for (std::size_t j = 0; j < plans.judged.size(); ++j) {
    out.judged.push_back({plans.judged[j].share, trained.before[j], trained.after[j]});
  }
  out.parts = std::ranges::any_of(plans.pool, [](const PoolPlan& p) { return !p.parts.empty(); });
  out.program = training_library();
  out.processor = host::processor_kind(host::machine_facts());
  out.notes = trained.notes;
  return out;
}

Training with_int8(const Supernet* from, const TrainedCorrection& trained, Training of_this_run) {
  const auto mean = [](const std::vector<double>& losses) {
    return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
  };
  const TrainedInt8 int8{of_this_run.steps, trained.kept[0], mean(trained.before),
                         mean(trained.after)};
  Training out = std::move(of_this_run);
  out.steps = 0;
  out.judged.clear();
  if (from != nullptr && !from->lineage.training.empty()) {
    const auto before = wire::parse_training(from->lineage.training);
    if (before) {
      out.steps = before.value().steps;
      out.knots = before.value().knots;
      out.judged = before.value().judged;
      out.parts = before.value().parts;
    }
  }
  out.int8 = int8;
  return out;
}

Supernet with_lineage(Supernet supernet, const Training& training, std::string model_sha256,
                      std::string statistics_sha256) {
  Training repeatable = training;
  repeatable.seconds = 0;
  repeatable.parent.reset();
  repeatable.notes.clear();
  supernet.lineage = {std::move(model_sha256),
                      std::move(statistics_sha256),
                      training.seed,
                      training.images,
                      training.steps,
                      wire::training_to_json(repeatable),
                      {},
                      training.parts};
  return supernet;
}

}  // namespace pare::engine
