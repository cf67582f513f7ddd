// What quantization asks of the calibration images, answered from the tensor file of `prepare` for
// one candidate: for the channels that it keeps, as equalization left them.
//
// Histograms are read from the file once each.  Moments are those at the model's own resolution.
// REQUIRES: all arguments outlive this and its sources().  One thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/tensor_file.h"
#include "engine/prune/prune.h"
#include "engine/prune/statistics.h"
#include "engine/quant/activation_histogram.h"
#include "engine/quant/equalize.h"
#include "engine/quant/sources.h"

namespace pare::engine {

class StoredActivations {
 public:
  StoredActivations(const TensorFile& file, const Plan& plan, const PrunedGraph& pruned,
                    const EqualizedGraph& equalized);

  QuantizationSources sources() const;

 private:
  Result<const ActivationHistogram*> histogram(const std::string& tensor) const;
  Result<Distribution> values(const std::string& tensor) const;
  Result<Distribution> channel_values(const std::string& tensor, int channel) const;
  std::optional<InputMoments> moments(const std::string& layer) const;

  std::span<const int> kept(const std::string& tensor) const;
  std::span<const int> halvings(const std::string& tensor) const;

  const TensorFile& file_;
  const Plan& plan_;
  const PrunedGraph& pruned_;
  const EqualizedGraph& equalized_;
  mutable std::map<std::string, ActivationHistogram> histograms_;
  mutable std::optional<Result<Statistics>> statistics_;
};

}  // namespace pare::engine
