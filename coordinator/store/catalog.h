// Models, datasets, targets and blobs: what users bring.
//
// Every call is one transaction.  Thread-safe.  A reference is a name, a SHA-256 or at least 8
// digits of one: kNotFound if nothing has it, kConflict if several do.  Every call may fail with
// kUnavailable when the database is away.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "coordinator/store/records.h"
#include "coordinator/store/task_records.h"
#include "core/result.h"
#include "core/target.h"

namespace pare::coordinator {

struct NewModel {
  std::string name;
  std::string sha256;
  std::string card_json;
  std::string owner = {};
};

struct NewDataset {
  std::string name;
  std::string sha256;
  std::string owner = {};
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  // Registers it and queues `inspect`.  The same again finds it.  A rejected one, or one with
  // another card, is inspected again; if a job uses the card that was there, this is a new version
  // and the old one stays for that job.  kConflict if the name or the file is registered otherwise,
  // or if a job waits for the inspection of the card that was there.
  virtual Result<Created<Model>> add_model(const NewModel& model, const NewTask& inspect) = 0;
  virtual Result<Model> model(std::string_view reference) = 0;
  virtual Result<std::vector<Model>> models(const Page& page) = 0;
  // With the card of that version, and what was understood with it.
  virtual Result<Model> model_version(std::string_view sha256, int card_version) = 0;

  // The same for a dataset.
  virtual Result<Created<Dataset>> add_dataset(const NewDataset& dataset,
                                               const NewTask& inspect) = 0;
  virtual Result<Dataset> dataset(std::string_view reference) = 0;
  virtual Result<std::vector<Dataset>> datasets(const Page& page) = 0;

  // The same again finds it; another under that name is kConflict.
  virtual Result<Created<Target>> add_target(const Target& target) = 0;
  virtual Result<Target> target(std::string_view name) = 0;
  virtual Result<std::vector<Target>> targets() = 0;  // by name

  // A blob that is stored whole, for whoever asks whether it is there.  Idempotent.
  virtual Result<Created<Bytes>> add_blob(std::string_view sha256, Bytes bytes) = 0;
  virtual Result<std::optional<Bytes>> blob(std::string_view sha256) = 0;

  // Blobs that were the newest checkpoint of a task, and of none since so long ago, and that
  // nothing else that is known by its bytes is: the oldest first.
  virtual Result<std::vector<std::string>> old_checkpoints(std::chrono::seconds age, int limit) = 0;
  // One of these is stored no more.  Idempotent.
  virtual Result<std::monostate> forget_checkpoint(std::string_view sha256) = 0;
};

}  // namespace pare::coordinator
