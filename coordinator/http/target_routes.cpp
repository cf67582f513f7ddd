// Targets, the workers that serve them, and the health of the service.
#include <array>
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "core/version.h"
#include "wire/field_errors.h"
#include "wire/target_json.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

// POST /v1/targets
Response post_target(const Services& services, const Request& request) {
  const auto target = wire::parse_target(request.body);
  if (!target) return failure(target.error());
  const auto added = services.store.add_target(target.value());
  if (!added) return failure(wire::with_field(added.error(), "name", target.value().name));
  const auto workers = services.store.workers();
  if (!workers) return failure(workers.error());
  return reply(added.value().created ? 201 : 200, view_of(added.value().value, workers.value()));
}

// GET /v1/targets
Response list_targets(const Services& services, const Request&) {
  const auto targets = services.store.targets();
  if (!targets) return failure(targets.error());
  const auto workers = services.store.workers();
  if (!workers) return failure(workers.error());
  ordered_json items = ordered_json::array();
  for (const Target& target : targets.value()) items.push_back(view_of(target, workers.value()));
  return reply(200, {{"items", items}});
}

// GET /v1/targets/{target}
Response get_target(const Services& services, const Request& request) {
  const auto target = services.store.target(request.captured("target"));
  if (!target) return failure(target.error());
  const auto workers = services.store.workers();
  if (!workers) return failure(workers.error());
  return reply(200, view_of(target.value(), workers.value()));
}

// GET /v1/workers
Response list_workers(const Services& services, const Request&) {
  const auto workers = services.store.workers();
  if (!workers) return failure(workers.error());
  ordered_json items = ordered_json::array();
  for (const Worker& worker : workers.value()) items.push_back(view_of(worker));
  return reply(200, {{"items", items}});
}

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

}  // namespace

void add_target_routes(RouteTable& table, const Services& services) {
  table.add({"POST", "/v1/targets", Body::kJson, Needs::kAdmin, "Adds a target",
             [&services](const Request& r) { return post_target(services, r); },
             RouteDoc{.id = "postTarget",
                      .tag = "targets",
                      .takes = wire::new_target_schema(),
                      .gives = {{200, target_schema()}, {201, target_schema()}},
                      .refuses = {409}}});
  table.add({"GET", "/v1/targets", Body::kNone, Needs::kRead,
             "The targets, and whether anybody serves them",
             [&services](const Request& r) { return list_targets(services, r); },
             RouteDoc{.id = "listTargets",
                      .tag = "targets",
                      .gives = {{200, items_schema("Targets", target_schema())}}}});
  table.add({"GET", "/v1/targets/{target}", Body::kNone, Needs::kRead, "A target",
             [&services](const Request& r) { return get_target(services, r); },
             RouteDoc{.id = "getTarget", .tag = "targets", .gives = {{200, target_schema()}}}});
  table.add({"GET", "/v1/workers", Body::kNone, Needs::kRead, "The workers",
             [&services](const Request& r) { return list_workers(services, r); },
             RouteDoc{.id = "listWorkers",
                      .tag = "targets",
                      .gives = {{200, items_schema("Workers", worker_schema())}}}});
  table.add({"GET", "/healthz", Body::kNone, Needs::kNothing, "Whether the service can work",
             [&services](const Request& r) { return get_health(services, r); },
             RouteDoc{.id = "getHealth",
                      .tag = "service",
                      .gives = {{200, health_schema()}, {503, health_schema()}}}});
}

}  // namespace pare::coordinator
