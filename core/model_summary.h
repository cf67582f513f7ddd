// What `pare-engine` understood of a model: all that the search, the service and the user see.
//
// The coordinator never parses a model; it reads this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/head_description.h"
#include "core/nms_options.h"
#include "core/preprocessing.h"

namespace pare {

// What a file of weights does not say.  Travels with the model.
struct ModelCard {
  std::string head;  // "yolov5", "nanodet", "raw" (core/label_source.h); empty: to be found
  Preprocessing preprocessing;
  int height = 0;  // of the input in pixels; 0: as the file says
  int width = 0;
  std::vector<std::string> classes;  // names; empty: numbered
  // Tensors that boxes, or agreement, are read from, in the head's order; empty: the outputs.
  std::vector<std::string> scored = {};
  // How boxes are read from the outputs, where the head's name alone does not say it.
  std::optional<HeadDescription> head_description = {};
  NmsOptions nms = {};  // of the application that uses it
  friend bool operator==(const ModelCard&, const ModelCard&) = default;
};

// What the user said of a model.  What is missing is found in the file, the preprocessing taken
// from the head's preset: that makes a ModelCard of it.
struct PartialCard {
  std::string head;
  std::optional<Preprocessing> preprocessing;
  int height = 0;
  int width = 0;
  std::vector<std::string> classes;
  std::vector<std::string> scored = {};
  std::optional<HeadDescription> head_description = {};
  NmsOptions nms = {};
  friend bool operator==(const PartialCard&, const PartialCard&) = default;
};

// Channels that go together: removing one removes it from every layer listed.
struct ChannelGroup {
  std::string name;  // of the first layer that makes these channels
  int channels = 0;
  std::vector<int> widths;             // what a plan may choose, ascending, the last is `channels`
  std::vector<std::string> producers;  // layers that lose output channels
  std::vector<std::string> consumers;  // layers that lose input channels
  friend bool operator==(const ChannelGroup&, const ChannelGroup&) = default;
};

// Channels that cannot go, and why.
struct FrozenChannels {
  std::string layer;
  int channels = 0;
  std::string reason;
  friend bool operator==(const FrozenChannels&, const FrozenChannels&) = default;
};

// A block that a plan may leave out.
struct DepthBlock {
  std::string name;                 // of its first layer
  std::vector<std::string> layers;  // that go with it
  std::vector<std::string> groups;  // of channels, the same
  friend bool operator==(const DepthBlock&, const DepthBlock&) = default;
};

// Blocks that go one behind the other.
struct DepthStage {
  std::vector<DepthBlock> blocks;  // in the order in which they go
  friend bool operator==(const DepthStage&, const DepthStage&) = default;
};

// A layer whose kernel may be smaller.
struct KernelChoice {
  std::string layer;
  std::vector<int> sizes;  // sides of the square, the largest first; without the layer's own
  friend bool operator==(const KernelChoice&, const KernelChoice&) = default;
};

struct Layer {
  std::string name;
  std::string op;
  std::vector<int> kernel;
  int in_channels = 0;
  int out_channels = 0;
  int groups = 1;
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
  friend bool operator==(const Layer&, const Layer&) = default;
};

// An input size that was tried.
struct TriedSize {
  int height = 0;
  int width = 0;
  std::string why_not;  // empty: it works
  friend bool operator==(const TriedSize&, const TriedSize&) = default;
};

// A layer that int8 plans leave in fp32.
struct Fp32Layer {
  std::string layer;
  std::string reason;
  friend bool operator==(const Fp32Layer&, const Fp32Layer&) = default;
};

// One of the model's outputs, as it was seen.
struct ModelOutput {
  std::string name;
  std::string type;                 // "float32", "int64", ...
  std::vector<std::int64_t> shape;  // -1 where it depends on what is in the image
  std::string why_not_compared;     // empty: runtimes and candidates are compared by it
  friend bool operator==(const ModelOutput&, const ModelOutput&) = default;
};

// What of the search space was built and run once, on an image of noise.
struct Tried {
  std::vector<TriedSize> sizes = {};  // the tallest first
  std::string why_no_int8 = {};       // empty: int8 plans work
  std::vector<Fp32Layer> fp32_layers = {};
  std::vector<ModelOutput> outputs = {};  // in the model's order
  double seconds = 0;
  friend bool operator==(const Tried&, const Tried&) = default;
};

// Where each value of a completed card comes from, for people: "the card", "the file's metadata",
// ...
struct CardOrigins {
  std::string head = {};
  std::string input = {};
  std::string preprocessing = {};
  std::string classes = {};
  friend bool operator==(const CardOrigins&, const CardOrigins&) = default;
};

struct ModelSummary {
  std::string sha256;
  ModelCard card;                  // completed by what was found
  CardOrigins origins = {};        // empty: inspected by a version that did not say
  std::vector<std::string> notes;  // what could not be found or was assumed, one sentence each
  int opset = 0;
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  int stride = 0;  // input sizes must be multiples of it; 0: only the model's own
  std::vector<ChannelGroup> groups;
  std::vector<FrozenChannels> frozen;
  std::vector<Layer> layers;               // convolutions, in the order they run
  std::vector<std::string> output_layers;  // of those, the last ones on the way to each output
  int class_count = 0;                     // that the outputs tell apart; 0: not known
  std::vector<std::string> activations;    // ONNX operators of the body, sorted; empty: not known
  std::vector<DepthStage> stages = {};
  std::vector<KernelChoice> kernels = {};
  std::optional<Tried> tried = {};  // nullopt: inspected by a version that did not try
  std::optional<PreprocessingTrial> preprocessing_trial = {};  // nullopt: it was not asked for
  friend bool operator==(const ModelSummary&, const ModelSummary&) = default;
};

}  // namespace pare
