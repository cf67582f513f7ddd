#include "engine/pipeline/quantized.h"

#include <utility>

#include "core/utf8.h"
#include "engine/passes/dequantize.h"

namespace pare::engine {

Result<WithoutInt8> without_int8(Graph graph) {
  auto turned = dequantize(std::move(graph));
  if (!turned) return turned.error();
  Dequantized made = std::move(turned).value();
  if (made.gone.empty()) return WithoutInt8{std::move(made.graph), false, {}};
  std::string counts;
  for (const auto& [op, count] : made.gone) {
    counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " + shown(op);
  }
  return WithoutInt8{
      std::move(made.graph),
      true,
      {"The file is int8 already (" + counts + "): it was turned back into floating point. The " +
       "weights of " + std::to_string(made.layers) +
       " layers are what their integers say, what rounds activations is left out, and Pare finds " +
       "itself what to lower. The float model that the file was made from is the better start."}};
}

}  // namespace pare::engine
