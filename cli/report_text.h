// A candidate's report (GET /v1/candidates/{sha}/report) as people read it.  Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pare::cli {

// For a terminal; `width` as in Table::text.
std::string report_text(const nlohmann::json& report, int width);

// The same as Markdown.
std::string report_markdown(const nlohmann::json& report);

}  // namespace pare::cli
