// How much an error of each consumer of channels matters at the body's outputs, measured.
//
// Every consumer gets, one at a time, the error that removing a quarter of its input channels
// leaves after repair: a second convolution with the difference of the weights, behind a switch
// that is an input of the network.  So one compilation serves all consumers, and what is measured
// is what pruning does.  Each output channel's error is taken in shares of its variance, where the
// original sees objects more than elsewhere (foreground.h), and channels count by what they say
// (output_shares.h).
//
// Gradients would say the same for small errors; this needs none, and sees the saturation of
// activations.  It calibrates the closed-form costs (importance.h): they know how much of a
// consumer's output is lost, not whether anybody minds.
//
// Cost: consumers x images inferences of a network of twice the MACs.
#pragma once

#include <map>
#include <span>
#include <string>

#include "core/result.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/journal.h"
#include "engine/pipeline/progress.h"
#include "engine/pipeline/sample_images.h"
#include "engine/prune/importance.h"

namespace pare::engine {

// By consumer: damage of the outputs for each share of the consumer's
// own output variance that is wrong.  Consumers that lose nothing at three quarters are absent.
Result<std::map<std::string, double>> measure_output_sensitivity(
    const Detector& detector, const Statistics& statistics, const UnitOrders& orders,
    std::span<const SampleImage> images, const Progress& progress, Journal& journal = no_journal());

}  // namespace pare::engine
