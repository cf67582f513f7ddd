#include "engine/pipeline/labelling.h"

#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>

#include "engine/data/images.h"
#include "engine/pipeline/candidate_file.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/scoring.h"

namespace pare::engine {
namespace {

Result<ModelCard> whole_card(const std::filesystem::path& model, const PartialCard& card) {
  std::ifstream in(model, std::ios::binary);
  if (!in) return Error{ErrorCode::kNotFound, "cannot read " + model.string()};
  const std::string onnx(std::istreambuf_iterator<char>(in), {});
  auto detector = open_detector(std::as_bytes(std::span(onnx)), card);
  if (!detector) return detector.error();
  if (detector.value().card.head == kRawHead) {
    return Error{ErrorCode::kUnsupported,
                 model.string() + ": its head is not known, so nothing says what it finds"};
  }
  return std::move(detector).value().card;
}

Result<Dataset> as_dataset(const std::filesystem::path& folder) {
  const auto files = images_in(folder);
  if (!files) return files.error();
  Dataset dataset;
  for (const std::filesystem::path& file : files.value()) {
    const auto image = read_image(file);
    if (!image) return image.error();
    dataset.validation.push_back({std::ssize(dataset.validation) + 1, file.filename().string(),
                                  file, image.value().height, image.value().width});
  }
  return dataset;
}

}  // namespace

Result<Dataset> label_images(const std::filesystem::path& model, const PartialCard& card,
                             const std::filesystem::path& folder, double sure) {
  const auto known = whole_card(model, card);
  if (!known) return known.error();
  const ModelCard& of = known.value();
  auto dataset = as_dataset(folder);
  if (!dataset) return dataset.error();
  const auto opened = open_candidate(model, std::pair(of.height, of.width));
  if (!opened) return opened.error();
  const auto runner = run_on_executor(opened.value(), of.scored, 0);
  if (!runner) return runner.error();
  Stopwatch watch;
  return labelled_by(
      {*runner.value(), of, of.height, of.width}, std::move(dataset).value(), std::nullopt, sure,
      [](double, const std::string&) {}, watch);
}

}  // namespace pare::engine
