// What an error of a consumer's outputs is worth, from how much the network's outputs mind it.
//
// Cost: d^2 x outputs a consumer.  Pure functions, any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/prune/importance.h"

namespace pare::engine {

// What is wrong with each consumer's outputs when its weights change from those of `graph` to those
// of `changed`: the mean squared error over the calibration positions as a share of the outputs'
// variance.  Consumers whose weights are the same are absent.  Fails as Statistics::find().
Result<std::map<std::string, double>> output_errors(const Graph& graph, const Graph& changed,
                                                    const Groups& groups,
                                                    const Statistics& statistics);

// `sensitivity`: by consumer, damage for each share of its outputs' variance that is wrong; one
// that is absent counts as the median of the others.  `shares`: by output of the graph, what each
// channel counts; a consumer that makes such an output needs no measurement: an error of a channel
// is worth its share over the channel's own variance.
Result<OutputWorth> output_worth(const Graph& graph, const Groups& groups,
                                 const Statistics& statistics,
                                 const std::map<std::string, double>& sensitivity,
                                 const std::map<std::string, std::vector<double>>& shares = {});

}  // namespace pare::engine
