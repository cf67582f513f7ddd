#include "wire/supernet_file.h"

#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "wire/sha256.h"
#include "wire/training_json.h"

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMostHeader = std::uint64_t{16} << 20;

Error not_one(const std::string& what) {
  return {ErrorCode::kInvalidArgument, "no super-network: " + what};
}

Result<std::string> header_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{ErrorCode::kNotFound, "cannot read " + file.string()};
  static_assert(std::endian::native == std::endian::little, "the length is stored that way");
  std::array<char, sizeof(std::uint64_t)> prefix{};
  if (!in.read(prefix.data(), prefix.size())) return not_one("it ends before its header");
  const auto length = std::bit_cast<std::uint64_t>(prefix);
  if (length > kMostHeader) {
    return not_one("a header of " + std::to_string(length) + " bytes, more than " +
                   std::to_string(kMostHeader));
  }
  std::string header(static_cast<std::size_t>(length), '\0');
  if (!in.read(header.data(), static_cast<std::streamsize>(header.size()))) {
    return not_one("it ends within its header");
  }
  return header;
}

std::string word(const Json& metadata, const char* name) {
  const auto at = metadata.find(name);
  return at != metadata.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

Result<SupernetFacts> read_supernet_facts(const std::filesystem::path& file) {
  const auto header = header_of(file);
  if (!header) return header.error();
  const Json json = Json::parse(header.value(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return not_one("its header is no JSON object");
  const Json metadata = json.value("__metadata__", Json::object());
  if (!metadata.is_object()) return not_one("its __metadata__ is no object");
  SupernetFacts facts{word(metadata, "model"), word(metadata, "statistics"), {}};
  for (const auto& [name, value] : {std::pair("model", &facts.model_sha256),
                                    std::pair("statistics", &facts.statistics_sha256)}) {
    if (!is_sha256(*value)) {
      return not_one(std::string("its ") + name + " is \"" + *value + "\", no SHA-256");
    }
  }
  const std::string plan = word(metadata, "plan");
  if (!plan.empty()) return not_one("it holds the weights of plan " + plan + " alone");
  const std::string told = word(metadata, "training");
  if (told.empty()) return not_one("it does not say what its training came to");
  auto training = parse_training(told);
  if (!training) return not_one(training.error().message);
  facts.training = std::move(training).value();
  return facts;
}

}  // namespace pare::wire
