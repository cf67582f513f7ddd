// Every lever that a job may pull, in the order of a genome.
//
// A new lever is a file here, a line below and one in levers.cpp.  It comes last: genomes that are
// stored keep their meaning.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/avoid.h"
#include "core/result.h"
#include "search/levers/lever.h"

namespace pare::search {

// Names of the families of decisions.
namespace family {
inline constexpr std::string_view kWidth = "width";  // a group's channels, narrowest first
inline constexpr std::string_view kResolution = "resolution";  // smallest first
inline constexpr std::string_view kPrecision = "precision";    // fp32, int8
inline constexpr std::string_view kWeightBits = "weight bits";
inline constexpr std::string_view kRanges = "ranges";
inline constexpr std::string_view kPlacement = "placement";
inline constexpr std::string_view kEqualization = "equalization";
inline constexpr std::string_view kKeptLayers = "kept layers";  // more and more, from none on
inline constexpr std::string_view kFloats = "floats";           // fp32 and shorter types
inline constexpr std::string_view kDepth = "depth";             // blocks skipped, none first
inline constexpr std::string_view kKernel = "kernel";           // a layer's, smallest first
inline constexpr std::string_view kStorage = "storage";         // bits of weights, most first
inline constexpr std::string_view kOption = "option";  // of a table or a test problem: no order
inline constexpr std::string_view kLevel = "level";    // the same in order
}  // namespace family

// What levers are made from.
struct SpaceInputs {
  const ModelSummary& model;
  const SpaceLimits& limits;
  const PrecisionChoices& precision;
  const Guidance& guidance;
  Inheritance inheritance = {};
};

bool allows(const SpaceLimits& limits, Precision precision);

// Those that have something to say for that model within these limits.  Fails with
// kInvalidArgument, saying why, if the summary and the limits leave no resolution at all.
Result<std::vector<LeverPointer>> make_levers(const SpaceInputs& inputs);

// The one lever of a space that has no plans.  REQUIRES: options and levels only.
LeverPointer options_lever(std::vector<Decision> decisions);

// A plan in a line for people, without what it costs: "320x320, fp32, 3 of 20 groups narrower".
std::string describe(const Plan& plan, const ModelSummary& model);

// One of each file; `first` is the position of its first decision.
LeverPointer width_lever(const SpaceInputs& inputs, std::size_t first);
Result<LeverPointer> resolution_lever(const SpaceInputs& inputs, std::size_t first);
LeverPointer int8_lever(const SpaceInputs& inputs, std::size_t first);  // null: none
// `int8`: the decision whether a plan is.
LeverPointer kept_layers_lever(const SpaceInputs& inputs, std::size_t first, std::size_t int8);
LeverPointer floats_lever(const SpaceInputs& inputs, std::size_t first);  // null: none
// `width`: the lever of the channels that go with blocks.  Null: no block can go.
LeverPointer depth_lever(const SpaceInputs& inputs, std::size_t first, const Lever& width);
// `depth`: of the layers that may be gone, or null.  Null: none can be smaller.
LeverPointer kernels_lever(const SpaceInputs& inputs, std::size_t first, LeverPointer depth);
// `parts`: width, and depth and kernels where they are.  Null: there are no such allocations.
LeverPointer allocations_lever(const SpaceInputs& inputs, std::size_t first,
                               std::vector<LeverPointer> parts);
// Behind all that remove something.
LeverPointer weights_lever(const SpaceInputs& inputs, std::size_t first);  // null: the original's

LeverPointer storage_lever(const SpaceInputs& inputs, std::size_t first);  // null: none

std::string words_of_width(const Plan& plan, const ModelSummary& model);
std::string words_of_resolution(const Plan& plan, const ModelSummary& model);
std::string words_of_int8(const Plan& plan, const ModelSummary& model);
std::string words_of_kept_layers(const Plan& plan, const ModelSummary& model);
std::string words_of_floats(const Plan& plan, const ModelSummary& model);
std::string words_of_depth(const Plan& plan, const ModelSummary& model);
std::string words_of_kernels(const Plan& plan, const ModelSummary& model);
std::string words_of_weights(const Plan& plan, const ModelSummary& model);
std::string words_of_storage(const Plan& plan, const ModelSummary& model);  // and of zeros

}  // namespace pare::search
