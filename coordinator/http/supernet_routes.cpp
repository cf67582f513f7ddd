// Super-networks: what training made, here or elsewhere, with where it comes from.
#include <nlohmann/json.hpp>
#include <utility>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "wire/catalog_json.h"
#include "wire/field_errors.h"
#include "wire/supernet_file.h"
#include "wire/training_json.h"

namespace pare::coordinator {
namespace {

// Of the file, which says itself what it is.
Result<SupernetRecord> described(const Services& services, const wire::NewSupernet& given) {
  const auto blob = services.blobs.find(given.sha256);
  if (!blob) {
    return wire::with_field(
        {ErrorCode::kInvalidArgument,
         "super-network: no blob " + given.sha256 + "; upload it first (PUT /v1/blobs/...)"},
        "sha256", given.sha256);
  }
  const auto facts = wire::read_supernet_facts(blob.value().file);
  if (!facts) return wire::with_field(facts.error(), "sha256", given.sha256);
  const auto model = services.store.model(facts.value().model_sha256);
  if (!model && model.error().code != ErrorCode::kNotFound) return model.error();
  if (!model) {
    return wire::with_field(
        {ErrorCode::kInvalidArgument, "the super-network was trained on model " +
                                          facts.value().model_sha256 +
                                          ", which is not here: add that first"},
        "sha256", given.sha256);
  }
  return SupernetRecord{.sha256 = given.sha256,
                        .bytes = blob.value().size.count,
                        .model_sha256 = facts.value().model_sha256,
                        .card_version = model.value().card_version,
                        .statistics_sha256 = facts.value().statistics_sha256,
                        .training_json = wire::training_to_json(facts.value().training)};
}

// PUT /v1/supernets
Response put_supernet(const Services& services, const Request& request) {
  const auto given = wire::parse_new_supernet(request.body);
  if (!given) return failure(given.error());
  auto record = described(services, given.value());
  if (!record) return failure(record.error());
  const auto kept = services.store.commit({{}, {SupernetAdded{std::move(record).value()}}});
  if (!kept) return failure(kept.error());
  const auto supernet = services.store.supernet(given.value().sha256);
  if (!supernet) return failure(supernet.error());
  return reply(200, view_of(supernet.value()));
}

// GET /v1/supernets
Response list_supernets(const Services& services, const Request& request) {
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto supernets = services.store.supernets(one_more(page.value()));
  if (!supernets) return failure(supernets.error());
  ListReply list(page.value());
  for (const SupernetRecord& one : supernets.value()) list.add(one.cursor, view_of(one));
  return list.reply();
}

// GET /v1/supernets/{supernet}
Response get_supernet(const Services& services, const Request& request) {
  const auto supernet = services.store.supernet(request.captured("supernet"));
  if (!supernet) return failure(supernet.error());
  return reply(200, view_of(supernet.value()));
}

// GET /v1/supernets/{supernet}/file
Response get_supernet_file(const Services& services, const Request& request) {
  const auto supernet = services.store.supernet(request.captured("supernet"));
  if (!supernet) return failure(supernet.error());
  const auto blob = services.blobs.find(supernet.value().sha256);
  if (!blob) return failure(blob.error());
  return reply_file(request, blob.value(), supernet.value().sha256, "supernet.safetensors");
}

}  // namespace

void add_supernet_routes(RouteTable& table, const Services& services) {
  table.add({"PUT", "/v1/supernets", Body::kJson, Needs::kSubmit,
             "Registers an uploaded super-network",
             [&services](const Request& r) { return put_supernet(services, r); },
             RouteDoc{.id = "putSupernet",
                      .tag = "supernets",
                      .takes = wire::new_supernet_schema(),
                      .gives = {{200, supernet_schema()}},
                      .refuses = {409}}});
  table.add({"GET", "/v1/supernets", Body::kNone, Needs::kRead, "The super-networks that are here",
             [&services](const Request& r) { return list_supernets(services, r); },
             RouteDoc{.id = "listSupernets",
                      .tag = "supernets",
                      .query = page_query(),
                      .gives = {{200, page_of_schema("Supernets", supernet_schema())}}}});
  table.add(
      {"GET", "/v1/supernets/{supernet}", Body::kNone, Needs::kRead,
       "A super-network: what it was trained on, and what that brought",
       [&services](const Request& r) { return get_supernet(services, r); },
       RouteDoc{.id = "getSupernet", .tag = "supernets", .gives = {{200, supernet_schema()}}}});
  table.add({"GET", "/v1/supernets/{supernet}/file", Body::kNone, Needs::kRead,
             "The file, a safetensors",
             [&services](const Request& r) { return get_supernet_file(services, r); },
             RouteDoc{.id = "getSupernetFile", .tag = "supernets", .file = true}});
}

}  // namespace pare::coordinator
