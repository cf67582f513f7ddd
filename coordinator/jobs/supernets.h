// Super-networks of jobs: who trains one, what follows when it is there, and who may take which.
#pragma once

#include <string>
#include <vector>

#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/trial_update.h"
#include "coordinator/store/store.h"
#include "core/guidance.h"
#include "core/job.h"
#include "core/training.h"

namespace pare::coordinator {

// Why a job cannot have the trained weights that it asks for: nobody can train them, or the
// super-network that it names is of another model or card, is for one plan alone, or is not there.
// With the field that is wrong; nullopt: it can.
std::optional<Error> check_supernet(Store& store, const NewJob& job,
                                    const std::string& model_sha256, int card_version,
                                    const std::vector<Worker>& workers);

// What a job begins with that takes a super-network which is there: itself and, where they serve,
// the statistics that the job had gathered that had it trained.
struct TakenOver {
  std::vector<Change> changes;
  bool prepared = false;  // nothing is left to be prepared
};

// Fails as check_supernet().
Result<TakenOver> take_over(Store& store, const JobContext& context);

// What the end of training comes to: it is kept, with where it comes from, and trained for int8 if
// the job wants that, may choose int8, and it was not yet; or the job fails.  REQUIRES: the job's
// document wants one.
std::vector<Change> after_train(const JobContext& context, const Task& task, const TaskEnd& end);

// In a sentence, what a job that trains waits for: nobody is there who can.  Empty: nothing, or
// something else.
Result<std::string> why_training_waits(Store& store, const Job& job);

// What training came to, for people: where the job goes on with the closed form.  Empty: it does
// not.
std::string training_note(const Training& training);

// Guidance of plans whose weights are trained: what closed form would lose, less what came back on
// images held out.
Guidance with_trained_weights(Guidance guidance, const Training& training);

// What else than widths the plans of a super-network's pool may choose: as `prepare` measured it,
// where the job may choose it.  Fails as parse_result().  REQUIRES: the job is prepared.
Result<PartChoices> parts_to_train(const Job& job, const SpaceLimits& space);

}  // namespace pare::coordinator
