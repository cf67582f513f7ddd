#include "coordinator/store/pg_migrate.h"
#include "coordinator/store/pg_store.h"
#include "coordinator/store/pg_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

Model model_of(const pqxx::row& row) {
  Model model;
  model.cursor = row["id"].as<std::int64_t>();
  model.name = text_of(row["name"]);
  model.sha256 = text_of(row["sha256"]);
  model.state = enum_of<EntryState, 3>(row["state"]);
  model.reason = text_of(row["reason"]);
  model.card_json = text_of(row["card"]);
  model.card_version = row["card_version"].as<int>();
  model.summary_json = text_of(row["summary"]);
  model.created_at = time_of(row["created_at"]);
  return model;
}

Dataset dataset_of(const pqxx::row& row) {
  Dataset dataset;
  dataset.cursor = row["id"].as<std::int64_t>();
  dataset.name = text_of(row["name"]);
  dataset.sha256 = text_of(row["sha256"]);
  dataset.state = enum_of<EntryState, 3>(row["state"]);
  dataset.reason = text_of(row["reason"]);
  dataset.counts.calibration_images = row["calibration_images"].as<int>();
  dataset.counts.validation_images = row["validation_images"].as<int>();
  dataset.counts.boxes = row["boxes"].as<int>();
  dataset.counts.labelled = row["labelled"].as<bool>();
  dataset.counts.classes = texts_of(row["classes"]);
  for (const double boxes : numbers_of(row["class_boxes"])) {
    dataset.counts.class_boxes.push_back(static_cast<std::int64_t>(boxes));
  }
  dataset.counts.notes = texts_of(row["notes"]);
  dataset.created_at = time_of(row["created_at"]);
  return dataset;
}

Target target_of(const pqxx::row& row) {
  Target target;
  target.name = text_of(row["name"]);
  target.runtime = text_of(row["runtime"]);
  target.pool = text_of(row["pool"]);
  target.threads = row["threads"].as<int>();
  target.precisions.clear();
  for (const std::string& name : texts_of(row["precisions"])) {
    target.precisions.push_back(name == name_of(Precision::kInt8) ? Precision::kInt8
                                                                  : Precision::kFp32);
  }
  return target;
}

template <typename Entry>
std::vector<Entry> read_all(const pqxx::result& rows, Entry (*read)(const pqxx::row&)) {
  std::vector<Entry> entries;
  for (const auto& row : rows) entries.push_back(read(row));
  return entries;
}

// The rows that have this name or this file; fails if they are not one and the same entry.
template <typename Entry>
Result<std::optional<Entry>> find_same(const std::vector<Entry>& found, std::string_view what,
                                       const std::string& name, const std::string& sha256) {
  for (const Entry& entry : found) {
    if (entry.name == name && entry.sha256 == sha256) return std::optional<Entry>(entry);
    if (entry.name == name) {
      return conflict(std::string(what) + " \"" + name + "\" is " + entry.sha256);
    }
    return conflict(std::string(what) + " " + sha256 + " is registered as \"" + entry.name + "\"");
  }
  return std::optional<Entry>();
}

// The one entry that a reference names, of at most two found, the exact name first.
template <typename Entry>
Result<Entry> one_of(const std::vector<Entry>& found, std::string_view what,
                     std::string_view reference) {
  if (found.empty()) return not_found(what, reference);
  if (found.size() > 1 && found.front().name != reference) return ambiguous(what, reference);
  return found.front();
}

Param prefix_of(std::string_view reference) {
  return is_sha_prefix(reference) ? to_param(reference) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Store>> open_pg_store(const PgOptions& options) {
  const auto conninfo = with_connection_limits(options.url);
  if (!conninfo) return conninfo.error();
  const auto migrated = migrate(conninfo.value());
  if (!migrated) return migrated.error();
  return std::unique_ptr<Store>(std::make_unique<PgStore>(conninfo.value(), options));
}

Param PgStore::now() const {
  if (!options_.clock) return std::nullopt;
  return to_param(options_.clock().time_since_epoch().count());
}

Result<bool> PgStore::ping() {
  return pool_.run([&](pqxx::work& tx) -> Result<bool> {
    execute(tx, query::ping);
    return true;
  });
}

Result<Created<Model>> PgStore::add_model(const NewModel& model, const NewTask& inspect) {
  return pool_.run([&](pqxx::work& tx) -> Result<Created<Model>> {
    const auto read = [&] {
      return read_all(execute(tx, query::select_models, model.name, model.sha256, 0, 2), model_of);
    };
    execute(tx, query::lock_models);
    const auto same = find_same(read(), "model", model.name, model.sha256);
    if (!same) return same.error();
    if (const auto& entry = same.value()) {
      if (entry->state != EntryState::kRejected && entry->card_json == model.card_json) {
        return Created<Model>{*entry, false};
      }
      const auto used =
          execute(tx, query::job_with_model, model.sha256, to_param(entry->card_version));
      if (!used.empty() && entry->state == EntryState::kInspecting) {
        return still_inspected(model.name, used[0][0].as<std::int64_t>());
      }
      if (!used.empty() && entry->state == EntryState::kReady) {
        execute(tx, query::keep_card, model.sha256);
      }
      cancel_tasks(tx, now(), std::nullopt, std::nullopt, model.sha256);
      execute(tx, query::reinspect_model, model.sha256, or_null(model.card_json));
    } else {
      execute(tx, query::insert_model, model.name, model.sha256, or_null(model.card_json), now());
    }
    NewTask task = inspect;
    task.subject.model_sha256 = model.sha256;
    insert_task(tx, now(), task);
    return Created<Model>{read().front(), true};
  });
}

Result<Model> PgStore::model(std::string_view reference) {
  return pool_.run([&](pqxx::work& tx) -> Result<Model> {
    const auto rows = execute(tx, query::select_models, reference, prefix_of(reference), 0, 2);
    return one_of(read_all(rows, model_of), "model", reference);
  });
}

Result<Model> PgStore::model_version(std::string_view sha256, int card_version) {
  return pool_.run([&](pqxx::work& tx) -> Result<Model> {
    const auto rows = execute(tx, query::select_model_version, sha256, to_param(card_version));
    if (rows.empty()) return no_such_card(sha256, card_version);
    return model_of(rows.front());
  });
}

Result<std::vector<Model>> PgStore::models(const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Model>> {
    return read_all(
        execute(tx, query::select_models, std::nullopt, std::nullopt, page.after, page.limit),
        model_of);
  });
}

Result<Created<Dataset>> PgStore::add_dataset(const NewDataset& dataset, const NewTask& inspect) {
  return pool_.run([&](pqxx::work& tx) -> Result<Created<Dataset>> {
    const auto read = [&] {
      return read_all(execute(tx, query::select_datasets, dataset.name, dataset.sha256, 0, 2),
                      dataset_of);
    };
    execute(tx, query::lock_datasets);
    const auto same = find_same(read(), "dataset", dataset.name, dataset.sha256);
    if (!same) return same.error();
    if (const auto& entry = same.value()) {
      if (entry->state != EntryState::kRejected) return Created<Dataset>{*entry, false};
      execute(tx, query::reinspect_dataset, dataset.sha256);
    } else {
      execute(tx, query::insert_dataset, dataset.name, dataset.sha256, now());
    }
    NewTask task = inspect;
    task.subject.dataset_sha256 = dataset.sha256;
    insert_task(tx, now(), task);
    return Created<Dataset>{read().front(), true};
  });
}

Result<Dataset> PgStore::dataset(std::string_view reference) {
  return pool_.run([&](pqxx::work& tx) -> Result<Dataset> {
    const auto rows = execute(tx, query::select_datasets, reference, prefix_of(reference), 0, 2);
    return one_of(read_all(rows, dataset_of), "dataset", reference);
  });
}

Result<std::vector<Dataset>> PgStore::datasets(const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Dataset>> {
    return read_all(
        execute(tx, query::select_datasets, std::nullopt, std::nullopt, page.after, page.limit),
        dataset_of);
  });
}

Result<Created<Target>> PgStore::add_target(const Target& target) {
  return pool_.run([&](pqxx::work& tx) -> Result<Created<Target>> {
    std::vector<std::string> precisions;
    for (const Precision precision : target.precisions) precisions.emplace_back(name_of(precision));
    const auto made = execute(tx, query::insert_target, target.name, target.runtime, target.pool,
                              target.threads, json_param(precisions), now());
    const Target stored = target_of(execute(tx, query::select_targets, target.name).front());
    if (stored != target) {
      return conflict("target \"" + target.name + "\" exists with other settings");
    }
    return Created<Target>{stored, !made.empty()};
  });
}

Result<Target> PgStore::target(std::string_view name) {
  return pool_.run([&](pqxx::work& tx) -> Result<Target> {
    const auto rows = execute(tx, query::select_targets, name);
    if (rows.empty()) return not_found("target", name);
    return target_of(rows.front());
  });
}

Result<std::vector<Target>> PgStore::targets() {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Target>> {
    return read_all(execute(tx, query::select_targets, std::nullopt), target_of);
  });
}

Result<Created<Bytes>> PgStore::add_blob(std::string_view sha256, Bytes bytes) {
  return pool_.run([&](pqxx::work& tx) -> Result<Created<Bytes>> {
    const auto made = execute(tx, query::insert_blob, sha256, bytes.count, now());
    const auto stored = execute(tx, query::select_blob, sha256);
    return Created<Bytes>{Bytes{stored.front()[0].as<std::int64_t>()}, !made.empty()};
  });
}

Result<std::optional<Bytes>> PgStore::blob(std::string_view sha256) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::optional<Bytes>> {
    const auto rows = execute(tx, query::select_blob, sha256);
    if (rows.empty()) return std::optional<Bytes>();
    return std::optional<Bytes>(Bytes{rows.front()[0].as<std::int64_t>()});
  });
}

}  // namespace pare::coordinator
