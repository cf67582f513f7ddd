#include "engine/program/draw_command.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "engine/pipeline/detector.h"
#include "engine/pipeline/draw_network.h"
#include "wire/guidance_json.h"
#include "wire/summary_json.h"

namespace pare::engine {
namespace {

struct Picture {
  std::string model;
  std::string card;      // JSON; empty: none
  std::string guidance;  // the same
  std::filesystem::path out;
};

Result<std::string> whole_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{ErrorCode::kNotFound, path + " cannot be read"};
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

Result<PartialCard> card_in(const std::string& path) {
  if (path.empty()) return PartialCard{};
  const auto text = whole_file(path);
  if (!text) return text.error();
  return wire::parse_partial_card(text.value());
}

Result<std::optional<Guidance>> guidance_in(const std::string& path) {
  if (path.empty()) return std::optional<Guidance>();
  const auto text = whole_file(path);
  if (!text) return text.error();
  auto guidance = wire::parse_guidance(text.value());
  if (!guidance) return guidance.error();
  return std::optional(std::move(guidance).value());
}

Result<nlohmann::json> draw(const Picture& wanted) {
  const auto card = card_in(wanted.card);
  if (!card) return card.error();
  const auto guidance = guidance_in(wanted.guidance);
  if (!guidance) return guidance.error();
  const auto onnx = whole_file(wanted.model);
  if (!onnx) return onnx.error();
  const auto bytes = std::as_bytes(std::span(onnx.value()));
  const auto detector = open_detector(bytes, card.value());
  if (!detector) return detector.error();
  const auto summary = summarize(detector.value(), bytes);
  if (!summary) return summary.error();
  std::ofstream file(wanted.out, std::ios::binary);
  file << draw_network(detector.value(), summary.value(), guidance.value());
  if (file.flush()) return nlohmann::json{{"file", wanted.out.string()}};
  return Error{ErrorCode::kResourceExhausted, "cannot write " + wanted.out.string()};
}

}  // namespace

void add_draw_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("draw", "a detector in Graphviz's language");
  auto wanted = std::make_shared<Picture>();  // owned by the callback
  command->add_option("model", wanted->model)->required();
  command->add_option("--card", wanted->card, "a file, JSON");
  command->add_option("--guidance", wanted->guidance, "what preparing found, JSON");
  command->add_option("-o,--output", wanted->out)->required();
  command->callback([wanted] {
    const auto drawn = draw(*wanted);
    const nlohmann::json line =
        drawn ? drawn.value() : nlohmann::json{{"error", drawn.error().message}};
    std::printf("%s\n",
                line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  });
}

}  // namespace pare::engine
