#include "engine/harness/harness.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/check.h"
#include "engine/harness/answers.h"
#include "host/npy.h"

namespace pare::engine {
namespace {

using nlohmann::json;

constexpr std::int64_t kMaxOutputBytes = std::int64_t{1} << 30;
constexpr auto kPatience = std::chrono::milliseconds(500);

std::string request(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Harness::Harness(HarnessOptions options, host::Conversation conversation)
    : options_(std::move(options)), conversation_(std::move(conversation)) {}

// A process that computed on the CPU has nothing to give back that its end would not.
Harness::~Harness() {
  const bool on_cpu = hello_.devices.empty() || device_.starts_with("CPU");
  conversation_.end(on_cpu ? std::chrono::milliseconds(0) : kPatience);
}

Result<std::unique_ptr<Harness>> Harness::spawn(HarnessOptions options) {
  auto conversation = host::Conversation::start(
      options.name, {.command = options.command, .directory = {}, .cores = options.cores},
      {.max_memory_bytes = options.max_memory_bytes});
  if (!conversation) return conversation.error();
  return std::unique_ptr<Harness>(new Harness(std::move(options), std::move(conversation).value()));
}

Result<std::monostate> Harness::greet() {
  const auto line = ask(request({{"do", "hello"}}), "hello", options_.call_limit);
  if (!line) return line.error();
  auto hello = decode_hello(options_.name, line.value());
  if (!hello) return hello.error();
  hello_ = std::move(hello).value();
  if (!hello_.devices.empty()) device_ = hello_.devices.front();
  return std::monostate{};
}

Result<std::unique_ptr<Harness>> Harness::start(HarnessOptions options) {
  auto harness = spawn(std::move(options));
  if (!harness) return harness;
  if (const auto greeted = harness.value()->greet(); !greeted) return greeted.error();
  return harness;
}

Result<LoadedModel> Harness::load(const std::filesystem::path& model, const LoadOptions& options) {
  if (!options.device.empty()) device_ = options.device;
  const std::string floats(pare::name_of(options.floats));
  const bool shorter = options.floats != Precision::kFp32;
  if (shorter && std::ranges::find(hello_.precisions, floats) == hello_.precisions.end()) {
    return Error{ErrorCode::kUnsupported,
                 options_.name + " does not compute in " + floats + " here"};
  }
  json document{{"do", "load"},
                {"model", std::filesystem::absolute(model).string()},
                {"threads", options.threads},
                {"profile", options.profile}};
  if (!options.device.empty()) document["device"] = options.device;
  if (shorter) document["floats"] = floats;
  if (!options.options.empty()) document["options"] = options.options;
  if (hello_.keeps && std::filesystem::exists(options.kept)) {
    document["kept"] = std::filesystem::absolute(options.kept).string();
  }
  const auto start = std::chrono::steady_clock::now();
  const auto line = ask(request(document), "load", options_.call_limit);
  if (!line) return line.error();
  auto answer = decode_load(options_.name, line.value());
  if (!answer) return answer.error();
  LoadedModel loaded = std::move(answer).value();
  loaded.took = std::chrono::steady_clock::now() - start;
  model_ = loaded;
  output_names_.clear();
  for (const TensorInfo& output : model_.outputs) output_names_.push_back(output.name);
  return loaded;
}

std::optional<host::ExitStatus> Harness::close(std::chrono::milliseconds patience) {
  conversation_.end(patience);
  return conversation_.child().poll();
}

// What was lined up and never waited for is dropped.
Result<std::string> Harness::ask(const std::string& line, std::string_view purpose,
                                 std::chrono::milliseconds limit) {
  lined_up_.clear();
  return conversation_.ask(line, purpose, limit);
}

std::filesystem::path Harness::folder_of(std::size_t slot) const {
  return std::filesystem::absolute(options_.scratch) / ("slot-" + std::to_string(slot));
}

Result<std::string> Harness::write_inputs(std::size_t slot,
                                          const std::vector<Tensor>& inputs) const {
  if (inputs.size() != model_.inputs.size()) {
    return Error{ErrorCode::kInvalidArgument, "the model loaded in " + options_.name + " takes " +
                                                  std::to_string(model_.inputs.size()) +
                                                  " inputs, " + std::to_string(inputs.size()) +
                                                  " were given"};
  }
  const std::filesystem::path folder = folder_of(slot);
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return Error{ErrorCode::kUnavailable, "cannot make the folder " + folder.string()};
  json files = json::object();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto path = folder / ("input-" + std::to_string(i) + ".npy");
    const auto written =
        host::write_npy(path, name_of(inputs[i].dtype()), inputs[i].shape(), inputs[i].bytes());
    if (!written) return written.error();
    files[model_.inputs[i].name] = path.string();
  }
  return files.dump();
}

Result<std::monostate> Harness::put(std::size_t slot, std::vector<Tensor> inputs) {
  auto files = write_inputs(slot, inputs);
  if (!files) return files.error();
  slots_.at(slot).inputs = std::move(files).value();
  return std::monostate{};
}

std::string Harness::infer_request(std::size_t slot) const {
  return request({{"do", "infer"},
                  {"inputs", json::parse(slots_.at(slot).inputs)},
                  {"outputs", folder_of(slot).string()}});
}

void Harness::line_up(std::size_t slot) {
  if (!hello_.ahead) return;
  conversation_.post(infer_request(slot));
  lined_up_.push_back(slot);
}

Result<std::string> Harness::answer_to_infer(std::size_t slot) {
  if (!lined_up_.empty() && lined_up_.front() == slot) {
    lined_up_.pop_front();
    return conversation_.answer("infer", options_.call_limit);
  }
  return ask(infer_request(slot), "infer", options_.call_limit);
}

Result<std::monostate> Harness::infer(std::size_t slot) {
  const auto line = answer_to_infer(slot);
  if (!line) return line.error();
  auto answer = decode_infer(options_.name, line.value(), output_names_);
  if (!answer) return answer.error();
  inference_time_ = answer.value().time;
  slots_.at(slot).outputs = std::move(answer).value().files;
  return std::monostate{};
}

Result<std::vector<Tensor>> Harness::take(std::size_t slot) {
  const std::vector<std::string>& files = slots_.at(slot).outputs;
  std::vector<Tensor> outputs;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto output = read_output(model_.outputs[i], files[i]);
    if (!output) return output.error();
    outputs.push_back(std::move(output).value());
  }
  return outputs;
}

Result<std::vector<Tensor>> Harness::run(const std::vector<Tensor>& inputs) {
  if (const auto there = put(0, inputs); !there) return there.error();
  if (const auto done = infer(0); !done) return done.error();
  return take(0);
}

Result<Tensor> Harness::read_output(const TensorInfo& info, const std::string& path) const {
  auto array = host::read_npy(path, kMaxOutputBytes);
  if (!array)
    return Error{ErrorCode::kInvalidArgument, options_.name + ": " + array.error().message};
  if (array.value().dtype != name_of(info.dtype)) {
    return Error{ErrorCode::kInvalidArgument, options_.name + " wrote output " + info.name +
                                                  " as " + array.value().dtype + ", it said " +
                                                  std::string(name_of(info.dtype))};
  }
  host::NpyArray read = std::move(array).value();
  return Tensor(info.dtype, std::move(read.shape), std::move(read.bytes));
}

Result<Timing> Harness::time(const std::vector<Tensor>& inputs, const TimingOptions& options) {
  const auto files = write_inputs(0, inputs);
  if (!files) return files.error();
  const json document{{"do", "time"},
                      {"inputs", json::parse(files.value())},
                      {"warmup",
                       {{"window", options.window},
                        {"tolerance", options.tolerance},
                        {"max_seconds", options.warmup_max_seconds}}},
                      {"min_samples", options.min_samples},
                      {"max_samples", options.max_samples},
                      {"max_seconds", options.max_seconds},
                      {"half_width", options.half_width}};
  const auto budget =
      std::chrono::duration<double>(options.warmup_max_seconds + options.max_seconds);
  const auto line =
      ask(request(document), "time",
          options_.call_limit + std::chrono::duration_cast<std::chrono::milliseconds>(budget));
  if (!line) return line.error();
  return decode_timing(options_.name, line.value());
}

Result<std::monostate> Harness::keep(const std::filesystem::path& file) {
  PARE_CHECK(hello_.keeps, "the harness can keep a model");
  const json document{{"do", "keep"}, {"file", std::filesystem::absolute(file).string()}};
  const auto line = ask(request(document), "keep", options_.call_limit);
  if (!line) return line.error();
  return decode_nothing(options_.name, line.value());
}

Result<std::monostate> Harness::unload() {
  const auto line = ask(request({{"do", "unload"}}), "unload", options_.call_limit);
  if (!line) return line.error();
  model_ = {};
  output_names_.clear();
  return decode_nothing(options_.name, line.value());
}

}  // namespace pare::engine
