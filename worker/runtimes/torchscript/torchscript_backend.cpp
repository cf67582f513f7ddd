#include "worker/runtimes/torchscript/torchscript_backend.h"

#include <ATen/Parallel.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "host/conversation.h"

namespace pare::worker {
namespace {

using nlohmann::json;

constexpr auto kConversionLimit = std::chrono::seconds(600);
// The first line of what is kept; then the line that the converter says, then the script.
const std::string kKeptBy = std::string("pare torchscript 1, libtorch ") + TORCH_VERSION;

const std::array<std::pair<torch::ScalarType, const char*>, 7> kTypes{{{torch::kFloat, "float32"},
                                                                       {torch::kDouble, "float64"},
                                                                       {torch::kChar, "int8"},
                                                                       {torch::kByte, "uint8"},
                                                                       {torch::kInt, "int32"},
                                                                       {torch::kLong, "int64"},
                                                                       {torch::kBool, "bool"}}};

const char* dtype_name(torch::ScalarType type) {
  for (const auto& [known, name] : kTypes) {
    if (known == type) return name;
  }
  throw std::runtime_error(std::string("a result is of type ") + c10::toString(type));
}

torch::ScalarType type_named(const std::string& name) {
  for (const auto& [known, dtype] : kTypes) {
    if (dtype == name) return known;
  }
  throw std::runtime_error("no input may be of type " + name);
}

std::string read_whole(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A folder for one conversion, gone with this object.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "pare-torch-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

std::vector<torch::Tensor> tensors_of(const torch::jit::IValue& value) {
  if (value.isTensor()) return {value.toTensor()};
  std::vector<torch::Tensor> all;
  for (const torch::jit::IValue& part : value.toTupleRef().elements()) {
    all.push_back(part.toTensor());
  }
  return all;
}

std::string option_or(const BackendLoad& load, const std::string& name, const char* absent) {
  const auto at = load.options.find(name);
  return at == load.options.end() ? absent : at->second;
}

}  // namespace

TorchscriptBackend::TorchscriptBackend() {
  at::set_num_interop_threads(1);
}

BackendHello TorchscriptBackend::hello() {
  return {.runtime = "torchscript",
          .version = TORCH_VERSION,
          .versions = {{"torchscript", TORCH_VERSION}},
          .precisions = {"fp32"},
          .devices = {"CPU"},
          .keeps = true,
          .options = {"optimization"}};
}

// The converter's line and the script behind it.
Result<std::string> TorchscriptBackend::converted(const BackendLoad& load) const {
  const std::string kept = load.kept.empty() ? "" : read_whole(load.kept);
  if (kept.starts_with(kKeptBy + "\n")) return kept.substr(kKeptBy.size() + 1);
  const Scratch scratch;
  const std::filesystem::path script = scratch.path() / "model.pt";
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pare-train";
  auto start = host::Conversation::start(
      "pare-train",
      {.command = {program.string(), "torchscript", load.model.string(), "-o", script.string()}},
      {});
  if (!start) return start.error();
  host::Conversation converter = std::move(start).value();
  auto said = converter.ask("", "the conversion", kConversionLimit);
  converter.end(kConversionLimit);
  if (!said) {
    return Error{ErrorCode::kUnsupported,
                 "TorchScript cannot load " + load.model.string() + ": " + said.error().message};
  }
  return said.value() + "\n" + read_whole(script);
}

void TorchscriptBackend::open(const std::string& script, const BackendLoad& load) {
  std::istringstream in(script);
  module_ = torch::jit::load(in, torch::kCPU);
  module_.eval();
  const std::string how = option_or(load, "optimization", "freeze");
  if (how == "freeze") module_ = torch::jit::freeze(module_);
  if (how == "inference") module_ = torch::jit::optimize_for_inference(module_);
}

// What the module gives is known when it has run once.
Result<BackendModel> TorchscriptBackend::describe(const BackendLoad& load) {
  arguments_.clear();
  for (const BackendTensor& input : inputs_) {
    arguments_.emplace_back(torch::zeros(input.shape, type_named(input.dtype)));
  }
  run();
  if (results_.size() != output_names_.size()) {
    return Error{ErrorCode::kUnsupported, "the module gives " + std::to_string(results_.size()) +
                                              " results, the file " +
                                              std::to_string(output_names_.size())};
  }
  BackendModel model{.inputs = inputs_, .outputs = {}, .settings = {}};
  for (std::size_t i = 0; i < results_.size(); ++i) {
    model.outputs.push_back({.name = output_names_[i],
                             .shape = results_[i].sizes().vec(),
                             .dtype = dtype_name(results_[i].scalar_type())});
  }
  model.settings = {{"num_threads", std::to_string(load.threads)},
                    {"optimization", option_or(load, "optimization", "freeze")}};
  return model;
}

Result<BackendModel> TorchscriptBackend::load(const BackendLoad& load) {
  const auto device = choose_device("TorchScript", {"CPU"}, load.device);
  if (!device) return device.error();
  if (load.profile) {
    return Error{ErrorCode::kUnsupported, "TorchScript gives no times per layer"};
  }
  constexpr std::array kHow{"none", "freeze", "inference"};
  const std::string how = option_or(load, "optimization", "freeze");
  if (std::ranges::find(kHow, how) == kHow.end()) {
    return Error{ErrorCode::kInvalidArgument,
                 "option \"optimization\" is \"" + how + "\"; it may be none, freeze, inference"};
  }
  auto made = converted(load);
  if (!made) return made.error();
  const std::size_t line = made.value().find('\n');
  const json edges = json::parse(made.value().substr(0, line), nullptr, false);
  if (!edges.is_object() || line == std::string::npos) {
    return Error{ErrorCode::kUnsupported, "pare-train said no edges of " + load.model.string()};
  }
  at::set_num_threads(load.threads);
  inputs_.clear();
  for (const auto& [name, shape] : edges.at("inputs").items()) {
    inputs_.push_back(
        {.name = name, .shape = shape.get<std::vector<std::int64_t>>(), .dtype = "float32"});
  }
  output_names_ = edges.at("outputs").get<std::vector<std::string>>();
  try {
    const auto start = std::chrono::steady_clock::now();
    open(made.value().substr(line + 1), load);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    auto described = describe(load);
    if (!described) return described;
    BackendModel model = std::move(described).value();
    model.load_ms = took.count();
    remember(kKeptBy + "\n" + made.value());
    return model;
  } catch (const c10::Error& error) {
    return Error{ErrorCode::kUnsupported,
                 "libtorch cannot run " + load.model.string() + ": " +
                     std::string(error.what_without_backtrace()).substr(0, 1000)};
  }
}

void TorchscriptBackend::bind(const std::map<std::string, BackendArray>& inputs,
                              const std::map<std::string, BackendRoom>& outputs) {
  rooms_ = outputs;
  arguments_.clear();
  for (const BackendTensor& input : inputs_) {
    const BackendArray& array = inputs.at(input.name);
    // libtorch wants no const, and writes into no argument.
    auto* data = const_cast<std::byte*>(array.bytes.data());
    arguments_.emplace_back(torch::from_blob(data, array.shape, type_named(array.dtype)));
  }
}

void TorchscriptBackend::run() {
  const c10::InferenceMode guard;
  results_ = tensors_of(module_.forward(arguments_));
}

std::map<std::string, BackendArray> TorchscriptBackend::outputs() {
  std::map<std::string, BackendArray> all;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const torch::Tensor result = results_[i] = results_[i].contiguous();
    BackendArray array{
        .dtype = dtype_name(result.scalar_type()),
        .shape = result.sizes().vec(),
        .bytes = {static_cast<const std::byte*>(result.data_ptr()), result.nbytes()}};
    // libtorch makes its results anew: they are copied where the other program reads.
    const auto room = rooms_.find(output_names_[i]);
    if (room != rooms_.end() && room->second.bytes.size() == array.bytes.size()) {
      std::ranges::copy(array.bytes, room->second.bytes.begin());
      array.bytes = room->second.bytes;
    }
    all.emplace(output_names_[i], std::move(array));
  }
  return all;
}

// In a file without a name: it takes no memory, and is gone with the process.
void TorchscriptBackend::remember(const std::string& content) {
  converted_.reset(std::tmpfile());
  const bool whole =
      converted_ != nullptr &&
      std::fwrite(content.data(), 1, content.size(), converted_.get()) == content.size() &&
      std::fflush(converted_.get()) == 0;
  if (!whole) throw std::runtime_error("no room for a temporary file");
}

bool TorchscriptBackend::keep(const std::filesystem::path& file) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  std::rewind(converted_.get());
  std::array<char, 65536> block;
  while (const std::size_t got = std::fread(block.data(), 1, block.size(), converted_.get())) {
    out.write(block.data(), static_cast<std::streamsize>(got));
  }
  out.close();
  if (!out) throw std::runtime_error(file.string() + " cannot be written");
  return true;
}

void TorchscriptBackend::unload() {
  module_ = {};
  converted_.reset();
  rooms_.clear();
  arguments_.clear();
  results_.clear();
}

}  // namespace pare::worker
