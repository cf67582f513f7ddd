// Models: an ONNX file that was uploaded as a blob, with a name and a card.
#include <nlohmann/json.hpp>

#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "coordinator/http/views.h"
#include "wire/catalog_json.h"
#include "wire/field_errors.h"
#include "wire/summary_json.h"
#include "wire/task_json.h"

namespace pare::coordinator {
namespace {

NewTask inspection(const wire::NewModel& model) {
  NewTask task;
  task.kind = TaskKind::kInspectModel;
  task.subject.model_sha256 = model.sha256;
  wire::TaskDocument document;
  document.params = wire::InspectModelParams{model.card};
  document.blobs = {{"model", model.sha256}};
  task.document_json = wire::task_to_json(document);
  return task;
}

// PUT /v1/models
Response put_model(const Services& services, const Request& request) {
  const auto model = wire::parse_new_model(request.body);
  if (!model) return failure(model.error());

  const wire::NewModel& given = model.value();
  if (const auto blob = services.blobs.find(given.sha256); !blob) {
    return failure({ErrorCode::kInvalidArgument,
                    "model: no blob " + given.sha256 + "; upload it first (PUT /v1/blobs/...)",
                    "sha256", "\"" + given.sha256 + "\""});
  }
  const std::string card = given.card ? wire::card_to_json(*given.card) : "";
  const auto before = services.store.model(given.sha256);
  if (before && before.value().card_json != card &&
      !may_change(request.principal, before.value().owner)) {
    return refuse_owned("model \"" + before.value().name + "\"", before.value().owner);
  }
  const auto added = services.store.add_model(
      {given.name, given.sha256, card, request.principal.owner}, inspection(given));
  if (!added) return failure(wire::with_field(added.error(), "name", given.name));

  services.work_added();
  return reply(202, view_of(added.value().value, Detail::kFull));
}

// GET /v1/models
Response list_models(const Services& services, const Request& request) {
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto models = services.store.models(one_more(page.value()));
  if (!models) return failure(models.error());
  ListReply list(page.value());
  for (const Model& model : models.value()) list.add(model.cursor, view_of(model, Detail::kBrief));
  return list.reply();
}

// GET /v1/models/{model}
Response get_model(const Services& services, const Request& request) {
  const auto model = services.store.model(request.captured("model"));
  if (!model) return failure(model.error());
  return reply(200, view_of(model.value(), Detail::kFull));
}

// GET /v1/models/{model}/file
Response get_model_file(const Services& services, const Request& request) {
  const auto model = services.store.model(request.captured("model"));
  if (!model) return failure(model.error());
  const auto blob = services.blobs.find(model.value().sha256);
  if (!blob) return failure(blob.error());
  return reply_file(request, blob.value(), model.value().sha256, "model.onnx");
}

}  // namespace

void add_model_routes(RouteTable& table, const Services& services) {
  table.add({"PUT", "/v1/models", Body::kJson, Needs::kSubmit,
             "Registers an uploaded detector and inspects it",
             [&services](const Request& r) { return put_model(services, r); },
             RouteDoc{.id = "putModel",
                      .tag = "models",
                      .takes = wire::new_model_schema(),
                      .gives = {{202, model_schema(Detail::kFull)}},
                      .refuses = {409}}});
  table.add({"GET", "/v1/models", Body::kNone, Needs::kRead, "The models",
             [&services](const Request& r) { return list_models(services, r); },
             RouteDoc{.id = "listModels",
                      .tag = "models",
                      .query = page_query(),
                      .gives = {{200, page_of_schema("Models", model_schema(Detail::kBrief))}}}});
  table.add(
      {"GET", "/v1/models/{model}", Body::kNone, Needs::kRead,
       "A model, and what Pare understood of it",
       [&services](const Request& r) { return get_model(services, r); },
       RouteDoc{.id = "getModel", .tag = "models", .gives = {{200, model_schema(Detail::kFull)}}}});
  table.add({"GET", "/v1/models/{model}/file", Body::kNone, Needs::kRead,
             "The ONNX as it was uploaded",
             [&services](const Request& r) { return get_model_file(services, r); },
             RouteDoc{.id = "getModelFile", .tag = "models", .file = true}});
}

}  // namespace pare::coordinator
