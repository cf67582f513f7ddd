// The harness's answers, decoded totally: what is missing, wrong or too much is kInvalidArgument
// that shows what the harness wrote.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "engine/harness/harness.h"

namespace pare::engine {

// An answer {"error", "message"} becomes that Error, with the harness's name before the message.
Result<HarnessHello> decode_hello(std::string_view harness, const std::string& line);
Result<LoadedModel> decode_load(std::string_view harness, const std::string& line);
Result<Timing> decode_timing(std::string_view harness, const std::string& line);
struct InferAnswer {
  std::vector<std::string> files;  // of the outputs named, in their order
  std::optional<Millis> time;      // of the inference alone
};
Result<InferAnswer> decode_infer(std::string_view harness, const std::string& line,
                                 const std::vector<std::string>& outputs);
Result<std::monostate> decode_nothing(std::string_view harness, const std::string& line);

}  // namespace pare::engine
