#include "coordinator/jobs/job_view.h"

#include <algorithm>
#include <utility>

#include "wire/job_json.h"
#include "wire/summary_json.h"

namespace pare::coordinator {
namespace {

constexpr int kPage = 500;             // trials read at once
constexpr std::size_t kMostJobs = 64;  // kept; a job of 100,000 trials takes a few MiB

std::string name_of(JobId job) {
  return "job " + std::to_string(job.value);
}

// What was stored once and cannot be read now is our fault, whatever the reader of it says.
Error unreadable(JobId job, const std::string& what, const Error& error) {
  return {ErrorCode::kInternal, what + " of " + name_of(job) + " cannot be read: " + error.message};
}

}  // namespace

// One job.  Everything but `mutex` and `created_at` is guarded by `mutex`.
class JobViews::Entry {
 public:
  explicit Entry(const Job& job) : created_at(job.created_at) {}

  Result<JobView> read(Store& store, Job job);

  std::timed_mutex mutex;
  const TimePoint created_at;  // of the job: another one may have its number in another database

 private:
  Result<bool> read_document(const Job& job);
  Result<bool> read_catalog(Store& store, const Job& job);
  Result<bool> read_anew(Store& store, const Job& job);
  Result<bool> read_kept(Store& store, const Job& job);
  Result<bool> read_trials(Store& store, const Job& job);
  void keep(Store& store, const Job& job);
  Result<bool> read_changes(Store& store, const Job& job);
  Result<bool> take(const Result<std::vector<Trial>>& trials);
  void find_fronts(const Job& job);
  Result<bool> judge(Store& store, const Job& job);
  Result<TransferJudged> judged(Store& store, const Job& job);

  std::optional<NewJob> document_;
  std::string summary_json_;
  std::shared_ptr<const ModelSummary> model_;
  std::optional<LabelSource> labels_;
  std::optional<Contenders> contenders_;
  int read_up_to_ = 0;            // the trials up to this number are read
  bool whole_ = false;            // every trial was read once, or what was kept of such a reading
  bool kept_ = false;             // ... and only that: it does for as long as no outcome changes
  std::int64_t kept_up_to_ = -1;  // the revision that the store keeps contenders of
  std::int64_t revision_ = 0;
  std::shared_ptr<const JobFronts> found_ = std::make_shared<JobFronts>();
  std::optional<std::vector<search::KnownPlan>> known_;  // of the earlier job, which has ended
  std::shared_ptr<const TransferJudged> transfer_;
  std::size_t judged_by_ = 0;  // how many trials had ended, kMostJudged at most
};

Result<JobView> JobViews::Entry::read(Store& store, Job job) {
  const auto document = read_document(job);
  if (!document) return document.error();
  const auto catalog = read_catalog(store, job);
  if (!catalog) return catalog.error();
  const auto read = whole_ ? read_changes(store, job) : read_anew(store, job);
  if (!read) return read.error();
  if (read.value()) find_fronts(job);
  if (is_final(job.state) && kept_up_to_ != revision_) keep(store, job);
  const auto judged = judge(store, job);
  if (!judged) return judged.error();
  return JobView{std::move(job), *document_, model_, labels_, found_, transfer_};
}

// Again when more of the trials that it goes by have ended, and never by a read that brings
// nothing.
Result<bool> JobViews::Entry::judge(Store& store, const Job& job) {
  if (!document_->transfer || !model_) return true;
  const auto ended =
      static_cast<std::size_t>(job.trials.finished) + static_cast<std::size_t>(job.trials.failed);
  const std::size_t by = std::min(ended, kMostJudged);
  if (transfer_ && by == judged_by_) return true;
  auto found = judged(store, job);
  if (!found && is_retryable(found.error().code)) return found.error();
  // A job can be looked at whatever became of the one that it began with.
  if (!found) found = TransferJudged{0, {}, found.error().message};
  transfer_ = std::make_shared<const TransferJudged>(std::move(found).value());
  judged_by_ = by;
  return true;
}

Result<TransferJudged> JobViews::Entry::judged(Store& store, const Job& job) {
  const auto context = load_context(store, job);
  if (!context) return context.error();
  if (!known_) {
    auto known = known_plans(store, context.value());
    if (!known) return known.error();
    known_ = std::move(known).value();
  }
  const auto trials = store.trials(job.id, {0, static_cast<int>(kMostJudged)});
  if (!trials) return trials.error();
  return TransferJudged{known_->size(), judge_transfer(context.value(), *known_, trials.value()),
                        ""};
}

Result<bool> JobViews::Entry::read_document(const Job& job) {
  if (document_) return true;
  auto document = wire::parse_new_job(job.document_json);
  if (!document) return unreadable(job.id, "the document", document.error());
  contenders_.emplace(document.value());
  document_ = std::move(document).value();
  return true;
}

// The summary and the labels: they come late, and may come anew as long as nobody uses them.
Result<bool> JobViews::Entry::read_catalog(Store& store, const Job& job) {
  const auto model = store.model_version(job.model_sha256, job.card_version);
  if (!model) return model.error();
  if (model.value().summary_json != summary_json_) {
    auto summary = wire::parse_summary(model.value().summary_json);
    if (!summary) return unreadable(job.id, "the model's summary", summary.error());
    model_ = std::make_shared<const ModelSummary>(std::move(summary).value());
    summary_json_ = model.value().summary_json;
    labels_.reset();
    find_fronts(job);
  }
  if (labels_ || !model_ || model.value().state != EntryState::kReady) return true;
  const auto dataset = store.dataset(job.dataset_sha256);
  if (!dataset) return dataset.error();
  if (dataset.value().state != EntryState::kReady) return true;
  labels_ = label_source(model_->card.head, dataset.value().counts.labelled);
  return true;
}

// Returns whether anything was taken.
Result<bool> JobViews::Entry::take(const Result<std::vector<Trial>>& trials) {
  if (!trials) return trials.error();
  for (const Trial& trial : trials.value()) {
    if (!trial.on_target.empty()) contenders_->take(trial);
  }
  return !trials.value().empty();
}

Result<bool> JobViews::Entry::read_anew(Store& store, const Job& job) {
  auto kept = is_final(job.state) ? read_kept(store, job) : Result<bool>(false);
  if (!kept || kept.value()) return kept;
  return read_trials(store, job);
}

// Returns whether there was something to read.
Result<bool> JobViews::Entry::read_kept(Store& store, const Job& job) {
  const auto numbers = store.kept_contenders(job.id, kContendersRule);
  if (!numbers) return numbers.error();
  if (!numbers.value()) return false;
  const auto taken = take(
      store.trials_numbered(job.id, std::vector(numbers.value()->begin(), numbers.value()->end())));
  if (!taken) return taken.error();
  revision_ = kept_up_to_ = job.revision;
  whole_ = kept_ = true;
  return true;
}

// Whoever looks at the job next is spared all other trials.  Who cannot be told so reads them.
void JobViews::Entry::keep(Store& store, const Job& job) {
  TrialsUpTo contenders{{}, revision_};
  for (const Trial& trial : found_->contenders) contenders.numbers.insert(trial.number);
  if (store.keep_contenders(job.id, contenders, kContendersRule)) kept_up_to_ = revision_;
}

Result<bool> JobViews::Entry::read_trials(Store& store, const Job& job) {
  // What changes while the pages are read is read once more as a change.
  if (read_up_to_ == 0) revision_ = job.revision;
  while (true) {
    const auto page = store.trials(job.id, {read_up_to_, kPage});
    const auto taken = take(page);
    if (!taken) return taken.error();
    if (!taken.value()) break;
    read_up_to_ = page.value().back().number;
    if (page.value().size() < static_cast<std::size_t>(kPage)) break;
  }
  whole_ = true;
  const auto changed = read_changes(store, job);
  if (!changed) return changed.error();
  return true;
}

Result<bool> JobViews::Entry::read_changes(Store& store, const Job& job) {
  if (kept_ && revision_ < job.revision) {
    contenders_.emplace(*document_);
    whole_ = kept_ = false;
    return read_trials(store, job);
  }
  bool any = false;
  while (revision_ < job.revision) {
    const auto changed = store.changed_trials(job.id, revision_, kPage);
    if (!changed) return changed.error();
    const std::set<int>& numbers = changed.value().numbers;
    if (numbers.empty()) break;
    const auto taken =
        take(store.trials_numbered(job.id, std::vector(numbers.begin(), numbers.end())));
    if (!taken) return taken.error();
    revision_ = changed.value().revision;
    any = true;
  }
  for (auto lost = contenders_->take_lost(); !lost.empty(); lost = contenders_->take_lost()) {
    const auto taken = take(store.trials_numbered(job.id, std::vector(lost.begin(), lost.end())));
    if (!taken) {
      whole_ = false;  // they are nowhere now: everything is read again
      read_up_to_ = 0;
      return taken.error();
    }
    any = true;
  }
  return any;
}

void JobViews::Entry::find_fronts(const Job& job) {
  auto found = std::make_shared<JobFronts>();
  found->contenders = contenders_->trials();
  for (const std::string& target : job.targets) {
    if (!model_) break;
    found->fronts.push_back(front_of(found->contenders, target, *document_, *model_));
  }
  if (model_) found->across = front_across(found->contenders, *document_, *model_);
  found_ = std::move(found);
}

JobViews::JobViews(Store& store) : store_(store) {}
JobViews::~JobViews() = default;

Result<JobView> JobViews::read(JobId id) {
  auto job = store_.job(id);
  if (!job) return job.error();
  const std::shared_ptr<Entry> entry = entry_of(job.value());
  const std::unique_lock lock(entry->mutex, kMostPatience);
  if (lock.owns_lock()) return entry->read(store_, std::move(job).value());
  return Error{ErrorCode::kUnavailable, "the " + std::to_string(job.value().trials.asked) +
                                            " trials of " + name_of(id) +
                                            " are being read: ask again in some seconds"};
}

std::shared_ptr<JobViews::Entry> JobViews::entry_of(const Job& job) {
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<Entry>& entry = entries_[job.id];
  if (!entry || entry->created_at != job.created_at) entry = std::make_shared<Entry>(job);
  std::erase(used_, job.id);
  used_.push_back(job.id);
  std::shared_ptr<Entry> wanted = entry;
  if (used_.size() > kMostJobs) {
    entries_.erase(used_.front());
    used_.pop_front();
  }
  return wanted;
}

Result<std::optional<LabelSource>> labels_of(Store& store, JobId id) {
  // What cannot be read hides none of the job's trials.
  const auto unless_unreadable = [](const Error& error) -> Result<std::optional<LabelSource>> {
    if (error.code != ErrorCode::kInternal) return error;
    return std::optional<LabelSource>();
  };
  const auto job = store.job(id);
  if (!job) return unless_unreadable(job.error());
  const auto model = store.model_version(job.value().model_sha256, job.value().card_version);
  if (!model) return unless_unreadable(model.error());
  const auto dataset = store.dataset(job.value().dataset_sha256);
  if (!dataset) return unless_unreadable(dataset.error());
  if (model.value().state != EntryState::kReady || dataset.value().state != EntryState::kReady) {
    return std::optional<LabelSource>();
  }
  const auto summary = wire::parse_summary(model.value().summary_json);
  if (!summary) return std::optional<LabelSource>();
  return std::optional(label_source(summary.value().card.head, dataset.value().counts.labelled));
}

}  // namespace pare::coordinator
