#include "worker/runtimes/frame/serve.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "worker/runtimes/frame/tensor_files.h"
#include "worker/runtimes/frame/timing_loop.h"

namespace pare::worker {
namespace {

using nlohmann::json;

constexpr int kProfiledRuns = 5;

// Thrown inside this file only: what a request gets wrong, or the backend refuses.
struct Refused {
  Error error;
};

[[noreturn]] void refuse(const std::string& why) {
  throw Refused{{ErrorCode::kInvalidArgument, why}};
}

double now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

// The fields of one request; refuses those that nobody asked for.
class Fields {
 public:
  explicit Fields(const json& object, std::string where)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) refuse(where_ + " is no object");
  }
  void finish() const {
    for (const auto& [key, value] : object_.items()) {
      if (!read_.contains(key)) refuse("unknown field \"" + key + "\" in " + where_);
    }
  }
  const json* find(const char* name) {
    read_.insert(name);
    const auto at = object_.find(name);
    return at == object_.end() ? nullptr : &*at;
  }
  const json& at(const char* name) {
    const json* value = find(name);
    if (value == nullptr) refuse("\"" + std::string(name) + "\" is missing in " + where_);
    return *value;
  }
  std::string text(const json& value, const char* name) const {
    if (!value.is_string()) refuse("\"" + std::string(name) + "\" is no text: " + value.dump());
    return value.get<std::string>();
  }
  bool flag(const char* name) {
    const json* value = find(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) refuse("\"" + std::string(name) + "\" is neither true nor false");
    return value->get<bool>();
  }
  void number(const char* name, double& into) {
    const json* value = find(name);
    if (value == nullptr) return;
    if (!value->is_number() || !std::isfinite(value->get<double>()) || value->get<double>() < 0) {
      refuse("\"" + std::string(name) + "\" is no number from 0: " + value->dump());
    }
    into = value->get<double>();
  }
  void count(const char* name, int& into) {
    double value = into;
    number(name, value);
    if (value < 1 || value > 1e6 || value != std::floor(value)) {
      refuse("\"" + std::string(name) + "\" is no whole number from 1 to 1000000");
    }
    into = static_cast<int>(value);
  }

 private:
  const json& object_;
  std::string where_;
  std::set<std::string, std::less<>> read_{"do"};
};

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

json tensors_json(const std::vector<BackendTensor>& tensors) {
  json all = json::array();
  for (const BackendTensor& tensor : tensors) {
    all.push_back({{"name", tensor.name}, {"shape", tensor.shape}, {"dtype", tensor.dtype}});
  }
  return all;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return json(shape).dump();
}

void check_input(const BackendTensor& wanted, const BackendArray& given) {
  const bool fits = wanted.shape.size() == given.shape.size() &&
                    std::ranges::equal(wanted.shape, given.shape, [](auto want, auto have) {
                      return want == -1 || want == have;
                    });
  if (!fits || wanted.dtype != given.dtype) {
    refuse("input " + wanted.name + " is " + given.dtype + " " + shape_text(given.shape) +
           ", the model takes " + wanted.dtype + " " + shape_text(wanted.shape));
  }
}

// What `read` makes of the files named by the request, which must be exactly the model's inputs.
template <typename Read>
std::map<std::string, BackendArray> read_inputs(const json& files, const BackendModel& model,
                                                Read read) {
  Fields fields(files, "inputs");
  std::map<std::string, BackendArray> inputs;
  for (const BackendTensor& wanted : model.inputs) {
    const std::string path = fields.text(fields.at(wanted.name.c_str()), wanted.name.c_str());
    auto array = read(wanted, path);
    if (!array) throw Refused{array.error()};
    check_input(wanted, array.value());
    inputs.emplace(wanted.name, std::move(array).value());
  }
  fields.finish();
  return inputs;
}

std::filesystem::path output_file(const std::filesystem::path& folder, std::size_t index) {
  return folder / ("output-" + std::to_string(index) + ".npy");
}

// Where the backend may write what the other program will read.
std::map<std::string, BackendRoom> room_for_outputs(const std::filesystem::path& folder,
                                                    const BackendModel& model, TensorFiles& files) {
  std::map<std::string, BackendRoom> rooms;
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    const BackendTensor& output = model.outputs[i];
    if (std::ranges::find(output.shape, -1) != output.shape.end()) continue;
    auto room = files.output(output_file(folder, i), output);
    if (!room) throw Refused{room.error()};
    rooms.emplace(output.name, std::move(room).value());
  }
  return rooms;
}

TimingPolicy read_policy(Fields& fields) {
  TimingPolicy policy;
  if (const json* warmup = fields.find("warmup")) {
    Fields inner(*warmup, "warmup");
    inner.count("window", policy.window);
    inner.number("tolerance", policy.tolerance);
    inner.number("max_seconds", policy.warmup_max_seconds);
    inner.finish();
  }
  fields.count("min_samples", policy.min_samples);
  fields.count("max_samples", policy.max_samples);
  fields.number("max_seconds", policy.max_seconds);
  fields.number("half_width", policy.half_width);
  return policy;
}

// Medians over a few profiled runs, in the order of the first one.
json measure_layers(Backend& backend) {
  std::vector<BackendLayer> first;
  std::map<std::string, std::vector<double>> times;
  for (int run = 0; run < kProfiledRuns; ++run) {
    backend.run();
    std::vector<BackendLayer> layers = backend.layers();
    for (const BackendLayer& layer : layers) times[layer.name].push_back(layer.ms);
    if (run == 0) first = std::move(layers);
  }
  json all = json::array();
  for (const BackendLayer& layer : first) {
    std::vector<double>& samples = times[layer.name];
    std::ranges::nth_element(samples, samples.begin() + std::ssize(samples) / 2);
    all.push_back(
        {{"name", layer.name}, {"type", layer.type}, {"ms", samples[samples.size() / 2]}});
  }
  return all;
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all.append(all.empty() ? "" : ", ").append(name);
  return all.empty() ? "none" : all;
}

std::map<std::string, std::string> read_options(const json& given, const BackendHello& hello) {
  if (!given.is_object()) refuse("\"options\" is no object: " + given.dump());
  std::map<std::string, std::string> options;
  for (const auto& [name, value] : given.items()) {
    if (std::ranges::find(hello.options, name) == hello.options.end()) {
      refuse("unknown option \"" + name + "\"; " + hello.runtime +
             " knows: " + joined(hello.options));
    }
    if (!value.is_string()) refuse("option \"" + name + "\" is no text: " + value.dump());
    options.emplace(name, value.get<std::string>());
  }
  return options;
}

}  // namespace

// The requests, one function each, on the state of a Server.
class Requests {
 public:
  explicit Requests(Server& server) : server_(server), backend_(server.backend_) {}

  json answer(const json& request) {
    Fields fields(request, "the request");
    const std::string what = fields.text(fields.at("do"), "do");
    if (what == "hello") return hello(fields);
    if (what == "load") return load(fields);
    if (what == "infer") return infer(fields);
    if (what == "time") return time(fields);
    if (what == "keep") return keep(fields);
    if (what == "unload") return unload(fields);
    if (what != "bye") refuse("unknown request \"" + what + "\"");
    fields.finish();
    server_.said_bye_ = true;
    return json::object();
  }

 private:
  // As this program offers it: with the device that it is for alone.
  BackendHello offered() {
    BackendHello hello = backend_.hello();
    const std::string& device = server_.settings_.device;
    if (device.empty()) return hello;
    const auto chosen = choose_device(hello.runtime, hello.devices, device);
    if (!chosen) throw Refused{chosen.error()};
    hello.devices = {chosen.value()};
    return hello;
  }

  json hello(Fields& fields) {
    fields.finish();
    const BackendHello hello = offered();
    json answer{{"contract", 1},
                {"runtime", hello.runtime},
                {"version", hello.version},
                {"versions", hello.versions},
                {"precisions", hello.precisions},
                {"devices", hello.devices},
                {"ahead", true},
                {"keeps", hello.keeps}};
    if (!hello.options.empty()) answer["options"] = hello.options;
    return answer;
  }

  json load(Fields& fields) {
    BackendLoad load;
    load.model = fields.text(fields.at("model"), "model");
    fields.at("threads");
    fields.count("threads", load.threads);
    if (const json* device = fields.find("device")) load.device = fields.text(*device, "device");
    load.profile = fields.flag("profile");
    if (const json* floats = fields.find("floats")) load.floats = fields.text(*floats, "floats");
    if (const json* kept = fields.find("kept")) load.kept = fields.text(*kept, "kept");
    const json* options = fields.find("options");
    fields.finish();
    settle(load, options);
    if (!std::filesystem::is_regular_file(load.model)) {
      throw Refused{{ErrorCode::kNotFound, load.model.string() + " is no file"}};
    }
    forget();
    const double start = now_ms();
    auto model = backend_.load(load);
    if (!model) throw Refused{model.error()};
    const double load_ms = now_ms() - start;
    server_.model_ = std::move(model).value();
    for (const auto& [name, value] : load.options) server_.model_.settings.emplace(name, value);
    server_.loaded_ = true;
    server_.profiled_ = load.profile;
    return {{"inputs", tensors_json(server_.model_.inputs)},
            {"outputs", tensors_json(server_.model_.outputs)},
            {"load_ms", server_.model_.load_ms.value_or(load_ms)},
            {"memory_bytes", resident_bytes()},
            {"settings", server_.model_.settings}};
  }

  // What the request leaves open, the command line says; refuses what this program does not offer.
  void settle(BackendLoad& load, const json* options) {
    const BackendHello hello = offered();
    load.options = read_options(json(server_.settings_.options), hello);
    if (options != nullptr) {
      for (auto& [name, value] : read_options(*options, hello)) load.options[name] = value;
    }
    if (!server_.settings_.device.empty()) {
      const auto device = choose_device(hello.runtime, hello.devices, load.device);
      if (!device) throw Refused{device.error()};
      load.device = device.value();
    }
    const bool known = load.floats == "fp32" ||
                       (load.floats != "int8" && std::ranges::count(hello.precisions, load.floats));
    if (known) return;
    throw Refused{
        {ErrorCode::kUnsupported, hello.runtime + " does not compute in " + load.floats + " here"}};
  }

  json infer(Fields& fields) {
    require_model();
    const json& files = fields.at("inputs");
    const std::filesystem::path folder = fields.text(fields.at("outputs"), "outputs");
    fields.finish();
    server_.files_.begin_request();
    const auto inputs = read_inputs(
        files, server_.model_,
        [&](const BackendTensor&, const std::string& path) { return server_.files_.input(path); });
    const auto rooms = room_for_outputs(folder, server_.model_, server_.files_);
    backend_.bind(inputs, rooms);
    server_.timed_inputs_.clear();
    const double start = now_ms();
    backend_.run();
    const double infer_ms = now_ms() - start;
    return {{"outputs", hand_out(folder, rooms)}, {"infer_ms", infer_ms}};
  }

  // The file of each output; writes those that the backend put elsewhere.
  json hand_out(const std::filesystem::path& folder,
                const std::map<std::string, BackendRoom>& rooms) {
    const std::map<std::string, BackendArray> arrays = backend_.outputs();
    json paths = json::object();
    for (std::size_t i = 0; i < server_.model_.outputs.size(); ++i) {
      const std::string& name = server_.model_.outputs[i].name;
      const BackendArray& array = arrays.at(name);
      const auto path = output_file(folder, i);
      const auto room = rooms.find(name);
      const bool there = room != rooms.end() && room->second.shape == array.shape &&
                         room->second.bytes.data() == array.bytes.data();
      if (!there) {
        const auto written = host::write_npy(path, array.dtype, array.shape, array.bytes);
        if (!written) throw Refused{written.error()};
      }
      paths[name] = path.string();
    }
    return paths;
  }

  json time(Fields& fields) {
    require_model();
    const json& files = fields.at("inputs");
    const TimingPolicy policy = read_policy(fields);
    fields.finish();
    time_in_own_memory(files);
    const TimedRuns runs = time_runs(
        policy, [&] { backend_.run(); }, now_ms);
    json answer{{"samples_ms", runs.samples_ms},
                {"warmup_runs", runs.warmup_runs},
                {"warmup_ms", runs.warmup_ms},
                {"stationary", runs.stationary},
                {"narrow", runs.narrow}};
    if (server_.profiled_) answer["layers"] = measure_layers(backend_);
    return answer;
  }

  // What is timed reads and writes memory of this process, as an application's would.
  void time_in_own_memory(const json& files) {
    std::map<std::string, host::NpyArray> read;
    const auto inputs = read_inputs(
        files, server_.model_,
        [&](const BackendTensor& wanted, const std::string& path) -> Result<BackendArray> {
          auto array = host::read_npy(path, kMaxInputBytes);
          if (!array) return array.error();
          const host::NpyArray& kept = read[wanted.name] = std::move(array).value();
          return BackendArray{kept.dtype, kept.shape, kept.bytes};
        });
    backend_.bind(inputs, {});
    server_.timed_inputs_ = std::move(read);  // moving a map moves no tensor
    server_.files_.forget();
  }

  // Under another name first: whoever loads sees all of it or nothing.
  json keep(Fields& fields) {
    require_model();
    const std::filesystem::path file = fields.text(fields.at("file"), "file");
    fields.finish();
    std::filesystem::path part = file;
    part += ".part";
    if (!backend_.keep(part)) {
      throw Refused{{ErrorCode::kUnsupported, "this runtime has nothing to keep"}};
    }
    std::error_code failure;
    std::filesystem::rename(part, file, failure);
    if (failure) throw Refused{{ErrorCode::kUnavailable, file.string() + " cannot be written"}};
    return json::object();
  }

  json unload(Fields& fields) {
    fields.finish();
    forget();
    return json::object();
  }

  void require_model() const {
    if (!server_.loaded_) refuse("no model is loaded");
  }

  void forget() {
    if (server_.loaded_) backend_.unload();
    server_.loaded_ = false;
    server_.model_ = {};
    server_.files_.forget();
    server_.timed_inputs_.clear();
  }

  Server& server_;
  Backend& backend_;
};

std::string Server::answer(const std::string& line) {
  Error error{ErrorCode::kInvalidArgument, ""};
  try {
    const json request = json::parse(line, nullptr, false);
    if (!request.is_object()) refuse("a request is one JSON object a line: " + line.substr(0, 200));
    return Requests(*this).answer(request).dump(-1, ' ', false, json::error_handler_t::replace);
  } catch (const Refused& refused) {
    error = refused.error;
  } catch (const std::bad_alloc&) {
    error = {ErrorCode::kUnavailable, "out of memory"};
  } catch (const std::exception& exception) {
    error = {ErrorCode::kUnsupported, exception.what()};
  }
  return json{{"error", name_of(error.code)}, {"message", error.message}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

Result<ServeSettings> read_arguments(std::span<const char* const> words) {
  ServeSettings settings;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string what = words[i];
    const std::string value = i + 1 < words.size() ? words[i + 1] : "";
    const std::size_t equals = value.find('=');
    if (what == "--device" && !value.empty()) {
      settings.device = value;
    } else if (what == "--option" && equals != std::string::npos && equals > 0) {
      settings.options[value.substr(0, equals)] = value.substr(equals + 1);
    } else {
      std::string wrong = "neither --device NAME nor --option NAME=VALUE: ";
      wrong.append(what).append(" ").append(value);
      return Error{ErrorCode::kInvalidArgument, std::move(wrong)};
    }
  }
  return settings;
}

int serve(Backend& backend, std::span<const char* const> words) {
  auto settings = read_arguments(words);
  if (!settings) {
    std::cerr << settings.error().message << '\n';
    return 2;
  }
  const int answers = ::dup(STDOUT_FILENO);
  if (answers < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return 1;
  Server server(backend, std::move(settings).value());
  for (std::string line; !server.said_bye() && std::getline(std::cin, line);) {
    const std::string answer = server.answer(line) + '\n';
    for (std::size_t sent = 0; sent < answer.size();) {
      const ssize_t wrote = ::write(answers, answer.data() + sent, answer.size() - sent);
      if (wrote < 0) return 1;  // nobody listens any more
      sent += static_cast<std::size_t>(wrote);
    }
  }
  return 0;
}

}  // namespace pare::worker
