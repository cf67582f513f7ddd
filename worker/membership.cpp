#include "worker/membership.h"

#include <utility>

namespace pare::worker {

Result<std::optional<Identity>> membership(const std::string& coordinator,
                                           const std::filesystem::path& file,
                                           const std::string& code) {
  auto known = read_identity(file);
  if (!known) return known.error();
  if (known.value()) {
    const auto taken = check_identity(coordinator, *known.value());
    if (taken) return known;
    if (code.empty()) return taken.error();
  }
  if (code.empty()) return std::optional<Identity>{};
  const auto keys = make_curve_keys();
  if (!keys) return keys.error();
  auto joined = join(coordinator, code, keys.value().public_key, keys.value().secret_key);
  if (!joined) return joined.error();
  if (const auto written = write_identity(joined.value(), file); !written) return written.error();
  return std::optional(std::move(joined).value());
}

std::optional<CurveKeys> link_keys(const std::optional<Identity>& identity) {
  if (!identity) return std::nullopt;
  return CurveKeys{identity->public_key, identity->secret_key, identity->server_key};
}

}  // namespace pare::worker
