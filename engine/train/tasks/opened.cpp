#include "engine/train/tasks/opened.h"

#include <fstream>
#include <iterator>
#include <span>
#include <utility>

#include "wire/sha256.h"
#include "wire/summary_json.h"

namespace pare::engine {

Result<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{ErrorCode::kNotFound, "cannot read " + path.string()};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<PartialCard> read_card(const std::filesystem::path& path) {
  if (path.empty()) return PartialCard{};
  const auto text = read_text(path);
  if (!text) return text.error();
  return wire::parse_partial_card(text.value());
}

Result<OpenedModel> open_model(const std::filesystem::path& model,
                               const std::filesystem::path& statistics, const PartialCard& card) {
  const auto onnx = read_text(model);
  if (!onnx) return onnx.error();
  auto detector = open_detector(std::as_bytes(std::span(onnx.value())), card);
  if (!detector) return detector.error();
  auto file = read_tensor_file(statistics);
  if (!file) return file.error();
  auto grams = load_statistics(file.value());
  if (!grams) return grams.error();
  auto digest = wire::sha256_file(statistics);
  if (!digest) return digest.error();
  return OpenedModel{std::move(detector).value(), std::move(file).value(), std::move(grams).value(),
                     wire::sha256_hex(onnx.value()), std::move(digest).value()};
}

}  // namespace pare::engine
