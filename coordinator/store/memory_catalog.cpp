#include "coordinator/store/memory_store.h"
#include "coordinator/store/memory_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

// The entry that a reference names.
template <typename Entry>
Result<Entry> find(const std::vector<Entry>& entries, std::string_view what,
                   std::string_view reference) {
  const Entry* found = nullptr;
  for (const Entry& entry : entries) {
    if (entry.name == reference) return entry;
    if (is_sha_prefix(reference) && entry.sha256.starts_with(reference)) {
      if (found != nullptr) return ambiguous(what, reference);
      found = &entry;
    }
  }
  if (found == nullptr) return not_found(what, reference);
  return *found;
}

// The entry with this name and file; null: neither is taken.
template <typename Entry>
Result<Entry*> find_same(std::vector<Entry>& entries, std::string_view what,
                         const std::string& name, const std::string& sha256) {
  for (Entry& entry : entries) {
    if (entry.name == name && entry.sha256 == sha256) return &entry;
    if (entry.name == name) {
      return conflict(std::string(what) + " \"" + name + "\" is " + entry.sha256);
    }
    if (entry.sha256 == sha256) {
      return conflict(std::string(what) + " " + sha256 + " is registered as \"" + entry.name +
                      "\"");
    }
  }
  return static_cast<Entry*>(nullptr);
}

template <typename Entry>
std::vector<Entry> page_of(const std::vector<Entry>& entries, const Page& page) {
  std::vector<Entry> part;
  for (const Entry& entry : entries) {
    if (static_cast<int>(part.size()) == page.limit) break;
    if (entry.cursor > page.after) part.push_back(entry);
  }
  return part;
}

template <typename Entry>
Entry& append(std::vector<Entry>& entries, TimePoint now) {
  Entry& entry = entries.emplace_back();
  entry.cursor = static_cast<std::int64_t>(entries.size());
  entry.created_at = now;
  return entry;
}

}  // namespace

std::unique_ptr<Store> make_memory_store(const StoreOptions& options) {
  return std::make_unique<MemoryStore>(options);
}

TimePoint MemoryStore::now() const {
  if (options_.clock) return options_.clock();
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Result<Created<Model>> MemoryStore::add_model(const NewModel& model, const NewTask& inspect) {
  const std::scoped_lock lock(mutex_);
  const auto same = find_same(state_.models, "model", model.name, model.sha256);
  if (!same) return same.error();
  Model* entry = same.value();
  if (entry != nullptr) {
    if (entry->state != EntryState::kRejected && entry->card_json == model.card_json) {
      return Created<Model>{*entry, false};
    }
    for (const auto& [id, job] : state_.jobs) {
      const bool uses = job.model_sha256 == model.sha256 && job.card_version == entry->card_version;
      if (!uses || entry->state == EntryState::kRejected) continue;
      if (entry->state == EntryState::kInspecting) return still_inspected(model.name, id.value);
      state_.earlier_cards[{model.sha256, entry->card_version}] = *entry;
      ++entry->card_version;
    }
    cancel_tasks(state_, now(), [&](const Task& task) {
      return task.task.kind == TaskKind::kInspectModel &&
             task.task.subject.model_sha256 == model.sha256;
    });
  } else {
    entry = &append(state_.models, now());
  }
  entry->name = model.name;
  entry->sha256 = model.sha256;
  entry->card_json = model.card_json;
  entry->state = EntryState::kInspecting;
  entry->reason.clear();
  entry->summary_json.clear();
  NewTask task = inspect;
  task.subject.model_sha256 = model.sha256;
  queue_task(state_, now(), task);
  return Created<Model>{*entry, true};
}

Result<Model> MemoryStore::model(std::string_view reference) {
  const std::scoped_lock lock(mutex_);
  return find(state_.models, "model", reference);
}

Result<Model> MemoryStore::model_version(std::string_view sha256, int card_version) {
  const std::scoped_lock lock(mutex_);
  auto newest = find(state_.models, "model", sha256);
  if (!newest || newest.value().card_version == card_version) return newest;
  const auto at = state_.earlier_cards.find({std::string(sha256), card_version});
  if (at == state_.earlier_cards.end()) return no_such_card(sha256, card_version);
  return at->second;
}

Result<std::vector<Model>> MemoryStore::models(const Page& page) {
  const std::scoped_lock lock(mutex_);
  return page_of(state_.models, page);
}

Result<Created<Dataset>> MemoryStore::add_dataset(const NewDataset& dataset,
                                                  const NewTask& inspect) {
  const std::scoped_lock lock(mutex_);
  const auto same = find_same(state_.datasets, "dataset", dataset.name, dataset.sha256);
  if (!same) return same.error();
  Dataset* entry = same.value();
  if (entry != nullptr && entry->state != EntryState::kRejected) {
    return Created<Dataset>{*entry, false};
  }
  if (entry == nullptr) entry = &append(state_.datasets, now());
  entry->name = dataset.name;
  entry->sha256 = dataset.sha256;
  entry->counts = {};
  entry->state = EntryState::kInspecting;
  entry->reason.clear();
  NewTask task = inspect;
  task.subject.dataset_sha256 = dataset.sha256;
  queue_task(state_, now(), task);
  return Created<Dataset>{*entry, true};
}

Result<Dataset> MemoryStore::dataset(std::string_view reference) {
  const std::scoped_lock lock(mutex_);
  return find(state_.datasets, "dataset", reference);
}

Result<std::vector<Dataset>> MemoryStore::datasets(const Page& page) {
  const std::scoped_lock lock(mutex_);
  return page_of(state_.datasets, page);
}

Result<Created<Target>> MemoryStore::add_target(const Target& target) {
  const std::scoped_lock lock(mutex_);
  const auto [at, inserted] = state_.targets.try_emplace(target.name, target);
  if (at->second != target) {
    return conflict("target \"" + target.name + "\" exists with other settings");
  }
  return Created<Target>{at->second, inserted};
}

Result<Target> MemoryStore::target(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.targets.find(std::string(name));
  if (at == state_.targets.end()) return not_found("target", name);
  return at->second;
}

Result<std::vector<Target>> MemoryStore::targets() {
  const std::scoped_lock lock(mutex_);
  std::vector<Target> all;
  for (const auto& [name, target] : state_.targets) all.push_back(target);
  return all;
}

Result<Created<Bytes>> MemoryStore::add_blob(std::string_view sha256, Bytes bytes) {
  const std::scoped_lock lock(mutex_);
  const auto [at, inserted] = state_.blobs.try_emplace(std::string(sha256), bytes);
  return Created<Bytes>{at->second, inserted};
}

Result<std::optional<Bytes>> MemoryStore::blob(std::string_view sha256) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.blobs.find(std::string(sha256));
  if (at == state_.blobs.end()) return std::optional<Bytes>();
  return std::optional<Bytes>(at->second);
}

}  // namespace pare::coordinator
