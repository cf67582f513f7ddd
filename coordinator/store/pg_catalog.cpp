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
  model.state = enum_of(row["state"], kEntryStateNames);
  model.reason = text_of(row["reason"]);
  model.card_json = text_of(row["card"]);
  model.card_version = row["card_version"].as<int>();
  model.summary_json = text_of(row["summary"]);
  model.owner = text_of(row["owner"]);
  model.created_at = time_of(row["created_at"]);
  return model;
}

Dataset dataset_of(const pqxx::row& row) {
  Dataset dataset;
  dataset.cursor = row["id"].as<std::int64_t>();
  dataset.name = text_of(row["name"]);
  dataset.sha256 = text_of(row["sha256"]);
  dataset.state = enum_of(row["state"], kEntryStateNames);
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
  dataset.owner = text_of(row["owner"]);
  dataset.created_at = time_of(row["created_at"]);
  return dataset;
}

// Never another one in its place: what a target takes decides what is measured there.
Precision known_precision(const std::string& name) {
  if (const auto known = precision_of(name)) return *known;
  throw pqxx::conversion_error("its precision \"" + name + "\" is not known to this version");
}

Target target_of(const pqxx::row& row) {
  Target target;
  target.name = text_of(row["name"]);
  target.runtime = text_of(row["runtime"]);
  target.pool = text_of(row["pool"]);
  target.threads = row["threads"].as<int>();
  target.precisions.clear();
  for (const std::string& name : texts_of(row["precisions"])) {
    target.precisions.push_back(known_precision(name));
  }
  return target;
}

std::string name_of_model(const pqxx::row& row) {
  return "model \"" + text_of(row["name"]) + "\"";
}

std::string name_of_dataset(const pqxx::row& row) {
  return "dataset \"" + text_of(row["name"]) + "\"";
}

std::string name_of_target(const pqxx::row& row) {
  return "target \"" + text_of(row["name"]) + "\"";
}

template <typename Entry>
Entry unreadable_entry(const pqxx::row& row, const std::string& why) {
  Entry entry;
  entry.cursor = row["id"].as<std::int64_t>();
  entry.name = text_of(row["name"]);
  entry.sha256 = text_of(row["sha256"]);
  entry.state = EntryState::kRejected;
  entry.reason = entry.unreadable = why;
  entry.created_at = time_of(row["created_at"]);
  return entry;
}

std::vector<Model> models_of(const pqxx::result& rows) {
  return read_all(rows, name_of_model, model_of, unreadable_entry<Model>);
}

std::vector<Dataset> datasets_of(const pqxx::result& rows) {
  return read_all(rows, name_of_dataset, dataset_of, unreadable_entry<Dataset>);
}

template <typename Entry>
Result<Entry> if_readable(Entry entry) {
  if (entry.unreadable.empty()) return entry;
  return Error{ErrorCode::kInternal, entry.unreadable};
}

// The rows that have this name or this file; fails if they are not one and the same entry.
template <typename Entry>
Result<std::optional<Entry>> find_same(const std::vector<Entry>& found, std::string_view what,
                                       const std::string& name, const std::string& sha256) {
  for (const Entry& entry : found) {
    if (entry.name == name && entry.sha256 == sha256) {
      auto same = if_readable(entry);
      if (!same) return same.error();
      return std::optional(std::move(same).value());
    }
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
  return if_readable(found.front());
}

Param prefix_of(std::string_view reference) {
  return is_sha_prefix(reference) ? to_param(reference) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Store>> open_pg_store(const PgOptions& options) {
  const auto conninfo = with_connection_limits(options.url);
  if (!conninfo) return conninfo.error();
  const auto schema = set_up(conninfo.value());
  if (!schema) return schema.error();
  auto store = std::make_unique<PgStore>(conninfo.value(), options);
  if (schema.value() == newest_schema()) store->watch();
  return std::unique_ptr<Store>(std::move(store));
}

Param PgStore::now() const {
  if (!options_.clock) return std::nullopt;
  return to_param(options_.clock().time_since_epoch().count());
}

Result<Created<Model>> PgStore::add_model(const NewModel& model, const NewTask& inspect) {
  return pool_.run([&](pqxx::work& tx) -> Result<Created<Model>> {
    const auto read = [&] {
      return models_of(execute(tx, query::select_models, model.name, model.sha256, 0, 2));
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
      cancel_tasks(tx, now(), std::nullopt, model.sha256);
      execute(tx, query::reinspect_model, model.sha256, or_null(model.card_json));
    } else {
      execute(tx, query::insert_model, model.name, model.sha256, or_null(model.card_json),
              model.owner, now());
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
    return one_of(models_of(rows), "model", reference);
  });
}

Result<Model> PgStore::model_version(std::string_view sha256, int card_version) {
  return pool_.run([&](pqxx::work& tx) -> Result<Model> {
    const auto rows = execute(tx, query::select_model_version, sha256, to_param(card_version));
    if (rows.empty()) return no_such_card(sha256, card_version);
    return read_one(rows.front(), name_of_model, model_of);
  });
}

Result<std::vector<Model>> PgStore::models(const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Model>> {
    return models_of(
        execute(tx, query::select_models, std::nullopt, std::nullopt, page.after, page.limit));
  });
}

Result<Created<Dataset>> PgStore::add_dataset(const NewDataset& dataset, const NewTask& inspect) {
  return pool_.run([&](pqxx::work& tx) -> Result<Created<Dataset>> {
    const auto read = [&] {
      return datasets_of(execute(tx, query::select_datasets, dataset.name, dataset.sha256, 0, 2));
    };
    execute(tx, query::lock_datasets);
    const auto same = find_same(read(), "dataset", dataset.name, dataset.sha256);
    if (!same) return same.error();
    if (const auto& entry = same.value()) {
      if (entry->state != EntryState::kRejected) return Created<Dataset>{*entry, false};
      execute(tx, query::reinspect_dataset, dataset.sha256);
    } else {
      execute(tx, query::insert_dataset, dataset.name, dataset.sha256, dataset.owner, now());
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
    return one_of(datasets_of(rows), "dataset", reference);
  });
}

Result<std::vector<Dataset>> PgStore::datasets(const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Dataset>> {
    return datasets_of(
        execute(tx, query::select_datasets, std::nullopt, std::nullopt, page.after, page.limit));
  });
}

Result<Created<Target>> PgStore::add_target(const Target& target) {
  return pool_.run([&](pqxx::work& tx) -> Result<Created<Target>> {
    std::vector<std::string> precisions;
    for (const Precision precision : target.precisions) precisions.emplace_back(name_of(precision));
    const auto made = execute(tx, query::insert_target, target.name, target.runtime, target.pool,
                              target.threads, json_param(precisions), now());
    const auto row = execute(tx, query::select_targets, target.name).front();
    auto stored = read_one(row, name_of_target, target_of);
    if (!stored) return stored.error();
    if (stored.value() != target) {
      return conflict("target \"" + target.name + "\" exists with other settings");
    }
    return Created<Target>{std::move(stored).value(), !made.empty()};
  });
}

Result<Target> PgStore::target(std::string_view name) {
  return pool_.run([&](pqxx::work& tx) -> Result<Target> {
    const auto rows = execute(tx, query::select_targets, name);
    if (rows.empty()) return not_found("target", name);
    return read_one(rows.front(), name_of_target, target_of);
  });
}

Result<std::vector<Target>> PgStore::targets() {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Target>> {
    std::vector<Target> targets;
    for (const auto& row : execute(tx, query::select_targets, std::nullopt)) {
      auto one = read_one(row, name_of_target, target_of);
      if (one) {
        targets.push_back(std::move(one).value());
      } else {
        log_once(one.error().message);
      }
    }
    return targets;
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

Result<std::vector<std::string>> PgStore::old_checkpoints(std::chrono::seconds age, int limit) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<std::string>> {
    std::vector<std::string> old;
    for (const auto& row : execute(tx, query::select_old_checkpoints, age.count(), limit, now())) {
      old.push_back(text_of(row[0]));
    }
    return old;
  });
}

Result<std::monostate> PgStore::forget_checkpoint(std::string_view sha256) {
  return run_as_leader([&](pqxx::work& tx) -> Result<std::monostate> {
    execute(tx, query::forget_checkpoint, sha256);
    return std::monostate{};
  });
}

}  // namespace pare::coordinator
