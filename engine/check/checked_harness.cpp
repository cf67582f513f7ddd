#include "engine/check/checked_harness.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/harness/answers.h"
#include "engine/onnx/onnx_io.h"

namespace pare::engine {
namespace {

constexpr std::size_t kShown = 600;  // bytes of a line

std::string cut(const std::string& line) {
  return line.size() <= kShown ? line : line.substr(0, kShown) + "...";
}

}  // namespace

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

Harness& CheckedHarness::harness() {
  if (harness_ == nullptr) {
    auto started = Harness::start({.name = name_,
                                   .command = command_.command,
                                   .scratch = command_.scratch,
                                   .cores = command_.cores,
                                   .call_limit = command_.call_limit});
    harness_ = get(std::move(started), "hello");
  }
  return *harness_;
}

bool CheckedHarness::computes(std::string_view precision) {
  return std::ranges::find(hello().precisions, precision) != hello().precisions.end();
}

void CheckedHarness::expect(bool holds, const std::string& otherwise) const {
  if (!holds) throw CheckBroken{otherwise};
}

void CheckedHarness::note(std::string what) {
  std::ranges::replace(what, '\n', ' ');
  notes_ += (notes_.empty() ? "" : "; ") + what;
}

void CheckedHarness::expect_is(const Error& error, ErrorCode code,
                               const std::string& naming) const {
  expect(error.code == code, "the error " + std::string(name_of(code)) + " was expected, not " +
                                 std::string(name_of(error.code)) + ": " + error.message);
  expect(error.message.find(naming) != std::string::npos,
         "a message that names " + quoted(naming) + " was expected, not " + quoted(error.message));
}

void CheckedHarness::expect_refusal(const std::string& line, ErrorCode code,
                                    const std::string& naming) {
  const std::string answer = get(harness().converse(line), "the request");
  const auto decoded = decode_nothing(name_, answer);
  if (decoded) {
    throw CheckBroken{"the error " + std::string(name_of(code)) + " was expected, not an answer"};
  }
  expect_is(decoded.error(), code, naming);
}

std::filesystem::path CheckedHarness::file(const std::string& name,
                                           const std::string& content) const {
  const std::filesystem::path path = command_.scratch / name;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out) throw CheckBroken{"cannot write " + path.string()};
  return path;
}

LoadedModel CheckedHarness::load(const CheckNetwork& network, const LoadOptions& options) {
  return get(harness().load(file("network.onnx", export_onnx(network.graph)), options),
             "load (" + network.name + ")");
}

std::vector<Tensor> CheckedHarness::run(const CheckNetwork& network) {
  return get(harness().run(network.inputs), "infer (" + network.name + ")");
}

Result<std::vector<Tensor>> CheckedHarness::try_to_run(const CheckNetwork& network) {
  const auto loaded = harness().load(file("network.onnx", export_onnx(network.graph)), {});
  if (!loaded) return loaded.error();
  return harness().run(network.inputs);
}

std::string CheckedHarness::request() const {
  return harness_ == nullptr ? R"({"do": "hello"})" : cut(harness_->last_request());
}

std::string CheckedHarness::answer() const {
  return harness_ == nullptr ? "" : cut(harness_->last_answer());
}

}  // namespace pare::engine
