#include "engine/pipeline/candidate_file.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "engine/executor/openvino_runner.h"
#include "engine/graph/image_layout.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/comparable.h"
#include "engine/pipeline/float_runner.h"

namespace pare::engine {

Result<CandidateFile> open_candidate(const std::filesystem::path& path,
                                     const std::optional<std::pair<int, int>>& input_size) {
  auto graph = import_onnx_file(path, {.input_size = input_size});
  if (!graph) return graph.error();
  const Shape& shape = graph.value().inputs.at(0).shape;
  const bool channels_last = has_channels_last(shape);
  if (shape.size() != 4 || shape[0] != 1 || (shape[1] != 3 && !channels_last)) {
    return Error{ErrorCode::kInvalidArgument, path.string() + ": the input is not 1x3xHxW"};
  }
  const int height = static_cast<int>(shape[channels_last ? 1 : 2]);
  const int width = static_cast<int>(shape[channels_last ? 2 : 3]);
  return CandidateFile{path, std::move(graph).value(), height, width};
}

Precision floats_of(const Provenance& about) {
  const auto said = about.metadata.find(std::string(kFloatsName));
  if (said == about.metadata.end()) return Precision::kFp32;
  const auto at = std::ranges::find(kFloatPrecisions, std::string_view(said->second),
                                    [](Precision precision) { return name_of(precision); });
  return at == kFloatPrecisions.end() ? Precision::kFp32 : *at;
}

Result<LoadOptions> load_options(const std::filesystem::path& candidate, int threads) {
  const auto about = provenance_of_file(candidate);
  if (!about) return about.error();
  return LoadOptions{.threads = threads, .floats = floats_of(about.value())};
}

Result<std::unique_ptr<Runner>> run_on_executor(const CandidateFile& candidate,
                                                const std::vector<std::string>& scored, int threads,
                                                const std::filesystem::path& kept) {
  auto runner = make_openvino_runner(candidate.graph, scored, {.threads = threads, .cache = kept});
  if (!runner) return runner.error();
  return in_float32(std::move(runner).value(), candidate.graph);
}

Result<std::unique_ptr<Runner>> run_on_harness(const CandidateFile& candidate,
                                               const std::vector<std::string>& scored,
                                               std::unique_ptr<Harness> harness, int threads,
                                               const std::filesystem::path& kept) {
  const auto file = scored_file(candidate.path, scored, harness->options().scratch);
  if (!file) return file.error();
  if (const auto greeted = harness->greet(); !greeted) return greeted.error();
  LoadOptions options{.threads = threads, .floats = floats_of(candidate.graph.about)};
  if (file.value() == candidate.path) options.kept = kept;
  const auto loaded = harness->load(file.value(), options);
  if (!loaded) return loaded.error();
  return in_float32(std::move(harness), candidate.graph);
}

Result<std::filesystem::path> scored_file(const std::filesystem::path& candidate,
                                          const std::vector<std::string>& scored,
                                          const std::filesystem::path& folder) {
  if (scored.empty()) return candidate;
  const auto graph = import_onnx_file(candidate);
  if (!graph) return graph.error();
  const auto part = with_outputs(graph.value(), scored);
  if (!part) return part.error();
  const std::filesystem::path file = folder / "scored.onnx";
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << export_onnx(part.value());
  out.close();
  if (out) return file;
  return Error{ErrorCode::kResourceExhausted, "cannot write " + file.string()};
}

}  // namespace pare::engine
