// How the service is: for whoever keeps it running, and for Prometheus.
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/metrics.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "core/version.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

constexpr Bytes kLeastRoom{8 << 20};  // for artifacts: a candidate or two

// GET /healthz: answers from memory, whatever the database does.
Response get_health(const Services& services, const Request&) {
  Health health = services.store.health();
  const Bytes room = services.blobs.room();
  const bool full = room < kLeastRoom;
  if (full && health.reason.empty()) {
    health.reason = "the disk of the artifacts is full: " + std::to_string(room.count) +
                    " bytes are free, and workers wait with what they made";
  }
  const bool ok = health.state == StoreState::kOk && !full;
  ordered_json view = {{"status", ok ? "ok" : "unavailable"},
                       {"database", name_of(health.state)},
                       {"artifacts", full ? "full" : "ok"},
                       {"workers", health.workers},
                       {"waiting", health.waiting},
                       {"version", kVersion},
                       {"max_blob_bytes", services.blobs.max_blob().count}};
  if (!health.reason.empty()) view["reason"] = health.reason;
  if (!health.waiting_reason.empty()) view["waiting_reason"] = health.waiting_reason;
  if (health.since) view["since"] = rfc3339(*health.since);
  return reply(ok ? 200 : 503, view);
}

wire::Schema health_schema() {
  constexpr std::array<std::string_view, 2> kStatuses = {"ok", "unavailable"};
  constexpr std::array<std::string_view, 2> kArtifacts = {"ok", "full"};
  return schema::object(
             {schema::must("status", schema::one_of(kStatuses)),
              schema::must("database", schema::one_of(kStoreStateNames)),
              schema::must("artifacts", schema::one_of(kArtifacts)),
              schema::must("workers", schema::small()), schema::must("waiting", schema::small()),
              schema::must("version", schema::text()),
              schema::must("max_blob_bytes", schema::whole()),
              schema::may("reason", schema::text()), schema::may("waiting_reason", schema::text()),
              schema::may("since", schema::time())})
      .named("Health");
}

// GET /livez: that it answers is all that it says.  One that waits for its database is not to be
// started again for that.
Response get_life(const Services&, const Request&) {
  return reply(200, {{"status", "ok"}, {"version", kVersion}});
}

wire::Schema life_schema() {
  constexpr std::array<std::string_view, 1> kStatuses = {"ok"};
  return schema::object({schema::must("status", schema::one_of(kStatuses)),
                         schema::must("version", schema::text())})
      .named("Life");
}

// GET /metrics
Response get_metrics(const Services& services, const Request&) {
  auto text = metrics_text(services);
  if (!text) return failure(text.error());
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text).value();
  return response;
}

}  // namespace

void add_health_routes(RouteTable& table, const Services& services) {
  table.add({"GET", "/livez", Body::kNone, Needs::kNothing, "That the service answers",
             [&services](const Request& r) { return get_life(services, r); },
             RouteDoc{.id = "getLife", .tag = "service", .gives = {{200, life_schema()}}}});
  // Under two names: what people have asked since the beginning, and what fleets of services ask.
  for (const auto& [path, id] : {std::pair("/healthz", "getHealth"), {"/readyz", "getReadiness"}}) {
    table.add({"GET", path, Body::kNone, Needs::kNothing, "Whether the service can work",
               [&services](const Request& r) { return get_health(services, r); },
               RouteDoc{.id = id,
                        .tag = "service",
                        .gives = {{200, health_schema()}, {503, health_schema()}}}});
  }
  table.add({"GET", "/metrics", Body::kNone, Needs::kRead,
             "What the service counts of itself, as Prometheus reads it",
             [&services](const Request& r) { return get_metrics(services, r); },
             RouteDoc{.id = "getMetrics", .tag = "service", .text = "text/plain"}});
}

}  // namespace pare::coordinator
