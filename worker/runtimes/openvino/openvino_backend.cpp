#include "worker/runtimes/openvino/openvino_backend.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace pare::worker {
namespace {

const std::array<std::pair<ov::element::Type, const char*>, 12> kTypes{
    {{ov::element::f32, "float32"},
     {ov::element::f64, "float64"},
     {ov::element::f16, "float16"},
     {ov::element::i8, "int8"},
     {ov::element::u8, "uint8"},
     {ov::element::boolean, "bool"},
     {ov::element::i16, "int16"},
     {ov::element::u16, "uint16"},
     {ov::element::i32, "int32"},
     {ov::element::u32, "uint32"},
     {ov::element::i64, "int64"},
     {ov::element::u64, "uint64"}}};

// Empty for a type that .npy files do not have.
std::string dtype_name(ov::element::Type type) {
  for (const auto& [known, name] : kTypes) {
    if (known == type) return name;
  }
  return "";
}

// The name that the file gives a tensor at its edge.  Compiling adds those of tensors that were
// merged with it, and any of them may come first.
std::string name_of(const ov::Output<const ov::Node>& port) {
  const std::string node = port.get_node()->get_friendly_name();
  const std::string name = node.substr(0, node.rfind("/sink_port_"));  // of a result
  return port.get_names().contains(name) ? name : port.get_any_name();
}

Result<std::vector<BackendTensor>> describe(const std::vector<ov::Output<const ov::Node>>& ports) {
  std::vector<BackendTensor> tensors;
  for (const auto& port : ports) {
    BackendTensor tensor{
        .name = name_of(port), .shape = {}, .dtype = dtype_name(port.get_element_type())};
    if (tensor.dtype.empty()) {
      return Error{ErrorCode::kUnsupported,
                   "tensor " + tensor.name + " is of type " + port.get_element_type().to_string()};
    }
    const ov::PartialShape& shape = port.get_partial_shape();
    if (shape.rank().is_dynamic()) {
      return Error{ErrorCode::kUnsupported, "tensor " + tensor.name + " has no fixed rank"};
    }
    for (const ov::Dimension& size : shape) {
      tensor.shape.push_back(size.is_dynamic() ? -1 : size.get_length());
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

// What inference may be asked for, and what OpenVINO's devices call it.
struct FloatType {
  const char* name;
  ov::element::Type type;
  const char* capability;
};
const std::array<FloatType, 3> kFloatTypes{{{"fp32", ov::element::f32, "FP32"},
                                            {"fp16", ov::element::f16, "FP16"},
                                            {"bf16", ov::element::bf16, "BF16"}}};

ov::element::Type type_named(const std::string& name) {
  for (const FloatType& known : kFloatTypes) {
    if (name == known.name) return known.type;
  }
  throw std::invalid_argument("OpenVINO has no floating-point type \"" + name + "\"");
}

// Those that the processor computes in, not those that are emulated.
std::vector<std::string> precisions_of(ov::Core& core, const std::string& device) {
  std::vector<std::string> precisions = {"fp32", "int8"};
  const auto capabilities = core.get_property(device, ov::device::capabilities);
  for (const FloatType& known : kFloatTypes) {
    const bool listed = std::ranges::find(precisions, known.name) != precisions.end();
    const bool able = std::ranges::find(capabilities, known.capability) != capabilities.end();
    if (able && !listed) precisions.emplace_back(known.name);
  }
  return precisions;
}

// Thrown inside this file only.
struct OptionRefused {
  std::string why;
};

[[noreturn]] void refuse_option(const std::string& name, const std::string& value,
                                const std::string& values) {
  throw OptionRefused{"option \"" + name + "\" is \"" + value + "\"; it may be " + values};
}

bool is_on(const BackendLoad& load, const std::string& name, bool absent) {
  const auto at = load.options.find(name);
  if (at == load.options.end()) return absent;
  if (at->second != "on" && at->second != "off") refuse_option(name, at->second, "on, off");
  return at->second == "on";
}

ov::hint::ExecutionMode execution_mode_named(const std::string& name) {
  if (name == "performance") return ov::hint::ExecutionMode::PERFORMANCE;
  if (name != "accuracy") refuse_option("execution_mode", name, "performance, accuracy");
  return ov::hint::ExecutionMode::ACCURACY;
}

// What a target may set, as OpenVINO has it.
ov::AnyMap settings_of(const BackendLoad& load) {
  ov::AnyMap settings{ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
                      ov::hint::inference_precision(type_named(load.floats)),
                      ov::inference_num_threads(load.threads),
                      ov::num_streams(1),
                      ov::hint::enable_cpu_pinning(is_on(load, "cpu_pinning", false)),
                      ov::enable_profiling(load.profile)};
  if (load.options.contains("hyper_threading")) {
    settings.insert(ov::hint::enable_hyper_threading(is_on(load, "hyper_threading", true)));
  }
  const auto mode = load.options.find("execution_mode");
  if (mode != load.options.end()) {
    settings.insert(ov::hint::execution_mode(execution_mode_named(mode->second)));
  }
  return settings;
}

}  // namespace

BackendHello OpenvinoBackend::hello() {
  const std::string build = ov::get_openvino_version().buildNumber;
  const std::vector<std::string> devices = core_.get_available_devices();
  return {.runtime = "openvino",
          .version = build.substr(0, build.find('-')),
          .versions = {{"openvino", build}},
          .precisions = devices.empty() ? std::vector<std::string>{"fp32", "int8"}
                                        : precisions_of(core_, devices.front()),
          .devices = devices,
          .keeps = true,
          .options = {"cpu_pinning", "execution_mode", "hyper_threading"}};
}

// From what was kept, which has the transformations of the model behind it, if OpenVINO takes it.
ov::CompiledModel OpenvinoBackend::compile(const BackendLoad& load, const std::string& device) {
  const ov::AnyMap settings = settings_of(load);
  if (std::ifstream kept(load.kept, std::ios::binary); kept) {
    try {
      return core_.import_model(kept, device, settings);
    } catch (const ov::Exception&) {  // of another version, or not what keep() writes
    }
  }
  return core_.compile_model(load.model.string(), device, settings);
}

Result<BackendModel> OpenvinoBackend::load(const BackendLoad& load) {
  const auto chosen = choose_device("OpenVINO", core_.get_available_devices(), load.device);
  if (!chosen) return chosen.error();
  const std::string& device = chosen.value();
  try {
    model_ = compile(load, device);
  } catch (const OptionRefused& refused) {
    return Error{ErrorCode::kInvalidArgument, refused.why};
  } catch (const ov::Exception& exception) {
    return Error{ErrorCode::kUnsupported, "OpenVINO cannot compile " + load.model.string() + ": " +
                                              std::string(exception.what()).substr(0, 1000)};
  }
  auto inputs = describe(std::as_const(model_).inputs());
  if (!inputs) return inputs.error();
  auto outputs = describe(std::as_const(model_).outputs());
  if (!outputs) return outputs.error();
  request_ = model_.create_infer_request();
  lent_.clear();
  const auto precision = model_.get_property(ov::hint::inference_precision);
  const auto threads = model_.get_property(ov::inference_num_threads);
  return BackendModel{
      .inputs = std::move(inputs).value(),
      .outputs = std::move(outputs).value(),
      .settings = {{"device", device},
                   {"performance_hint", "latency"},
                   {"inference_precision", precision.to_string()},
                   {"inference_num_threads", std::to_string(threads)},
                   {"num_streams", "1"},
                   {"cpu_pinning", is_on(load, "cpu_pinning", false) ? "true" : "false"}}};
}

void OpenvinoBackend::bind(const std::map<std::string, BackendArray>& inputs,
                           const std::map<std::string, BackendRoom>& outputs) {
  const auto stays = [&](const std::string& name) { return outputs.contains(name); };
  if (!std::ranges::all_of(lent_, stays)) {
    request_ = model_.create_infer_request();  // the one way back to outputs of its own
    lent_.clear();
  }
  for (const auto& [name, array] : inputs) {
    const ov::element::Type type = model_.input(name).get_element_type();
    const ov::Shape shape(array.shape.begin(), array.shape.end());
    const void* const data = array.bytes.data();
    request_.set_tensor(name,
                        data == nullptr ? ov::Tensor(type, shape) : ov::Tensor(type, shape, data));
  }
  for (const auto& [name, room] : outputs) {
    if (room.bytes.empty()) continue;
    const ov::element::Type type = model_.output(name).get_element_type();
    const ov::Shape shape(room.shape.begin(), room.shape.end());
    request_.set_tensor(name, ov::Tensor(type, shape, room.bytes.data()));
    lent_.insert(name);
  }
}

std::map<std::string, BackendArray> OpenvinoBackend::outputs() {
  std::map<std::string, BackendArray> all;
  for (const auto& port : std::as_const(model_).outputs()) {
    const ov::Tensor tensor = request_.get_tensor(port);
    BackendArray array{.dtype = dtype_name(tensor.get_element_type()), .shape = {}, .bytes = {}};
    for (const std::size_t size : tensor.get_shape()) {
      array.shape.push_back(static_cast<std::int64_t>(size));
    }
    if (tensor.get_byte_size() > 0) {
      array.bytes = {static_cast<const std::byte*>(tensor.data()), tensor.get_byte_size()};
    }
    all.emplace(name_of(port), std::move(array));
  }
  return all;
}

std::vector<BackendLayer> OpenvinoBackend::layers() {
  std::vector<BackendLayer> all;
  for (const ov::ProfilingInfo& info : request_.get_profiling_info()) {
    if (info.status != ov::ProfilingInfo::Status::EXECUTED) continue;
    all.push_back({.name = info.node_name,
                   .type = info.node_type + " (" + info.exec_type + ")",
                   .ms = static_cast<double>(info.real_time.count()) / 1000});
  }
  return all;
}

bool OpenvinoBackend::keep(const std::filesystem::path& file) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  model_.export_model(out);
  out.close();
  if (!out) throw std::runtime_error(file.string() + " cannot be written");
  return true;
}

void OpenvinoBackend::unload() {
  request_ = {};
  lent_.clear();
  model_ = {};
}

}  // namespace pare::worker
