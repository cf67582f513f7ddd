// The picture of a network that `pare inspect --graph` writes: pare-engine draws it in Graphviz's
// language, and Graphviz's program `dot` makes it what the file's name asks for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/engine.h"
#include "core/guidance.h"
#include "core/model_summary.h"
#include "core/result.h"

namespace pare::cli {

// Why a file of that name cannot be drawn: it ends with none of .dot, .svg, .png, .pdf.
std::optional<Error> why_not_drawn(const std::filesystem::path& picture);

// Writes `picture`, and what it was made from beside it, with the ending .dot.  `guidance`: what
// each part is expected to cost; nullopt: colours show each layer's share of the work.  Fails with
// kNotFound, and leaves the .dot there, where there is no `dot`, otherwise as ask_engine().
// REQUIRES: why_not_drawn() says nothing.
Result<std::monostate> draw_network(const EngineRun& engine, const std::string& model,
                                    const ModelCard& card, const std::optional<Guidance>& guidance,
                                    const std::filesystem::path& picture);

}  // namespace pare::cli
