#include "engine/harness/answers.h"

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace pare::engine {
namespace {

using nlohmann::json;

// Thrown inside this file only: decoding is a walk over many fields, and each may be wrong.
struct Wrong {
  std::string what;
};

constexpr std::array kDTypes{DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kInt8,
                             DType::kUint8,   DType::kInt16,   DType::kUint16,  DType::kInt32,
                             DType::kInt64,   DType::kBool};

const json& field(const json& object, const char* name) {
  if (!object.is_object())
    throw Wrong{"an object is expected around \"" + std::string(name) + "\""};
  const auto at = object.find(name);
  if (at == object.end()) throw Wrong{"\"" + std::string(name) + "\" is missing"};
  return *at;
}

std::string text(const json& value, const char* name) {
  if (!value.is_string()) throw Wrong{"\"" + std::string(name) + "\" is no text"};
  return value.get<std::string>();
}

double number(const json& object, const char* name) {
  const json& value = field(object, name);
  if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0) {
    throw Wrong{"\"" + std::string(name) + "\" is no number from 0"};
  }
  return value.get<double>();
}

std::int64_t whole(const json& value, const char* name) {
  if (!value.is_number_integer()) throw Wrong{"\"" + std::string(name) + "\" is no whole number"};
  return value.get<std::int64_t>();
}

int count(const json& object, const char* name) {
  const std::int64_t value = whole(field(object, name), name);
  if (value < 0 || value > std::numeric_limits<int>::max()) {
    throw Wrong{"\"" + std::string(name) + "\" is no count"};
  }
  return static_cast<int>(value);
}

bool boolean(const json& object, const char* name) {
  const json& value = field(object, name);
  if (!value.is_boolean()) throw Wrong{"\"" + std::string(name) + "\" is neither true nor false"};
  return value.get<bool>();
}

const json& list(const json& object, const char* name) {
  const json& value = field(object, name);
  if (!value.is_array()) throw Wrong{"\"" + std::string(name) + "\" is no list"};
  return value;
}

std::vector<std::string> texts(const json& object, const char* name) {
  std::vector<std::string> all;
  for (const json& value : list(object, name)) all.push_back(text(value, name));
  return all;
}

std::map<std::string, std::string> text_map(const json& object, const char* name) {
  const json& value = field(object, name);
  if (!value.is_object()) throw Wrong{"\"" + std::string(name) + "\" is no object"};
  std::map<std::string, std::string> all;
  for (const auto& [key, entry] : value.items()) all.emplace(key, text(entry, name));
  return all;
}

DType dtype(const json& value) {
  const std::string name = text(value, "dtype");
  for (const DType known : kDTypes) {
    if (name_of(known) == name) return known;
  }
  throw Wrong{"\"dtype\" " + name + " is not known"};
}

std::vector<TensorInfo> tensors(const json& object, const char* name) {
  std::vector<TensorInfo> all;
  for (const json& value : list(object, name)) {
    TensorInfo info{.name = text(field(value, "name"), "name"),
                    .dtype = dtype(field(value, "dtype")),
                    .shape = {}};
    for (const json& size : list(value, "shape")) info.shape.push_back(whole(size, "shape"));
    all.push_back(std::move(info));
  }
  return all;
}

std::string shown(const std::string& line) {
  return line.size() <= 200 ? line : line.substr(0, 200) + "...";
}

std::optional<Error> refusal(std::string_view harness, const json& answer) {
  if (!answer.contains("error")) return std::nullopt;
  const std::string code = text(answer["error"], "error");
  const std::string message = text(field(answer, "message"), "message");
  if (const auto known = error_code_named(code)) {
    return Error{*known, std::string(harness) + ": " + message};
  }
  throw Wrong{"\"error\" " + code + " is not a code"};
}

// Runs `decode` on the answer; whatever is wrong with it becomes an Error that shows the line.
template <typename T, typename Decode>
Result<T> decode_with(std::string_view harness, const std::string& line, Decode decode) {
  try {
    const json answer = json::parse(line, nullptr, false);
    if (!answer.is_object()) throw Wrong{"no JSON object"};
    if (auto error = refusal(harness, answer)) return *std::move(error);
    return decode(answer);
  } catch (const Wrong& wrong) {
    return Error{ErrorCode::kInvalidArgument, std::string(harness) +
                                                  " wrote an answer that is wrong (" + wrong.what +
                                                  "): " + shown(line)};
  }
}

std::vector<double> samples(const json& answer) {
  std::vector<double> all;
  for (const json& value : list(answer, "samples_ms")) {
    if (!value.is_number() || !(value.get<double>() > 0) || !std::isfinite(value.get<double>())) {
      throw Wrong{"a sample is no time"};
    }
    all.push_back(value.get<double>());
  }
  if (all.empty()) throw Wrong{"no samples"};
  return all;
}

}  // namespace

Result<HarnessHello> decode_hello(std::string_view harness, const std::string& line) {
  return decode_with<HarnessHello>(harness, line, [](const json& answer) {
    if (const auto contract = whole(field(answer, "contract"), "contract"); contract != 1) {
      throw Wrong{"contract " + std::to_string(contract) + " is not 1"};
    }
    return HarnessHello{.runtime = text(field(answer, "runtime"), "runtime"),
                        .version = text(field(answer, "version"), "version"),
                        .versions = text_map(answer, "versions"),
                        .precisions = texts(answer, "precisions"),
                        .devices = texts(answer, "devices"),
                        .options = answer.contains("options") ? texts(answer, "options")
                                                              : std::vector<std::string>(),
                        .keeps = answer.contains("keeps") && boolean(answer, "keeps"),
                        .ahead = answer.contains("ahead") && boolean(answer, "ahead")};
  });
}

Result<LoadedModel> decode_load(std::string_view harness, const std::string& line) {
  return decode_with<LoadedModel>(harness, line, [](const json& answer) {
    return LoadedModel{.inputs = tensors(answer, "inputs"),
                       .outputs = tensors(answer, "outputs"),
                       .load = Millis(number(answer, "load_ms")),
                       .memory = {whole(field(answer, "memory_bytes"), "memory_bytes")},
                       .settings = text_map(answer, "settings")};
  });
}

Result<Timing> decode_timing(std::string_view harness, const std::string& line) {
  return decode_with<Timing>(harness, line, [](const json& answer) {
    Timing timing{.samples_ms = samples(answer),
                  .warmup_runs = count(answer, "warmup_runs"),
                  .warmup_ms = number(answer, "warmup_ms"),
                  .stationary = boolean(answer, "stationary"),
                  .narrow = boolean(answer, "narrow"),
                  .layers = {}};
    if (!answer.contains("layers")) return timing;
    for (const json& layer : list(answer, "layers")) {
      timing.layers.push_back({.name = text(field(layer, "name"), "name"),
                               .type = text(field(layer, "type"), "type"),
                               .ms = number(layer, "ms")});
    }
    return timing;
  });
}

Result<InferAnswer> decode_infer(std::string_view harness, const std::string& line,
                                 const std::vector<std::string>& outputs) {
  return decode_with<InferAnswer>(harness, line, [&](const json& answer) {
    const auto files = text_map(answer, "outputs");
    InferAnswer ordered;
    if (answer.contains("infer_ms")) ordered.time = Millis{number(answer, "infer_ms")};
    for (const std::string& output : outputs) {
      const auto at = files.find(output);
      if (at == files.end()) throw Wrong{"output " + output + " is missing"};
      ordered.files.push_back(at->second);
    }
    return ordered;
  });
}

Result<std::monostate> decode_nothing(std::string_view harness, const std::string& line) {
  return decode_with<std::monostate>(harness, line, [](const json&) { return std::monostate{}; });
}

}  // namespace pare::engine
