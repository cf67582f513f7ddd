#include "engine/pipeline/prepare.h"

#include <algorithm>
#include <future>
#include <map>

#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/passes/resize_input.h"
#include "engine/pipeline/elastic_parts.h"
#include "engine/prune/importance.h"
#include "engine/prune/skip_fit.h"
#include "engine/prune/statistics.h"

namespace pare::engine {
namespace {

std::string histogram_key(int height, int width, const std::string& tensor) {
  return "histogram/" + std::to_string(height) + "x" + std::to_string(width) + "/" + tensor;
}

// Where the reason stands why there is no histogram.
std::string unusable_key(int height, int width, const std::string& tensor) {
  return "no_" + histogram_key(height, width, tensor);
}

// Activations whose range some quantization plan may ask for.
std::vector<std::string> activations(const Graph& graph, const Observation& observed) {
  std::vector<std::string> names;
  const auto take = [&](const std::string& name) {
    const auto shape = observed.shapes.find(name);
    if (shape == observed.shapes.end() || observed.constants.contains(name)) return;
    if (shape->second.size() == 4 && shape->second[0] == 1) names.push_back(name);
  };
  for (const TensorInfo& input : graph.inputs) take(input.name);
  for (const Node& node : graph.nodes) {
    if (node.op == "Sigmoid") continue;  // its range is known
    for (const std::string& output : node.outputs) take(output);
  }
  return names;
}

// The histograms of one resolution.
class Ranges {
 public:
  Ranges(const Graph& graph, const Observation& observed) : wanted_(activations(graph, observed)) {
    for (const std::string& name : wanted_) {
      histograms_.emplace(name, ActivationHistogram(observed.shapes.at(name)[1]));
    }
  }

  const std::vector<std::string>& wanted() const { return wanted_; }

  void add(const std::vector<Tensor>& values) {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const auto histogram = histograms_.find(wanted_[i]);
      if (histogram == histograms_.end()) continue;  // given up
      std::string why;
      if (values[i].dtype() != DType::kFloat32) {
        why = "is " + std::string(name_of(values[i].dtype())) + ", not float32";
      } else if (auto added = histogram->second.add(values[i]); !added) {
        why = ": " + added.error().message;
      }
      if (why.empty()) continue;
      histograms_.erase(histogram);
      unusable_[wanted_[i]] = "tensor \"" + wanted_[i] + "\" " + why;
    }
  }

  TensorFile state() const {
    TensorFile state;
    for (const auto& [name, histogram] : histograms_) histogram.store(name, state);
    for (const auto& [name, why] : unusable_) state.metadata[name] = why;
    return state;
  }

  // As it was when state() was called.  Fails with kInvalidArgument if that is of another network.
  Result<std::monostate> go_on_from(const TensorFile& state) {
    unusable_ = state.metadata;
    for (const std::string& name : wanted_) {
      if (unusable_.contains(name)) {
        histograms_.erase(name);
        continue;
      }
      auto histogram = ActivationHistogram::load(state, name);
      if (!histogram || histogram.value().channels() != histograms_.at(name).channels()) {
        return Error{ErrorCode::kInvalidArgument, "the histograms are of another network"};
      }
      histograms_.insert_or_assign(name, std::move(histogram).value());
    }
    return std::monostate{};
  }

  void store(int height, int width, TensorFile& file) const {
    for (const auto& [name, histogram] : histograms_) {
      histogram.store(histogram_key(height, width, name), file);
    }
    for (const auto& [name, why] : unusable_) {
      file.metadata[unusable_key(height, width, name)] = why;
    }
  }

 private:
  std::vector<std::string> wanted_;
  std::map<std::string, ActivationHistogram> histograms_;
  std::map<std::string, std::string> unusable_;  // the others of those wanted, and why
};

// Runs the images from `first` to before `images` and hands what was wanted to `use`, in their
// order; the next one is computed in another thread meanwhile, so two images' values lie in memory.
template <typename Use>
Result<std::monostate> run_images(const Graph& graph, const std::vector<std::string>& wanted,
                                  std::size_t first, std::size_t images, const ImageSource& image,
                                  Use use) {
  if (first == images) return std::monostate{};
  auto runner = make_openvino_runner(graph, wanted);
  if (!runner) return runner.error();
  const Shape& shape = graph.inputs[0].shape;
  const auto compute = [&](std::size_t i) -> Result<std::vector<Tensor>> {
    const auto input = image(i, static_cast<int>(shape[2]), static_cast<int>(shape[3]));
    if (!input) return input.error();
    return runner.value()->run({input.value()});
  };
  auto next = std::async(std::launch::async, compute, first);
  for (std::size_t i = first; i < images; ++i) {
    const auto values = next.get();
    if (!values) return values.error();
    if (i + 1 < images) next = std::async(std::launch::async, compute, i + 1);
    if (auto used = use(i, values.value()); !used) return used;
  }
  return std::monostate{};
}

// What one pass over the images gathers: Gram matrices, and the moments of depthwise windows.
struct Collectors {
  GramCollector grams;
  TapCollector taps;

  std::vector<std::string> tensors() const {
    std::vector<std::string> all = grams.tensors();
    all.insert(all.end(), taps.tensors().begin(), taps.tensors().end());
    return all;
  }

  Result<std::monostate> add_image(const std::vector<Tensor>& values) {
    const auto middle = values.begin() + std::ssize(grams.tensors());
    taps.add_image({middle, values.end()});
    return grams.add_image({values.begin(), middle});
  }

  TensorFile sums() const {
    TensorFile sums = grams.sums();
    taps.add_sums(sums);
    return sums;
  }

  Result<std::monostate> go_on_from(const TensorFile& sums) {
    const auto done = grams.go_on_from(sums);
    return done ? taps.go_on_from(sums) : done;
  }
};

Result<Collectors> collectors_for(const Detector& detector, const ElasticParts& parts,
                                  const SkipProbe& probe, std::uint64_t seed) {
  const GramOptions options{.seed = seed};
  auto grams =
      GramCollector::make(detector.body, detector.observed, detector.groups, options, probe.joint);
  if (!grams) return grams.error();
  auto taps = TapCollector::make(detector.body, detector.observed, parts.kernels, options);
  if (!taps) return taps.error();
  return Collectors{std::move(grams).value(), std::move(taps).value()};
}

Result<std::monostate> collect_grams(const Detector& detector, std::size_t images,
                                     const ImageSource& image, std::uint64_t seed,
                                     const Progress& progress, TensorFile& file, Journal& journal) {
  const auto parts = elastic_parts(detector);
  if (!parts) return parts.error();
  const auto probe = skip_probe(detector.body, detector.observed, parts.value().stages);
  if (!probe) return probe.error();
  auto made = collectors_for(detector, parts.value(), probe.value(), seed);
  if (!made) return made.error();
  Collectors collectors = std::move(made).value();
  const std::string step = "statistics";
  std::size_t first = 0;
  if (const StepState* kept = journal.kept(step)) {
    const auto went_on = collectors.go_on_from(kept->state);
    if (!went_on) return went_on;
    first = static_cast<std::size_t>(kept->done);
  }
  const auto ran = run_images(
      probe.value().graph, collectors.tensors(), first, images, image,
      [&](std::size_t i, const std::vector<Tensor>& values) {
        progress(static_cast<double>(i + 1) / static_cast<double>(images),
                 "statistics: image " + std::to_string(i + 1) + " of " + std::to_string(images));
        const auto added = collectors.add_image(values);
        if (!added) return added;
        journal.did(step, static_cast<std::int64_t>(i + 1), i + 1 == images,
                    [&] { return collectors.sums(); });
        journal.tell({{"statistics_images", static_cast<double>(i + 1)}});
        return added;
      });
  if (!ran) return ran;
  auto statistics = collectors.grams.finish();
  if (!statistics) return statistics.error();
  Statistics all = std::move(statistics).value();
  collectors.taps.finish(all);
  const auto orders = rank_units(detector.body, detector.groups, Importance::kGram, all);
  if (!orders) return orders.error();
  store(all, file);
  store(orders.value(), Importance::kGram, file);
  return std::monostate{};
}

// Whether the body can be made at a size that needs no histograms.
Result<std::monostate> try_size(const Detector& detector, std::pair<int, int> size) {
  const auto [height, width] = size;
  const auto body = body_at(detector.body, largest_stride(detector.head), height, width);
  if (!body) return body.error();
  if (auto observed = observe(body.value()); !observed) return observed.error();
  return std::monostate{};
}

}  // namespace

Result<Graph> body_at(const Graph& body, int stride, int height, int width) {
  const Shape& shape = body.inputs[0].shape;
  if (shape[2] == height && shape[3] == width) return body;
  if (stride == 0) {
    return Error{ErrorCode::kUnsupported,
                 "input " + std::to_string(height) + "x" + std::to_string(width) +
                     ": the head of this model is not known, so it keeps its own size, " +
                     std::to_string(shape[2]) + "x" + std::to_string(shape[3])};
  }
  if (height <= 0 || width <= 0 || height % stride != 0 || width % stride != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "input " + std::to_string(height) + "x" + std::to_string(width) +
                     ": both must be multiples of the stride " + std::to_string(stride)};
  }
  const auto observed = observe(body);
  if (!observed) return observed.error();
  return resize_input(body, observed.value(), height, width);
}

Result<std::monostate> collect_histograms(const Detector& detector, std::pair<int, int> size,
                                          std::size_t images, const ImageSource& image,
                                          const Progress& progress, TensorFile& file,
                                          Journal& journal) {
  const auto [height, width] = size;
  const auto body = body_at(detector.body, largest_stride(detector.head), height, width);
  if (!body) return body.error();
  const auto observed = observe(body.value());
  if (!observed) return observed.error();
  Ranges ranges(body.value(), observed.value());
  const std::string at = std::to_string(height) + "x" + std::to_string(width);
  const std::string step = "ranges at " + at;
  std::size_t first = 0;
  if (const StepState* kept = journal.kept(step)) {
    const auto went_on = ranges.go_on_from(kept->state);
    if (!went_on) return went_on;
    first = static_cast<std::size_t>(kept->done);
  }
  const auto ran = run_images(
      body.value(), ranges.wanted(), first, images, image,
      [&](std::size_t i, const std::vector<Tensor>& values) {
        progress(static_cast<double>(i + 1) / static_cast<double>(images),
                 step + ": image " + std::to_string(i + 1) + " of " + std::to_string(images));
        ranges.add(values);
        journal.did(step, static_cast<std::int64_t>(i + 1), i + 1 == images,
                    [&] { return ranges.state(); });
        journal.tell({{"ranges_images", static_cast<double>(i + 1)},
                      {"input_height", static_cast<double>(size.first)}});
        return Result<std::monostate>(std::monostate{});
      });
  if (!ran) return ran;
  ranges.store(height, width, file);
  return std::monostate{};
}

bool is_of_the_model(const Error& error) {
  return error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kUnsupported ||
         error.code == ErrorCode::kNotFound;
}

Result<Prepared> prepare(const Detector& detector, std::size_t images, const ImageSource& image,
                         const PrepareOptions& options, const Progress& progress,
                         Journal& journal) {
  if (images == 0) {
    return Error{ErrorCode::kInvalidArgument, "there are no calibration images"};
  }
  // An image that cannot be read is nothing that another size would mend.
  bool is_of_images = false;
  const ImageSource watched = [&](std::size_t i, int height, int width) {
    auto input = image(i, height, width);
    is_of_images |= !input;
    return input;
  };
  const std::size_t steps = 1 + options.resolutions.size();
  std::size_t step = 0;
  const Progress part = [&](double share, const std::string& message) {
    progress((static_cast<double>(step) + share) / static_cast<double>(steps), message);
  };
  const auto at_most = [&](int limit) { return std::min(images, static_cast<std::size_t>(limit)); };
  Prepared prepared;
  auto done = collect_grams(detector, at_most(options.gram_images), watched, options.seed, part,
                            prepared.file, journal);
  if (!done) return done.error();
  for (++step; step < steps; ++step) {
    const auto size = options.resolutions[step - 1];
    done = options.int8 ? collect_histograms(detector, size, at_most(options.histogram_images),
                                             watched, part, prepared.file, journal)
                        : try_size(detector, size);
    if (done) continue;
    if (is_of_images || !is_of_the_model(done.error())) return done.error();
    prepared.left_out.push_back({size.first, size.second, done.error().message});
  }
  if (!prepared.left_out.empty() && prepared.left_out.size() == options.resolutions.size()) {
    return Error{ErrorCode::kUnsupported,
                 "no input size can be prepared: " + prepared.left_out.front().why_not};
  }
  return prepared;
}

Result<ActivationHistogram> find_histogram(const TensorFile& file, int height, int width,
                                           const std::string& tensor) {
  const auto reason = file.metadata.find(unusable_key(height, width, tensor));
  if (reason != file.metadata.end()) return Error{ErrorCode::kNotFound, reason->second};
  return ActivationHistogram::load(file, histogram_key(height, width, tensor));
}

void store_histogram(const Result<ActivationHistogram>& histogram, int height, int width,
                     const std::string& tensor, TensorFile& file) {
  file.metadata.erase(unusable_key(height, width, tensor));
  if (histogram) {
    histogram.value().store(histogram_key(height, width, tensor), file);
  } else {
    file.metadata[unusable_key(height, width, tensor)] = histogram.error().message;
  }
}

}  // namespace pare::engine
