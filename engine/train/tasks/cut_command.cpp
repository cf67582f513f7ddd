#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/pipeline/supernet_candidate.h"
#include "engine/train/tasks/opened.h"
#include "engine/train/tasks/supernet_command.h"
#include "wire/plan_json.h"

namespace pare::engine {
namespace {

struct CutArguments {
  std::filesystem::path model, statistics, card, supernet, plan, out;
};

Result<std::monostate> cut(const CutArguments& arguments) {
  const auto card = read_card(arguments.card);
  if (!card) return card.error();
  const auto opened = open_model(arguments.model, arguments.statistics, card.value());
  if (!opened) return opened.error();
  const auto file = read_tensor_file(arguments.supernet);
  if (!file) return file.error();
  const auto supernet = load_supernet(file.value());
  if (!supernet) return supernet.error();
  const auto text = read_text(arguments.plan);
  if (!text) return text.error();
  const auto plan = wire::parse_plan(text.value());
  if (!plan) return plan.error();
  const bool tuned = plan.value().weights == Weights::kTuned;
  const auto own = check_lineage(supernet.value(), opened.value().model_sha256,
                                 tuned ? wire::plan_sha256(trained_form(plan.value())) : "");
  if (!own) return own;
  const auto candidate = build_from_supernet(opened.value().detector, supernet.value(),
                                             opened.value().file, plan.value());
  if (!candidate) return candidate.error();
  std::ofstream out(arguments.out, std::ios::binary);
  out << candidate.value().onnx;
  if (!out.flush()) {
    return Error{ErrorCode::kUnavailable, "cannot write " + arguments.out.string()};
  }
  const nlohmann::ordered_json line = {{"macs", candidate.value().cost.macs},
                                       {"parameters", candidate.value().cost.parameters}};
  std::printf("%s\n", line.dump().c_str());
  return std::monostate{};
}

}  // namespace

int run_cut(int argc, char** argv) {
  CutArguments arguments;
  CLI::App app("Cuts a sub-network out of a super-network: an ONNX file.");
  app.add_option("--model", arguments.model, "ONNX file")->required();
  app.add_option("--statistics", arguments.statistics, "What `prepare` made of it")->required();
  app.add_option("--card", arguments.card, "Model card (JSON), where the file says too little");
  app.add_option("--supernet", arguments.supernet, "The artifact")->required();
  app.add_option("--plan", arguments.plan, "JSON")->required();
  app.add_option("-o,--out", arguments.out, "The candidate")->required();
  CLI11_PARSE(app, argc, argv);
  const auto done = cut(arguments);
  if (done) return 0;
  std::fprintf(stderr, "pare-train: %s\n", done.error().message.c_str());
  return 1;
}

}  // namespace pare::engine
