#include "engine/train/torchscript_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/executor/observe.h"
#include "engine/onnx/onnx_io.h"
#include "engine/passes/passes.h"
#include "engine/train/graph/torch_script.h"

namespace pare::engine {
namespace {

using Json = nlohmann::ordered_json;

Result<Json> write_torch_script(const std::filesystem::path& onnx,
                                const std::filesystem::path& out) {
  const auto graph = import_onnx_file(onnx);
  if (!graph) return graph.error();
  const auto observed = observe(graph.value());
  if (!observed) return observed.error();
  // Files as they are exported work out shapes that stand fixed here.
  const auto module =
      to_torch_script(remove_dead_ends(fold_constants(graph.value(), observed.value())));
  if (!module) return module.error();
  try {
    module.value().save(out.string());
  } catch (const c10::Error&) {
    return Error{ErrorCode::kUnavailable, "cannot write " + out.string()};
  }
  Json inputs = Json::object();
  for (const TensorInfo& input : graph.value().inputs) inputs[input.name] = input.shape;
  Json outputs = Json::array();
  for (const TensorInfo& output : graph.value().outputs) outputs.push_back(output.name);
  return Json{{"inputs", inputs}, {"outputs", outputs}};
}

}  // namespace

int run_torchscript(int argc, char** argv) {
  std::filesystem::path onnx, out;
  CLI::App app("An ONNX file as TorchScript: what libtorch runs by itself.");
  app.add_option("onnx", onnx, "A detector or a candidate")->required();
  app.add_option("-o,--out", out, "The TorchScript file")->required();
  CLI11_PARSE(app, argc, argv);
  const auto done = write_torch_script(onnx, out);
  if (!done) {
    std::fprintf(stderr, "pare-train: %s\n", done.error().message.c_str());
    return 1;
  }
  std::printf("%s\n", done.value().dump().c_str());
  return 0;
}

}  // namespace pare::engine
