#include "engine/pipeline/agreement.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "engine/detect/half_samples.h"
#include "engine/graph/convert.h"
#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

// The candidate's output of that name.
Result<const Tensor*> same_output(const std::string& name, const Tensor& original,
                                  const Runner& candidate, const std::vector<Tensor>& outputs) {
  const auto at = std::ranges::find(candidate.output_names(), name);
  if (at == candidate.output_names().end()) {
    return Error{ErrorCode::kInvalidArgument, "the candidate has no output '" + name + "'"};
  }
  const Tensor& output = outputs[static_cast<std::size_t>(at - candidate.output_names().begin())];
  if (output.shape() != original.shape()) {
    return Error{ErrorCode::kInvalidArgument, "output '" + name + "' of the candidate is " +
                                                  to_string(output.shape()) + ", the original's " +
                                                  to_string(original.shape())};
  }
  return &output;
}

// The agreement of each output, in the original's order.
Result<std::vector<double>> agreements_in(const DatasetImage& image,
                                          const RunningDetector& original,
                                          const RunningDetector& candidate, Stopwatch& watch) {
  std::vector<Tensor> outputs[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const RunningDetector& detector = i == 0 ? original : candidate;
    const auto input = watch.during(Phase::kPreprocess, [&] {
      return input_image(image, detector.card, detector.height, detector.width);
    });
    if (!input) return input.error();
    auto values = watch.during(i == 0 ? Phase::kTeacher : Phase::kInfer,
                               [&] { return detector.runner.run({input.value().tensor}); });
    if (!values) return values.error();
    outputs[i] = std::move(values).value();
  }
  const auto lap = watch.lap(Phase::kScore);
  std::vector<double> agreements;
  for (std::size_t o = 0; o < outputs[0].size(); ++o) {
    const auto same =
        same_output(original.runner.output_names()[o], outputs[0][o], candidate.runner, outputs[1]);
    if (!same) return same.error();
    if (!is_float(outputs[0][o].dtype()) || !is_float(same.value()->dtype())) {
      return Error{ErrorCode::kInvalidArgument, "output '" + original.runner.output_names()[o] +
                                                    "' holds " +
                                                    std::string(name_of(outputs[0][o].dtype())) +
                                                    ", no numbers that could agree more or less"};
    }
    const Tensor wanted = with_float32(outputs[0][o]);
    const Tensor got = with_float32(*same.value());
    agreements.push_back(agreement(wanted.values<float>(), got.values<float>()));
  }
  return agreements;
}

}  // namespace

double agreement(std::span<const float> original, std::span<const float> candidate) {
  PARE_CHECK(original.size() == candidate.size(), "outputs of one shape");
  double difference = 0;
  double norm_original = 0;
  double norm_candidate = 0;
  for (std::size_t i = 0; i < original.size(); ++i) {
    const double t = original[i];
    const double c = candidate[i];
    if (!std::isfinite(t) && (t == c || (std::isnan(t) && std::isnan(c)))) continue;
    difference += (c - t) * (c - t);
    norm_original += t * t;
    norm_candidate += c * c;
  }
  const double whole = std::sqrt(norm_original) + std::sqrt(norm_candidate);
  if (whole == 0) return 1;
  const double share = std::sqrt(difference) / whole;
  return std::isfinite(share) ? std::clamp(1 - share, 0.0, 1.0) : 0;
}

Result<Agreement> agreement(const RunningDetector& original, const RunningDetector& candidate,
                            const Dataset& dataset, const ChosenImages& images,
                            const Progress& progress, Stopwatch& watch) {
  const auto chosen = choose_images(dataset, images);
  if (!chosen) return chosen.error();
  const auto count = static_cast<double>(chosen.value().size());
  Agreement found;
  for (const DatasetImage* image : chosen.value()) {
    const auto outputs = agreements_in(*image, original, candidate, watch);
    if (!outputs) return outputs.error();
    double sum = 0;
    for (std::size_t o = 0; o < outputs.value().size(); ++o) {
      sum += outputs.value()[o];
      found.by_output[original.runner.output_names()[o]] += outputs.value()[o];
    }
    found.images.push_back({image->id, sum / static_cast<double>(outputs.value().size())});
    found.value += found.images.back().value;
    progress(static_cast<double>(found.images.size()) / count,
             "images " + std::to_string(found.images.size()) + " of " +
                 std::to_string(chosen.value().size()));
  }
  found.value /= count;  // divided last, so that equal outputs give 1 to the bit
  for (auto& [name, value] : found.by_output) value /= count;
  std::vector<double> values;
  for (const ImageAgreement& image : found.images) values.push_back(image.value);
  auto draws = half_sample_means(values, {});
  if (!draws) return draws.error();
  found.draws = std::move(draws).value();
  return found;
}

std::string agreements_to_json(const std::vector<ImageAgreement>& images) {
  nlohmann::json list = nlohmann::json::array();
  for (const ImageAgreement& image : images) {
    list.push_back({{"image_id", image.image_id}, {"agreement", image.value}});
  }
  return list.dump();
}

Result<std::vector<ImageAgreement>> parse_agreements(const std::string& json) {
  try {
    std::vector<ImageAgreement> images;
    for (const nlohmann::json& entry : nlohmann::json::parse(json)) {
      images.push_back(
          {entry.at("image_id").get<std::int64_t>(), entry.at("agreement").get<double>()});
    }
    return images;
  } catch (const std::exception& wrong) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string("stored agreements cannot be read: ") + wrong.what()};
  }
}

}  // namespace pare::engine
