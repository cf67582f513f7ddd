#include "cli/registration.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/interrupt.h"

namespace pare::cli {

using nlohmann::json;

Result<json> register_model(const Service& service, const std::filesystem::path& file,
                            const std::string& name, const json& card,
                            const Service::Progress& progress) {
  const auto sha256 = service.upload(file, progress);
  if (!sha256) return sha256.error();
  json document = {{"name", name}, {"sha256", sha256.value()}};
  if (!card.empty()) document["card"] = card;
  return service.put("/v1/models", document);
}

Result<json> register_dataset(const Service& service, const std::filesystem::path& archive,
                              const std::string& name, const Service::Progress& progress) {
  const auto sha256 = service.upload(archive, progress);
  if (!sha256) return sha256.error();
  return service.put("/v1/datasets", {{"name", name}, {"sha256", sha256.value()}});
}

Result<json> inspected(const Service& service, const std::string& path) {
  constexpr useconds_t kBetweenLooks = 200'000;
  for (;;) {
    auto entry = service.get(path);
    if (!entry || entry.value().value("state", "") != "inspecting" || interrupted()) return entry;
    ::usleep(kBetweenLooks);
  }
}

}  // namespace pare::cli
