// An engine that is a shell script, and the build task that it is given.
//
// The script is called as pare-engine is: `run --task T --outcome O --scratch S`, and finds these
// as $TASK, $OUTCOME and $SCRATCH; $GOOD is a file with a good outcome whose artifact is the file
// candidate.onnx of the scratch folder.
#pragma once

#include <filesystem>
#include <string>

#include "tests/worker/support/blob_server.h"

namespace pare::worker::test {

std::filesystem::path write_engine(const std::filesystem::path& folder, const std::string& script);

// The document of a task whose blobs the server has.
std::string build_task(BlobServer& server);
// Of a kind that keeps checkpoints.
std::string prepare_task(BlobServer& server);

inline constexpr const char* kSucceed =
    "printf 'the candidate' > \"$SCRATCH/candidate.onnx\"; cp \"$GOOD\" \"$OUTCOME\"";

}  // namespace pare::worker::test
