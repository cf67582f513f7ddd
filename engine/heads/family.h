// Families that are recognised as a description (core/head_description.h), which the match has and
// the card gets: what boxes are read by.  Private to engine/heads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/head_description.h"
#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

// The descriptions that a graph may have, the likeliest first; none: its outputs are not of the
// family's kind, and the error says what they are.
using Candidates = std::function<Result<std::vector<HeadDescription>>(const Graph& graph,
                                                                      const Observation& observed)>;

// A head with the name and these descriptions.  Without one, its decode() fails: head_for().
HeadDef family_head(const std::string& name, const Preprocessing& preset,
                    const Candidates& candidates);

// An output, and how many columns it has.
struct ShapedOutput {
  HeadOutput output;
  std::int64_t columns = 0;
};

// The graph's outputs as rows of all strides, all with as many; empty: they are not.
std::vector<ShapedOutput> outputs_of_rows(const Graph& graph, const Observation& observed);

// The graph's outputs as each of one stride with so many boxes a cell, whatever their layout, and
// the strides, ascending; empty: they are not.
struct OutputsOfLevels {
  std::vector<int> strides;
  std::vector<ShapedOutput> outputs;
};
OutputsOfLevels outputs_of_levels(const Graph& graph, const Observation& observed, int boxes);

// What the first number of an output is: scale * function(raw number), or a share of a softmax.
struct FirstNumber {
  HeadFunction function = HeadFunction::kNone;
  double scale = 1;
  std::int64_t channels = 0;  // of the map that the raw number is of
};
// nullopt: it is made from more than that.
std::optional<FirstNumber> first_number(const Graph& graph, const Observation& observed,
                                        const std::string& output);

// Scores behind a function that the model applies, or leaves to who reads.
HeadColumns scores_of(const Graph& graph, const Observation& observed, const std::string& output,
                      HeadPart part, HeadFunction function);

// Two outputs of rows, one of which has four columns, as a box and the classes; both ways round
// where both have.  Strides are open.
std::vector<HeadDescription> boxes_and_classes(const Graph& graph, const Observation& observed,
                                               const HeadBox& box, const HeadColumns& classes);

}  // namespace pare::engine
