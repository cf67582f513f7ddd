// The one pass over the calibration images that every later build lives on.
//
// Collects the Gram matrices of what each consumer reads and the order of importance that follows
// from them, and, where int8 is in the space, a histogram of every channel of every activation at
// each resolution.  All of it goes into one tensor file, so that a candidate costs no further
// image.
//
// Cost: an inference with all activations exposed for each image and resolution, and the
// collectors' own (yolov5n at 640, 64 images: about a minute on one core).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "engine/graph/tensor_file.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/journal.h"
#include "engine/pipeline/progress.h"
#include "engine/quant/activation_histogram.h"

namespace pare::engine {

struct PrepareOptions {
  std::vector<std::pair<int, int>> resolutions = {};  // height, width
  bool int8 = true;
  std::uint64_t seed = 1;
  int gram_images = 64;       // at most; the first ones of the calibration set
  int histogram_images = 32;  // at most, for each resolution
};

// `image(i, height, width)` is calibration image i as the network's input.
using ImageSource = std::function<Result<Tensor>(std::size_t i, int height, int width)>;

struct Prepared {
  TensorFile file;
  std::vector<TriedSize> left_out;  // resolutions that cannot be made or run, and why
};

// What `journal` kept of an earlier call with the same arguments is not done again, and the result
// is the same to the bit.  A resolution that the model cannot follow is left out, and the rest goes
// on.  Fails with the reason where none is left, with kInvalidArgument without images, and as the
// image source does.
Result<Prepared> prepare(const Detector& detector, std::size_t images, const ImageSource& image,
                         const PrepareOptions& options, const Progress& progress,
                         Journal& journal = no_journal());

// The histograms of one resolution, added to the file.  An activation that no int8 plan can use,
// because it is no float32 map or holds a value that is not finite, is stored as the reason why.
// Fails as body_at(), the executor and the image source do.
Result<std::monostate> collect_histograms(const Detector& detector, std::pair<int, int> size,
                                          std::size_t images, const ImageSource& image,
                                          const Progress& progress, TensorFile& file,
                                          Journal& journal = no_journal());

// True for what is the model's doing, not the machine's: another model, size or plan may do.
bool is_of_the_model(const Error& error);

// The body at another input size; itself at its own.  Fails as resize_input() does, and with
// kUnsupported where the stride is 0: there is no other size.
Result<Graph> body_at(const Graph& body, int stride, int height, int width);

// As ActivationHistogram::load(): kNotFound, naming tensor and resolution, if prepare() saw none,
// or with the reason why it kept none.
Result<ActivationHistogram> find_histogram(const TensorFile& file, int height, int width,
                                           const std::string& tensor);
// What find_histogram() is to answer from now on; an error of kNotFound is the reason why none.
void store_histogram(const Result<ActivationHistogram>& histogram, int height, int width,
                     const std::string& tensor, TensorFile& file);

}  // namespace pare::engine
