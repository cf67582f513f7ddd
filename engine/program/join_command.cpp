#include "engine/program/join_command.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/onnx/external_data.h"

namespace pare::engine {
namespace {

struct Join {
  std::filesystem::path model;
  std::filesystem::path out;
};

Result<nlohmann::json> join(const Join& wanted) {
  const auto joined = join_external_data(wanted.model);
  if (!joined) return joined.error();
  if (!joined.value()) return nlohmann::json{{"files", nlohmann::json::array()}};
  std::ofstream file(wanted.out, std::ios::binary);
  file << joined.value()->onnx;
  if (!file.flush()) {
    return Error{ErrorCode::kResourceExhausted, "cannot write " + wanted.out.string()};
  }
  return nlohmann::json{{"files", joined.value()->files}};
}

}  // namespace

void add_join_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("join", "a model and the files of its weights as one");
  auto wanted = std::make_shared<Join>();  // owned by the callback
  command->add_option("model", wanted->model)->required();
  command->add_option("-o,--output", wanted->out)->required();
  command->callback([wanted] {
    const auto answer = join(*wanted);
    const nlohmann::json line =
        answer ? answer.value() : nlohmann::json{{"error", answer.error().message}};
    std::printf("%s\n",
                line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  });
}

}  // namespace pare::engine
