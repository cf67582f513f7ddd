#include "cli/network_picture.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/output_file.h"
#include "wire/guidance_json.h"
#include "wire/summary_json.h"

namespace pare::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 4> kEndings = {".dot", ".svg", ".png", ".pdf"};

// As the engine takes it; it is refused before where it cannot be written.
fs::path written(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

Error without_dot(const fs::path& picture, const fs::path& source) {
  return {ErrorCode::kNotFound,
          "--graph " + picture.string() +
              ": the program `dot` is not here (Graphviz; on Debian: apt-get install graphviz). " +
              source.string() + " is written, and any Graphviz makes a picture of it"};
}

}  // namespace

std::optional<Error> why_not_drawn(const fs::path& picture) {
  const std::string ending = picture.extension().string();
  if (std::ranges::find(kEndings, ending) != kEndings.end()) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument,
               "--graph " + picture.string() + ": its name must end with .dot, .svg, .png or .pdf"};
}

Result<std::monostate> draw_network(const EngineRun& engine, const std::string& model,
                                    const ModelCard& card, const std::optional<Guidance>& guidance,
                                    const fs::path& picture) {
  const fs::path drawn = engine.scratch / "network.dot";
  std::vector<std::string> words = {"draw", "-o", drawn.string(), "--card"};
  words.push_back(written(engine.scratch / "card.json", wire::card_to_json(card)).string());
  if (guidance) {
    const fs::path found =
        written(engine.scratch / "guidance.json", wire::guidance_value(*guidance).dump());
    words.insert(words.end(), {"--guidance", found.string()});
  }
  words.insert(words.end(), {"--", fs::absolute(model).string()});
  const auto answer = ask_engine(engine.program, words);
  if (!answer) return answer.error();
  fs::path source = picture;
  source.replace_extension(".dot");
  if (auto kept = copy_whole(drawn, source); !kept) return kept.error();
  if (source == picture) return std::monostate{};
  const std::string format = picture.extension().string().substr(1);
  const fs::path made = engine.scratch / ("network." + format);
  const auto ran = run_program({"dot", "-T" + format, "-o", made.string(), drawn.string()});
  if (!ran && ran.error().code == ErrorCode::kNotFound) return without_dot(picture, source);
  if (!ran) return ran.error();
  if (auto kept = copy_whole(made, picture); !kept) return kept.error();
  return std::monostate{};
}

}  // namespace pare::cli
